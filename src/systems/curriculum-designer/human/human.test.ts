/** The experiment with people: objects, plan, page, logs, scoring, archives, and a simulated participant for the pipe. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { runInNewContext } from "node:vm";
import { zipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { key, random } from "../../../tensor/index.ts";
import { finalAccuracy, forgetting } from "../measures/outcome.ts";
import { readJatos } from "./jatos.ts";
import { classOfImage, humanCurves, parseLog, scoreLog } from "./log.ts";
import { drawObject, exemplarKey, FAMILIES, familiesOf, glyphObjects, svgPath } from "./objects.ts";
import { quizPlan } from "./quiz.ts";
import { quizPage } from "./quiz-page.ts";
import { simulateParticipant } from "./simulated.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), "lyceum-quiz-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const image = (family: string, n: number) => `assets/objects/glyphs/1/${family}/${n}`;
const question = (phase: number, family: string, right: boolean, isAttentionCheck = false) => ({
  kind: "question",
  phase,
  answer: right ? 0 : 1,
  question: { answerIdx: 0, image: image(family, phase), isAttentionCheck },
  ...(isAttentionCheck && { reactionTime: 800 }),
});
const shown = (...names: string[]) => ({ families: names.map((name) => ({ name, images: [image(name, 0)] })) });
/** Phase 1: 3 of 4 right; phase 2: 3 of 5 right, of the first two families 1 of 3; one failed attention check. */
const LOG = [
  { kind: "begin" },
  shown("fb1", "fa1"),
  question(1, "fb1", true),
  question(1, "fb1", true),
  question(1, "fa1", true),
  question(1, "fa1", false),
  shown("fc1"),
  question(2, "fb1", true),
  question(2, "fb1", false),
  question(2, "fa1", false),
  question(2, "fc1", true),
  question(2, "fc1", true),
  question(2, "fc1", false, true),
];

describe("scoring (test 11)", () => {
  it("is what a hand computes, attention checks left out", () => {
    const score = scoreLog(parseLog(LOG));
    expect(score).toEqual({
      order: ["fb1", "fa1", "fc1"],
      accuracy: [0.75, 0.6],
      forgetfulness: [0, expect.closeTo(1 / 3 - 3 / 4, 12)],
      first: [0.75, expect.closeTo(1 / 3, 12)],
      reactionTime: 800,
      attention: { asked: 1, passed: 0 },
    });
    expect(finalAccuracy(humanCurves(score))).toBe(0.6);
    expect(forgetting(humanCurves(score))).toBeCloseTo(3 / 4 - 1 / 3, 12);
    expect(classOfImage(image("fb3", 1))).toBe("fb3");
  });

  it("says what is wrong with a log", () => {
    const code = (run: () => unknown, message: RegExp) => {
      expect(run).toThrow(expect.objectContaining({ code: "E_HUMAN_LOG" }));
      expect(run).toThrow(message);
    };
    code(() => parseLog({}), /list of events/);
    code(() => parseLog([{ ...LOG[2], phase: "one" }]), /event 0 has a wrong phase/);
    code(() => scoreLog(parseLog(LOG.slice(0, 2))), /0 questions/);
    code(() => classOfImage("fa1.png"), /fifth/);
  });
});

describe("archives of JATOS", () => {
  const metadata = {
    data: [
      {
        studyResults: [
          { id: 7, componentResults: [{ id: 70 }] },
          { id: 8, componentResults: [{ id: 80 }] },
          { id: 9, componentResults: [] },
        ],
      },
    ],
  };

  it("are read from a folder and from a .zip alike; who left no data is counted", async () => {
    const folder = path.join(root, "results");
    mkdirSync(path.join(folder, "study_result_7", "comp-result_70"), { recursive: true });
    writeFileSync(path.join(folder, "metadata.json"), JSON.stringify(metadata));
    writeFileSync(path.join(folder, "study_result_7", "comp-result_70", "data.txt"), JSON.stringify(LOG));
    const found = await readJatos(folder);
    expect(found).toMatchObject({ participants: [{ id: "7", accuracy: [0.75, 0.6] }], empty: 2 });
    const file = path.join(root, "results.zip");
    const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
    writeFileSync(
      file,
      zipSync({ "metadata.json": bytes(metadata), "study_result_7/comp-result_70/data.txt": bytes(LOG) }),
    );
    expect(await readJatos(file)).toEqual(found);
  });

  it("are refused with a reason", async () => {
    const broken = path.join(root, "broken.zip");
    writeFileSync(broken, "no archive");
    for (const [place, reason] of [
      [broken, /no readable archive/],
      [path.join(root, "nowhere"), /no "/],
      [root, /metadata/],
    ] as const) {
      await expect(readJatos(place)).rejects.toMatchObject({
        code: "E_HUMAN_LOG",
        message: expect.stringMatching(reason),
      });
    }
  });
});

describe("objects", () => {
  it("are a function of the key; families of one super-family share their body", () => {
    const families = familiesOf(key(1));
    expect(families).toEqual(familiesOf(key(1)));
    expect(families.map(({ name }) => name)).toEqual([...FAMILIES]);
    expect(families[0]!.body).toEqual(families[1]!.body);
    expect(families[0]!.attachments).not.toEqual(families[1]!.attachments);
    expect(families[0]!.body).not.toEqual(families[2]!.body);
    const strokes = drawObject(families[0]!, exemplarKey(key(1), "fa1", 0));
    expect(svgPath(strokes)).toMatch(/^M[-0-9. L]+M/);
  });

  it("are pictures in any shape, with ink in them, balanced", () => {
    for (const inputShape of [
      [1, 28, 28],
      [3, 16, 16],
    ]) {
      const { train, test } = glyphObjects({ inputShape, train: 4, validation: 1, test: 2 });
      expect([train.labels.length, test.labels.length]).toEqual([20, 10]);
      const size = inputShape.reduce((a, b) => a * b, 1);
      for (let i = 0; i < 20; i++)
        expect(Math.max(...train.inputs.subarray(i * size, (i + 1) * size))).toBeGreaterThan(200);
    }
    expect(() => glyphObjects({ inputShape: [5] })).toThrow(expect.objectContaining({ code: "E_OPTION" }));
  });
});

describe("the quiz", () => {
  it("teaches two families, then one at a time, and asks about all so far; no picture twice", () => {
    const { phases } = quizPlan({ order: ["fc1", "fa2", "fb1", "fa1", "fb3"] });
    expect(phases.map(({ families }) => families.map(({ name }) => name))).toEqual([
      ["fc1", "fa2"],
      ["fb1"],
      ["fa1"],
      ["fb3"],
    ]);
    expect(phases.map(({ questions }) => questions.filter((q) => !q.question.isAttentionCheck).length)).toEqual([
      8, 12, 16, 20,
    ]);
    for (const { questions } of phases) {
      expect(questions.filter((q) => q.question.isAttentionCheck)).toHaveLength(1);
      for (const q of questions) expect(classOfImage(q.question.image)).toBe(q.choices[q.question.answerIdx]);
    }
    const ids = phases.flatMap((p) => [
      ...p.questions.map((q) => q.question.image),
      ...p.families.flatMap((f) => f.images.map(({ id }) => id)),
    ]);
    expect(new Set(ids).size).toBe(ids.length);
    expect(() => quizPlan({ order: ["fa1"] })).toThrow(expect.objectContaining({ code: "E_OPTION" }));
  });

  it("is one page without addresses, whose script parses, and whose log is the one that is scored", async () => {
    const plan = quizPlan();
    const html = quizPage([plan], { title: "A <b> & c" });
    expect(html).not.toMatch(/https?:\/\/(?!www\.w3\.org\/2000\/svg)/);
    expect(html).not.toContain(" src=");
    expect(html).toContain("default-src 'none'");
    expect(html).toContain("<title>A &lt;b> &amp; c</title>");
    expect(quizPage([plan], { jatos: true })).toContain('src="jatos.js"');
    const script = /<script>([\s\S]*)<\/script>/.exec(html)![1]!;
    const events = parseLog(JSON.parse(await clickThrough(script)));
    const score = scoreLog(events);
    expect(score.order).toEqual([...FAMILIES]);
    expect(score.accuracy).toEqual([1, 1, 1, 1]);
    expect(score.attention).toEqual({ asked: 4, passed: 4 });
    expect(score.reactionTime).toBeGreaterThanOrEqual(0);
  });

  it("has simulated participants who forget what they do not retain, marked as such", () => {
    const accuracy = (retention: number) => {
      const logs = [0, 1, 2, 3, 4, 5].map((i) =>
        simulateParticipant({ key: random.fold(key(5), i), order: [...FAMILIES], retention }),
      );
      expect(logs.every(({ simulated }) => simulated)).toBe(true);
      const finals = logs.map(({ events }) => scoreLog(parseLog(JSON.parse(JSON.stringify(events)))));
      return finals.reduce((sum, s) => sum + s.forgetfulness.at(-1)!, 0) / finals.length;
    };
    expect(accuracy(0.2)).toBeLessThan(accuracy(1) - 0.1);
  });
});

/** Runs the page's script against a stand-in for the browser and answers every question rightly. */
async function clickThrough(script: string): Promise<string> {
  interface Fake {
    tag: string;
    textContent: string;
    children: Fake[];
    listeners: (() => void)[];
    [other: string]: unknown;
  }
  const make = (tag: string): Fake => {
    const made: Fake = { tag, textContent: "", children: [], listeners: [] };
    made.append = (...more: Fake[]) => void made.children.push(...more);
    made.replaceChildren = (...more: Fake[]) => void (made.children = [...more]);
    made.setAttribute = () => {};
    made.focus = () => {};
    made.addEventListener = (_: string, listener: () => void) => void made.listeners.push(listener);
    return made;
  };
  const page = make("main");
  let saved = "";
  const plan = JSON.parse(/const PLANS = (.*);/.exec(script)![1]!)[0] as ReturnType<typeof quizPlan>;
  const questions = plan.phases.flatMap((p) => p.questions);
  let asked = 0;
  runInNewContext(script, {
    document: {
      getElementById: () => page,
      createElement: make,
      createElementNS: (_: string, tag: string) => make(tag),
    },
    location: { hash: "#1" },
    performance,
    URL: { createObjectURL: () => "blob:" },
    Blob: class {
      constructor(parts: string[]) {
        saved = parts.join("");
      }
    },
  });
  for (let i = 0; i < 500 && saved === ""; i++) {
    const buttons = page.children.filter(({ tag }) => tag === "button");
    if (buttons.length === 1) buttons[0]!.listeners[0]!();
    else if (buttons.length > 1) buttons[questions[asked++]!.question.answerIdx]!.listeners[0]!();
    await new Promise(setImmediate);
  }
  return saved;
}

/** The parts of the laboratory whose truth is known without training. */
import { describe, expect, test } from "vitest";
import { contextsOf, estimateNgram } from "../../language/oracle/index.ts";
import { key, random } from "../../tensor/index.ts";
import { distances } from "./distance.ts";
import { evaluation, mean } from "./evaluation.ts";
import { studentModel, teacherModel } from "./models.ts";
import { type Options, options } from "./options.ts";
import { armLabel, checkpointsOf, dataOf, plan, stepsOf } from "./plan.ts";
import { PROMPT, promptsOf, responsesOf, widthOf, worldOf } from "./world.ts";

const parsed = (more: object = {}): Options => options.parse(more);

describe("plan", () => {
  test("diversity arms have equally many pairs of 512, 256 and 102 prompts, and all arms as many steps", () => {
    expect(
      (["offline", "half-prompts", "fifth-prompts", "five-generations"] as const).map((a) => dataOf(a, 512)),
    ).toEqual([
      { prompts: 512, generations: 1 },
      { prompts: 256, generations: 2 },
      { prompts: 102, generations: 5 },
      { prompts: 512, generations: 5 },
    ]);
    const cells = plan(parsed({ seeds: 2, extraSeeds: 1 }));
    const arms = cells.flatMap(({ task }) => (task.kind === "arm" ? [task] : []));
    expect(new Set(arms.map(({ steps }) => steps))).toEqual(new Set([1600]));
    // 3 times stage 1, 6 arms of two seeds, the online ones of the third.
    expect([cells.length, arms.length]).toEqual([3 + 14, 14]);
    expect(armLabel("fifth-prompts", 512)).toBe("offline, 102 prompts x 5");
  });

  test("a map crosses teachers, prompts and widths with two sources", () => {
    const cells = plan(parsed({ explore: true, seeds: 1, explorePairs: [100, 200], explorePrompts: [64, 128, 256] }));
    expect(cells.filter(({ task }) => task.kind === "stage one")).toHaveLength(2);
    expect(cells.filter(({ task }) => task.kind === "arm")).toHaveLength(12);
    expect(new Set(cells.map(({ id }) => id)).size).toBe(14);
  });

  test("checkpoints are geometric, from a 160th of training to its end", () => {
    const steps = checkpointsOf(1600, 24);
    expect([steps[0], steps.at(-1), steps.length]).toEqual([10, 1600, 24]);
    // Rounded to whole steps.
    for (const [i, step] of steps.entries()) expect(Math.abs(step - 10 * 160 ** (i / 23))).toBeLessThanOrEqual(0.5);
    expect(stepsOf({ epochs: 100, prompts: 512, batch: 32 })).toBe(1600);
  });

  test("what does not fit together is refused", () => {
    expect(() => plan(parsed({ studentWidth: 50 }))).toThrow(/width of 50/);
    expect(() => plan(parsed({ topK: 3, loss: "reverse-kl" }))).toThrow(/with the loss "reverse-kl"/);
  });
});

describe.each([
  ["ngram", 24],
  ["ngram", 5],
  ["grammar", 24],
  ["grammar", 5],
] as const)("world: %s, responses of %i tokens", (oracle, response) => {
  test("prompts of stage 1, lesson and validation differ; a key draws the same again; distributions sum to 1", async () => {
    const given = parsed({ oracle, response });
    const world = await worldOf(given);
    const width = widthOf(given);
    expect(width).toBe(PROMPT + response);
    const draw = (part: Parameters<typeof world.pairs>[0], seed = 1) => world.pairs(part, key(seed), 20);
    expect(draw("lesson")).toEqual(draw("lesson"));
    expect(draw("lesson", 2)).not.toEqual(draw("lesson"));
    const prompts = (["oracle", "lesson", "validation"] as const).map((part) =>
      promptsOf(draw(part), width).map(String),
    );
    expect(new Set(prompts.flat()).size).toBe(60);
    // More prompts begin with the fewer ones, so that arms share them.
    expect(
      promptsOf(world.pairs("lesson", key(1), 30), width)
        .slice(0, 20)
        .map(String),
    ).toEqual(prompts[1]);
    expect(responsesOf(draw("lesson"), width).every((tokens) => tokens.length === response)).toBe(true);
    const p = world.distributions(draw("validation"));
    expect(p).toHaveLength(20 * response * world.vocabulary);
    for (let at = 0; at < p.length; at += world.vocabulary) {
      const sum = p.subarray(at, at + world.vocabulary).reduce((a, b) => a + b, 0);
      expect(Math.abs(sum - 1)).toBeLessThan(1e-9);
    }
  });
});

test("a text that is too short is refused", async () => {
  const world = await worldOf(parsed());
  expect(() => world.pairs("validation", key(1), 20_000)).toThrow(/room for/);
});

describe("distances", () => {
  test("golden of the oracle itself is 0, of a uniform student log V - H", async () => {
    const world = await worldOf(parsed());
    const rows = world.pairs("validation", key(3), 16);
    const p = world.distributions(rows);
    const shape = { length: world.response, vocabulary: world.vocabulary };
    for (const d of distances(p, p.map(Math.log), shape)) expect(d).toBe(0);
    const entropy = -p.reduce((sum, v) => sum + (v > 0 ? v * Math.log(v) : 0), 0) / (p.length / world.vocabulary);
    const uniform = new Float64Array(p.length).fill(-Math.log(world.vocabulary));
    expect(mean(distances(p, uniform, shape))).toBeCloseTo(Math.log(world.vocabulary) - entropy, 9);
  });

  test("chain rule: over all 81 responses of an order-1 oracle the weighted sum is the divergence of responses", () => {
    const oracle = estimateNgram(Int32Array.of(0, 0, 1, 2, 2, 2, 1, 0, 2), { order: 1, vocabulary: 3 });
    const q = [0.2, 0.5, 0.3].map(Math.log);
    let [weighted, exact] = [0, 0];
    for (let code = 0; code < 81; code++) {
      const row = Int32Array.from({ length: 4 }, (_, i) => Math.floor(code / 3 ** i) % 3);
      const p = oracle.distributions(contextsOf(row, 4, 0, 4, 1));
      const each = p.length === 3 ? Float64Array.from([...p, ...p, ...p, ...p]) : p;
      const logQ = Float64Array.from({ length: 12 }, (_, i) => q[i % 3]!);
      const probability = row.reduce((product, v, t) => product * each[3 * t + v]!, 1);
      const logRatio = row.reduce((sum, v, t) => sum + Math.log(each[3 * t + v]!) - q[v]!, 0);
      weighted += probability * 4 * distances(each, logQ, { length: 4, vocabulary: 3 })[0]!;
      exact += probability * logRatio;
    }
    expect(Math.abs(weighted - exact)).toBeLessThan(1e-9);
    expect(exact).toBeGreaterThan(0.01);
  });

  test.each([24, 3])(
    "proxy of the teacher itself is 0, on %i tokens that it wrote; the same at every call",
    async (response) => {
      const given = parsed({
        response,
        validationPrompts: 8,
        teacherWidth: 16,
        studentWidth: 16,
        teacherLayers: 1,
        studentLayers: 1,
      });
      const world = await worldOf(given);
      const same = teacherModel(given, world.vocabulary);
      expect(studentModel(given, world.vocabulary, 16).model.params.size).toBe(same.model.params.size);
      const teacher = Float32Array.from(same.model.init(key(4)).params, (v) => 2 * v);
      const exam = await evaluation(world, given, { seed: 1, width: 16, teacher });
      const self = await exam.measure(teacher);
      // Rounding of f32: log-probabilities of about 4 have steps of 5e-7.
      for (const d of self.proxy) expect(Math.abs(d)).toBeLessThan(2e-6);
      expect(mean(self.golden)).toBeCloseTo(exam.teacher, 6);
      const other = Float32Array.from(same.model.init(random.fold(key(4), 1)).params, (v) => 2 * v);
      expect(mean((await exam.measure(other)).proxy)).toBeGreaterThan(0.01);
      expect(await exam.measure(teacher)).toEqual(self);
      await exam.release();
    },
  );
});

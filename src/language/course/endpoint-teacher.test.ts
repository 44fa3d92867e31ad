/** What a teacher behind an endpoint is asked, and what the student reads of its answers. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { host, key } from "../../tensor/index.ts";
import { decoder, llama } from "../decoder/index.ts";
import type { Answer } from "../endpoint/index.ts";
import { type FakeServer, fakeServer } from "../endpoint/testing-server.ts";
import { saveDecoder } from "../files/index.ts";
import { scorer } from "../lesson/index.ts";
import { type RunningServer, serveFolders } from "../serve/index.ts";
import { CHAT_ROLES, chatFormat, type Document, IGNORED, type Message } from "../text/index.ts";
import { characterTokeniser, trainByteBpe } from "../tokenisers/index.ts";
import { toldRows } from "./endpoint-answers.ts";
import type { Question } from "./endpoint-questions.ts";
import { askTeacher } from "./endpoint-teacher.ts";
import { teachCourse } from "./index.ts";
import { pack } from "./rows.ts";

const root = mkdtempSync(join(tmpdir(), "lyceum-asked-"));
let server: FakeServer;
beforeAll(async () => void (server = await fakeServer()));
afterAll(async () => {
  await server.close();
  rmSync(root, { recursive: true });
});

const tokeniser = trainByteBpe("what is two", { size: 262, special: CHAT_ROLES.slice() });
const CONTEXT = 96;

/** Messages that arrived, and rows as text: all of it, and what counts. */
async function ask(name: string, documents: readonly Document[]) {
  const before = server.log.length;
  const { rows } = pack(documents, tokeniser, CONTEXT);
  const asked = askTeacher({
    ...{ teacher: `${server.url}#sage`, documents, rows, tokeniser, chat: chatFormat(tokeniser) },
    ...{ folder: join(root, name), stage: "questions", probabilities: false, endTokens: [] },
  });
  for (;;) {
    const next = await asked.next();
    if (!next.done) continue;
    const { n, inputs, labels, segments } = next.value.rows;
    const read = Array.from({ length: n }, (_, row) => {
      const of = (all: Int32Array) => [...all.slice(row * CONTEXT, (row + 1) * CONTEXT)];
      const own = of(segments);
      return {
        text: tokeniser.decode(of(inputs).filter((_, i) => own[i]! >= 0)),
        counted: tokeniser.decode(of(labels).filter((label) => label !== IGNORED)),
      };
    });
    return { read, heard: server.log.slice(before).map(({ body }) => body.messages as Message[]) };
  }
}

test("conversations are asked with their roles, up to the first answer, and read back as conversations", async () => {
  const question: Message[] = [
    { role: "system", content: "short" },
    { role: "user", content: "what is two" },
  ];
  const chat = (more: Message[]): Document => ({ kind: "chat", messages: [...question, ...more] });
  const old: Message = { role: "assistant", content: "an old answer" };
  // The same question twice is one.
  const { read, heard } = await ask("chats", [chat([old]), chat([old, { role: "user", content: "more" }, old])]);
  expect(heard).toEqual([question]);
  expect(read).toHaveLength(1);
  expect(read[0]!.text).toMatch(/^<\|system\|>short<\|end\|><\|user\|>what is two<\|end\|><\|assistant\|>./);
  expect(read[0]!.text).not.toContain("old");
  expect(read[0]!.counted).toMatch(/^[^<]+<\|end\|>$/);
});

test("prompts are asked as they are; one that is longer than half a row is not paid for", async () => {
  const pair = (prompt: string): Document => ({ kind: "pair", prompt, response: "old" });
  const long = "what is two ".repeat(6);
  const { read, heard } = await ask("pairs", [pair("what is"), pair(long), pair("two")]);
  expect(new Set(heard.map((messages) => messages.map(({ content }) => content).join()))).toEqual(
    new Set(["what is", "two"]),
  );
  expect(read.map(({ text, counted }) => counted.endsWith("<|end|>") && text.endsWith(counted))).toEqual([true, true]);
  await expect(ask("long", [pair(long)])).rejects.toThrow(/longer than half a row of 96 tokens/);
});

describe("its likeliest tokens", () => {
  const config = llama({ vocabulary: tokeniser.size, context: 2 * CONTEXT, width: 32, layers: 2, heads: 2 });
  const made = decoder(config);
  // Loud weights, so that places differ.
  const params = made.model.init(key(5)).params.map((w) => (w === 1 ? 1 : 12 * w));
  const folder = join(root, "model");
  let running: RunningServer;
  beforeAll(async () => {
    await saveDecoder(folder, { config, params, tokeniser });
    running = await serveFolders([folder], { port: 0 });
  });
  afterAll(() => running.close());

  test("are those of the model behind it, at the places of the answers, to the token that ends them", async () => {
    const documents = ["what", "is two", "what is", "two two"].map((content): Document => {
      return {
        kind: "chat",
        messages: [
          { role: "user", content },
          { role: "assistant", content: "old" },
        ],
      };
    });
    const { rows } = pack(documents, tokeniser, CONTEXT);
    const asked = askTeacher({
      ...{ teacher: `${running.url}/v1#model`, documents, rows, tokeniser, chat: chatFormat(tokeniser) },
      ...{ folder: join(root, "told"), stage: "questions", probabilities: true, endTokens: [tokeniser.special.end!] },
    });
    let next = await asked.next();
    while (!next.done) next = await asked.next();
    const { rows: said, told } = next.value;
    expect(told!.k).toBe(20);
    // One that ends at once says nothing.
    expect(said.n).toBeGreaterThan(1);
    const ask = scorer(made, 4);
    const tokens = host(said.inputs, [said.n, CONTEXT]);
    let compared = 0;
    for await (const { values } of ask.pieces(params, { tokens })) {
      for (const [at, label] of said.labels.entries()) {
        if (label === IGNORED) continue;
        const logs = (values.data as Float32Array).subarray(at * tokeniser.size, (at + 1) * tokeniser.size);
        const best = logs.toSorted().reverse();
        const ids = [...told!.ids.subarray(at * 20, (at + 1) * 20)];
        expect(new Set(ids).size).toBe(20);
        // The server reads with a cache: of two that are nearly as likely it may name either.
        for (const [j, id] of ids.entries()) {
          expect(told!.logs[at * 20 + j]).toBeCloseTo(logs[id]!, 3);
          expect(told!.logs[at * 20 + j]).toBeCloseTo(best[j]!, 3);
        }
        compared++;
      }
    }
    await ask.release();
    expect(compared).toBe(said.counted);
    expect(compared).toBeGreaterThan(10);
    // What ended by itself has its end; what was cut off has none.
    const ended = readFileSync(join(root, "told", "results.jsonl"), "utf8").match(/"finish":"stop"/g) ?? [];
    const silent = documents.length - said.n;
    expect([...said.labels].filter((label) => label === tokeniser.special.end)).toHaveLength(ended.length - silent);
  });

  test("teach a student with the teacher's tokeniser; others are refused", async () => {
    const data = join(root, "chats.jsonl");
    const line = (i: number) =>
      JSON.stringify({
        messages: [
          { role: "user", content: `what is ${i}` },
          { role: "assistant", content: "two" },
        ],
      });
    writeFileSync(data, Array.from({ length: 40 }, (_, i) => line(i)).join("\n"));
    const teacher = `${running.url}/v1#model`;
    const learn = async (out: string, student: string) => {
      const options = { data, teacher, student, loss: "forward-kl", context: CONTEXT, epochs: 1, out: join(root, out) };
      for await (const event of teachCourse(options)) if (event.type === "finished") return event.report;
      return undefined;
    };
    const small = join(root, "student");
    const sizes = llama({ vocabulary: tokeniser.size, context: CONTEXT, width: 16, layers: 1, heads: 2 });
    await saveDecoder(small, { config: sizes, params: decoder(sizes).model.init(key(1)).params, tokeniser });
    const report = await learn("taught", small);
    expect(report!.options).toMatchObject({ loss: "forward-kl", source: "offline" });
    expect(report!.arms.map(({ role }) => role)).toEqual(["teacher", "student", "baseline"]);
    await expect(learn("own", "llama-0.03m")).rejects.toThrow(/would get a tokeniser of its own/);
    const other = join(root, "other");
    const letters = characterTokeniser([...new Set("what is two 0123456789")], { special: CHAT_ROLES.slice() });
    const otherSizes = llama({ ...{ vocabulary: letters.size, context: CONTEXT }, width: 16, layers: 1, heads: 2 });
    const otherParams = decoder(otherSizes).model.init(key(1)).params;
    await saveDecoder(other, { config: otherSizes, params: otherParams, tokeniser: letters });
    await expect(learn("foreign", other)).rejects.toThrow(/has another tokeniser than the student/);
  });

  const question: Question = {
    ...{
      messages: [{ role: "user", content: "what" }],
      prompt: tokeniser.encode("what "),
      end: tokeniser.special.end!,
    },
    example: () => ({ ids: Int32Array.of(), counted: Uint8Array.of() }),
  };
  const cast = { tokeniser, endTokens: [], teacher: "it" };
  const reading = { context: CONTEXT, pad: 0 };
  const choice = (token: string, logprob: number) => ({ token, logprob });

  test("may be spelled; an end that was not told is certain; what was cut off has none", () => {
    const [o, t] = [choice("o", -0.1), choice("t", -3)];
    const answer = (finish: "stop" | "length"): Answer => ({
      ...{ text: "ot", finish },
      tokens: [
        { ...o, top: [o, t, choice("no token", -4)] },
        { ...t, top: [choice("t", -0.5), choice("o", -1), choice("i", -2)] },
      ],
    });
    const { rows, told } = toldRows(
      [answer("stop"), answer("length")].map((a) => ({ question, answer: a })),
      reading,
      cast,
    )!;
    const ids = (text: string) => [...tokeniser.encode(text)];
    const first = question.prompt.length - 1;
    const end = tokeniser.special.end!;
    // The place with the fewest known tokens decides.
    expect(told!.k).toBe(2);
    const at = (row: number, place: number) => {
      const from = (row * CONTEXT + place) * 2;
      return [[...told!.ids.slice(from, from + 2)], [...told!.logs.slice(from, from + 2)].map((v) => Math.exp(v))];
    };
    expect([...rows.labels.slice(first, first + 4)]).toEqual([...ids("ot"), end, IGNORED]);
    expect([...rows.labels.slice(CONTEXT + first, CONTEXT + first + 3)]).toEqual([...ids("ot"), IGNORED]);
    for (const row of [0, 1]) {
      expect(at(row, first)[0]).toEqual(ids("ot"));
      expect(at(row, first)[1]![0]).toBeCloseTo(Math.exp(-0.1), 6);
      expect(at(row, first + 1)[0]).toEqual(ids("to"));
    }
    expect(at(0, first + 2)[0]![0]).toBe(end);
    expect(at(0, first + 2)[1]).toEqual([1, 0]);
  });

  test("that are not there, or of another tokeniser, are no probabilities", () => {
    const one = (answer: Answer) => toldRows([{ question, answer }], reading, cast);
    expect(() => one({ text: "two", finish: "stop" })).toThrow(/it tells no log-probabilities/);
    const strange = choice("zwei", -1);
    // One of two is left out, two of two are too many.
    const good = {
      question,
      answer: { text: "o", finish: "stop" as const, tokens: [{ ...choice("o", -1), top: [choice("o", -1)] }] },
    };
    const bad = {
      question,
      answer: { text: "zwei", finish: "stop" as const, tokens: [{ ...strange, top: [strange] }] },
    };
    expect(toldRows([good, bad], reading, cast)).toMatchObject({ leftOut: 1, rows: { n: 1 } });
    expect(() => one({ text: "zwei", finish: "stop", tokens: [{ ...strange, top: [strange] }] })).toThrow(
      /another tokeniser than the student: it says "zwei"/,
    );
    expect(one({ text: "", finish: "stop" })).toBeUndefined();
  });
});

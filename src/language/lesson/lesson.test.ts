import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { adamw } from "../../nn/index.ts";
import { fileCheckpoints } from "../../teaching/checkpoint.ts";
import { forwardKl, onTokens, tokenCrossEntropy } from "../../teaching/losses/language/index.ts";
import { host, key, random } from "../../tensor/index.ts";
import { decoder, llama } from "../decoder/index.ts";
import { type TextLesson, type TextRows, taughtText, teachText } from "./lesson.ts";
import { rowsOf, scorer } from "./scorer.ts";

const small = decoder(llama({ vocabulary: 7, context: 8, width: 16, layers: 2, heads: 2 }));
const big = decoder(llama({ vocabulary: 7, context: 8, width: 24, layers: 2, heads: 2 }));
const optimiser = adamw({ lr: 1e-2 });

/** Sequences in which each token is the sum of the two before it, mod 7: predictable from the third on. */
function rows(step: number, count = 16): TextRows {
  const start = random.uniform(random.fold(key(5), step), 2 * count).map((u) => Math.floor(7 * u));
  const tokens = new Int32Array(count * 8);
  const labels = new Int32Array(count * 8);
  for (let i = 0; i < count; i++) {
    const line = [start[2 * i]!, start[2 * i + 1]!];
    while (line.length < 9) line.push((line.at(-1)! + line.at(-2)!) % 7);
    tokens.set(line.slice(0, 8), 8 * i);
    labels.set([-100, ...line.slice(2)], 8 * i);
  }
  return { tokens: host(tokens, [count, 8]), labels: host(labels, [count, 8]) };
}

const lesson = (more: Partial<TextLesson> = {}): TextLesson => ({
  stage: "student",
  decoder: small,
  batchSize: 16,
  rows: (step) => rows(step),
  loss: tokenCrossEntropy(),
  steps: 20,
  optimiser,
  key: key(1),
  ...more,
});

test("learns what can be learnt", async () => {
  const { params, log, spent } = await taughtText(lesson({ steps: 150, clip: 1 }));
  expect(log.loss[0]![1]).toBeCloseTo(Math.log(7), 0);
  const exam = scorer(small, 5);
  expect(await exam.crossEntropy(params, rows(1000, 12))).toBeLessThan(0.3);
  await exam.release();
  expect(spent.steps).toBeGreaterThan(0);
});

test("a teacher in the step and what it said beforehand teach the same", async () => {
  const teacher = { decoder: big, params: big.model.init(key(3)).params };
  const live = await taughtText(lesson({ teacher, loss: onTokens(forwardKl()) }));
  const ask = scorer(big, 16);
  const told = async (step: number) => {
    const batch = rows(step);
    for await (const { values } of ask.pieces(teacher.params, batch)) {
      return { ...batch, knowledge: { logits: { ...values, data: values.data.slice() } } };
    }
    throw new Error("no piece");
  };
  const stored = await taughtText(lesson({ rows: told, loss: onTokens(forwardKl()) }));
  await ask.release();
  const apart = live.params.map((v, i) => Math.abs(v - stored.params[i]!));
  // Log-probabilities in place of logits: the same distribution up to the rounding of f32, over 20 steps of Adam.
  expect(Math.max(...apart)).toBeLessThan(1e-4);
  expect(live.log.loss.at(-1)![1]).toBeLessThan(live.log.loss[0]![1]);
});

test("rows may depend on the student: they are asked for before each step, with its parameters", async () => {
  const seen: number[] = [];
  const start = small.model.init(key(9)).params;
  await taughtText(
    lesson({
      steps: 3,
      initial: start,
      rows: (step, params) => {
        seen.push(params.reduce((sum, v) => sum + Math.abs(v), 0));
        return rows(step);
      },
    }),
  );
  expect(seen).toHaveLength(3);
  expect(new Set(seen).size).toBe(3);
  expect(seen[0]).toBe(start.reduce((sum, v) => sum + Math.abs(v), 0));
});

test("a killed lesson ends as an undisturbed one", async () => {
  const folder = mkdtempSync(join(os.tmpdir(), "lyceum-text-"));
  try {
    const whole = await taughtText(lesson());
    const stop = new AbortController();
    const broken = lesson({
      checkpoints: fileCheckpoints(folder, "x"),
      signal: stop.signal,
      rows: (step) => {
        if (step === 9) stop.abort();
        return rows(step);
      },
    });
    await expect(taughtText(broken)).rejects.toMatchObject({ code: "E_STOPPED" });
    const resumed = await taughtText(lesson({ checkpoints: fileCheckpoints(folder, "x") }));
    expect(resumed.params).toEqual(whole.params);
    expect(resumed.log).toEqual(whole.log);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("exams come where they were asked for", async () => {
  const at: number[] = [];
  for await (const event of teachText(
    lesson({ exam: { at: (step) => [1, 4].includes(step), run: async (_params, step) => ({ step }) } }),
  )) {
    if (event.type === "exam") at.push(event.metrics.step!);
  }
  expect(at).toEqual([1, 4, 20]);
});

test("a loss that needs a teacher says so", async () => {
  await expect(taughtText(lesson({ loss: onTokens(forwardKl()) }))).rejects.toMatchObject({ code: "E_TEACHER" });
});

test("rows of a tensor share its memory", () => {
  const t = host(Int32Array.of(1, 2, 3, 4, 5, 6), [3, 2]);
  expect([...rowsOf(t, 1, 3).data]).toEqual([3, 4, 5, 6]);
  expect(rowsOf(t, 1, 3).shape).toEqual([2, 2]);
});

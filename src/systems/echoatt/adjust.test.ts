import { expect, test } from "vitest";
import { type Decoder, decoder, llama } from "../../language/decoder/index.ts";
import type { TextRows } from "../../language/lesson/index.ts";
import { evaluateLoss, matrix, values } from "../../teaching/losses/testing.ts";
import { constant, evaluate, grad, host, key, program, random, type Tensor, toNumbers } from "../../tensor/index.ts";
import { type AdjustOptions, adjust, optimiserOf } from "./adjust.ts";
import { blockEnds, hiddenError, type StageOneWeights, stageOneLoss } from "./loss.ts";
import { measured } from "./measure.ts";
import { inherit, type Trained } from "./surgery.ts";

const weights: StageOneWeights = { intermediate: 1, soft: 1, hard: 0.5, temperature: 1, labels: "teacher" };
const config = llama({ vocabulary: 7, context: 8, width: 16, layers: 4, heads: 2 });
const teacher: Trained = (() => {
  const made = decoder(config);
  const { params } = made.model.init(key(2));
  return { decoder: made, params: params.map((v) => 4 * v) };
})();

/** Sequences in which each token is the sum of the two before it, mod 7. */
function rows(step: number, count = 8): TextRows {
  const start = random.uniform(random.fold(key(5), step), 2 * count).map((u) => Math.floor(7 * u));
  const lines = Array.from({ length: count }, (_, i) => {
    const line = [start[2 * i]!, start[2 * i + 1]!];
    while (line.length < 9) line.push((line.at(-1)! + line.at(-2)!) % 7);
    return line;
  });
  const flat = (from: number, to: number) => host(Int32Array.from(lines.flatMap((l) => l.slice(from, to))), [count, 8]);
  return { tokens: flat(0, 8), labels: flat(1, 9) };
}

const options = (more: Partial<AdjustOptions> = {}): AdjustOptions => ({
  ...{ steps: 10, stageOne: 0.6, rate: 3e-3, weights, rows: (step) => rows(step), batchSize: 8, key: key(1) },
  name: "student",
  ...more,
});

/** Runs to the end. */
async function adjusted(student: Trained, of: Trained, given: AdjustOptions) {
  const work = adjust(student, of, given);
  const stages: string[] = [];
  let next = await work.next();
  for (; !next.done; next = await work.next()) {
    if (next.value.type === "stage" && next.value.state === "begins") stages.push(next.value.stage);
  }
  return { ...next.value, stages };
}

test("ends of blocks", () => {
  expect(blockEnds({ leaders: [0, 1, 1, 1, 4, 4, 4, 7], layers: 8 })).toEqual(["stage4", "stage7"]);
  expect(blockEnds({ leaders: [0, 1, 1, 1, 1, 5, 5, 7], layers: 8 })).toEqual(["stage5", "stage7"]);
  expect(blockEnds({ leaders: [0, 1], layers: 2 })).toEqual(["stage2"]);
});

test("hidden states: squared error in units of the teacher's variance, over the tokens that count", async () => {
  // Values 1 and 3 (variance 1) where it counts; the student is 1 off in one of two.
  const given = (flat: number[]) => constant(host(Float32Array.from(flat), [1, 3, 1]));
  const kept = constant(host(Int32Array.of(1, 1, 0), [1, 3])).gt(0);
  const of = async (student: number[]) =>
    toNumbers(await evaluate(hiddenError(given(student), given([1, 3, 50]), kept)))[0]!;
  expect(await of([1, 3, 0])).toBe(0);
  expect(await of([2, 3, 0])).toBeCloseTo(0.5, 6);
  expect(await of([3, 1, 0])).toBeCloseTo(4, 6);
});

test("a student that is its teacher has no soft and no intermediate loss, and learns nothing from them", async () => {
  const student = inherit(teacher, [0, 1, 2, 3]);
  const run = program((params: Tensor, tokens: Tensor, labels: Tensor) => {
    const of = (p: Tensor) => {
      const state = { params: p, buffers: constant(host(new Float32Array(0))) };
      const { output, taps } = student.decoder.model.apply(state, tokens);
      return { logits: output, taps };
    };
    const told = { ...of(constant(host(teacher.params))), classMeans: new Map<string, Tensor>() };
    const { loss, parts } = stageOneLoss(["stage2", "stage4"], { ...weights, hard: 0 })(of(params), told as never, {
      labels,
    });
    return { parts, gradient: grad(loss, [params])[0]! };
  });
  const { tokens, labels } = rows(0);
  const { parts, gradient } = await run(host(student.params), tokens, labels);
  await run.release();
  expect(toNumbers(parts.soft!)[0]).toBeCloseTo(0, 7);
  expect(toNumbers(parts.intermediate!)[0]).toBe(0);
  expect(Math.hypot(...toNumbers(gradient))).toBeLessThan(1e-5);
});

test("hard labels are the teacher's likeliest tokens, soft ones Hinton's, by closed form", async () => {
  const side = (logits: number[]) => ({
    logits: values(logits, [1, 1, 2]),
    taps: { stage1: matrix([[1, 2]]).shape.length === 2 ? values([1, 2], [1, 1, 2]) : values([0], [1]) },
  });
  const given = {
    student: side([Math.log(0.9), Math.log(0.1)]),
    teacher: side([Math.log(0.4), Math.log(0.6)]),
    tokens: values([0], [1, 1], "i32"),
  };
  const of = (more: Partial<StageOneWeights>) => evaluateLoss(stageOneLoss(["stage1"], { ...weights, ...more }), given);
  const kl = 0.4 * Math.log(0.4 / 0.9) + 0.6 * Math.log(0.6 / 0.1);
  expect((await of({})).value).toBeCloseTo(kl - 0.5 * Math.log(0.1), 5);
  expect((await of({ labels: "text" })).value).toBeCloseTo(kl - 0.5 * Math.log(0.9), 5);
  expect((await of({ soft: 0, hard: 0 })).value).toBeCloseTo(0, 6);
});

test("stage 2 never calls the teacher", async () => {
  let calls = 0;
  const { model } = teacher.decoder;
  const counted: Decoder = {
    config,
    model: {
      ...model,
      apply: (...given) => {
        calls++;
        return model.apply(...given);
      },
    },
  };
  const student = inherit(teacher, [0, 1, 1, 3]);
  const work = adjust(student, { decoder: counted, params: teacher.params }, options());
  const after: Record<string, number> = {};
  let stage = "";
  for (let next = await work.next(); !next.done; next = await work.next()) {
    if (next.value.type === "stage" && next.value.state === "begins") {
      stage = next.value.stage;
      if (stage.endsWith("alone")) calls = 0;
    }
    after[stage] = calls;
  }
  expect(after).toEqual({ "student: with the teacher": 1, "student: on text alone": 0 });
});

test("stages follow the shares, and one curve of the rate", async () => {
  const student = inherit(teacher, [0, 1, 1, 3]);
  const both = await adjusted(student, teacher, options());
  expect(both.steps).toEqual([6, 4]);
  expect(both.log.loss.at(-1)![0]).toBe(10 * 8);
  const alone = await adjusted(student, teacher, options({ stageOne: 0 }));
  expect(alone.stages).toEqual(["student: on text alone"]);
  const [first, second] = [optimiserOf(1, 100), optimiserOf(1, 100, 60)];
  for (const step of [1, 7, 40]) expect(second.lr(step)).toBe(first.lr(step + 60));
  expect(first.lr(2)).toBe(1);
  expect(first.lr(101)).toBeCloseTo(0.1, 6);
});

test("adjusting brings a damaged student back to its teacher", async () => {
  // A teacher that knows the task.
  const learned = await adjusted(teacher, teacher, options({ steps: 250, stageOne: 0, rate: 1e-2 }));
  const able = { decoder: teacher.decoder, params: learned.params };
  const student = inherit(able, [0, 0, 0, 0]);
  const exam = rows(10_000, 32);
  const before = await measured(student, able, exam);
  const { params } = await adjusted(student, able, options({ steps: 60, rate: 5e-3 }));
  const after = await measured({ ...student, params }, able, exam);
  expect(before.klToTeacher).toBeGreaterThan(2 * after.klToTeacher);
  expect(before.crossEntropy).toBeGreaterThan(after.crossEntropy);
  const itself = await measured(able, able, exam);
  expect(itself.klToTeacher).toBeCloseTo(0, 6);
  expect(itself.agreement).toBe(1);
});

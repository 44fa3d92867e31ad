import { describe, expect, it } from "vitest";
import {
  constant,
  evaluate,
  grad,
  type HostTensor,
  host,
  keyValue,
  program,
  random,
  type Tensor,
  toNumbers,
} from "../../../tensor/index.ts";
import { kd } from "../kd.ts";
import { evaluateLoss, matrix, values } from "../testing.ts";
import { denselyGuided } from "./dense.ts";
import { ensembleDistillation, ensembleLogits } from "./ensemble.ts";
import { mutualLearning } from "./mutual.ts";

const [B, C] = [4, 5];
const draw = (seed: number) =>
  values(
    Array.from(random.normal(random.key(seed), B * C), (v) => 2 * v),
    [B, C],
    "f64",
  );
const students = [draw(1), draw(2), draw(3)];
const labels = values([0, 3, 1, 4], [B], "i32");
const sizes = (all: readonly { data: unknown }[]) => all.map((g) => Math.hypot(...(g.data as Float64Array)));

/** Sizes of the gradients of the k-th scalar with respect to each student. */
async function reach(losses: (z: Tensor[], y: Tensor) => Tensor[], k: number, given: HostTensor[] = students) {
  const step = program((z: Tensor[], y: Tensor) => {
    const value = losses(z, y)[k]!;
    return { value, gradients: grad(value, z) };
  });
  const { value, gradients } = await step(given, labels);
  await step.release();
  return { value: toNumbers(value)[0]!, sizes: sizes(gradients) };
}

describe("mutual learning", () => {
  it("each student learns from the others without moving them", async () => {
    const { sizes: each, value } = await reach((z) => mutualLearning(z), 1);
    expect(each.map((s) => s > 0)).toEqual([false, true, false]);
    const from = async (teacher: HostTensor) =>
      (await evaluateLoss(kd({ temperature: 1 }), { student: { logits: students[1]! }, teacher: { logits: teacher } }))
        .value;
    expect(value).toBeCloseTo(((await from(students[0]!)) + (await from(students[2]!))) / 2, 12);
  });

  it("is 0 among equals, and refuses a student alone", async () => {
    expect((await reach((z) => mutualLearning(z), 0, [draw(1), draw(1)])).value).toBeCloseTo(0, 14);
    expect(() => mutualLearning([constant(draw(1))])).toThrowError(expect.objectContaining({ code: "E_LOSS_GROUP" }));
    const other = constant(matrix([[1, 2]], "f64"));
    expect(() => mutualLearning([constant(draw(1)), other])).toThrowError(
      expect.objectContaining({ code: "E_LOSS_GROUP" }),
    );
  });
});

describe("ensembles", () => {
  const at = async (rule: "mean" | "minLoss" | "minLogit") =>
    toNumbers(
      await evaluate(
        ensembleLogits(
          students.map((z) => constant(z)),
          constant(labels),
          { rule },
        ),
      ),
    );

  it("minLoss follows the student that is right, minLogit is at least as sure as each", async () => {
    const sure = values(
      Array.from({ length: B * C }, (_, i) => (i % C === [0, 3, 1, 4][Math.floor(i / C)] ? 50 : 0)),
      [B, C],
      "f64",
    );
    const all = [students[0]!, sure, students[2]!].map((z) => constant(z));
    const best = await evaluate(ensembleLogits(all, constant(labels), { rule: "minLoss" }));
    expect(toNumbers(best)).toEqual(toNumbers(sure));
    const right = async (logits: number[]) => {
      const { value } = await evaluateLoss(kd({ temperature: 1 }), {
        student: { logits: values(logits, [B, C], "f64") },
        teacher: { logits: sure },
      });
      return value;
    };
    const least = await right(await at("minLogit"));
    for (const z of students) expect(least).toBeLessThanOrEqual((await right(toNumbers(z))) + 1e-12);
  });

  it("moves the student that learns, and neither the ensemble nor the others", async () => {
    for (const rule of ["mean", "minLoss", "minLogit"] as const) {
      const { sizes: each } = await reach((z, y) => ensembleDistillation(z, y, { rule }).losses, 0);
      expect(each.map((s) => s > 0)).toEqual([true, false, false]);
    }
  });

  it("ONE: the gate is trained through the ensemble's own answer, not through the targets", async () => {
    const step = program((z: Tensor[], y: Tensor, gate: Tensor) => {
      const { losses, ensemble } = ensembleDistillation(z, y, { rule: "gate", gate: gate.softmax() });
      return { own: grad(ensemble.logSoftmax().mean(), [gate])[0]!, target: grad(losses[0]!, [gate, ...z])[0]! };
    });
    const { own, target } = await step(students, labels, values(Array(B * 3).fill(0.1), [B, 3], "f64"));
    await step.release();
    const [byOwn, byTarget] = sizes([own, target]);
    expect(byOwn).toBeGreaterThan(0);
    expect(byTarget).toBe(0);
    expect(() => ensembleLogits([constant(draw(1))], constant(labels), { rule: "gate" })).toThrowError(
      expect.objectContaining({ code: "E_LOSS_GROUP" }),
    );
  });
});

describe("dense guidance", () => {
  it("is one KD term per teacher", async () => {
    const terms = denselyGuided(constant(students[0]!), [constant(students[1]!), constant(students[2]!)], {
      temperature: 4,
    });
    for (const [i, term] of terms.entries()) {
      const alone = await evaluateLoss(kd(), {
        student: { logits: students[0]! },
        teacher: { logits: students[i + 1]! },
      });
      expect(toNumbers(await evaluate(term))[0]).toBeCloseTo(alone.value, 12);
    }
  });

  it("drops teachers per example, each on its own", async () => {
    const rows = 400;
    const z = (v: number) =>
      constant(
        host(
          new Float32Array(rows * 2).map((_, i) => (i % 2 ? v : 0)),
          [rows, 2],
        ),
      );
    const full = toNumbers(await evaluate(denselyGuided(z(0), [z(3)])[0]!))[0]!;
    const [a, b] = denselyGuided(z(0), [z(3), z(3)], { drop: 0.3, key: constant(keyValue(random.key(4))) });
    const [first, second] = [toNumbers(await evaluate(a!))[0]!, toNumbers(await evaluate(b!))[0]!];
    // Three standard deviations of a share of 400.
    for (const share of [first / full, second / full]) expect(Math.abs(share - 0.7)).toBeLessThan(0.07);
    expect(first).not.toBe(second);
    expect(() => denselyGuided(z(0), [z(1)], { drop: 0.5 })).toThrowError(expect.objectContaining({ code: "E_KEY" }));
  });
});

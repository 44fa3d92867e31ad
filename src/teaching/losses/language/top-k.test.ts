import { describe, expect, it } from "vitest";
import { grad, host, program, random, type Tensor, toNumbers } from "../../../tensor/index.ts";
import { evaluateLoss, matrix, values } from "../testing.ts";
import { forwardKl } from "./divergences.ts";
import { type Tail, topKDivergence, topKKl } from "./top-k.ts";

const logs = (p: readonly number[]) => p.map(Math.log);

/** Of one place: the student's logits, the teacher's kept tokens and log-probabilities; value and student's gradient. */
async function at(
  student: readonly number[],
  ids: readonly number[],
  told: readonly number[],
  tail: Tail,
  dtype = "f64",
) {
  const step = program((s: Tensor, i: Tensor, t: Tensor) => {
    const value = topKDivergence(s, i, t, tail).mean();
    const [byStudent, byTeacher] = grad(value, [s, t]) as [Tensor, Tensor];
    return { value, byStudent, byTeacher };
  });
  const result = await step(
    values(student, [1, 1, student.length], dtype as "f64"),
    host(Int32Array.from(ids), [1, 1, ids.length]),
    values(told, [1, 1, told.length], dtype as "f64"),
  );
  await step.release();
  return {
    value: toNumbers(result.value)[0]!,
    gradient: toNumbers(result.byStudent),
    teacher: toNumbers(result.byTeacher),
  };
}

describe("a teacher of whom the top k are known", () => {
  it("rest: KL of the distributions with the tail as one outcome", async () => {
    // p = (.5, .3, [.2]); q = (.4, .1, .25, .25), so its tail is .5.
    const { value } = await at(logs([0.4, 0.1, 0.25, 0.25]), [0, 1], logs([0.5, 0.3]), "rest");
    expect(value).toBeCloseTo(0.5 * Math.log(0.5 / 0.4) + 0.3 * Math.log(3) + 0.2 * Math.log(0.2 / 0.5), 10);
  });

  it("renormalise: KL of the kept tokens, scaled to 1", async () => {
    const { value } = await at(logs([0.4, 0.1, 0.25, 0.25]), [0, 1], logs([0.5, 0.3]), "renormalise");
    expect(value).toBeCloseTo(0.625 * Math.log(0.625 / 0.4) + 0.375 * Math.log(0.375 / 0.1), 10);
  });

  it("everything kept: the forward KL, value and gradient", async () => {
    const [s, t] = [1, 2].map((seed) => Array.from(random.normal(random.key(seed), 6)));
    const norm = Math.log(t!.reduce((sum, v) => sum + Math.exp(v), 0));
    const ids = [3, 0, 5, 1, 4, 2];
    const whole = program((a: Tensor, b: Tensor) => {
      const value = forwardKl()(a, b).mean();
      return { value, gradient: grad(value, [a])[0]! };
    });
    const wanted = await whole(values(s!, [1, 6], "f64"), values(t!, [1, 6], "f64"));
    await whole.release();
    for (const tail of ["rest", "renormalise"] as const) {
      const { value, gradient } = await at(
        s!,
        ids,
        ids.map((i) => t![i]! - norm),
        tail,
      );
      expect(value).toBeCloseTo(toNumbers(wanted.value)[0]!, 8);
      toNumbers(wanted.gradient).forEach((g, i) => {
        expect(gradient[i]).toBeCloseTo(g, 8);
      });
    }
  });

  it("rest: no loss and no gradient at the teacher, whatever the shape of the tail; renormalised: a pull to the top", async () => {
    const q = logs([0.5, 0.3, 0.15, 0.05]);
    const rest = await at(q, [0, 1], logs([0.5, 0.3]), "rest");
    expect(rest.value).toBeCloseTo(0, 10);
    expect(Math.max(...rest.gradient.map(Math.abs))).toBeLessThan(1e-10);
    const scaled = await at(q, [0, 1], logs([0.5, 0.3]), "renormalise");
    expect(scaled.value).toBeCloseTo(-Math.log(0.8), 10);
    expect(scaled.gradient[2]).toBeCloseTo(0.15, 10);
  });

  it("gradient by finite differences; none for the teacher", async () => {
    const s = [0.3, -1, 2, 0.1, 0.5];
    const told = logs([0.4, 0.25, 0.05]);
    const { gradient, teacher } = await at(s, [4, 0, 2], told, "rest");
    for (let i = 0; i < 5; i++) {
      const moved = (by: number) => s.map((v, j) => (j === i ? v + by : v));
      const [up, down] = [
        await at(moved(1e-5), [4, 0, 2], told, "rest"),
        await at(moved(-1e-5), [4, 0, 2], told, "rest"),
      ];
      expect(gradient[i]).toBeCloseTo((up.value - down.value) / 2e-5, 7);
    }
    expect(teacher.every((g) => g === 0)).toBe(true);
  });

  it("is finite in f32 for logits of ±1e4 and for a tail of nothing", async () => {
    for (const tail of ["rest", "renormalise"] as const) {
      for (const s of [
        [1e4, -1e4, 0, 0],
        [-1e4, 1e4, 0, 0],
        [1e4, 1e4, 1e4, 1e4],
      ]) {
        const { value, gradient } = await at(s, [0, 1], logs([0.999_999_99, 1e-8]), tail, "f32");
        expect(Number.isFinite(value)).toBe(true);
        expect(gradient.every(Number.isFinite)).toBe(true);
      }
    }
  });

  it("as a loss: the mean over the tokens that count", async () => {
    const told = {
      "top.ids": host(Int32Array.of(0, 1, 2, 0), [1, 2, 2]),
      "top.logs": values(logs([0.5, 0.3, 0.6, 0.2]), [1, 2, 2]),
    };
    const student = { logits: values([...logs([0.4, 0.1, 0.25, 0.25]), 0, 0, 0, 0], [1, 2, 4]) };
    const teacher = { logits: matrix([[0]]), taps: told };
    const one = await evaluateLoss(topKKl(), { student, teacher, tokens: host(Int32Array.of(1, -100), [1, 2]) });
    expect(one.value).toBeCloseTo(0.5 * Math.log(1.25) + 0.3 * Math.log(3) + 0.2 * Math.log(0.4), 5);
    const other = await evaluateLoss(topKKl(), { student, teacher, tokens: host(Int32Array.of(-100, 1), [1, 2]) });
    expect(other.value).toBeCloseTo(0.6 * Math.log(2.4) + 0.2 * Math.log(0.8) + 0.2 * Math.log(0.4), 5);
  });

  it("refuses knowledge about other rows", async () => {
    await expect(at([0, 0], [0], [0, 0], "rest")).rejects.toMatchObject({ code: "E_SHAPE" });
  });
});

import { describe, expect, it } from "vitest";
import { constant, evaluate, grad, program, random, type Tensor, toNumbers } from "../../../tensor/index.ts";
import { matrix, values } from "../testing.ts";
import {
  type Divergence,
  forwardKl,
  generalisedJsd,
  jsDivergence,
  reverseKl,
  skewKl,
  skewReverseKl,
  symmetricKl,
  totalVariation,
} from "./divergences.ts";

const all: [string, Divergence][] = [
  ["forwardKl", forwardKl()],
  ["reverseKl", reverseKl()],
  ["symmetricKl", symmetricKl()],
  ["totalVariation", totalVariation()],
  ["generalisedJsd", generalisedJsd(0.3)],
  ["jsDivergence", jsDivergence()],
  ["skewKl", skewKl()],
  ["skewReverseKl", skewReverseKl()],
];
const logs = (p: readonly number[]) => p.map(Math.log);
/** Of two distributions given by probabilities: p the teacher's, q the student's. */
const of = async (measure: Divergence, p: readonly number[], q: readonly number[]) =>
  toNumbers(await evaluate(measure(constant(matrix([logs(q)], "f64")), constant(matrix([logs(p)], "f64")))))[0]!;
const p = [0.5, 0.5];
const q = [0.9, 0.1];

describe("divergences", () => {
  it("have the closed forms of two coins", async () => {
    expect(await of(forwardKl(), p, q)).toBeCloseTo(0.510826, 6);
    expect(await of(reverseKl(), p, q)).toBeCloseTo(0.368064, 6);
    expect(await of(generalisedJsd(0.5), p, q)).toBeCloseTo(0.101749, 6);
    expect(await of(generalisedJsd(0.01), p, q)).toBeCloseTo(0.00502, 6);
    expect(await of(totalVariation(), p, q)).toBeCloseTo(0.4, 12);
  });

  it("JSD: symmetric at one half only, bounded by the entropy of its weights", async () => {
    for (const lambda of [0.1, 0.5, 0.9]) {
      const [a, b] = [await of(jsDivergence(lambda), p, q), await of(jsDivergence(lambda), q, p)];
      if (lambda === 0.5) expect(a).toBeCloseTo(b, 12);
      else expect(Math.abs(a - b)).toBeGreaterThan(1e-3);
      const entropy = -lambda * Math.log(lambda) - (1 - lambda) * Math.log(1 - lambda);
      for (const [x, y] of [
        [p, q],
        [
          [1 - 1e-9, 1e-9],
          [1e-9, 1 - 1e-9],
        ],
      ] as const) {
        const value = await of(jsDivergence(lambda), x, y);
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(entropy);
      }
    }
    // The two names for one family.
    expect(await of(jsDivergence(0.9), p, q)).toBeCloseTo(await of(generalisedJsd(0.1), p, q), 14);
  });

  it("JSD at its ends: 0 by the formula, a KL by TRL's convention, and the quotients of the limits", async () => {
    const small = 1e-3;
    const [kl, reverse] = [await of(forwardKl(), p, q), await of(reverseKl(), p, q)];
    expect(Math.abs((await of(generalisedJsd(small), p, q)) / small / kl - 1)).toBeLessThan(0.01);
    expect(Math.abs((await of(generalisedJsd(1 - small), p, q)) / small / reverse - 1)).toBeLessThan(0.01);
    for (const beta of [0, 1]) expect(await of(generalisedJsd(beta, { ends: "formula" }), p, q)).toBeCloseTo(0, 14);
    expect(await of(generalisedJsd(0), p, q)).toBeCloseTo(kl, 14);
    expect(await of(generalisedJsd(1), p, q)).toBeCloseTo(reverse, 14);
  });

  it("skew divergences are bounded where the plain one is not", async () => {
    const [apart, other] = [
      [1, 1e-300],
      [1e-300, 1],
    ];
    expect(await of(forwardKl(), apart!, other!)).toBeGreaterThan(600);
    expect(await of(skewKl(0.1), apart!, other!)).toBeCloseTo(-Math.log(0.1), 6);
    expect(await of(skewReverseKl(0.1), apart!, other!)).toBeCloseTo(-Math.log(0.1), 6);
    expect(await of(skewKl(0), p, q)).toBeCloseTo(await of(forwardKl(), p, q), 14);
    expect(await of(skewReverseKl(0), p, q)).toBeCloseTo(await of(reverseKl(), p, q), 14);
  });

  it("forward KL covers both modes, reverse KL keeps to one", async () => {
    // p: two Gaussians at ±3 on a grid; q: one Gaussian of unit variance, fitted by its mean.
    const grid = Array.from({ length: 161 }, (_, i) => (i - 80) / 10);
    const bump = (x: number, m: number) => Math.exp(-((x - m) ** 2) / 2);
    const teacher = grid.map((x) => Math.log(0.5 * bump(x, -3) + 0.5 * bump(x, 3)));
    const means = Array.from({ length: 81 }, (_, i) => (i - 40) / 10);
    const best = async (measure: Divergence) => {
      const students = means.map((m) => grid.map((x) => -((x - m) ** 2) / 2));
      const teachers = means.map(() => teacher);
      const each = toNumbers(
        await evaluate(measure(constant(matrix(students, "f64")), constant(matrix(teachers, "f64")))),
      );
      return means[each.indexOf(Math.min(...each))]!;
    };
    expect(await best(forwardKl())).toBeCloseTo(0, 6);
    expect(Math.abs(await best(reverseKl()))).toBeGreaterThan(2.5);
  });
});

describe.each(all)("%s", (_name, measure) => {
  const run = async (student: number[], teacher: number[]) => {
    const step = program((s: Tensor, t: Tensor) => {
      const value = measure(s, t).mean();
      const [byStudent, byTeacher] = grad(value, [s, t]) as [Tensor, Tensor];
      return { value, byStudent, byTeacher };
    });
    const result = await step(values(student, [3, 4]), values(teacher, [3, 4]));
    await step.release();
    return {
      value: toNumbers(result.value)[0]!,
      student: toNumbers(result.byStudent),
      teacher: toNumbers(result.byTeacher),
    };
  };
  const draw = (seed: number) => Array.from(random.normal(random.key(seed), 12), (v) => 3 * v);

  it("is 0 with gradient 0 at equality, positive elsewhere, and gives the teacher nothing", async () => {
    const [equal, different] = [await run(draw(1), draw(1)), await run(draw(1), draw(2))];
    expect(Math.abs(equal.value)).toBeLessThan(1e-5 * different.value);
    expect(Math.hypot(...equal.student)).toBeLessThan(1e-4 * Math.hypot(...different.student));
    expect(different.value).toBeGreaterThan(0.01);
    expect(different.teacher.every((g) => g === 0)).toBe(true);
  });

  it("is finite for logits of ±1e4", async () => {
    const extreme = Array.from({ length: 12 }, (_, i) => (i % 3 === 0 ? 1e4 : -1e4));
    for (const [s, t] of [
      [extreme, extreme],
      [extreme, extreme.map((v) => -v)],
      [extreme.map(() => 1e4), extreme],
      [extreme, extreme.map(() => 0)],
    ] as const) {
      const { value, student } = await run([...s], [...t]);
      expect(Number.isFinite(value)).toBe(true);
      expect(student.every(Number.isFinite)).toBe(true);
    }
  });
});

it("refuses weights beyond 0 to 1", () => {
  for (const make of [symmetricKl, generalisedJsd, jsDivergence, skewKl, skewReverseKl]) {
    expect(() => make(1.2)).toThrowError(expect.objectContaining({ code: "E_RANGE" }));
  }
});

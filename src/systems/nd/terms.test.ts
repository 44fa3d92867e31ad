/** The loss of the specification (section 7, tests 1 to 5 and 7), and the terms that replace it in ablations. */
import { describe, expect, it } from "vitest";
import { teacherTargets } from "../../teaching/losses/loss.ts";
import { evaluateLoss, matrix } from "../../teaching/losses/testing.ts";
import { constant, grad, host, program, random, type Tensor } from "../../tensor/index.ts";
import { TERMS, type Term, termLoss } from "./terms.ts";

const taps = { student: "s", teacher: "t" };
const run = (term: Term, s: number[][], t: number[][], means: number[][], labels: number[]) =>
  evaluateLoss(termLoss(term, taps), {
    student: { taps: { s: matrix(s, "f64") } },
    teacher: { taps: { t: matrix(t, "f64") } },
    classMeans: { t: matrix(means, "f64") },
    labels,
  });
const axes = [
  [1, 0],
  [0, 1],
];
const draws = (name: string, rows: number, width: number) => {
  const flat = random.normal(random.fold(random.key(3), name), rows * width);
  return Array.from({ length: rows }, (_, i) => Array.from(flat.subarray(i * width, (i + 1) * width), (v) => v + 0.5));
};
const close = (actual: readonly number[], expected: readonly number[], digits = 10) =>
  expected.forEach((value, i) => {
    expect(actual[i]).toBeCloseTo(value, digits);
  });

describe("ND", () => {
  it("test 1: the closed forms below and above the teacher's norm", async () => {
    const below = await run("nd", [[3, 4]], [[10, 0]], axes, [0]);
    expect(below.value).toBeCloseTo(0.7, 10);
    close(below.gradients.s!, [-0.1, 0]);
    const above = await run("nd", [[3, 4]], [[2, 0]], axes, [0]);
    expect(above.value).toBeCloseTo(0.4, 10);
    close(above.gradients.s!, [-0.128, 0.096]);
    expect(above.gradients.s![0]! * 3 + above.gradients.s![1]! * 4).toBeCloseTo(0, 10);
  });

  it("test 2: 0 along the mean and longer than the teacher, 2 against it", async () => {
    const along = await run("nd", [[20, 0]], [[10, 0]], axes, [0]);
    expect(along.value).toBeCloseTo(0, 10);
    close(along.gradients.s!, [0, 0]);
    expect((await run("nd", [[-1, 0]], [[1, 0]], axes, [0])).value).toBeCloseTo(2, 10);
  });

  it("test 3: continuous where the norms meet; only the radial part of the gradient jumps", async () => {
    const s = [[3, 4]];
    const [under, over] = await Promise.all([5 + 1e-7, 5 - 1e-7].map((t) => run("nd", s, [[t, 0]], axes, [0])));
    expect(under!.value).toBeCloseTo(over!.value, 6);
    const tangent = ([x, y]: readonly number[]) => (x! * -4 + y! * 3) / 5;
    expect(tangent(under!.gradients.s!)).toBeCloseTo(tangent(over!.gradients.s!), 6);
    const radial = ([x, y]: readonly number[]) => (x! * 3 + y! * 4) / 5;
    expect(radial(under!.gradients.s!)).toBeCloseTo(-0.12, 6);
    expect(radial(over!.gradients.s!)).toBeCloseTo(0, 6);
  });

  it("test 4: the length of means does not matter, the teacher's norm only while the student is shorter", async () => {
    const [s, t, m] = [draws("s", 6, 4), draws("t", 6, 4), draws("m", 3, 4)];
    const labels = [0, 1, 2, 0, 1, 2];
    const scaled = (rows: number[][], by: number) => rows.map((row) => row.map((v) => v * by));
    const plain = await run("nd", s, t, m, labels);
    expect((await run("nd", s, t, scaled(m, 7), labels)).value).toBeCloseTo(plain.value, 10);
    const long = scaled(s, 100);
    const longer = await run("nd", long, t, m, labels);
    expect((await run("nd", long, scaled(t, 7), m, labels)).value).toBeCloseTo(longer.value, 10);
    expect((await run("nd", s, scaled(t, 7), m, labels)).value).not.toBeCloseTo(plain.value, 2);
  });

  it("test 5: a mean over examples, in any order, equal to the loop", async () => {
    const [s, t, m] = [draws("s", 8, 5), draws("t", 8, 5), draws("m", 3, 5)];
    const labels = [0, 1, 2, 0, 1, 2, 0, 1];
    const { value } = await run("nd", s, t, m, labels);
    const length = (row: number[]) => Math.hypot(...row);
    const dot = (a: number[], b: number[]) => a.reduce((sum, v, j) => sum + v * b[j]!, 0);
    const alone = s.map((row, i) => {
      const mean = m[labels[i]!]!;
      return 1 - dot(row, mean) / length(mean) / Math.max(length(row), length(t[i]!));
    });
    expect(value).toBeCloseTo(alone.reduce((a, b) => a + b) / 8, 6);
    const order = [5, 2, 7, 0, 1, 6, 3, 4];
    const pick = <T>(rows: readonly T[]) => order.map((i) => rows[i]!);
    expect((await run("nd", pick(s), pick(t), m, pick(labels))).value).toBeCloseTo(value, 10);
    expect((await run("nd", [...s, ...s], [...t, ...t], m, [...labels, ...labels])).value).toBeCloseTo(value, 10);
  });

  it("test 7: descent turns to the mean, grows to the teacher's norm and stops growing there", async () => {
    const gradient = program((s: Tensor, t: Tensor, mean: Tensor) => {
      const sides = (tap: string, value: Tensor) => ({ logits: value, taps: new Map([[tap, value]]) });
      const targets = teacherTargets(sides("t", t), new Map([["t", mean]]));
      return grad(termLoss("nd", taps)(sides("s", s), targets, { labels: oneLabel }).loss, [s])[0]!;
    });
    const oneLabel = constant(host(Int32Array.of(0), [1], "i32"));
    const [t, mean] = [matrix([[0, 3, 0]]), matrix([[1, 2, 2]])];
    let s = [0.1, -0.05, 0.02];
    for (let i = 0; i < 400; i++) {
      const { data } = await gradient(matrix([s]), t, mean);
      s = s.map((v, j) => v - 0.5 * Number(data[j]));
    }
    await gradient.release();
    const length = Math.hypot(...s);
    expect((s[0]! + 2 * s[1]! + 2 * s[2]!) / 3 / length).toBeGreaterThan(0.999);
    // To the teacher's norm within rounding, and one step of 0.5/‖t‖ beyond at most.
    expect(length).toBeGreaterThan(3 - 1e-5);
    expect(length).toBeLessThan(3 + 0.5 / 3 + 1e-5);
  });
});

describe("terms for ablations", () => {
  it("closed forms", async () => {
    const value = async (term: Term, s: number[], t: number[]) => (await run(term, [s], [t], axes, [0])).value;
    expect(await value("direction", [3, 4], [10, 0])).toBeCloseTo(0.4, 10);
    expect(await value("norm", [3, 4], [10, 0])).toBeCloseTo(0.5, 10);
    expect(await value("norm", [3, 4], [2, 0])).toBe(0);
    expect(await value("sum", [3, 4], [10, 0])).toBeCloseTo(0.9, 10);
    expect(await value("l2", [3, 4], [1, 1])).toBeCloseTo(4 + 9, 10);
  });

  it("direction never changes a norm, norm never a direction", async () => {
    const [dot, cross] = [
      ([x, y]: readonly number[]) => 3 * x! + 4 * y!,
      ([x, y]: readonly number[]) => 3 * y! - 4 * x!,
    ];
    expect(dot((await run("direction", [[3, 4]], [[10, 0]], axes, [0])).gradients.s!)).toBeCloseTo(0, 10);
    const { gradients } = await run("norm", [[3, 4]], [[10, 0]], axes, [0]);
    expect(cross(gradients.s!)).toBeCloseTo(0, 10);
    expect(dot(gradients.s!)).toBeLessThan(0);
  });

  it.each([...TERMS, "nd" as const])("the gradient of %s agrees with finite differences", async (term) => {
    const [s, t, m] = [draws("s", 3, 4), draws("t", 3, 4), draws("m", 2, 4)];
    const labels = [0, 1, 0];
    const { gradients } = await run(term, s, t, m, labels);
    const h = 1e-5;
    for (const [i, j] of [
      [0, 0],
      [1, 3],
      [2, 2],
    ] as const) {
      const moved = (by: number) => s.map((row, a) => row.map((v, b) => (a === i && b === j ? v + by : v)));
      const [up, down] = [await run(term, moved(h), t, m, labels), await run(term, moved(-h), t, m, labels)];
      expect(gradients.s![i * 4 + j]).toBeCloseTo((up.value - down.value) / (2 * h), 6);
    }
  });

  it("asks for class means", async () => {
    const without = { student: { taps: { s: matrix([[1, 2]]) } }, teacher: { taps: { t: matrix([[1, 2]]) } } };
    await expect(evaluateLoss(termLoss("direction", taps), without)).rejects.toMatchObject({ code: "E_LOSS_MEANS" });
  });
});

it("the direction is that of the example's own class", async () => {
  const s = [
    [3, 4],
    [3, 4],
  ];
  // Cosines 0.6 to the first axis and 0.8 to the second.
  expect((await run("direction", s, s, axes, [0, 1])).value).toBeCloseTo(1 - 0.7, 10);
  expect((await run("direction", s, s, axes, [1, 1])).value).toBeCloseTo(1 - 0.8, 10);
});

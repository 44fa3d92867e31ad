/** Classes and ensembles with members missing. */
import { describe, expect, it } from "vitest";
import { key, random } from "../../tensor/index.ts";
import { type Head, headLogits } from "./head.ts";
import { accuracyWithout, ensembleWithout, meanAnswer, subsets } from "./missing.ts";

const [d, classes, rows] = [16, 4, 800];
const answers = random.normal(key(1), rows * d).map((v) => Math.abs(v));
const head: Head = { weight: random.normal(key(2), classes * d), bias: new Float32Array(classes), activation: "relu" };
const logits = headLogits(head, answers);
const labels = Int32Array.from({ length: rows }, (_, r) => {
  const row = [...logits.subarray(r * classes, (r + 1) * classes)];
  return row.indexOf(Math.max(...row));
});
const bounds = [0, 4, 8, 12].map((from) => [from, from + 4] as const);
const mean = meanAnswer(answers, d);

describe("a missing student (specification, test 8)", () => {
  it("replaced by its mean chunk lowers the accuracy step by step, down to a constant answer", () => {
    const accuracy = accuracyWithout({ head, bounds, answers, labels, mean });
    expect(accuracy).toHaveLength(5);
    expect(accuracy[0]).toBe(1);
    for (let i = 1; i < 5; i++) expect(accuracy[i]).toBeLessThan(accuracy[i - 1]!);
    const shares = Array.from({ length: classes }, (_, c) => labels.filter((l) => l === c).length / rows);
    expect(shares.some((share) => Math.abs(share - accuracy[4]!) < 1e-9)).toBe(true);
  });

  it("is what the head says about the replaced chunk", () => {
    const without = answers.map((v, i) => (i % d < 4 ? mean[i % d]! : v));
    const wanted = headLogits(head, without);
    expect(wanted.every(Number.isFinite)).toBe(true);
    let right = 0;
    labels.forEach((label, r) => {
      const row = [...wanted.subarray(r * classes, (r + 1) * classes)];
      if (row.indexOf(Math.max(...row)) === label) right++;
    });
    const two = [[0, 4] as const, [4, 16] as const];
    const [, one] = accuracyWithout({ head, bounds: two, answers, labels, mean });
    const other = answers.map((v, i) => (i % d >= 4 ? mean[i % d]! : v));
    const second = headLogits(head, other);
    let rightToo = 0;
    labels.forEach((label, r) => {
      const row = [...second.subarray(r * classes, (r + 1) * classes)];
      if (row.indexOf(Math.max(...row)) === label) rightToo++;
    });
    expect(one).toBeCloseTo((right + rightToo) / 2 / rows, 3);
  });
});

describe("subsets", () => {
  it("are all of them for small classes, a ring of neighbours for large ones", () => {
    expect(subsets(4, 2)).toHaveLength(6);
    expect(subsets(8, 4)).toHaveLength(70);
    expect(subsets(16, 5)).toHaveLength(16);
    expect(subsets(16, 0)).toEqual([new Set()]);
  });

  it("an ensemble without members is the mean of the others", () => {
    const noise = (seed: number) => random.normal(key(seed), logits.length).map((v, i) => 6 * v + logits[i]!);
    const members = [1, 2, 3].map((seed) => ({ logits: noise(seed + 20), classes }));
    const [all, two, one] = ensembleWithout(members, labels);
    expect(all).toBeGreaterThan(two!);
    expect(two).toBeGreaterThan(one!);
  });
});

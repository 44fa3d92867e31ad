/** Test 1 of the specification: role selection. */
import { describe, expect, it } from "vitest";
import { key } from "../../tensor/index.ts";
import { type Marks, mark, promote, rank } from "./ranking.ts";

const about = (meanLoss: number, accuracy = 0.5): Marks => ({
  losses: Float64Array.of(meanLoss),
  wrong: Uint8Array.of(0),
  meanLoss,
  accuracy,
});
const candidates = (marks: Marks[], step = 0) => ({ marks, labels: [0], sizes: [1, 3, 2], key: [step, 0] as const });

describe("marks", () => {
  it("are cross-entropy, mistakes, mean and accuracy", () => {
    // p = (3/4, 1/4) and (1/5, 4/5).
    const marks = mark([Math.log(3), 0, 0, Math.log(4)], [0, 0]);
    expect(marks.losses[0]).toBeCloseTo(-Math.log(3 / 4), 12);
    expect(marks.losses[1]).toBeCloseTo(-Math.log(1 / 5), 12);
    expect([...marks.wrong]).toEqual([0, 1]);
    expect(marks.meanLoss).toBeCloseTo((Math.log(4 / 3) + Math.log(5)) / 2, 12);
    expect(marks.accuracy).toBe(0.5);
  });

  it("stay finite for huge logits", () => {
    expect(mark([1e4, -1e4], [1]).losses[0]).toBe(2e4);
    expect(mark([-1e4, 1e4], [1]).losses[0]).toBe(0);
  });
});

describe("roles", () => {
  it("go to the lowest cross-entropy, ties to higher accuracy, then to the smaller index", () => {
    expect(rank([about(2), about(1), about(3)])).toEqual([1, 0, 2]);
    expect(rank([about(1, 0.4), about(1, 0.6), about(1, 0.6)])).toEqual([1, 2, 0]);
  });

  it("are chosen from known logits", () => {
    const good = mark([5, 0, 0, 5], [0, 1]);
    const bad = mark([0, 5, 5, 0], [0, 1]);
    const middling = mark([1, 0, 0, 1], [0, 1]);
    expect(promote("loss", 1, candidates([bad, good, middling]))).toEqual([1]);
    expect(promote("loss", 2, candidates([bad, good, middling]))).toEqual([1, 2]);
  });

  it("do not change when fixed, and are drawn from the key when random", () => {
    const marks = [about(1), about(3), about(2)];
    expect(promote("fixed", 1, candidates(marks))).toEqual([1]);
    expect(promote("fixed", 2, candidates(marks))).toEqual([1, 2]);
    const drawn = Array.from(
      { length: 300 },
      (_, step) => promote("random", 1, { ...candidates(marks), key: key(step) })[0]!,
    );
    for (const i of [0, 1, 2]) expect(drawn.filter((d) => d === i).length).toBeGreaterThan(70);
    expect(promote("random", 1, { ...candidates(marks), key: key(5) })).toEqual([drawn[5]]);
  });

  it("go by class to whoever is best on most classes", () => {
    const of = (...losses: number[]): Marks => ({
      ...about(losses.reduce((a, b) => a + b) / 3),
      losses: Float64Array.from(losses),
    });
    // The second is best on two of three classes, the first on the mean.
    const marks = [of(0.5, 0.5, 0), of(0.1, 0.1, 5), of(1, 1, 1)];
    expect(promote("classes", 1, { ...candidates(marks), labels: [0, 1, 2] })).toEqual([1]);
    expect(promote("loss", 1, { ...candidates(marks), labels: [0, 1, 2] })).toEqual([0]);
  });

  it("cannot be more than there are students", () => {
    expect(() => promote("loss", 3, candidates([about(1), about(2)]))).toThrow("3 of 2 students");
    expect(() => promote("loss", 0, candidates([about(1)]))).toThrow("0 of 1");
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bits, fold, key, normal, permutation, split, threefry, uniform } from "./random.ts";

describe("threefry-2x32-20", () => {
  // Known answers of the Random123 distribution (kat_vectors, threefry2x32 20 rounds).
  it.each([
    [
      [0, 0],
      [0, 0],
      [0x6b200159, 0x99ba4efe],
    ],
    [
      [0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x1cb996fc, 0xbb002be7],
    ],
    [
      [0x13198a2e, 0x03707344],
      [0x243f6a88, 0x85a308d3],
      [0xc4923a9c, 0x483df7a0],
    ],
  ] as const)("key %j counter %j", (k, c, expected) => {
    expect(threefry(k, c)).toEqual([...expected]);
  });
});

describe("keys", () => {
  it("split and fold give distinct streams", () => {
    const seen = new Set(
      [
        ...split(key(1), 50),
        ...Array.from({ length: 50 }, (_, i) => fold(key(1), i)),
        fold(key(1), "a"),
        fold(key(1), "b"),
      ].map(String),
    );
    expect(seen.size).toBe(102);
  });
  it("uses both halves of a large seed", () => {
    expect(key(1)).not.toEqual(key(1 + 2 ** 32));
  });
});

describe("distributions", () => {
  const n = 100_000;
  it("uniform fills [0, 1) evenly", () => {
    const u = uniform(key(7), n);
    const cells = new Array<number>(20).fill(0);
    for (const v of u) cells[Math.floor(v * 20)]!++;
    const chi2 = cells.reduce((s, c) => s + (c - n / 20) ** 2 / (n / 20), 0);
    expect(chi2).toBeLessThan(43.8); // 99.9 % quantile of chi-squared with 19 degrees of freedom
  });
  it("normal has the right first four moments", () => {
    const x = normal(key(8), n);
    const moment = (k: number) => x.reduce((s, v) => s + v ** k, 0) / n;
    expect(Math.abs(moment(1))).toBeLessThan(4 / Math.sqrt(n));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
    expect(Math.abs(moment(3))).toBeLessThan(4 * Math.sqrt(15 / n));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(4 * Math.sqrt(96 / n));
  });
  it("permutation is one, and a prefix property holds for bits of even length", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 300 }), (seed, size) => {
        expect([...permutation(key(seed), size)].sort((a, b) => a - b)).toEqual([...Array(size).keys()]);
        expect(bits(key(seed), size).length).toBe(size);
      }),
    );
  });
});

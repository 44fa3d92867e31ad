import { describe, expect, it } from "vitest";
import { constant, evaluate, toNumbers } from "../../tensor/index.ts";
import { unlikeness } from "./dist.ts";
import { matrix } from "./testing.ts";

const rows = [
  [0.1, 0.7, 0.2],
  [0.5, 0.3, 0.2],
];
const other = [
  [0.3, 0.3, 0.4],
  [0.2, 0.5, 0.3],
];
const compare = async (a: number[][], b: number[][]) =>
  toNumbers(await evaluate(unlikeness(constant(matrix(a, "f64")), constant(matrix(b, "f64")))))[0]!;

describe("dist", () => {
  it("is 0 for equal rows and 2 for rows that run against each other", async () => {
    // The 1e-8 in the denominator moves both by 1e-8 / |a|² (about 1e-7 here).
    expect(await compare(rows, rows)).toBeCloseTo(0, 6);
    expect(
      await compare(
        rows,
        rows.map((r) => r.map((v) => -v)),
      ),
    ).toBeCloseTo(2, 6);
  });

  it("ignores a positive factor and a shift per row", async () => {
    const moved = rows.map((r, i) => r.map((v) => v * (2 + i) + 5 - i));
    expect(await compare(moved, other)).toBeCloseTo(await compare(rows, other), 6);
    expect(await compare(rows, other)).toBeGreaterThan(0.1);
  });
});

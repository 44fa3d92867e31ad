/** Chunks: cutting and joining, orders of the units. */
import { describe, expect, it } from "vitest";
import { key, random } from "../../tensor/index.ts";
import { boundsOf, type Chunks, chunksOf, columnsOf, concatenated, ORDERS, unitsOf } from "./chunks.ts";

const d = 24;
const deviation = random.uniform(key(3), d);
const z = random.normal(key(4), 5 * d);
const cut = (chunks: Chunks) => chunks.bounds.map((_, k) => columnsOf(z, d, unitsOf(chunks, k)));

describe("chunks (specification, test 1)", () => {
  it.each([1, 2, 4, 8])("round trip: %i chunks of z side by side are z", (n) => {
    const chunks = chunksOf(n, "contiguous", deviation, key(0));
    expect(concatenated(cut(chunks), chunks)).toEqual(z);
  });

  it("gives the rest to the last chunk when n does not divide d", () => {
    expect(boundsOf(10, 4)).toEqual([
      [0, 2],
      [2, 4],
      [4, 6],
      [6, 10],
    ]);
    const chunks = chunksOf(7, "contiguous", deviation, key(0));
    expect(concatenated(cut(chunks), chunks)).toEqual(z);
  });

  it("refuses more students than units", () => {
    expect(() => boundsOf(3, 4)).toThrow("A class of 4 students cannot share an embedding of 3 units.");
  });

  it.each(ORDERS)("%s: every unit belongs to one student", (kind) => {
    const chunks = chunksOf(5, kind, deviation, key(1));
    expect([...chunks.order].sort((a, b) => a - b)).toEqual(Array.from({ length: d }, (_, i) => i));
    expect(concatenated(cut(chunks), chunks)).toEqual(columnsOf(z, d, chunks.order));
  });

  it("balances the variance of the chunks", () => {
    const spread = (kind: "contiguous" | "balanced") => {
      const chunks = chunksOf(4, kind, deviation, key(0));
      const sums = chunks.bounds.map((_, k) => unitsOf(chunks, k).reduce((sum, unit) => sum + deviation[unit]!, 0));
      return Math.max(...sums) - Math.min(...sums);
    };
    expect(spread("balanced")).toBeLessThan(0.2 * spread("contiguous"));
  });
});

import { describe, expect, test } from "vitest";
import { key, random } from "../../tensor/index.ts";
import { GREEDY, PLAIN } from "./requests.ts";
import { alternativesOf, argmax, drawToken, inverseTemperature, largest, nucleus } from "./sampling.ts";

function softmax(logits: ArrayLike<number>, inverse = 1): Float32Array {
  const top = Math.max(...Array.from(logits));
  const e = Array.from(logits, (x) => Math.exp((x - top) * inverse));
  const sum = e.reduce((a, b) => a + b, 0);
  return Float32Array.from(e, (x) => x / sum);
}

/** The definition, word for word: sort, cut to k, normalise, cut to p. */
function reference(probabilities: Float32Array, topK: number, topP: number): number[] {
  const order = [...probabilities.keys()].sort((a, b) => probabilities[b]! - probabilities[a]! || a - b);
  const first = topK === 0 ? order : order.slice(0, topK);
  const total = first.reduce((sum, i) => sum + probabilities[i]!, 0);
  const kept: number[] = [];
  let before = 0;
  for (const i of first) {
    // 1 is for all, whatever the sum rounds to.
    if (topP < 1 && before / total >= topP) break;
    kept.push(i);
    before += probabilities[i]!;
  }
  return kept;
}

describe("cuts", () => {
  test.each([3, 40, 300])("equal the definition for %d tokens", (size) => {
    for (let trial = 0; trial < 20; trial++) {
      const p = softmax(random.normal(key(trial), size), 1 + trial / 4);
      for (const topK of [0, 1, 2, 7, size, size + 5]) {
        for (const topP of [1, 0.95, 0.5, 1e-9]) expect(nucleus(p, topK, topP)).toEqual(reference(p, topK, topP));
      }
    }
  });

  test("of equals the first stay", () => {
    expect(nucleus(Float32Array.of(0.25, 0.25, 0.25, 0.25), 2, 1)).toEqual([0, 1]);
    expect(nucleus(Float32Array.of(0.25, 0.25, 0.25, 0.25), 0, 0.5)).toEqual([0, 1]);
    expect(nucleus(Float32Array.of(0.25, 0.25, 0.25, 0.25), 0, 0.51)).toEqual([0, 1, 2]);
  });

  test("the largest by a list equal the largest by sorting", () => {
    const values = random.uniform(key(1), 500).map((x) => Math.round(x * 50));
    const sorted = [...values.keys()].sort((a, b) => values[b]! - values[a]! || a - b);
    for (const k of [1, 2, 10, 60, 63, 100, 500]) expect(largest(values, k)).toEqual(sorted.slice(0, k));
  });
});

describe("draws", () => {
  const logits = Float32Array.of(1.2, -0.5, 0.3, 2.1, 0, -3, 1.2);
  // The 0.9999 quantile of chi-square by degrees of freedom.
  const QUANTILE: Record<number, number> = { 1: 15.137, 2: 18.421, 3: 21.108, 4: 23.513, 5: 25.745, 6: 27.856 };
  test.each([
    ["as they are", PLAIN],
    ["hot", { ...PLAIN, temperature: 2 }],
    ["cold", { ...PLAIN, temperature: 0.7 }],
    ["top-k", { ...PLAIN, topK: 3 }],
    ["top-p", { ...PLAIN, topP: 0.8 }],
    ["all three", { temperature: 1.5, topK: 5, topP: 0.9 }],
  ])("%s: 10,000 of them fit the distribution", (name, sampling) => {
    const p = softmax(logits, inverseTemperature(sampling));
    const kept = reference(p, sampling.topK, sampling.topP);
    const total = kept.reduce((sum, i) => sum + p[i]!, 0);
    const counts = new Array<number>(logits.length).fill(0);
    const seed = random.fold(key(9), name);
    for (let i = 0; i < 10_000; i++) counts[drawToken(logits, p, sampling, seed, i)]!++;
    const squares = kept.map((i) => {
      const expected = (10_000 * p[i]!) / total;
      return (counts[i]! - expected) ** 2 / expected;
    });
    expect(kept.reduce((sum, i) => sum + counts[i]!, 0)).toBe(10_000);
    expect(squares.reduce((a, b) => a + b, 0)).toBeLessThan(QUANTILE[kept.length - 1]!);
  });

  test("temperature 0 takes the likeliest, of equals the first, and needs no probabilities", () => {
    const none = new Float32Array(7).fill(Number.NaN);
    expect(drawToken(logits, none, GREEDY, key(1), 0)).toBe(3);
    expect(drawToken(Float32Array.of(0, 2, 2, 1), none, GREEDY, key(1), 0)).toBe(1);
    expect(drawToken(logits, none, { ...PLAIN, topK: 1 }, key(1), 0)).toBe(3);
  });

  test("never a token that cannot be", () => {
    const p = Float32Array.of(0, 0.5, 0, 0.5, 0);
    for (let i = 0; i < 200; i++) expect([1, 3]).toContain(drawToken(p, p, PLAIN, key(2), i));
  });

  test("the same key and place, the same token; others, others", () => {
    const p = softmax(new Float32Array(1000));
    const draws = (seed: number) => Array.from({ length: 20 }, (_, i) => drawToken(p, p, PLAIN, key(seed), i));
    expect(draws(1)).toEqual(draws(1));
    expect(draws(1)).not.toEqual(draws(2));
    expect(new Set(draws(1)).size).toBeGreaterThan(15);
  });
});

test("alternatives, best first", () => {
  const logits = Float32Array.of(1, 3, 2);
  const normaliser = Math.log(Math.exp(1) + Math.exp(3) + Math.exp(2));
  const two = alternativesOf(logits, normaliser, 2);
  expect(two.map(({ token }) => token)).toEqual([1, 2]);
  expect(two[0]!.logProbability).toBeCloseTo(3 - normaliser, 12);
  expect(alternativesOf(logits, normaliser, 0)).toEqual([]);
  expect(argmax(logits)).toBe(1);
});

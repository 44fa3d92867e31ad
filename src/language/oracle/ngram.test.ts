import { describe, expect, test } from "vitest";
import { realData } from "../../data/testing.ts";
import { integers, key, permutation } from "../../tensor/random.ts";
import { knownText } from "../text/index.ts";
import { alphabetOf, characterTokeniser } from "../tokenisers/index.ts";
import { contextsOf, estimateNgram } from "./ngram.ts";
import { divergence, expectedCrossEntropy, meanEntropy } from "./target.ts";
import { chiSquare } from "./testing.ts";

/** A text with structure: a random walk with repeats, over 7 symbols of 8. */
const text = (() => {
  const next = integers(key(11));
  const out = new Int32Array(3000);
  for (let i = 3; i < out.length; i++) out[i] = next(3) > 0 ? (out[i - 1]! * 2 + out[i - 3]! + 1) % 7 : next(7);
  return out;
})();
const V = 8;

/** The recursion of the formula, with counts by scanning the text. */
function witten(ctx: number[], v: number): number {
  const followers = new Map<number, number>();
  let count = 0;
  for (let i = ctx.length; i < text.length; i++) {
    if (!ctx.every((token, j) => text[i - ctx.length + j] === token)) continue;
    followers.set(text[i]!, (followers.get(text[i]!) ?? 0) + 1);
    count++;
  }
  const lower = ctx.length === 0 ? 1 / V : witten(ctx.slice(1), v);
  if (count === 0) return lower;
  return ((followers.get(v) ?? 0) + followers.size * lower) / (count + followers.size);
}

describe("Witten-Bell", () => {
  const oracle = estimateNgram(text, { order: 4, vocabulary: V });

  test("is the formula, for seen, half-seen, unseen and cut contexts", () => {
    const next = integers(key(12));
    const contexts = Array.from({ length: 40 }, (_, i) =>
      i < 20 ? [...text.slice(i * 100, i * 100 + 3)] : [next(8), next(7), next(7)],
    );
    const p = oracle.distributions(Int32Array.from(contexts.flat()));
    contexts.forEach((context, row) => {
      for (let v = 0; v < V; v++) expect(p[row * V + v]).toBeCloseTo(witten(context, v), 12);
    });
    // Token 7 never occurs: behind it there is only the unigram; -1 is the beginning.
    const cut = oracle.distributions(Int32Array.of(0, 0, 7, -1, -1, -1, -1, -1, 3));
    for (let v = 0; v < V; v++) {
      expect(cut[v]).toBeCloseTo(witten([], v), 12);
      expect(cut[V + v]).toBeCloseTo(witten([], v), 12);
      expect(cut[2 * V + v]).toBeCloseTo(witten([3], v), 12);
    }
    expect(cut[7]).toBeCloseTo((7 / (3000 + 7)) * (1 / 8), 15);
  });

  test("order 1 is the unigram", () => {
    const p = estimateNgram(text, { order: 1, vocabulary: V }).distributions(new Int32Array(0));
    for (let v = 0; v < V; v++) expect(p[v]).toBeCloseTo(witten([], v), 12);
  });

  test("sampled frequencies are the distribution (chi-square)", () => {
    const n = 20_000;
    const prompt = text.slice(500, 503);
    const prompts = new Int32Array(n * 3);
    for (let i = 0; i < n; i++) prompts.set(prompt, 3 * i);
    const drawn = oracle.sample(prompts, 3, 1, key(13));
    // 0.999 quantile of chi-square with 7 degrees of freedom: 24.3.
    expect(chiSquare(drawn, oracle.distributions(prompt))).toBeLessThan(24.3);
  });

  test("a key gives the same text; rows do not depend on their number", () => {
    const prompts = text.slice(0, 12);
    const all = oracle.sample(prompts, 3, 20, key(14));
    expect(oracle.sample(prompts.slice(0, 6), 3, 20, key(14))).toEqual(all.slice(0, 40));
    expect(oracle.sample(prompts, 3, 20, key(15))).not.toEqual(all);
    const stream = oracle.stream(key(16));
    const pieces = [...stream(1), ...stream(2), ...stream(500), ...stream(7)];
    expect(pieces).toEqual([...oracle.stream(key(16))(510)]);
  });

  test("contexts of rows", () => {
    expect([...contextsOf(Int32Array.of(1, 2, 3, 4, 5, 6), 3, 1, 3, 3)]).toEqual([-1, 1, 1, 2, -1, 4, 4, 5]);
    expect([...contextsOf(Int32Array.of(1, 2), 2, 0, 1, 2)]).toEqual([-1]);
  });

  test("what cannot be", () => {
    expect(() => oracle.distributions(Int32Array.of(1, 2))).toThrow(/no contexts of 3 tokens/);
    expect(() => oracle.distributions(Int32Array.of(1, 2, 8))).toThrow(/token 8 at 2/);
    expect(() => estimateNgram(Int32Array.of(0, 9), { vocabulary: 9 })).toThrow(/token 9 at 1/);
    expect(() => estimateNgram(new Int32Array(0), { vocabulary: 9 })).toThrow(/empty/);
    expect(() => estimateNgram(text, { order: 0, vocabulary: V })).toThrow(/order is 0/);
  });
});

test("order 1 on 3 symbols: the mean of sequence costs over all 81 is the sum of the position costs", () => {
  const oracle = estimateNgram(Int32Array.of(0, 1, 2, 1, 0, 0, 2, 1, 1, 1), { order: 2, vocabulary: 3 });
  const q = Float64Array.of(0.2, 0.5, 0.3).map(Math.log);
  let bySequence = 0;
  let byPosition = 0;
  for (let code = 0; code < 81; code++) {
    const sequence = Int32Array.from({ length: 4 }, (_, i) => Math.floor(code / 3 ** i) % 3);
    const p = oracle.distributions(contextsOf(sequence, 4, 0, 4, 2));
    let probability = 1;
    let cost = 0;
    let kl = 0;
    for (let t = 0; t < 4; t++) {
      const here = p[t * 3 + sequence[t]!]!;
      probability *= here;
      cost += Math.log(here) - q[sequence[t]!]!;
      kl += divergence(p.slice(3 * t, 3 * t + 3), q, 3);
    }
    bySequence += probability * cost;
    byPosition += probability * kl;
  }
  expect(Math.abs(bySequence - byPosition)).toBeLessThan(1e-12);
});

const real = realData("tinyshakespeare");
const shakespeare = real ? knownText("tinyshakespeare") : undefined;

describe.skipIf(!real)("tiny Shakespeare (needs LYCEUM_DATA)", () => {
  const V65 = 65;
  const play65 = shakespeare?.then((play) => {
    const ids = characterTokeniser(alphabetOf(play)).encode(play);
    return { ids, oracle: estimateNgram(ids, { vocabulary: V65 }) };
  });

  test("1,000 contexts sum to 1; the oracle's loss is its entropy, the uniform model's log 65", async () => {
    const { ids, oracle } = (await play65)!;
    const places = permutation(key(21), ids.length - 5).slice(0, 1000);
    const contexts = Int32Array.from([...places].flatMap((at) => [...ids.slice(at, at + 5)]));
    const p = oracle.distributions(contexts);
    for (let row = 0; row < 1000; row++) {
      const sum = p.subarray(row * V65, (row + 1) * V65).reduce((a, b) => a + b, 0);
      expect(Math.abs(sum - 1)).toBeLessThan(1e-9);
    }
    const entropy = meanEntropy(p, V65);
    expect(Math.abs(expectedCrossEntropy(p, p.map(Math.log), V65) - entropy)).toBeLessThan(1e-6);
    expect(divergence(p, p.map(Math.log), V65)).toBe(0);
    const uniform = new Float64Array(p.length).fill(-Math.log(65));
    expect(expectedCrossEntropy(p, uniform, V65)).toBeCloseTo(4.17439, 5);
    expect(divergence(p, uniform, V65)).toBeCloseTo(Math.log(65) - entropy, 10);
    // Far from both certain and uniform.
    expect(entropy).toBeGreaterThan(0.5);
    expect(entropy).toBeLessThan(2);
  });

  test("the cross-entropy of a sampled text is the mean entropy, within 3 standard errors", async () => {
    const { oracle } = (await play65)!;
    const n = 30_000;
    const drawn = oracle.stream(key(22))(n);
    const p = oracle.distributions(contextsOf(drawn, n, 0, n, 6));
    // The differences (surprise minus entropy) are a martingale: uncorrelated, mean 0.
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < n; i++) {
      const row = p.subarray(i * V65, (i + 1) * V65);
      const difference = -Math.log(row[drawn[i]!]!) - meanEntropy(row as Float64Array<ArrayBuffer>, V65);
      sum += difference;
      squares += difference ** 2;
    }
    expect(Math.abs(sum / n)).toBeLessThan((3 * Math.sqrt(squares / n)) / Math.sqrt(n));
  });
});

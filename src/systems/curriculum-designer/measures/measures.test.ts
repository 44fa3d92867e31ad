/** Outcome measures and statistics against closed forms. */
import { describe, expect, it } from "vitest";
import { key, random } from "../../../tensor/index.ts";
import { featuresOf, fitWeights, leaveOneOut, predict } from "../design/learnable.ts";
import { allOrders } from "../design/orders.ts";
import { designOf, scoresOf } from "../design/score.ts";
import { binnedHamming, compareBestBins, stringOf } from "./hamming.ts";
import { finalAccuracy, forgetting, jointScore, meanCurves, scoreCurves } from "./outcome.ts";
import { designedPerBin, equalWidthBins, recallAt, topOverlap } from "./overlap.ts";
import { averageRanks, pearson, permutationTest, spearman } from "./ranks.ts";
import { icc, iccTest, splitHalf } from "./reliability.ts";

const normal = (seed: number, n: number) => [...random.normal(key(seed), n)];
const shuffled = (seed: number, n: number) => [...random.permutation(key(seed), n)];

describe("F (test 1)", () => {
  it("is the harmonic mean of α and 1/β", () => {
    expect(jointScore(0.5, 0.2)).toBeCloseTo(0.9090909, 7);
    expect(jointScore(0.5, 0.2)).toBeCloseTo(2 / (1 / 0.5 + 1 / 5), 12);
    expect(jointScore(0.5, 0)).toBe(1);
  });

  it("reads α at the end and β between right after the first task and the end, after averaging curves", () => {
    const runs = [
      { avg: [1, 0.8, 0.4], t1: [1, 0.6, 0.2] },
      { avg: [1, 0.6, 0.6], t1: [0.8, 0.6, 0.4] },
    ];
    const mean = meanCurves(runs);
    expect(finalAccuracy(mean)).toBeCloseTo(0.5, 12);
    expect(forgetting(mean)).toBeCloseTo(0.6, 12);
    expect(scoreCurves(mean)).toBeCloseTo(1 / 1.3, 12);
    expect(() => meanCurves([runs[0]!, { avg: [1], t1: [1] }])).toThrow(
      expect.objectContaining({ code: "E_CURRICULUM" }),
    );
  });
});

describe("rank correlation (test 10)", () => {
  it("shares ranks among equals", () => {
    expect(averageRanks([3, 1, 3, 2])).toEqual([3.5, 1, 3.5, 2]);
    expect(spearman([1, 2, 3, 4], [1, 4, 9, 16])).toBeCloseTo(1, 12);
    expect(spearman([1, 2, 3, 4], [4, 3, 2, 1])).toBeCloseTo(-1, 12);
    expect(pearson([1, 1, 1], [1, 2, 3])).toBe(0);
    // Without ties: 1 - 6 Σd² / (n(n² - 1)) = 1 - 6·(1 + 1 + 4) / 60... for [1,2,3,4,5] and [2,1,3,5,4]: Σd² = 4.
    expect(spearman([1, 2, 3, 4, 5], [2, 1, 3, 5, 4])).toBeCloseTo(1 - (6 * 4) / (5 * 24), 12);
  });

  it("has p-values that are uniform under the null", () => {
    const f = normal(1, 40);
    const p = Array.from({ length: 200 }, (_, i) => permutationTest(normal(100 + i, 40), f, key(i), 199).p).sort(
      (a, b) => a - b,
    );
    const ks = Math.max(...p.map((x, i) => Math.max(Math.abs((i + 1) / 200 - x), Math.abs(x - i / 200))));
    // Kolmogorov-Smirnov at 1 %: 1.63 / √200, and 1/200 because p moves in steps of 1/200.
    expect(ks).toBeLessThan(1.63 / Math.sqrt(200) + 1 / 200);
  });

  it("calls |ρ| > 0.18 of 120 orders significant at 5 %", () => {
    const f = normal(2, 120);
    const mixed = (share: number) => {
      // A ranking whose ρ with f is as near to the target as swaps of noise allow.
      const noise = normal(3, 120);
      let [low, high] = [0, 20];
      for (let i = 0; i < 60; i++) {
        const middle = (low + high) / 2;
        if (
          spearman(
            f.map((x, j) => x + middle * noise[j]!),
            f,
          ) > share
        )
          low = middle;
        else high = middle;
      }
      return f.map((x, j) => x + low * noise[j]!);
    };
    const strong = permutationTest(mixed(0.2), f, key(5), 4000);
    const weak = permutationTest(mixed(0.16), f, key(5), 4000);
    expect([strong.rho > 0.19, strong.p < 0.05]).toEqual([true, true]);
    expect([weak.rho < 0.17, weak.p > 0.05]).toEqual([true, true]);
  });
});

describe("reliability", () => {
  const effect = normal(7, 120);
  const table = (noise: number) =>
    effect.map((x, i) => [0, 1, 2].map((r) => x + noise * normal(500 + 3 * i + r, 1)[0]!));

  it("ICC is 1 without noise, near 1/2 with as much noise as effect, near 0 without effect", () => {
    expect(icc(table(0))).toBeCloseTo(1, 12);
    expect(Math.abs(icc(table(1))! - 0.5)).toBeLessThan(0.12);
    const nothing = effect.map((_, i) => normal(900 + i, 3));
    expect(Math.abs(icc(nothing)!)).toBeLessThan(0.12);
    expect(icc(effect.map((x) => [x]))).toBeNull();
  });

  it("keeps its sign whatever the order of the runs (test 8), and is tested by permutation", () => {
    const measured = table(0.5);
    const swapped = measured.map(([a, b, c]) => [c!, a!, b!]);
    expect(icc(swapped)).toBeCloseTo(icc(measured)!, 12);
    // Runs that change places from order to order are still runs of that order.
    const mixed = measured.map((row, i) => shuffled(i, 3).map((r) => row[r]!));
    expect(Math.sign(icc(mixed)!)).toBe(Math.sign(icc(measured)!));
    expect(iccTest(measured, key(1), 1000).p).toBeLessThan(0.001 + 1e-9);
    expect(
      iccTest(
        effect.map((_, i) => normal(900 + i, 3)),
        key(1),
        200,
      ).p,
    ).toBeGreaterThan(0.05);
  });

  it("split halves agree where runs agree", () => {
    expect(splitHalf(table(0))).toBeCloseTo(1, 12);
    // Two runs: r, stepped up by 2r / (1 + r).
    const two = table(1).map(([a, b]) => [a!, b!]);
    const r = pearson(
      two.map(([a]) => a!),
      two.map(([, b]) => b!),
    );
    expect(splitHalf(two)).toBeCloseTo((2 * r) / (1 + r), 12);
    expect(splitHalf(effect.map((x) => [x]))).toBeNull();
  });
});

describe("overlaps", () => {
  it("counts the top in the designed set, with the hypergeometric tail", () => {
    const measured = [5, 4, 3, 2, 1, 0];
    expect(topOverlap(measured, [0, 1, 5], 2)).toEqual({ top: 2, hits: 2, expected: 1, p: expect.closeTo(3 / 15, 12) });
    expect(topOverlap(measured, [4, 5], 2).p).toBeCloseTo(1, 12);
    const chance = Array.from(
      { length: 300 },
      (_, i) => topOverlap(normal(i, 120), shuffled(i, 120).slice(0, 30), 30).hits,
    );
    expect(Math.abs(chance.reduce((a, b) => a + b, 0) / 300 - 7.5)).toBeLessThan(0.5);
  });

  it("recall at k is 1 for one list, k/n by chance", () => {
    const f = normal(4, 50);
    expect(recallAt(f, f, 10)).toEqual(Array(10).fill(1));
    expect(recallAt([3, 2, 1], [1, 3, 2], 3)).toEqual([0, 0.5, 1]);
    const chance = Array.from({ length: 300 }, (_, i) => recallAt(normal(i, 50), normal(1000 + i, 50), 20)[19]!);
    expect(Math.abs(chance.reduce((a, b) => a + b, 0) / 300 - 0.4)).toBeLessThan(0.03);
  });

  it("bins are equally wide, the last one holds the best", () => {
    expect(equalWidthBins([0, 1, 2, 9, 10], 5)).toEqual([0, 0, 1, 4, 4]);
    const f = normal(6, 100);
    const counts = designedPerBin(f, shuffled(1, 100).slice(0, 25), key(2));
    expect(counts.reduce((sum, { orders }) => sum + orders, 0)).toBe(100);
    expect(counts.reduce((sum, { designed }) => sum + designed, 0)).toBe(25);
    for (const { orders, chance } of counts) expect(Math.abs(chance - orders / 4)).toBeLessThan(1.5);
  });
});

describe("binned Hamming (test 9)", () => {
  const orders = allOrders(5);

  it("writes column by column", () => {
    expect(
      stringOf(
        [
          [0, 1],
          [1, 0],
        ],
        [1, 0],
        0,
        2,
      ),
    ).toEqual([1, 0, 0, 1]);
  });

  it("is 0 for one ranking and 1 - 1/K for random ones, within 3 %", () => {
    const f = normal(8, 120);
    for (const value of binnedHamming(orders, f, f)) expect(value ?? 0).toBe(0);
    const all = Array.from(
      { length: 400 },
      (_, i) => binnedHamming(orders, normal(i, 120), normal(2000 + i, 120), 1)[0]!,
    );
    const mean = all.reduce((a, b) => a + b, 0) / all.length;
    expect(Math.abs(mean / (1 - 1 / 5) - 1)).toBeLessThan(0.03);
  });

  it("sums to 1 over the three comparisons and is smaller for those alike", () => {
    const f = normal(9, 120);
    const close = f.map((x, i) => x + 0.05 * normal(3000 + i, 1)[0]!);
    const { betweenLearners, learnerDesigner, learnerRandom } = compareBestBins(
      orders,
      [f, close],
      normal(10, 120),
      key(1),
    );
    expect(betweenLearners! + learnerDesigner + learnerRandom).toBeCloseTo(1, 12);
    expect(betweenLearners!).toBeLessThan(learnerRandom);
    expect(compareBestBins(orders, [f], f, key(1)).betweenLearners).toBeNull();
  });
});

describe("the learnable designer", () => {
  const orders = allOrders(5);
  const matrixOf = (seed: number) => {
    const draws = random.uniform(key(seed), 25);
    return [0, 1, 2, 3, 4].map((i) => [0, 1, 2, 3, 4].map((j) => (i === j ? 0 : 0.1 + draws[5 * i + j]!)));
  };
  const world = (seed: number, weights: readonly number[], noise = 0.1) => {
    const features = orders.map((order) => featuresOf(designOf(matrixOf(seed)), order));
    const measured = predict([weights[0]!, weights[1]!, weights[2]!], features).map(
      (x, i) => x + noise * normal(seed * 1000 + i, 1)[0]!,
    );
    return { name: `world ${seed}`, features, measured };
  };

  it("with equal raw weights is the published score", () => {
    const design = designOf(matrixOf(1));
    const sums = orders.map((order) => featuresOf(design, order).reduce((a, b) => a + b, 0));
    for (const [i, score] of scoresOf(design, orders).entries()) expect(sums[i]).toBeCloseTo(score, 12);
  });

  it("finds the weights that made a world, and carries them to one it has not seen", () => {
    const worlds = [1, 2, 3].map((seed) => world(seed, [-0.5, 0.3, 0.8]));
    const fitted = fitWeights(worlds, 1e-6);
    expect(fitted[2]).toBeGreaterThan(0.4);
    expect(fitted[0]).toBeLessThan(-0.2);
    for (const { rho, p } of leaveOneOut(worlds, key(1))) {
      expect(rho).toBeGreaterThan(0.9);
      expect(p).toBeLessThan(0.01);
    }
    expect(leaveOneOut(worlds.slice(0, 1), key(1))).toEqual([]);
  });

  it("meets the normal equations of ridge regression", () => {
    const one = world(4, [1, 0, 0], 1);
    const ridge = 0.3;
    const w = fitWeights([one], ridge);
    const nudged = (i: number, by: number) => w.map((x, j) => (j === i ? x + by : x)) as [number, number, number];
    const f = predict([1, 0, 0], one.features); // Standardises like the fit.
    expect(f).toHaveLength(120);
    const mean = one.measured.reduce((a, b) => a + b, 0) / 120;
    const sd = Math.sqrt(one.measured.reduce((a, b) => a + (b - mean) ** 2, 0) / 120);
    const loss = (weights: [number, number, number]) =>
      predict(weights, one.features).reduce((sum, x, i) => sum + (x - (one.measured[i]! - mean) / sd) ** 2, 0) / 120 +
      ridge * weights.reduce((sum, x) => sum + x * x, 0);
    for (const i of [0, 1, 2]) {
      expect(loss(nudged(i, 1e-3))).toBeGreaterThan(loss([...w]));
      expect(loss(nudged(i, -1e-3))).toBeGreaterThan(loss([...w]));
    }
  });
});

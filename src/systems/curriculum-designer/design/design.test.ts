/** The designer's score against the published table, and its invariants; generators; transport. */
import { describe, expect, it } from "vitest";
import { key, random } from "../../../tensor/index.ts";
import { assign } from "./assignment.ts";
import {
  cosineDistance,
  distanceMatrix,
  euclideanDistance,
  type Matrix,
  prototype,
  rowNormalised,
} from "./distances.ts";
import { beamSearch, greedyCurricula } from "./generate.ts";
import { allOrders, orderCount, ordersFor } from "./orders.ts";
import { entropicCost, exactWasserstein2, otddMatrix } from "./otdd.ts";
import { centrality, designedSet, designOf, quantile, scoreOf, scoresOf, termsOf } from "./score.ts";

/** Fashion-MNIST, five classes, cosine, rows normalised: as published, rounded to four digits. */
const NAMES = ["top", "trouser", "pullover", "dress", "coat"];
const PUBLISHED: Record<string, Record<string, number>> = {
  top: { coat: 0.1372, pullover: 0.1498, dress: 0.1625, trouser: 0.5505 },
  trouser: { dress: 0.1145, pullover: 0.292, top: 0.2959, coat: 0.2975 },
  pullover: { coat: 0.0546, top: 0.1398, dress: 0.2986, trouser: 0.507 },
  dress: { top: 0.1723, trouser: 0.2259, coat: 0.2625, pullover: 0.3393 },
  coat: { pullover: 0.0587, top: 0.1377, dress: 0.2484, trouser: 0.5553 },
};
const TABLE: Matrix = NAMES.map((a) => NAMES.map((b) => PUBLISHED[a]![b] ?? 0));
const named = (order: readonly number[]) => order.map((i) => NAMES[i]).join(",");
const ranked = (matrix: Matrix) => {
  const orders = allOrders(matrix.length);
  const scores = scoresOf(designOf(matrix), orders);
  return orders.map((order, i) => ({ order, score: scores[i]! })).sort((a, b) => b.score - a.score);
};
const randomMatrix = (k: number, seed: number): Matrix => {
  const draws = random.uniform(key(seed), k * k);
  return Array.from({ length: k }, (_, i) =>
    Array.from({ length: k }, (_, j) => (i === j ? 0 : 0.1 + draws[i * k + j]!)),
  );
};

describe("the published table (specification, test 2)", () => {
  it("has rows of sum 1 and the published centrality", () => {
    for (const row of TABLE) expect(row.reduce((sum, x) => sum + x, 0)).toBeCloseTo(1, 3);
    const expected = [0.2543, 0.111, 0.2514, 0.0965, 0.2867];
    for (const [i, v] of centrality(rowNormalised(TABLE)).entries())
      expect(Math.abs(v - expected[i]!)).toBeLessThan(2e-3);
  });

  it("gives the published best, second and worst order", () => {
    const all = ranked(TABLE);
    expect([all[0]!, all[1]!, all.at(-1)!].map(({ order }) => named(order))).toEqual([
      "dress,pullover,trouser,coat,top",
      "dress,coat,trouser,pullover,top",
      "coat,pullover,top,dress,trouser",
    ]);
    expect(Math.abs(all[0]!.score - 3.523)).toBeLessThan(2e-3);
    expect(Math.abs(all[1]!.score - 3.4903)).toBeLessThan(2e-3);
    expect(Math.abs(all.at(-1)!.score - 2.0578)).toBeLessThan(2e-3);
  });

  it("designs 30 of the 120 orders", () => {
    expect(designedSet(scoresOf(designOf(TABLE), allOrders(5)))).toHaveLength(30);
  });
});

describe("invariants of the score", () => {
  it("is the same for all orders where all distances are equal (test 3)", () => {
    const equal = NAMES.map((_, i) => NAMES.map((_, j) => (i === j ? 0 : 2)));
    for (const variant of ["float", "int"] as const) {
      const scores = scoresOf(designOf(equal, variant), allOrders(5));
      for (const score of scores) expect(score).toBeCloseTo(scores[0]!, 12);
    }
    // Classes that are all alike (every distance 0) are no special case.
    const none = scoresOf(designOf(NAMES.map(() => NAMES.map(() => 0))), allOrders(5));
    for (const score of none) expect(score).toBeCloseTo(none[0]!, 12);
  });

  it("follows a relabelling of the classes (test 4)", () => {
    const places = [3, 0, 4, 1, 2];
    const relabelled = places.map((a) => places.map((b) => TABLE[a]![b]!));
    for (const variant of ["float", "int"] as const) {
      const [before, after] = [designOf(TABLE, variant), designOf(relabelled, variant)];
      for (const order of allOrders(5)) {
        expect(scoreOf(after, order)).toBeCloseTo(
          scoreOf(
            before,
            order.map((c) => places[c]!),
          ),
          12,
        );
      }
    }
  });

  it("is what a hand computes for K = 2, 3, 4 (test 5)", () => {
    // K = 2: both rows are [0, 1], so v̂ is a half, and the other class enters as both terms: 1 - 1/2 + (1 - 1) + 1.
    const two = designOf([
      [0, 3],
      [3, 0],
    ]);
    expect([scoreOf(two, [0, 1]), scoreOf(two, [1, 0])]).toEqual([1.5, 1.5]);
    // K = 3: D rows [0, 1/4, 3/4], [1/3, 0, 2/3], [3/5, 2/5, 0]; variances 7/72, 2/27, 14/225.
    const three = [
      [0, 1, 3],
      [1, 0, 2],
      [3, 2, 0],
    ];
    const [va, vb, vc] = [7 / 72, 2 / 27, 14 / 225];
    const v = va + vb + vc;
    expect(scoreOf(designOf(three), [0, 1, 2])).toBeCloseTo(1 - va / v + (1 - 3 / 4) + 1 / 4, 12);
    expect(scoreOf(designOf(three), [1, 2, 0])).toBeCloseTo(1 - vb / v + (1 - 1 / 3) + 2 / 3, 12);
    // K = 4: S = 1 - v̂ + (1 - D[a][d]) + D[a][b] + (1 - D[b][c]) + D[b][c].
    const four = designOf(randomMatrix(4, 1));
    const d = four.next;
    expect(scoreOf(four, [2, 0, 3, 1])).toBeCloseTo(four.start[2]! + (1 - d[2]![1]!) + d[2]![0]! + 1, 12);
    expect(termsOf(four, [2, 0, 3, 1]).next).toEqual([d[2]![0], d[0]![3]]);
    // The rank variant, K = 3: places of the neighbours are 1 and 2 in every row; class 2 has the smallest variance.
    const ints = designOf(three, "int");
    expect(ints.start).toEqual([1, 2, 3]);
    expect(scoreOf(ints, [2, 0, 1])).toBe(3 + (3 - 1) + 2);
  });

  it("does not see the scale of distances, nor of features under the cosine (test 6)", () => {
    const scaled = TABLE.map((row) => row.map((x) => 7 * x));
    const features = random.uniform(key(3), 5 * 8);
    const distances = (factor: number, distance: typeof cosineDistance) =>
      distanceMatrix(
        [0, 1, 2, 3, 4].map((i) =>
          prototype(
            features.map((x) => factor * x),
            8,
            [i],
          ),
        ),
        distance,
      );
    for (const order of allOrders(5)) {
      expect(scoreOf(designOf(scaled), order)).toBeCloseTo(scoreOf(designOf(TABLE), order), 12);
      for (const distance of [cosineDistance, euclideanDistance]) {
        const [one, eight] = [designOf(distances(1, distance)), designOf(distances(8, distance))];
        expect(scoreOf(eight, order)).toBeCloseTo(scoreOf(one, order), 10);
      }
    }
  });

  it("needs the asymmetry that rows bring", () => {
    const normalised = rowNormalised([
      [0, 1, 3],
      [1, 0, 2],
      [3, 2, 0],
    ]);
    expect(normalised[0]![1]).not.toBe(normalised[1]![0]);
  });

  it("refuses what is no order and no matrix", () => {
    const code = (run: () => unknown) => expect(run).toThrow(expect.objectContaining({ code: "E_CURRICULUM" }));
    code(() => scoreOf(designOf(TABLE), [0, 1, 2, 3, 3]));
    code(() => designOf([[0]]));
    code(() =>
      designOf([
        [0, 1],
        [Number.NaN, 0],
      ]),
    );
  });
});

describe("orders", () => {
  it("lists all, merges the first pair, samples without repeats by key", () => {
    expect(allOrders(5)).toHaveLength(120);
    expect(allOrders(5, true)).toHaveLength(60);
    expect(orderCount(10)).toBe(3628800);
    expect(new Set(allOrders(5).map(String)).size).toBe(120);
    const some = ordersFor(10, 50, key(1));
    expect(new Set(some.map(String)).size).toBe(50);
    expect(ordersFor(10, 50, key(1))).toEqual(some);
    expect(() => allOrders(9)).toThrow(expect.objectContaining({ code: "E_OPTION" }));
  });

  it("scores merged orders by the mean over which class counts as first", () => {
    const design = designOf(TABLE);
    const [score] = scoresOf(design, [[0, 1, 2, 3, 4]], true);
    expect(score).toBeCloseTo((scoreOf(design, [0, 1, 2, 3, 4]) + scoreOf(design, [1, 0, 2, 3, 4])) / 2, 12);
  });

  it("interpolates quantiles", () => {
    expect(quantile([4, 1, 3, 2], 0.75)).toBe(3.25);
  });
});

describe("generators", () => {
  it("beam search finds what listing finds, for odd and even K", () => {
    for (const k of [2, 3, 4, 5, 6]) {
      const matrix = randomMatrix(k, k);
      const found = beamSearch(designOf(matrix), { width: 2000, count: 3 });
      const best = ranked(matrix);
      found.forEach(({ order, score }, i) => {
        expect(score).toBeCloseTo(best[i]!.score, 10);
        expect(scoreOf(designOf(matrix), order)).toBeCloseTo(score, 10);
      });
    }
    const ten = beamSearch(designOf(randomMatrix(10, 9)));
    expect(new Set(ten[0]!.order).size).toBe(10);
    const sampled = scoresOf(designOf(randomMatrix(10, 9)), ordersFor(10, 200, key(2)));
    expect(ten[0]!.score).toBeGreaterThan(Math.max(...sampled));
  });

  it("greedy curricula begin central, end near, go on far; the published flag never moves on", () => {
    const [first, second] = greedyCurricula(TABLE);
    // dress: nearest is top (last), farthest pullover (second); from pullover: nearest coat, farthest trouser.
    expect(named(first!)).toBe("dress,pullover,trouser,coat,top");
    expect(named(second!).startsWith("trouser,")).toBe(true);
    // From dress throughout: top last, pullover second, then trouser nearest of {trouser, coat}, coat farthest.
    expect(named(greedyCurricula(TABLE, { advance: false })[0]!)).toBe("dress,pullover,coat,trouser,top");
    for (const k of [2, 3, 4, 6, 7]) {
      for (const order of greedyCurricula(randomMatrix(k, k))) expect(new Set(order).size).toBe(k);
    }
  });
});

describe("optimal transport", () => {
  const cloud = (seed: number, count: number, shift = 0) => ({
    count,
    points: random.normal(key(seed), count * 3).map((x) => x + shift),
  });

  it("assigns as exhaustive search does", () => {
    for (const n of [1, 2, 3, 5]) {
      const cost = Float64Array.from(random.uniform(key(40 + n), n * n));
      const cheapest = Math.min(...allOrders(n).map((order) => order.reduce((sum, j, i) => sum + cost[i * n + j]!, 0)));
      const { cost: found, columns } = assign(cost, n);
      expect(found).toBeCloseTo(cheapest, 12);
      expect(new Set(columns).size).toBe(n);
    }
  });

  it("moves a shifted cloud by the shift, exactly", () => {
    const a = cloud(1, 30);
    const b = { count: 30, points: a.points.map((x) => x + 2) };
    expect(exactWasserstein2(a, b)).toBeCloseTo(3 * 4, 4);
  });

  it("entropic cost tends to the exact one and lies above it", () => {
    const [a, b] = [cloud(2, 20), cloud(3, 20, 1)];
    const cost = Float64Array.from({ length: 400 }, (_, i) => {
      const [x, y] = [Math.floor(i / 20), i % 20];
      return [0, 1, 2].reduce((sum, k) => sum + (a.points[x * 3 + k]! - b.points[y * 3 + k]!) ** 2, 0);
    });
    const exact = exactWasserstein2(a, b);
    const loose = entropicCost(cost, 20, 20, 1);
    const tight = entropicCost(cost, 20, 20, 0.02);
    expect(loose).toBeGreaterThan(exact);
    expect(tight).toBeGreaterThan(exact - 1e-3);
    expect(tight - exact).toBeLessThan(0.1);
  });

  it("compares tasks: 0 for itself, growing with the shift, scaling with the features", () => {
    const task = (shift: number, scale = 1) => [
      { count: 20, points: cloud(5, 20).points.map((x) => scale * (x + shift)) },
      { count: 20, points: cloud(6, 20, 3).points.map((x) => scale * (x + shift)) },
    ];
    const matrix = otddMatrix([task(0), task(0), task(1), task(4)]);
    expect(matrix[0]![1]!).toBeLessThan(1e-3);
    expect(matrix[0]![2]!).toBeGreaterThan(0.5);
    expect(matrix[0]![3]!).toBeGreaterThan(matrix[0]![2]!);
    const doubled = otddMatrix([task(0, 2), task(0, 2), task(1, 2), task(4, 2)]);
    expect(doubled[0]![3]! / matrix[0]![3]!).toBeCloseTo(2, 3);
  });
});

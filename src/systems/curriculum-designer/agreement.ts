/** The statistics of a stream: is there an effect of the order, do learners agree on it, does the designer foresee it? */
import { type Key, random } from "../../tensor/index.ts";
import type { Learners, MeasuredStream, Ruler } from "./measured.ts";
import { compareBestBins, type HammingComparison } from "./measures/hamming.ts";
import { type BinCount, designedPerBin, type Overlap, recallAt, topOverlap } from "./measures/overlap.ts";
import { type Correlation, permutationTest } from "./measures/ranks.ts";
import { iccTest, splitHalf } from "./measures/reliability.ts";

/** Effect of the order on one strategy. */
export interface OrderEffect {
  readonly strategy: string;
  /** Of α over the orders: smallest, mean, largest. */
  readonly alpha: readonly [number, number, number];
  readonly beta: readonly [number, number, number];
  /** Of F over runs; null with one run. */
  readonly icc: number | null;
  readonly iccP: number;
  readonly splitHalf: number | null;
}

export interface DesignerRow extends Correlation {
  readonly layer: string;
  readonly distance: string;
  readonly variant: string;
  readonly strategy: string;
}

export interface Agreement {
  readonly effects: readonly OrderEffect[];
  /** Between the F of two strategies. */
  readonly between: readonly (Correlation & { readonly a: string; readonly b: string })[];
  /** Between F and S, for all distances, layers and variants. */
  readonly designer: readonly DesignerRow[];
  /** Of the chosen distance, by strategy. */
  readonly overlaps: readonly {
    readonly strategy: string;
    readonly tops: readonly Overlap[];
    readonly bins: readonly BinCount[];
    readonly recall: readonly number[];
  }[];
  readonly hamming: HammingComparison;
}

const PERMUTATIONS = 2000;

const spread = (values: readonly number[]): [number, number, number] => [
  Math.min(...values),
  values.reduce((sum, x) => sum + x, 0) / values.length,
  Math.max(...values),
];

function effectOf({ strategy, alpha, beta, perRun }: Learners, key: Key): OrderEffect {
  const test = iccTest(perRun.f, random.fold(key, `icc ${strategy}`), PERMUTATIONS);
  return {
    strategy,
    alpha: spread(alpha),
    beta: spread(beta),
    icc: test.icc,
    iccP: test.p,
    splitHalf: splitHalf(perRun.f),
  };
}

export function agreementOf({ learners, rulers, main, designed, orders }: MeasuredStream, key: Key): Agreement {
  const keyOf = (...parts: readonly string[]) => random.fold(key, parts.join(" "));
  const pairs = learners.flatMap((a, i) => learners.slice(i + 1).map((b) => [a, b] as const));
  const rowOf = ({ layer, distance, variant, scores }: Ruler, { strategy, f }: Learners): DesignerRow => ({
    ...{ layer, distance, variant, strategy },
    ...permutationTest(f, scores, keyOf("designer", layer, distance, variant, strategy), PERMUTATIONS),
  });
  return {
    effects: learners.map((l) => effectOf(l, key)),
    between: pairs.map(([a, b]) => ({
      ...{ a: a.strategy, b: b.strategy },
      ...permutationTest(a.f, b.f, keyOf("between", a.strategy, b.strategy), PERMUTATIONS),
    })),
    designer: rulers.flatMap((ruler) => learners.map((l) => rowOf(ruler, l))),
    overlaps: learners.map(({ strategy, f }) => ({
      strategy,
      tops: [10, 20, 30, 50].filter((top) => top < f.length).map((top) => topOverlap(f, designed, top)),
      bins: designedPerBin(f, designed, keyOf("bins", strategy)),
      recall: recallAt(f, main.scores),
    })),
    hamming: compareBestBins(
      orders,
      learners.map(({ f }) => f),
      main.scores,
      keyOf("hamming"),
    ),
  };
}

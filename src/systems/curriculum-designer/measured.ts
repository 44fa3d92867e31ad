/** From the outcomes of cells to what was measured on a stream: curves of every order, run and strategy, and scores. */

import { outcomeOf } from "../kit/arms.ts";
import { seedsOf } from "../options.ts";
import type { Outcomes } from "../system.ts";
import { DISTANCES, type Distance, type Matrix } from "./design/distances.ts";
import { featuresOf, type Weights } from "./design/learnable.ts";
import type { Order } from "./design/orders.ts";
import { type Design, designedSet, designOf, scoresOf, VARIANTS, type Variant } from "./design/score.ts";
import type { Strategy } from "./learners/strategies.ts";
import { type Curves, finalAccuracy, forgetting, meanCurves, scoreCurves } from "./measures/outcome.ts";
import type { Options } from "./options.ts";
import { learnersCell, streamCell } from "./plan.ts";
import { streamNames } from "./streams.ts";
import { ordersOf } from "./work.ts";

/** One strategy on one stream. */
export interface Learners {
  readonly strategy: Strategy;
  /** Averaged over runs, by order. */
  readonly curves: readonly Curves[];
  /** By order; from the averaged curves, as published. */
  readonly f: readonly number[];
  readonly alpha: readonly number[];
  readonly beta: readonly number[];
  /** [order][run] */
  readonly perRun: { readonly [measure in "f" | "alpha" | "beta"]: readonly (readonly number[])[] };
}

/** One way to score. */
export interface Ruler {
  readonly layer: string;
  readonly distance: Distance;
  readonly variant: Variant;
  readonly design: Design;
  /** By order. */
  readonly scores: readonly number[];
}

export interface MeasuredStream {
  readonly index: number;
  readonly name: string;
  readonly tasks: readonly string[];
  readonly orders: readonly Order[];
  readonly perClass: number;
  readonly standardised: string;
  /** Raw distances of the main layer. */
  readonly distances: Readonly<Record<Distance, Matrix>>;
  readonly rulers: readonly Ruler[];
  /** The one that the options chose. */
  readonly main: Ruler;
  /** Positions of the orders that it designs. */
  readonly designed: readonly number[];
  readonly features: readonly Weights[];
  readonly learners: readonly Learners[];
}

function curvesFrom(avg: Float32Array, t1: Float32Array, orders: number): Curves[] {
  const tasks = avg.length / orders;
  return Array.from({ length: orders }, (_, i) => ({
    avg: [...avg.subarray(i * tasks, (i + 1) * tasks)],
    t1: [...t1.subarray(i * tasks, (i + 1) * tasks)],
  }));
}

function learnersOf(outcomes: Outcomes, o: Options, stream: number, strategy: Strategy, orders: number): Learners {
  const runs = seedsOf(o).map((seed) => {
    const { arrays } = outcomeOf(outcomes, learnersCell(o, stream, strategy, seed));
    return curvesFrom(arrays!.avg!, arrays!.t1!, orders);
  });
  const curves = Array.from({ length: orders }, (_, i) => meanCurves(runs.map((run) => run[i]!)));
  const table = (of: (c: Curves) => number) => curves.map((_, i) => runs.map((run) => of(run[i]!)));
  return {
    strategy,
    curves,
    f: curves.map(scoreCurves),
    alpha: curves.map(finalAccuracy),
    beta: curves.map(forgetting),
    perRun: { f: table(scoreCurves), alpha: table(finalAccuracy), beta: table(forgetting) },
  };
}

/** @param title of the first stream: a user's own data have no name among the options */
export function measuredStream(outcomes: Outcomes, o: Options, index: number, title: string): MeasuredStream {
  const { facts } = outcomeOf(outcomes, streamCell(o, index));
  const { classes, layer, distances, perClass, standardised } = facts as unknown as {
    classes: string[];
    layer: string;
    distances: Record<string, Record<Distance, Matrix>>;
    perClass: number;
    standardised: string;
  };
  const orders = ordersOf(o, classes.length);
  const rulers = Object.entries(distances).flatMap(([name, found]) =>
    DISTANCES.flatMap((distance) =>
      VARIANTS.map((variant): Ruler => {
        const design = designOf(found[distance], variant);
        return { layer: name, distance, variant, design, scores: scoresOf(design, orders, o.pairFirst) };
      }),
    ),
  );
  const main = rulers.find((r) => r.layer === layer && r.distance === o.distance && r.variant === "float")!;
  return {
    index,
    name: index === 0 ? title : streamNames(o)[index]!,
    tasks: classes,
    orders,
    perClass,
    standardised,
    distances: distances[layer]!,
    rulers,
    main,
    designed: designedSet(main.scores),
    features: orders.map((order) => featuresOf(main.design, order, o.pairFirst)),
    learners: [...new Set(o.strategies)].map((strategy) => learnersOf(outcomes, o, index, strategy, orders.length)),
  };
}

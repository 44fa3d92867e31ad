/** The table (P, R_g, R_p, HI) and the map of regimes: where does golden rise while proxy does not? */
import { hackingIndex, regret } from "../../language/monitor/index.ts";
import { mean } from "./evaluation.ts";
import type { Run } from "./records.ts";

export interface TableRow {
  readonly arm: string;
  readonly prompts: number;
  readonly generations: number;
  readonly goldenRegret: number;
  readonly proxyRegret: number;
  readonly hackingIndex: number;
  /** Runs with a strict interval, of how many, and their mean length as a share of training. */
  readonly strict: number;
  readonly runs: number;
  readonly strictShare: number;
  readonly golden: number;
  readonly proxy: number;
}

export function hackingTable(groups: ReadonlyMap<string, readonly Run[]>): TableRow[] {
  return [...groups].map(([arm, group]): TableRow => {
    const of = (metric: string) => mean(group.map(({ outcome }) => outcome.metrics[metric]!));
    const lengths = group.map(({ facts, task }) => lengthOf(facts.strict) / task.steps);
    const { prompts, generations } = group[0]!.task;
    return {
      ...{ arm, prompts, generations, runs: group.length },
      goldenRegret: of("goldenRegret"),
      proxyRegret: of("proxyRegret"),
      hackingIndex: of("hackingIndex"),
      strict: lengths.filter((length) => length > 0).length,
      strictShare: mean(lengths),
      golden: of("golden"),
      proxy: of("proxy"),
    };
  });
}

const lengthOf = (intervals: readonly (readonly [number, number])[]): number =>
  intervals.reduce((sum, [from, to]) => sum + to - from, 0);

export interface Regime {
  readonly arm: string;
  readonly seed: number;
  readonly pairs: number;
  /** KL(oracle || teacher). */
  readonly teacher: number;
  readonly width: number;
  readonly loss: string;
  readonly prompts: number;
  /** Passes over the prompts up to here. */
  readonly epochs: number;
  readonly goldenRegret: number;
  readonly proxyRegret: number;
  readonly hackingIndex: number;
  /** First strict interval that begins before this epoch. */
  readonly strict: readonly [number, number] | null;
}

/** The learning rate is constant, so a shorter run is the beginning of a longer one: epochs cost nothing. */
const SHARES = [0.25, 0.5, 1];

export function regimeMap(runs: readonly Run[], batch: number): Regime[] {
  return runs.flatMap(({ task, facts, teacher }) =>
    SHARES.map((share): Regime => {
      const kept = facts.steps.filter((step) => step <= share * task.steps * 1.001).length;
      const [golden, proxy] = [facts.golden.slice(0, kept), facts.proxy.slice(0, kept)];
      const last = facts.steps[kept - 1]!;
      const { arm, seed, pairs, width, loss, prompts } = task;
      return {
        ...{ arm, seed, pairs, teacher, width, loss, prompts },
        epochs: Math.round((last * batch) / (prompts * task.generations)),
        goldenRegret: regret(golden),
        proxyRegret: regret(proxy),
        hackingIndex: hackingIndex(golden, proxy),
        strict: facts.strict.find(([from]) => from < last) ?? null,
      };
    }),
  );
}

/** Results that come from elsewhere: published or own stores of learners, and people. */

import { fail } from "../../errors.ts";
import type { Figure } from "../../teaching/report/schema.ts";
import { interval95, mean } from "../../teaching/report/statistics.ts";
import { type Key, random } from "../../tensor/index.ts";
import { canonical, orderKey } from "./design/orders.ts";
import type { Participant } from "./human/jatos.ts";
import { humanCurves } from "./human/log.ts";
import type { MeasuredStream } from "./measured.ts";
import { type Curves, forgetting, scoreCurves } from "./measures/outcome.ts";
import { type Correlation, permutationTest } from "./measures/ranks.ts";

export interface ComparedResults extends Correlation {
  readonly name: string;
  /** "designer", or the strategy of this run. */
  readonly with: string;
}

/** Rankings of a store against this run's first stream, over the orders that both have. @throws E_CURRICULUM */
export function compareResults(
  stores: Readonly<Record<string, Readonly<Record<string, Curves>>>>,
  { orders, tasks, main, learners }: MeasuredStream,
  key: Key,
): ComparedResults[] {
  return Object.entries(stores).flatMap(([name, store]) => {
    const shared = orders.flatMap((order, i) => {
      const curves = store[orderKey(order)];
      return curves ? [{ i, f: scoreCurves(curves) }] : [];
    });
    if (shared.length < 3) {
      fail(
        "E_CURRICULUM",
        `The results "${name}" share ${shared.length} orders of ${tasks.length} tasks with this run.`,
        "Compare results on the same number of tasks.",
      );
    }
    const against = (other: string, values: readonly number[]): ComparedResults => ({
      name,
      with: other,
      ...permutationTest(
        shared.map(({ f }) => f),
        shared.map(({ i }) => values[i]!),
        random.fold(key, `${name} ${other}`),
      ),
    });
    return [against("designer", main.scores), ...learners.map((l) => against(l.strategy, l.f))];
  });
}

export const resultsFigure = (rows: readonly ComparedResults[]): Figure => ({
  kind: "table",
  id: "compared-results",
  title: "Results from elsewhere",
  caption:
    "Spearman's ρ between the F of the given results and the designer's score, and the F of this run's learners, over the orders that both have.",
  columns: ["results", "with", "ρ", "p", "orders"],
  rows: rows.map((r) => [r.name, r.with, r.rho, r.p, r.n]),
});

export interface CurriculumOfPeople {
  readonly order: readonly string[];
  readonly people: number;
  /** Of each participant. */
  readonly f: readonly number[];
  readonly forgetting: readonly number[];
}

/** People by the curriculum that they were taught; the first two families have no order. */
export function byCurriculum(participants: readonly Participant[]): CurriculumOfPeople[] {
  const groups = new Map<string, Participant[]>();
  for (const p of participants) {
    const [a, b, ...rest] = p.order as [string, string, ...string[]];
    const id = JSON.stringify([...[a, b].sort(), ...rest]);
    groups.set(id, [...(groups.get(id) ?? []), p]);
  }
  return [...groups].map(([id, group]) => ({
    order: JSON.parse(id) as string[],
    people: group.length,
    f: group.map((p) => scoreCurves(humanCurves(p))),
    forgetting: group.map((p) => forgetting(humanCurves(p))),
  }));
}

/** People against learners and designer on the same curricula; few curricula make every ρ uncertain, hence the n. */
export function compareHumans(
  curricula: readonly CurriculumOfPeople[],
  streams: readonly MeasuredStream[],
  key: Key,
): ComparedResults[] {
  return streams.flatMap(({ name, tasks, orders, main, learners }) => {
    const places = new Map(orders.map((order, i) => [orderKey(canonical(order, true)), i]));
    const shared = curricula.flatMap(({ order, f }) => {
      const at = places.get(
        orderKey(
          canonical(
            order.map((family) => tasks.indexOf(family)),
            true,
          ),
        ),
      );
      return at === undefined ? [] : [{ at, f: mean(f) }];
    });
    if (shared.length < 3) return [];
    const against = (other: string, values: readonly number[]): ComparedResults => ({
      name: `people, ${name}`,
      with: other,
      ...permutationTest(
        shared.map(({ f }) => f),
        shared.map(({ at }) => values[at]!),
        random.fold(key, `people ${name} ${other}`),
      ),
    });
    return [against("designer", main.scores), ...learners.map((l) => against(l.strategy, l.f))];
  });
}

export const humansFigure = (curricula: readonly CurriculumOfPeople[]): Figure => ({
  kind: "bars",
  id: "people",
  title: "People by curriculum",
  caption:
    "F of the participants of each curriculum: accuracy of the last phase and forgetting of the first two families; mean with a 95 % interval over participants.",
  value: { label: "F = 2α / (βα + 1)", unit: "" },
  bars: curricula.map(({ order, people, f }) => ({
    name: `${order.join(" > ")} (${people})`,
    value: f.reduce((sum, x) => sum + x, 0) / f.length,
    ci95: interval95(f),
  })),
});

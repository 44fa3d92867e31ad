/** From the outcomes of all cells to the method's part of the report. */

import type { DecoderConfig } from "../../language/decoder/index.ts";
import { cacheBytes } from "../../language/files/index.ts";
import { compareArms } from "../../teaching/report/measure.ts";
import type { Arm, Comparison, Series } from "../../teaching/report/schema.ts";
import { interval95, mean } from "../../teaching/report/statistics.ts";
import { armOf, outcomeOf } from "../kit/arms.ts";
import { seedsOf } from "../options.ts";
import type { Bench, Findings, Outcome, Outcomes } from "../system.ts";
import { flopsPerToken } from "./cost.ts";
import { definitions } from "./definitions.ts";
import { figures } from "./figures.ts";
import type { ArmName, Options } from "./options.ts";
import { ANALYSIS, ARM_TITLES, armsOf, SPEED, studentCell, TEACHER } from "./plan.ts";
import { pairsOf } from "./similarity.ts";
import { SPEEDS, type Speed, speedUp, type Timed } from "./speed.ts";
import { savedParameters } from "./surgery.ts";
import type { Analysis } from "./work.ts";

export interface SpeedFinding {
  /** teacher's time / student's time, median over the turns. */
  readonly median: number;
  readonly ci95: readonly [number, number] | null;
  /** Tokens per second, by the medians. */
  readonly teacher: number;
  readonly student: number;
}

/** Values of the report that claims are judged by. */
export type Values = {
  readonly leaders: readonly number[];
  readonly unlike: readonly number[];
  readonly size: {
    readonly teacher: number;
    readonly student: number;
    /** By formula, which must be the difference. */
    readonly saved: number;
  };
  readonly flops: { readonly teacher: number; readonly student: number };
  readonly cache: { readonly teacher: number; readonly student: number };
  readonly speed: Readonly<Record<Speed, SpeedFinding>>;
  /** Likeness of pairs of inner layers minus that of pairs with the first or last layer, over sequences. */
  readonly innerMinusOuter?: { readonly mean: number; readonly ci95: readonly [number, number] | null };
  /** Share of the damage of copying that adjusting takes back, per seed. */
  readonly recovered?: readonly number[];
  readonly damage: Analysis["damage"];
  readonly similarity: Pick<Analysis, "same" | "withoutSink" | "matched">;
};

/** Pairs of arms that are compared, a minus b. */
const PAIRS: readonly (readonly [ArmName | "before", ArmName | "before"])[] = [
  ["echo", "before"],
  ["echo", "text"],
  ["echo", "teacher"],
  ["echo", "none"],
  ["echo", "random"],
  ["echo", "unlike"],
  ["echo", "dropped"],
];

export function conclude(outcomes: Outcomes, { options }: Pick<Bench<Options>, "options">): Findings {
  const teacher = outcomeOf(outcomes, TEACHER);
  const analysis = outcomeOf(outcomes, ANALYSIS);
  const facts = analysis.facts as unknown as Analysis;
  const told = teacher.facts as {
    config: string;
    text: string;
    sha256: string;
    context: number;
    rows: number;
    validationRows: number;
  };
  const config = JSON.parse(told.config) as DecoderConfig;
  const shared = { ...config, leaders: facts.leaders };
  const before: Outcome = {
    ...teacher,
    flops: flopsPerToken(config, told.context),
    metrics: { ...analysis.metrics, klToTeacher: 0, agreement: 1 },
  };
  const arms = new Map<ArmName | "before", Arm>([
    ["before", armOf({ name: "teacher", role: "teacher", outcomes: [before], definitions })],
    ...armsOf(options).map((arm) => [arm, armOfStudents(outcomes, arm, options)] as const),
  ]);
  const values: Values = {
    leaders: facts.leaders,
    unlike: facts.unlike,
    size: sizes(teacher, shared),
    flops: { teacher: flopsPerToken(config, told.context), student: flopsPerToken(shared, told.context) },
    cache: { teacher: cacheBytes(config) * told.context, student: cacheBytes(shared) * told.context },
    speed: speeds(outcomeOf(outcomes, SPEED)),
    ...likeness(facts, config.layers),
    ...recovery(arms),
    damage: facts.damage,
    similarity: { same: facts.same, withoutSink: facts.withoutSink, matched: facts.matched },
  };
  return {
    data: {
      name: told.text,
      sha256: told.sha256,
      splits: { train: told.rows, validation: told.validationRows, test: 0 },
    },
    arms: [...arms.values()],
    comparisons: comparisons(arms),
    series: curves(outcomes, options, told.context),
    figures: figures(values, analysis.metrics.crossEntropy!, arms),
    values: { ...values },
    definitions,
    notes: notes(options, told.context),
  };
}

function armOfStudents(outcomes: Outcomes, arm: ArmName, options: Options): Arm {
  const cells = seedsOf(options).map((seed) => outcomeOf(outcomes, studentCell(arm, seed)));
  return armOf({ name: ARM_TITLES[arm], role: arm === "echo" ? "student" : "baseline", outcomes: cells, definitions });
}

function comparisons(arms: ReadonlyMap<ArmName | "before", Arm>): Comparison[] {
  return PAIRS.flatMap(([a, b]) => {
    const [left, right] = [arms.get(a), arms.get(b)];
    if (!left || !right) return [];
    const metrics = b === "before" ? ["crossEntropy"] : ["crossEntropy", "klToTeacher"];
    return metrics.map((metric) => compareArms(left, right, metric, definitions));
  });
}

function sizes(teacher: Outcome, shared: DecoderConfig): Values["size"] {
  const saved = savedParameters(shared);
  return { teacher: teacher.params!, student: teacher.params! - saved, saved };
}

function speeds({ facts }: Outcome): Values["speed"] {
  const of = (kind: Speed): SpeedFinding => {
    const timed = facts![kind] as unknown as Timed;
    const rate = (seconds: readonly number[]) =>
      timed.tokens / [...seconds].sort((a, b) => a - b)[seconds.length >> 1]!;
    return { ...speedUp(timed), teacher: rate(timed.teacher), student: rate(timed.student) };
  };
  return Object.fromEntries(SPEEDS.map((kind) => [kind, of(kind)])) as unknown as Values["speed"];
}

function likeness({ bySequence }: Analysis, layers: number): Pick<Values, "innerMinusOuter"> {
  const pairs = pairsOf(layers);
  const isOuter = ([l, m]: readonly [number, number]) => l === 0 || m === layers - 1;
  const inner = pairs.flatMap((pair, p) => (isOuter(pair) ? [] : [p]));
  const outer = pairs.flatMap((pair, p) => (isOuter(pair) ? [p] : []));
  if (inner.length === 0) return {};
  const values = bySequence.map((row) => mean(inner.map((p) => row[p]!)) - mean(outer.map((p) => row[p]!)));
  return { innerMinusOuter: { mean: mean(values), ci95: interval95(values) } };
}

function recovery(arms: ReadonlyMap<ArmName | "before", Arm>): Pick<Values, "recovered"> {
  const [before, none, echo] = (["before", "none", "echo"] as const).map((arm) => arms.get(arm)?.metrics.crossEntropy);
  if (!before || !none || !echo) return {};
  const damage = none.mean - before.mean;
  return damage > 0 ? { recovered: echo.values.map((value) => (none.mean - value) / damage) } : {};
}

function curves(outcomes: Outcomes, options: Options, context: number): Series[] {
  const x = { label: "tokens seen", unit: "" };
  const y = { label: "loss of the lesson", unit: "nats" };
  const curve = (arm: string, { log }: Outcome, seed: number, name: string): Series[] =>
    log
      ? [{ name, arm, seed, x, y, points: log.loss.map(([rows, loss]): [number, number] => [rows * context, loss]) }]
      : [];
  return [
    ...curve("teacher", outcomeOf(outcomes, TEACHER), 1, "Training loss of the teacher"),
    ...armsOf(options).flatMap((arm) =>
      seedsOf(options).flatMap((seed) =>
        curve(ARM_TITLES[arm], outcomeOf(outcomes, studentCell(arm, seed)), seed, "Training loss of the students"),
      ),
    ),
  ];
}

const notes = (options: Options, context: number): string[] => [
  `One teacher for all seeds; seeds are of the rows that students read, and of random values. Rows have ${context} tokens.`,
  options.teacher === "own"
    ? "The teacher is the best of twelve exams on the unseen tenth, which arms are judged on too: its loss is a little flattered."
    : `The teacher comes from ${options.teacher}.`,
  "The lesson's loss changes its meaning between the stages: distillation first, cross-entropy then.",
  "Leaders and layers without followers use the same engine; a leader writes its map down, which the fused attention of a layer alone does too on this engine. On engines with a flash-attention kernel the gain can vanish.",
  "The paper's full text was not at hand: similarity by rows, weights, shares of the stages and block ends are choices of ours.",
  ...(options.export ? [`The first student lies in ${options.export}.`] : []),
];

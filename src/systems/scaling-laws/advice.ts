/**
 * What `lyceum plan` answers: which teacher, how many tokens, what loss with which interval, the same budget without a
 * teacher, where plain training catches up, and what speaks against believing it.
 */
import { fail } from "../../errors.ts";
import { crossingFlops, crossingTokens } from "./crossing.ts";
import { CONTEXT, nearestMember } from "./family.ts";
import { type Prediction, predictAlone, predictStudent } from "./fit-both.ts";
import { type Family, flopsPerToken, SCENARIOS, type Scenario, sharedBy } from "./flops.ts";
import type { KnownLaws } from "./known-laws.ts";
import { positive, studentLoss, supervisedLoss } from "./law.ts";
import { type Plan, plan } from "./plan.ts";

export type ScenarioName = keyof typeof SCENARIOS;

export interface Question {
  readonly known: KnownLaws;
  readonly N: number;
  /** Operations; or the student's tokens in their place. */
  readonly budget?: number;
  readonly tokens?: number;
  readonly scenario: ScenarioName;
  readonly teachers?: readonly { readonly name: string; readonly N: number; readonly LT: number }[];
  /** That share the teacher. Default 1. */
  readonly students?: number;
  /** Their teacher's answers are stored and shared, too. */
  readonly stored?: boolean;
  /** No teacher is better than this. */
  readonly leastLT?: number;
}

export interface Advice {
  readonly student: { readonly N: number; readonly D: number } & Prediction;
  readonly teacher: Plan["teacher"];
  /** Operations, of all that is paid in this scenario. */
  readonly cost: { readonly student: number; readonly answers: number; readonly teacher: number };
  /** The same operations on data alone, and the same tokens. */
  readonly alone: { readonly D: number } & Prediction;
  readonly equalTokens: Prediction;
  readonly verdict: "distil" | "data alone" | "no clear difference";
  readonly crossing: { readonly tokens?: number; readonly flops?: number; readonly tolerance: number };
  readonly warnings: readonly string[];
  readonly commands: readonly string[];
  readonly note: string;
}

/** Nats below which two curves count as one. */
const TOLERANCE = 0.02;
/** Sizes and tokens below which nothing is searched, for families of small models. */
const LEAST_SMALL = 1e3;

/** @throws E_RANGE, E_PLAN_BUDGET, E_PLAN_TEACHER, E_OPTION */
export function advise(question: Question): Advice {
  const { known, N, teachers, students = 1, stored = false, leastLT } = question;
  const { fitted, family } = known;
  positive({ N, students, ...(leastLT !== undefined && { leastLT }) });
  const scenario = sharedBy(SCENARIOS[question.scenario], students, stored);
  const found = answer(question, scenario);
  const { D, teacher } = found;
  // A teacher that is to be trained is as uncertain as the law that foretells its loss.
  const predicted =
    teacher.D !== undefined && teacher.N !== undefined && teacher.LT > (leastLT ?? 0)
      ? predictStudent(fitted, { N, D }, { N: teacher.N, D: teacher.D })
      : predictStudent(fitted, { N, D }, { LT: teacher.LT });
  const alone = predictAlone(fitted, N, found.alone.D);
  const answers = teacher.N === undefined ? 0 : scenario.logits * flopsPerToken(teacher.N, family) * D;
  const training =
    teacher.N === undefined || teacher.D === undefined
      ? 0
      : 3 * scenario.pretraining * flopsPerToken(teacher.N, family) * teacher.D;
  const tokens = crossingTokens(fitted.laws, N, teacher.LT, Math.min(1e6, known.range.D[0]));
  const flops = crossingFlops(fitted.laws, N, TOLERANCE, family);
  return {
    student: { N, D, ...predicted },
    teacher,
    cost: { student: 3 * flopsPerToken(N, family) * D, answers, teacher: training },
    alone: { D: found.alone.D, ...alone },
    equalTokens: predictAlone(fitted, N, D),
    verdict: verdictOf(predicted, alone),
    crossing: { ...(tokens !== undefined && { tokens }), ...(flops !== undefined && { flops }), tolerance: TOLERANCE },
    warnings: warningsOf(question, found, predicted),
    commands: known.command === undefined ? [] : [commandOf(known, known.command, N, found)],
    note:
      teachers && students > 1 && !stored
        ? `${known.note} Answers of the teacher are computed anew for each of ${students} students.`
        : known.note,
  };
}

function answer({ known, N, budget, tokens, teachers, leastLT }: Question, scenario: Scenario): Plan {
  const { fitted, family } = known;
  const small = known.range.N[0] < 1e6;
  const common = {
    laws: fitted.laws,
    N,
    family,
    ...(teachers && { teachers }),
    ...(leastLT !== undefined && { leastLT }),
    ...(small && { least: LEAST_SMALL }),
    // Beyond it the law is a guess, and nobody could train it.
    longest: known.range.D[1],
  };
  if (tokens === undefined) {
    if (budget === undefined)
      return fail("E_OPTION", "Neither a budget nor tokens are given.", "Say --budget 1e20 or --tokens 2e10.");
    return plan({ ...common, budget, scenario });
  }
  positive({ tokens });
  // Equal tokens: whatever the answers of a teacher cost, the student reads this many.
  const free = plan({ ...common, budget: 3 * flopsPerToken(N, family) * tokens, scenario: SCENARIOS.best });
  return { ...free, D: tokens, loss: studentLoss(fitted.laws, { N, D: tokens, LT: free.teacher.LT }) };
}

function verdictOf(student: Prediction, alone: Prediction): Advice["verdict"] {
  if (student.loss < alone.interval[0] && alone.loss > student.interval[1]) return "distil";
  if (alone.loss < student.interval[0] && student.loss > alone.interval[1]) return "data alone";
  return "no clear difference";
}

function warningsOf({ known, N, leastLT }: Question, { D, teacher, alone }: Plan, predicted: Prediction): string[] {
  const { range, bestLoss, fitted } = known;
  const outside = (what: string, value: number, [low, high]: readonly [number, number], unit: string): string[] =>
    value < low * 0.999 || value > high * 1.001
      ? [
          `${what} of ${human(value)}${unit} lies outside of what was fitted (${human(low)} to ${human(high)}): this is extrapolation.`,
        ]
      : [];
  return [
    ...outside("A student", N, range.N, " parameters"),
    ...outside("The student's length", D, range.D, " tokens"),
    ...outside("The length without a teacher", alone.D, range.D, " tokens"),
    ...(teacher.N === undefined ? [] : outside("A teacher", teacher.N, range.N, " parameters")),
    ...(teacher.D === undefined ? [] : outside("The teacher's length", teacher.D, range.D, " tokens")),
    ...(teacher.LT < bestLoss - 1e-9
      ? [
          `The teacher's loss ${teacher.LT.toFixed(3)} is below that of any model that was fitted (${bestLoss.toFixed(3)}); --least-teacher-loss sets a limit.`,
        ]
      : []),
    ...(leastLT !== undefined && leastLT < fitted.laws.supervised.E
      ? [`--least-teacher-loss ${leastLT} is below the irreducible loss ${fitted.laws.supervised.E.toFixed(3)}.`]
      : []),
    ...(predicted.loss - teacher.LT < 0.005
      ? [
          "The student comes as close to its teacher as the law allows; real students of weak teachers sometimes do better.",
        ]
      : []),
  ];
}

/** The nearest whole models of the family, whole batches of tokens. */
function commandOf(known: KnownLaws, command: string, N: number, { D, teacher }: Plan): string {
  const batches = (tokens: number) => CONTEXT * 16 * Math.max(1, Math.round(tokens / (CONTEXT * 16)));
  const size = teacher.N ?? sizeFor(known, teacher.LT);
  const tokens = teacher.D ?? tokensFor(known, size, teacher.LT);
  return `${command} --unseen ${nearestMember(N)}:${batches(D)}:${nearestMember(size)}:${batches(tokens)}`;
}

/** A size that can reach the loss: the smallest of the fitted ones that does with the longest fitted run. */
function sizeFor({ fitted, range }: KnownLaws, LT: number): number {
  const sizes = Array.from({ length: 30 }, (_, i) => range.N[0] * (range.N[1] / range.N[0]) ** (i / 29));
  return sizes.find((size) => supervisedLoss(fitted.laws.supervised, size, range.D[1]) <= LT) ?? range.N[1];
}

/** Tokens after which a model of that size has the loss, by the law; the longest fitted run where it never has. */
function tokensFor({ fitted, range }: KnownLaws, N: number, LT: number): number {
  const reach = (D: number) => supervisedLoss(fitted.laws.supervised, N, D) <= LT;
  if (!reach(range.D[1])) return range.D[1];
  let [low, high] = [Math.log(range.D[0]), Math.log(range.D[1])];
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2;
    if (reach(Math.exp(middle))) high = middle;
    else low = middle;
  }
  return Math.exp(high);
}

/** The paper's shape for a number of parameters: layers and width. */
export function shapeOf(N: number, { ratio, density }: Family): { readonly layers: number; readonly width: number } {
  const layers = Math.max(1, Math.round((N / (ratio ** 2 * density)) ** (1 / 3)));
  return { layers, width: Math.round(ratio * layers) };
}

/** 40000000000 -> "40 B". */
export function human(value: number): string {
  for (const [unit, name] of [
    [1e12, "T"],
    [1e9, "B"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const)
    if (value >= unit * 0.9995) return `${+(value / unit).toPrecision(3)} ${name}`;
  return `${+value.toPrecision(3)}`;
}

/**
 * How to spend a budget (section 2.8): which teacher, how many tokens, what loss to expect; beside it the loss of plain
 * training for the same operations.
 */
import { fail } from "../../errors.ts";
import { C4_FAMILY, type Family, flopsPerToken, type Scenario } from "./flops.ts";
import { type Laws, positive, studentLoss, supervisedLoss } from "./law.ts";

export interface PlanRequest {
  readonly laws: Laws;
  /** Parameters of the student. */
  readonly N: number;
  /** Floating-point operations. */
  readonly budget: number;
  readonly scenario: Scenario;
  readonly family?: Family;
  /** Teachers that exist: their loss and, where their answers are paid, their size. Otherwise the teacher is free. */
  readonly teachers?: readonly { readonly LT: number; readonly N?: number; readonly name?: string }[];
  /** No teacher is better than this; default: the irreducible loss. */
  readonly leastLT?: number;
  /** Tokens of a teacher whose training is not paid, and who then would be trained for ever. Default 1e17 (the paper's). */
  readonly longest?: number;
  /** Smallest size and number of tokens that is considered; default 1e6 (the paper's). */
  readonly least?: number;
}

export interface Plan {
  /** Expected loss of the student. */
  readonly loss: number;
  /** Tokens of the student. */
  readonly D: number;
  readonly teacher: { readonly LT: number; readonly N?: number; readonly D?: number; readonly name?: string };
  /** The same student on data alone, for the same operations. */
  readonly alone: { readonly loss: number; readonly D: number };
}

/** Search range of sizes and tokens (the paper's). */
const [LEAST, MOST] = [1e6, 1e17];
/** A loss above this is no teacher. */
const WORST = 6;

/** @throws E_RANGE, E_PLAN_BUDGET when nothing fits into the budget */
export function plan(request: PlanRequest): Plan {
  const { laws, N, budget, scenario, family = C4_FAMILY, teachers } = request;
  positive({ N, budget });
  const cost = flopsPerToken(N, family);
  const alone = { D: budget / (3 * cost), loss: supervisedLoss(laws.supervised, N, budget / (3 * cost)) };
  const found = teachers
    ? bestOf(request, teachers, cost)
    : scenario.logits === 0 && scenario.pretraining === 0
      ? freeTeacher(request, alone.D)
      : trainedTeacher(request, cost);
  return { ...found, alone };
}

type Found = Omit<Plan, "alone">;

/** One of the teachers that exist. */
function bestOf(
  { laws, N, budget, scenario, family = C4_FAMILY }: PlanRequest,
  teachers: NonNullable<PlanRequest["teachers"]>,
  cost: number,
): Found {
  const found = teachers.map((teacher): Found => {
    if (scenario.logits > 0 && teacher.N === undefined) {
      fail(
        "E_PLAN_TEACHER",
        `The size of the teacher with loss ${teacher.LT} is not known.`,
        "Its answers are paid: give its N.",
      );
    }
    const answers = scenario.logits > 0 ? scenario.logits * flopsPerToken(teacher.N!, family) : 0;
    const D = budget / (3 * cost + answers);
    return { D, teacher, loss: studentLoss(laws, { N, D, LT: teacher.LT }) };
  });
  const [best] = found.sort((a, b) => a.loss - b.loss);
  return best ?? fail("E_PLAN_TEACHER", "The list of teachers is empty.", "Name one, or leave the teacher free.");
}

/** Any teacher, for nothing: the loss has one minimum over its loss, a flat one. */
function freeTeacher({ laws, N, leastLT = laws.supervised.E }: PlanRequest, D: number): Found {
  const at = (LT: number) => studentLoss(laws, { N, D, LT });
  const LT = goldenSection(at, leastLT, WORST);
  return { D, teacher: { LT }, loss: at(LT) };
}

/** The teacher's size and tokens are part of the plan. */
function trainedTeacher(
  { laws, N, budget, scenario, family = C4_FAMILY, leastLT = 0, least = LEAST, longest = MOST }: PlanRequest,
  cost: number,
): Found {
  const at = ([logSize, share]: readonly number[]): Found | undefined => {
    if (!(logSize! >= Math.log(least) && logSize! <= Math.log(MOST) && share! > 0 && share! < 1)) return undefined;
    const NT = Math.exp(logSize!);
    const teacherCost = flopsPerToken(NT, family);
    const paid = scenario.pretraining > 0;
    // Whoever's training is not paid is trained as long as one likes: then its tokens are no variable.
    const DT = paid ? (share! * budget) / (3 * scenario.pretraining * teacherCost) : longest;
    const D = ((paid ? 1 - share! : 1) * budget) / (3 * cost + scenario.logits * teacherCost);
    if (!(DT >= least && DT <= MOST && D >= least)) return undefined;
    const LT = Math.max(leastLT, supervisedLoss(laws.supervised, NT, DT));
    return { D, teacher: { LT, N: NT, D: DT }, loss: studentLoss(laws, { N, D, LT }) };
  };
  const value = (x: readonly number[]) => at(x)?.loss ?? Number.POSITIVE_INFINITY;
  const sizes = steps(Math.log(least), Math.log(MOST), 120);
  const shares = scenario.pretraining > 0 ? steps(0.005, 0.995, 60) : [0.5];
  const grid = sizes.flatMap((size) => shares.map((share) => [size, share] as const));
  const start = grid.reduce((best, x) => (value(x) < value(best) ? x : best));
  const found = at(nelderMead(value, start, [0.2, 0.02]));
  return (
    found ??
    fail(
      "E_PLAN_BUDGET",
      `${budget.toExponential(1)} operations are too few to train a teacher and a student of ${N}.`,
      "Raise the budget, or take a teacher that exists.",
    )
  );
}

const steps = (from: number, to: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));

/** The lowest point of a function with one valley, after a coarse look. */
export function goldenSection(f: (x: number) => number, from: number, to: number): number {
  const coarse = steps(from, to, 60);
  const best = coarse.reduce((b, x, i) => (f(x) < f(coarse[b]!) ? i : b), 0);
  let [low, high] = [coarse[Math.max(0, best - 1)]!, coarse[Math.min(coarse.length - 1, best + 1)]!];
  const ratio = (Math.sqrt(5) - 1) / 2;
  for (let i = 0; i < 80; i++) {
    const [a, b] = [high - ratio * (high - low), low + ratio * (high - low)];
    if (f(a) <= f(b)) high = b;
    else low = a;
  }
  return (low + high) / 2;
}

/** Nelder & Mead 1965, for two variables. */
function nelderMead(f: (x: readonly number[]) => number, start: readonly number[], size: readonly number[]): number[] {
  const points = [start, ...start.map((_, i) => start.map((v, j) => (i === j ? v + size[i]! : v)))].map((x) => ({
    x: [...x],
    value: f(x),
  }));
  const mix = (a: readonly number[], b: readonly number[], t: number) => a.map((v, i) => v + t * (b[i]! - v));
  for (let round = 0; round < 400; round++) {
    points.sort((a, b) => a.value - b.value);
    const worst = points.at(-1)!;
    if (Math.abs(worst.value - points[0]!.value) < 1e-12 && round > 20) break;
    const others = points.slice(0, -1);
    const centre = start.map((_, i) => others.reduce((sum, p) => sum + p.x[i]!, 0) / others.length);
    const put = (t: number) => {
      const x = mix(centre, worst.x, t);
      return { x, value: f(x) };
    };
    const reflected = put(-1);
    const expanded = reflected.value < points[0]!.value ? put(-2) : undefined;
    const contracted =
      reflected.value >= others.at(-1)!.value ? put(reflected.value < worst.value ? -0.5 : 0.5) : undefined;
    const next = expanded && expanded.value < reflected.value ? expanded : (contracted ?? reflected);
    if (next.value < worst.value) points[points.length - 1] = next;
    else
      for (const p of points.slice(1)) {
        p.x = mix(points[0]!.x, p.x, 0.5);
        p.value = f(p.x);
      }
  }
  return points.sort((a, b) => a.value - b.value)[0]!.x;
}

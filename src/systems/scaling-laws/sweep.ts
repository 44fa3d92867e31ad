/**
 * The cells of the sweep: a run of training each, with a schedule of its own (a point in the middle of a schedule is no
 * measurement of a law). First some that try learning rates; then models on the text alone, teachers, students of each
 * teacher, and a few combinations that no fit sees.
 *
 * Runs of one seed share their text, whether they learn from it or from a teacher's answers to it; teachers, and runs
 * that try rates, read other text.
 */
import { seedsOf } from "../options.ts";
import type { Cell } from "../system.ts";
import { costOf, member } from "./family.ts";
import { GAP_SEEDS, TEACHER_WIDTHS } from "./mapping.ts";
import { type Options, type TeacherName, teacherNamed, unseenNamed } from "./options.ts";

export type Role = "rate" | "alone" | "teacher" | "student" | "unseen";

export type RunTask = {
  readonly kind: "run";
  readonly role: Role;
  readonly layers: number;
  readonly tokens: number;
  readonly seed: number;
  /** Of runs that try a rate; all others use the best of these. */
  readonly rate?: number;
  readonly teacher?: { readonly layers: number; readonly tokens: number };
};
export type GapTask = { readonly kind: "gap"; readonly width: number; readonly seed: number };
export type Task = RunTask | GapTask;

/** Of 65 symbols; only to tell cheap runs from dear ones. */
const TYPICAL_VOCABULARY = 65;

const forwards = new Map<string, number>();
/** Of a member; a plan asks thousands of times. */
function forwardFlops(layers: number, vocabulary: number): number {
  const name = `${layers} ${vocabulary}`;
  const known = forwards.get(name) ?? costOf(member(layers, vocabulary)).flops;
  forwards.set(name, known);
  return known;
}

/** Operations of a run, training and the teacher's answers. */
export function flopsOfRun({ layers, tokens, teacher }: RunTask, vocabulary = TYPICAL_VOCABULARY): number {
  const forward = (l: number) => forwardFlops(l, vocabulary);
  return tokens * (3 * forward(layers) + (teacher ? forward(teacher.layers) : 0));
}

const count = (tokens: number) => (tokens >= 1e6 ? `${+(tokens / 1e6).toFixed(2)}M` : `${+(tokens / 1e3).toFixed(1)}k`);
const layersOf = (n: number) => `${n} layer${n === 1 ? "" : "s"}`;

export function runId({ role, layers, tokens, seed, rate, teacher }: RunTask): string {
  const what = `${layersOf(layers)}, ${count(tokens)} tokens`;
  const of = teacher ? `, taught by ${layersOf(teacher.layers)} of ${count(teacher.tokens)}` : "";
  return `${role} ${what}${of}${rate === undefined ? "" : `, rate ${rate}`}, seed ${seed}`;
}

export const teacherTask = ({ layers, tokens }: TeacherName): RunTask => ({
  kind: "run",
  role: "teacher",
  layers,
  tokens,
  seed: 1,
});

/** Runs that try learning rates, those that decide first. */
export function rateTasks({ rates, rateLayers, rateTokens }: Options): RunTask[] {
  if (rates.length < 2) return [];
  return rateLayers.flatMap((layers) =>
    rates.map((rate): RunTask => ({ kind: "run", role: "rate", layers, tokens: rateTokens, seed: 1, rate })),
  );
}

/** Cells in which the rate is decided. */
export const decidingRates = (options: Options): RunTask[] =>
  rateTasks(options).filter(({ layers }) => layers === options.rateLayers[0]);

/** @throws E_OPTION */
export function runTasks(options: Options): RunTask[] {
  const seeds = seedsOf(options);
  const repeated = (task: RunTask) =>
    seeds.filter((seed) => seed === 1 || flopsOfRun(task) <= options.repeatFlops).map((seed) => ({ ...task, seed }));
  const unseen = options.unseen.map(unseenNamed);
  const listed = options.teachers.map(teacherNamed);
  const isListed = (t: TeacherName) => listed.some((l) => l.layers === t.layers && l.tokens === t.tokens);
  const others = unseen
    .map(({ teacher }) => teacher)
    .filter((t, i, all) => !isListed(t) && all.findIndex((a) => same(a, t)) === i);
  const last = unseen.map(
    ({ student, teacher }): RunTask => ({ kind: "run", role: "unseen", ...student, seed: 1, teacher }),
  );
  if (options.law !== "") return [...uniqueTeachers(unseen.map(({ teacher }) => teacher)).map(teacherTask), ...last];
  const alone = options.layers.flatMap((layers) =>
    options.tokens.flatMap((tokens) => repeated({ kind: "run", role: "alone", layers, tokens, seed: 1 })),
  );
  const students = listed.flatMap((teacher) =>
    options.studentLayers.flatMap((layers) =>
      options.studentTokens.flatMap((tokens) =>
        repeated({ kind: "run", role: "student", layers, tokens, seed: 1, teacher }),
      ),
    ),
  );
  // Dear runs first: two processes are then busy to the end.
  const dear = [...alone, ...students, ...last].sort((a, b) => flopsOfRun(b) - flopsOfRun(a));
  return [...[...listed, ...others].map(teacherTask), ...dear];
}

const same = (a: TeacherName, b: TeacherName) => a.layers === b.layers && a.tokens === b.tokens;
const uniqueTeachers = (all: readonly TeacherName[]) => all.filter((t, i) => all.findIndex((a) => same(a, t)) === i);

export const gapId = (width: number, seed: number): string =>
  `mapping problem, teacher of width ${width}, seed ${seed}`;

function gapCells(): Cell<Task>[] {
  const seeds = Array.from({ length: GAP_SEEDS }, (_, i) => i + 1);
  return seeds.flatMap((seed) =>
    TEACHER_WIDTHS.map((width): Cell<Task> => ({ id: gapId(width, seed), task: { kind: "gap", width, seed } })),
  );
}

export function planSweep(options: Options): Cell<Task>[] {
  const rates = rateTasks(options);
  const deciding = decidingRates(options).map(runId);
  const cells = runTasks(options).map((task): Cell<Task> => {
    const needs = [...deciding, ...(task.teacher ? [runId(teacherTask(task.teacher))] : [])];
    return { id: runId(task), ...(needs.length > 0 && { needs }), task };
  });
  return [
    ...rates.map((task): Cell<Task> => ({ id: runId(task), task })),
    ...cells,
    ...(options.gap ? gapCells() : []),
  ];
}

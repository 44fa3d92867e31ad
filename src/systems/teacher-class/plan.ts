/**
 * The cells of a run. Phase 1 is a cell of its own: the students of a class need the teacher's embedding and nothing
 * else, and whatever follows (phases 2 and 3, few labels) starts from the same students.
 */
import { seedsOf } from "../options.ts";
import type { Cell } from "../system.ts";
import type { Budget } from "./budget.ts";
import type { Options } from "./options.ts";

export type Task =
  | { readonly kind: "teacher" }
  | { readonly kind: "embedding" }
  /** One student that classifies by itself, from labels. */
  | { readonly kind: "single"; readonly seed: number }
  /** `members` of them, each taught by the teacher's logits. */
  | { readonly kind: "taught"; readonly members: number; readonly seed: number }
  /** Phase 1. */
  | { readonly kind: "students"; readonly n: number; readonly budget: Budget; readonly seed: number }
  /** Phases 2 and 3. */
  | { readonly kind: "class"; readonly n: number; readonly budget: Budget; readonly seed: number }
  /** The class as one network, from labels alone. */
  | { readonly kind: "scratch"; readonly n: number; readonly seed: number }
  | { readonly kind: "few"; readonly n: number; readonly seed: number; readonly way: FewWay }
  /** Few labels of another task on the teacher's own embedding. */
  | { readonly kind: "other"; readonly seed: number };

/** With few labels: phases 2 and 3; the same network from these labels; the same network from the teacher's logits. */
export type FewWay = "class" | "labels" | "logits";
export const FEW_WAYS: readonly FewWay[] = ["class", "labels", "logits"];

export const TEACHER = "teacher";
export const EMBEDDING = "embedding";
const of = (n: number, budget: Budget) =>
  budget === "total" ? `${n} narrow students` : `${n} student${n === 1 ? "" : "s"}`;
export const studentsCell = (n: number, budget: Budget, seed: number) => `${of(n, budget)} alone, seed ${seed}`;
export const classCell = (n: number, budget: Budget, seed: number) => `class of ${of(n, budget)}, seed ${seed}`;
export const scratchCell = (n: number, seed: number) => `the network of ${of(n, "student")} from labels, seed ${seed}`;
export const fewCell = (way: FewWay, n: number, seed: number) => `few labels, ${n} students: ${way}, seed ${seed}`;
export const singleCell = (seed: number) => `one student from labels, seed ${seed}`;
export const taughtCell = (seed: number) => `students taught by logits, seed ${seed}`;
export const otherCell = (seed: number) => `another task on the teacher, seed ${seed}`;

/** The classes of a run; a class of one is the same in both budgets. */
export function classesOf({ sizes, budgets }: Pick<Options, "sizes" | "budgets">): { n: number; budget: Budget }[] {
  const large = budgets.includes("student") ? sizes : sizes.filter((n) => n === 1);
  const narrow = budgets.includes("total") ? sizes.filter((n) => n > 1) : [];
  return [
    ...large.map((n) => ({ n, budget: "student" as const })),
    ...narrow.map((n) => ({ n, budget: "total" as const })),
  ];
}

/** The size of class for comparisons with few labels: 4, as in the paper's discussion, or the nearest below. */
export function fewSize({
  sizes,
  fewLabels,
  budgets,
}: Pick<Options, "sizes" | "fewLabels" | "budgets">): number | undefined {
  if (fewLabels === 0 || !budgets.includes("student")) return undefined;
  return sizes.filter((n) => n <= 4).at(-1) ?? sizes[0];
}

export function plan(o: Options): Cell<Task>[] {
  const few = fewSize(o);
  const classes = classesOf(o);
  const perSeed = seedsOf(o).flatMap((seed): Cell<Task>[] => [
    { id: singleCell(seed), task: { kind: "single", seed } },
    ...classes.flatMap(({ n, budget }): Cell<Task>[] => [
      { id: studentsCell(n, budget, seed), needs: [TEACHER, EMBEDDING], task: { kind: "students", n, budget, seed } },
      {
        id: classCell(n, budget, seed),
        needs: [TEACHER, EMBEDDING, studentsCell(n, budget, seed)],
        task: { kind: "class", n, budget, seed },
      },
    ]),
    ...classes
      .filter(({ budget }) => budget === "student")
      .map(
        ({ n }): Cell<Task> => ({ id: scratchCell(n, seed), needs: [EMBEDDING], task: { kind: "scratch", n, seed } }),
      ),
    {
      id: taughtCell(seed),
      needs: [TEACHER, EMBEDDING],
      task: { kind: "taught", members: o.sizes.at(-1)!, seed },
    },
    ...(few === undefined
      ? []
      : FEW_WAYS.map(
          (way): Cell<Task> => ({
            id: fewCell(way, few, seed),
            needs: [TEACHER, EMBEDDING, ...(way === "class" ? [studentsCell(few, "student", seed)] : [])],
            task: { kind: "few", n: few, seed, way },
          }),
        )),
    ...(few === undefined
      ? []
      : [{ id: otherCell(seed), needs: [TEACHER, EMBEDDING], task: { kind: "other", seed } } as const]),
  ]);
  return [
    { id: TEACHER, task: { kind: "teacher" } },
    { id: EMBEDDING, needs: [TEACHER], task: { kind: "embedding" } },
    ...perSeed,
  ];
}

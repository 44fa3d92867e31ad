/** From the outcomes to the report: arms, curves, and the facts behind figures and claims. */
import type { Arm } from "../../teaching/report/schema.ts";
import { armOf, curvesOf, outcomeOf } from "../kit/arms.ts";
import { seedsOf } from "../options.ts";
import type { Bench, Findings, Outcome, Outcomes } from "../system.ts";
import { isLeftOut } from "./cell-students.ts";
import { comparisonsOf } from "./comparisons.ts";
import { exportBest } from "./export-best.ts";
import { figuresOf } from "./figures.ts";
import { definitions } from "./metrics.ts";
import {
  classArm,
  ensembleArm,
  fewArm,
  PHASES,
  SINGLE_ARM,
  scratchArm,
  TAUGHT_ARM,
  TEACHER_ARM,
  TEACHER_Z_ARM,
} from "./names.ts";
import { notesOf } from "./notes.ts";
import type { Options } from "./options.ts";
import {
  classCell,
  classesOf,
  EMBEDDING,
  FEW_WAYS,
  fewCell,
  fewSize,
  otherCell,
  scratchCell,
  singleCell,
  TEACHER,
  taughtCell,
} from "./plan.ts";
import { readClass } from "./results.ts";

export async function conclude(
  outcomes: Outcomes,
  bench: Pick<Bench<Options>, "options" | "data" | "own">,
): Promise<Findings> {
  const { options } = bench;
  const seeds = seedsOf(options);
  const all = (cell: (seed: number) => string): Outcome[] => seeds.map((seed) => outcomeOf(outcomes, cell(seed)));
  const arm = (name: string, role: Arm["role"], found: readonly Outcome[]) =>
    armOf({ name, role, outcomes: found, definitions });

  const classes = classesOf(options)
    .map(({ n, budget }) => ({ n, budget, found: all((seed) => classCell(n, budget, seed)) }))
    .filter(({ found }) => !found.some(isLeftOut))
    .map(({ n, budget, found }) => readClass(n, budget, found));
  const sizes = classes.filter((c) => c.budget === "student").map((c) => c.n);
  const few = fewSize(options);
  const taught = all(taughtCell);

  const arms: Arm[] = [
    arm(TEACHER_ARM, "teacher", [outcomeOf(outcomes, TEACHER)]),
    ...classes.flatMap((c) =>
      PHASES.map((phase): Arm => {
        const made = arm(classArm(c.n, c.budget, phase), "student", c.phases[phase]);
        return phase === "fine-tuned" ? { ...made, latencyMs: c.slowestMs } : made;
      }),
    ),
    arm(SINGLE_ARM, "baseline", all(singleCell)),
    arm(TAUGHT_ARM, "baseline", taught),
    ...sizes
      .filter((n) => n > 1)
      .map((n) =>
        arm(
          ensembleArm(n),
          "baseline",
          taught.map((o) => ensembleOf(o, n)),
        ),
      ),
    ...sizes.map((n) =>
      arm(
        scratchArm(n),
        "baseline",
        all((seed) => scratchCell(n, seed)),
      ),
    ),
    ...(few === undefined
      ? []
      : [
          ...FEW_WAYS.map((way) =>
            arm(
              fewArm(few, options.fewLabels, way),
              way === "class" ? "student" : "baseline",
              all((seed) => fewCell(way, few, seed)),
            ),
          ),
          arm(TEACHER_Z_ARM, "oracle", all(otherCell)),
        ]),
  ];
  const largest = classes.filter((c) => c.budget === "student").at(-1);
  return {
    arms,
    comparisons: comparisonsOf(arms, classes, options),
    series: [
      ...(largest ? curvesOf(classArm(largest.n, "student", "fine-tuned"), largest.phases["fine-tuned"]) : []),
      ...curvesOf(TAUGHT_ARM, taught),
      ...curvesOf(SINGLE_ARM, all(singleCell)),
    ],
    figures: figuresOf(classes, arms, taught, options),
    definitions: { ...definitions },
    values: {
      data: bench.data.source.name,
      embedding: { ...outcomeOf(outcomes, EMBEDDING).facts, headGap: outcomeOf(outcomes, EMBEDDING).metrics.headGap },
      sizes,
      fewSize: few ?? null,
      fewLabels: options.fewLabels,
      studentParams: Object.fromEntries(classes.map((c) => [`${c.budget} ${c.n}`, c.studentParams])),
      missing: Object.fromEntries(classes.map((c) => [`${c.budget} ${c.n}`, c.missing])),
      teacherParams: arms[0]!.params,
    },
    notes: [
      ...notesOf(classes, options, outcomeOf(outcomes, EMBEDDING), bench.data.test.classes),
      ...(await exportBest(outcomes, bench, classes)),
    ],
  };
}

/** The first n students of the KD baseline as one model. */
function ensembleOf(taught: Outcome, n: number): Outcome {
  const marks = (taught.facts!.ensembles as Record<string, Record<string, number>>)[`${n}`]!;
  const { seconds = 0, ...metrics } = marks;
  return { metrics, params: n * taught.params!, flops: n * taught.flops!, seconds };
}

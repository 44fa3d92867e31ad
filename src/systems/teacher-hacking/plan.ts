/**
 * The cells: stage 1 of every seed (teacher and student learn from the oracle), then an arm of stage 2 each. All arms of
 * a seed start from the same student, have the same teacher and are judged on the same responses.
 */
import type { TextLossName } from "../../language/distil/index.ts";
import { seedsOf } from "../options.ts";
import type { Cell } from "../system.ts";
import { type ArmName, checked, type Options } from "./options.ts";

export type StageOneTask = {
  readonly kind: "stage one";
  readonly seed: number;
  readonly pairs: number;
  readonly width: number;
};
export type ArmTask = {
  readonly kind: "arm";
  readonly seed: number;
  readonly arm: ArmName;
  readonly prompts: number;
  readonly generations: number;
  readonly steps: number;
  readonly loss: TextLossName;
  /** The cell with its teacher and its student's start. */
  readonly after: string;
  readonly pairs: number;
  readonly width: number;
};
export type Task = StageOneTask | ArmTask;

const fifth = (prompts: number) => Math.floor(prompts / 5);

/** Prompts and generations of an arm: 512x1, 256x2, 102x5, 512x5. */
export function dataOf(arm: ArmName, prompts: number): { prompts: number; generations: number } {
  if (arm === "half-prompts") return { prompts: Math.floor(prompts / 2), generations: 2 };
  if (arm === "fifth-prompts") return { prompts: fifth(prompts), generations: 5 };
  return { prompts, generations: arm === "five-generations" ? 5 : 1 };
}

/** Name of an arm in the report: "offline, 256 prompts x 2". */
export function armLabel(arm: ArmName, prompts: number): string {
  const data = dataOf(arm, prompts);
  if (arm === "online-teacher") return "online teacher";
  if (arm === "online-student") return "online student";
  if (arm === "mixture") return "mixture";
  return `offline, ${data.prompts} prompts x ${data.generations}`;
}

const stageOneId = ({ seed, pairs, width }: Omit<StageOneTask, "kind">) =>
  `stage 1: ${pairs} pairs, student ${width} wide, seed ${seed}`;

export const armId = ({
  arm,
  prompts,
  pairs,
  width,
  loss,
  seed,
}: Omit<ArmTask, "kind" | "steps" | "after" | "generations">) =>
  `${arm}, ${loss}, ${prompts} prompts, ${pairs} pairs, student ${width} wide, seed ${seed}`;

export const stepsOf = ({ epochs, prompts, batch }: Pick<Options, "epochs" | "prompts" | "batch">): number =>
  Math.max(1, Math.round((epochs * prompts) / batch));

/** @throws E_OPTION */
export function plan(given: Options): Cell<Task>[] {
  const o = checked(given);
  const steps = stepsOf(o);
  const one = (seed: number, pairs: number, width: number): StageOneTask => ({ kind: "stage one", seed, pairs, width });
  const arm = (of: StageOneTask, name: ArmName, prompts: number, loss: TextLossName): ArmTask => {
    const { seed, pairs, width } = of;
    return { kind: "arm", seed, arm: name, ...dataOf(name, prompts), steps, loss, after: stageOneId(of), pairs, width };
  };
  const cells: { task: StageOneTask; arms: ArmTask[] }[] = [];
  if (o.explore) {
    for (const seed of seedsOf(o))
      for (const pairs of o.explorePairs)
        for (const width of o.exploreWidths) {
          const task = one(seed, pairs, width);
          const arms = o.explorePrompts.flatMap((prompts) =>
            o.exploreLosses.flatMap((loss) =>
              (["offline", "online-teacher"] as const).map((name) => arm(task, name, prompts, loss)),
            ),
          );
          cells.push({ task, arms });
        }
  } else {
    const online = o.arms.filter((name) => name.startsWith("online"));
    for (let seed = 1; seed <= o.seeds + o.extraSeeds; seed++) {
      const task = one(seed, o.oraclePairs, o.studentWidth);
      const arms = (seed <= o.seeds ? [...new Set(o.arms)] : online).map((name) => arm(task, name, o.prompts, o.loss));
      cells.push({ task, arms });
    }
  }
  // All of stage 1 first: no arm waits for it later.
  return [
    ...cells.map(({ task }): Cell<Task> => ({ id: stageOneId(task), task })),
    ...cells.flatMap(({ arms }) => arms.map((task): Cell<Task> => ({ id: armId(task), needs: [task.after], task }))),
  ];
}

/** Steps after which golden and proxy are measured: geometric, from a 160th of training to its end. */
export function checkpointsOf(steps: number, count: number): number[] {
  const first = Math.max(1, steps / 160);
  const at = (i: number) => Math.max(1, Math.round(first * (steps / first) ** (i / (count - 1))));
  return [...new Set(Array.from({ length: count }, (_, i) => at(i)))];
}

/**
 * The cells of a run: the teacher, trained once for all seeds; how alike its layers are; how fast the student is; and a
 * student per arm and seed. Speed is measured while nothing else runs: all students wait for it.
 */
import { seedsOf } from "../options.ts";
import type { Cell } from "../system.ts";
import { ARMS, type ArmName, type Options } from "./options.ts";

export type Task =
  | { readonly kind: "teacher" }
  | { readonly kind: "analysis" }
  | { readonly kind: "speed" }
  | { readonly kind: "student"; readonly arm: ArmName; readonly seed: number };

export const TEACHER = "teacher";
export const ANALYSIS = "likeness of layers";
export const SPEED = "speed";

/** Names in the report. */
export const ARM_TITLES: Readonly<Record<ArmName, string>> = {
  none: "copied, not adjusted",
  text: "adjusted on text alone",
  echo: "EchoAtt",
  random: "from random values",
  unlike: "on unlike layers",
  dropped: "attention dropped",
  teacher: "teacher, trained on",
};

/** Nothing is drawn in copying: it is measured once, as seed 1. */
export const studentCell = (arm: ArmName, seed: number): string =>
  `${ARM_TITLES[arm]}, seed ${arm === "none" ? 1 : seed}`;

export const armsOf = ({ arms }: Pick<Options, "arms">): ArmName[] => ARMS.filter((arm) => arms.includes(arm));

export function plan(options: Options): Cell<Task>[] {
  const students = seedsOf(options).flatMap((seed) =>
    armsOf(options)
      .filter((arm) => arm !== "none" || seed === 1)
      .map((arm) => ({
        id: studentCell(arm, seed),
        needs: [TEACHER, ANALYSIS, SPEED],
        task: { kind: "student", arm, seed } as const,
      })),
  );
  return [
    { id: TEACHER, task: { kind: "teacher" } },
    { id: ANALYSIS, needs: [TEACHER], task: { kind: "analysis" } },
    { id: SPEED, needs: [TEACHER, ANALYSIS], task: { kind: "speed" } },
    ...students,
  ];
}

/** The cells of a run: teachers, what they know, students. */

import { seedsOf } from "../options.ts";
import type { Cell } from "../system.ts";
import { type Arm, armsOf, middle, ndArm, withNd, without } from "./arms.ts";
import type { NdOptions } from "./options.ts";
import { knowledgeId, named, type Setting, settingsOf, teacherId } from "./settings.ts";

export type Task =
  | { readonly kind: "teacher"; readonly setting: Setting }
  | { readonly kind: "knowledge"; readonly setting: Setting }
  | { readonly kind: "student"; readonly setting: Setting; readonly arm: Arm; readonly seed: number };

/** The students of a run; under several settings KD with and without ND. */
export function studentsOf(options: NdOptions): { readonly setting: Setting; readonly arm: Arm }[] {
  const { explore, lambdas, pair } = options;
  const lambda = middle(lambdas);
  const both = [ndArm(without("kd"), "kd", pair, 0), ndArm(withNd("kd", lambda), "kd", pair, lambda)];
  const arms = explore ? both : armsOf(options);
  return settingsOf(options).flatMap((setting) => arms.map((arm) => ({ setting, arm })));
}

export const studentId = (setting: Setting, arm: Arm, seed: number): string =>
  `${named(setting, arm.name)}, seed ${seed}`;

/** Seed by seed, so that a run that is stopped has whole seeds. */
export function plan(options: NdOptions): Cell<Task>[] {
  const settings = settingsOf(options);
  const once = <K extends "teacher" | "knowledge">(kind: K, idOf: (s: Setting) => string) => [
    ...new Map(settings.map((setting) => [idOf(setting), { kind, setting }])),
  ];
  return [
    ...once("teacher", teacherId).map(([id, task]): Cell<Task> => ({ id, task })),
    ...once("knowledge", knowledgeId).map(([id, task]): Cell<Task> => ({ id, needs: [teacherId(task.setting)], task })),
    ...seedsOf(options).flatMap((seed) =>
      studentsOf(options).map(
        ({ setting, arm }): Cell<Task> => ({
          id: studentId(setting, arm, seed),
          needs: [teacherId(setting), knowledgeId(setting)],
          task: { kind: "student", setting, arm, seed },
        }),
      ),
    ),
  ];
}

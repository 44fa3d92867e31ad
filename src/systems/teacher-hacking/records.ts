/** The runs of stage 2 as the conclusion needs them, from tasks and outcomes. */
import { outcomeOf } from "../kit/arms.ts";
import type { Outcome, Outcomes } from "../system.ts";
import type { Options } from "./options.ts";
import { type ArmTask, armLabel, plan } from "./plan.ts";
import type { ArmFacts } from "./stage-two.ts";

export interface Run {
  readonly task: ArmTask;
  readonly label: string;
  readonly outcome: Outcome;
  readonly facts: ArmFacts;
  /** KL(oracle || teacher). */
  readonly teacher: number;
  /** KL(oracle || student) before stage 2. */
  readonly start: number;
}

export function runsOf(outcomes: Outcomes, options: Options): Run[] {
  return plan(options).flatMap(({ id, task }): Run[] => {
    if (task.kind !== "arm") return [];
    const [outcome, one] = [outcomeOf(outcomes, id), outcomeOf(outcomes, task.after)];
    // Labels name the base arm's prompts.
    const base = options.explore ? task.prompts : options.prompts;
    const regime = options.explore
      ? `${task.loss}, ${task.pairs} pairs, width ${task.width}, ${task.prompts} prompts: `
      : "";
    return [
      {
        ...{ task, outcome, label: `${regime}${armLabel(task.arm, base)}` },
        facts: outcome.facts as unknown as ArmFacts,
        teacher: one.metrics.teacherDistance!,
        start: one.metrics.studentDistance!,
      },
    ];
  });
}

/** Runs of a label, by seed. */
export const groupsOf = (runs: readonly Run[]): Map<string, Run[]> => {
  const groups = new Map<string, Run[]>();
  for (const run of runs) groups.set(run.label, [...(groups.get(run.label) ?? []), run]);
  return groups;
};

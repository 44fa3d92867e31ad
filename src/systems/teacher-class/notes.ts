/** What a reader has to know about a run of this system. */
import type { Outcome } from "../system.ts";
import type { Options } from "./options.ts";
import { classesOf } from "./plan.ts";
import type { ClassResult } from "./results.ts";
import { superClasses } from "./transfer.ts";

export function notesOf(
  classes: readonly ClassResult[],
  options: Options,
  { facts = {}, metrics }: Outcome,
  names: readonly string[],
): string[] {
  const { tap, d, activation, from, deadUnits } = facts;
  const source = from === "weights" ? "copied from its parameters" : "found from its answers by least squares";
  const left = classesOf(options).length - classes.length;
  return [
    `The teacher's embedding is "${tap}" (${d} units, ${deadUnits} of them never change); its head (${activation}, ${source}) meets its logits up to ${(100 * (metrics.headGap ?? 0)).toPrecision(2)} % of their spread.`,
    `Baselines pass over the labelled examples ${options.epochs + options.headEpochs + options.fineEpochs} times, as often as a class in its three phases together.`,
    ...(options.fewLabels > 0
      ? [
          `Few labels: ${options.fewLabels} per seed, drawn anew for each seed, equally from all classes. The other task: ${superClasses(names).names.join("; ")}.`,
        ]
      : []),
    ...(left > 0
      ? [
          `${left} classes of equal total size were left out: "${options.student}" is no plain network that could be narrowed.`,
        ]
      : []),
  ];
}

/** The export of a run: the class that is best on the validation part, if a folder was named. */

import { outcomeOf } from "../kit/arms.ts";
import { teacherOf } from "../kit/cast.ts";
import { seedsOf } from "../options.ts";
import type { Bench, Outcomes } from "../system.ts";
import { castOf } from "./cast.ts";
import { embeddingOf } from "./embedding.ts";
import { classFiles, writeClass } from "./export.ts";
import type { Options } from "./options.ts";
import { classCell, TEACHER } from "./plan.ts";
import type { ClassResult } from "./results.ts";

/** Notes on what was written. */
export async function exportBest(
  outcomes: Outcomes,
  { options, data, own }: Pick<Bench<Options>, "options" | "data" | "own">,
  classes: readonly ClassResult[],
): Promise<string[]> {
  if (options.exportTo === "") return [];
  const seeds = seedsOf(options);
  const all = classes.flatMap(({ n, budget, validation }) =>
    validation.map((accuracy, i) => ({ n, budget, seed: seeds[i]!, accuracy })),
  );
  const best = all.reduce((a, b) => (b.accuracy > a.accuracy ? b : a));
  const bench: Bench<Options> = {
    options,
    data,
    own,
    folder: options.exportTo,
    store: "",
    outcome: async (id) => outcomeOf(outcomes, id),
  };
  const embedding = await embeddingOf(bench);
  const cast = (await castOf(bench, embedding, best.n, best.budget))!;
  const { arrays = {} } = outcomeOf(outcomes, classCell(best.n, best.budget, best.seed));
  const teacher = await teacherOf(bench, options.teacher, TEACHER);
  const files = classFiles({
    cast,
    state: { params: arrays.params!, buffers: arrays.buffers! },
    teacher: teacher.fingerprint,
    tap: embedding.tap,
    classes: data.train.classes,
  });
  await writeClass(options.exportTo, files);
  return [
    `${options.exportTo} holds the class of ${best.n} (seed ${best.seed}${best.budget === "total" ? ", equal total" : ""}), the best of ${all.length} on the validation part: class.json and ${files.size - 1} ONNX files.`,
  ];
}

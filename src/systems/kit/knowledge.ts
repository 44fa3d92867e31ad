/** What a teacher has to say about a data set, from the teacher store or into it. */
import type { ArrayDataset } from "../../data/dataset.ts";
import type { LessonEvent } from "../../teaching/events.ts";
import { labelDataset } from "../../teaching/label.ts";
import { type ClassMeans, classMeans, type StoredTargets } from "../../teaching/targets.ts";
import type { Teacher } from "../../teaching/teacher.ts";
import type { Bench } from "../system.ts";

export interface Knowledge {
  readonly stored: StoredTargets;
  readonly classMeans: ClassMeans;
}

/** Logits and the named taps for every example, and class means of some of the taps. */
export async function* knowledgeOf(
  { store }: Pick<Bench<unknown>, "store">,
  teacher: Teacher,
  dataset: ArrayDataset,
  { taps = [], means = [] }: { readonly taps?: readonly string[]; readonly means?: readonly string[] } = {},
): AsyncGenerator<LessonEvent, Knowledge> {
  const wanted = [...new Set([...taps, ...means])];
  const work = labelDataset({ root: store, teacher, dataset, taps: wanted });
  let next = await work.next();
  for (; !next.done; next = await work.next()) {
    yield { type: "working", stage: "labelling", done: next.value.done, of: next.value.of };
  }
  const stored = next.value;
  const mean = (tap: string) => classMeans(stored.get(tap)!.data, dataset.labels, dataset.classes.length);
  return { stored, classMeans: new Map(means.map((tap) => [tap, mean(tap)])) };
}

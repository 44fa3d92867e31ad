/**
 * Marks: what is measured on the test part. Evidence is always that for the labelled class, so that teachers and students
 * of different teachers are asked the same question; likeness of maps is about the teacher's class, as in the loss.
 */

import type { ArrayDataset } from "../../data/dataset.ts";
import { accuracy, agreement, correctness, examine } from "../../teaching/exams/index.ts";
import type { StoredTargets } from "../../teaching/targets.ts";
import { pointing, worstGroup } from "./evidence.ts";
import { type Look, mean, type Observer } from "./look.ts";
import type { Exams } from "./parts.ts";

/** Examples of the figure. */
export const SHOWN = 6;

/** What a teacher said about the parts, in their order: to compare with. */
export interface Said {
  readonly classes: Int32Array;
  readonly stored: StoredTargets;
}

export interface Marks {
  readonly metrics: Record<string, number>;
  /** Evidence on the first test examples (of the odd part where there is one), `[SHOWN, H, W]`. */
  readonly shown: Float32Array;
}

/** Marks of one network or teacher. `usual`, `odd`: what its teacher said, for students. */
export async function marksOf(watch: Observer, exams: Exams, usual?: Said, odd?: Said): Promise<Marks> {
  const { data } = exams.usual;
  const seen = await watch.look(data, data.labels);
  const plain = examine(seen.answers, data.labels).metrics;
  const metrics: Record<string, number> = { ...plain };
  if (usual) {
    const { cosine, empty } = await likeness(watch, data, usual);
    Object.assign(metrics, { agreement: agreementWith(seen, usual), mapCosine: mean(cosine), emptyMaps: empty });
  }
  if (exams.usual.scenes && exams.odd) {
    const { odd: strange } = exams;
    const other = await watch.look(strange.data, strange.data.labels);
    const size = data.inputShape.slice(1) as [number, number];
    const where = pointing(seen.evidence, size, exams.usual.scenes.boxes);
    const right = (look: Look, labels: Int32Array) => correctness(look.answers, labels);
    Object.assign(metrics, {
      oddAccuracy: accuracy(other.answers, strange.data.labels),
      worstGroup: worstGroup([
        { correct: right(seen, data.labels), labels: data.labels, codes: exams.usual.scenes.codes },
        { correct: right(other, strange.data.labels), labels: strange.data.labels, codes: strange.codes },
      ]),
      epg: where.epg,
      iou: where.iou,
      oddEpg: pointing(other.evidence, size, strange.boxes).epg,
      ...(odd && { oddAgreement: agreementWith(other, odd) }),
    });
    return { metrics: metrics, shown: firstOf(other, strange.data) };
  }
  return { metrics: metrics, shown: firstOf(seen, data) };
}

const agreementWith = ({ answers }: Look, { stored }: Said): number =>
  agreement(answers, { logits: stored.get("logits")!.data, classes: answers.classes });

/** Likeness of maps to the teacher's, for the class that the teacher names. */
export async function likeness(watch: Observer, data: ArrayDataset, { classes, stored }: Said): Promise<Look> {
  return watch.look(data, classes, stored.get("explanation")!);
}

/** Decisions are taken on these, from validation examples only. */
export async function validationMarks(
  watch: Observer,
  data: ArrayDataset,
  said: Said,
): Promise<Record<string, number>> {
  const look = await likeness(watch, data, said);
  return {
    accuracy: accuracy(look.answers, data.labels),
    agreement: agreementWith(look, said),
    mapCosine: mean(look.cosine),
  };
}

const firstOf = ({ evidence }: Look, { labels, inputShape }: ArrayDataset): Float32Array =>
  evidence.slice(0, Math.min(SHOWN, labels.length) * inputShape[1]! * inputShape[2]!);

/**
 * The cell of a stream: features of its examples from the frozen extractor (computed once for all learners), and the
 * distances between its tasks, for every distance and layer. Distances read the features as they are; learners read
 * them standardised.
 */
import { type ArrayDataset, countOf } from "../../data/dataset.ts";
import type { LessonEvent } from "../../teaching/events.ts";
import type { Bench, Outcome } from "../system.ts";
import {
  cosineDistance,
  type Distance,
  distanceMatrix,
  euclideanDistance,
  type Matrix,
  prototype,
} from "./design/distances.ts";
import { otddMatrix } from "./design/otdd.ts";
import { extractorOf, type Features, featuresOf, layerOf, standardise, statisticsOf } from "./extractor.ts";
import type { Options } from "./options.ts";
import { atMost, extractorData, streamSplit, taskGroups } from "./streams.ts";

/** Points of each class in optimal transport: 100 make a matrix of 10,000 costs, enough and quick. */
const TRANSPORTED = 100;
/** Examples of the extractor's classes behind the statistics. */
const STATISTICS = 2000;

/** Examples of each class that a cell needs: for the stream, and for the prototypes. */
export const trainingPart = (train: ArrayDataset, { perClass, samples }: Options): ArrayDataset =>
  atMost(train, perClass === 0 ? 0 : Math.max(perClass, samples));

/** Rows of each class, at most `most`. */
function rowsByClass(labels: Int32Array, classes: number, most: number): number[][] {
  const rows = Array.from({ length: classes }, () => [] as number[]);
  labels.forEach((label, i) => {
    if (rows[label]!.length < most) rows[label]!.push(i);
  });
  return rows;
}

/** Distances between tasks by each of the three ways. */
export function taskDistances(
  features: Features,
  labels: Int32Array,
  groups: readonly (readonly number[])[],
  samples: number,
): Record<Distance, Matrix> {
  const { data, size } = features;
  const classes = groups.flat().length;
  const rows = rowsByClass(labels, classes, samples);
  const prototypes = groups.map((members) =>
    prototype(
      data,
      size,
      members.flatMap((c) => rows[c]!),
    ),
  );
  const points = Math.min(TRANSPORTED, ...rows.map((r) => r.length));
  const cloud = (c: number) => ({
    count: points,
    points: Float32Array.from(
      { length: points * size },
      (_, i) => data[rows[c]![Math.floor(i / size)]! * size + (i % size)]!,
    ),
  });
  return {
    cosine: distanceMatrix(prototypes, cosineDistance),
    euclidean: distanceMatrix(prototypes, euclideanDistance),
    otdd: otddMatrix(groups.map((members) => members.map(cloud))),
  };
}

/** Work of the cell: facts "classes", "layer" and "distances", arrays "train", "validation", "test" [n, size]. */
export async function* streamWork(bench: Bench<Options>, index: number): AsyncGenerator<LessonEvent, Outcome> {
  const { options } = bench;
  const split = await streamSplit(bench, index);
  const teacher = await extractorOf(bench);
  const layer = layerOf(teacher, options.layer);
  const layers = [...new Set([layer, ...options.layers.map((l) => layerOf(teacher, l))])];
  const groups = taskGroups(split.train.classes.length, options);
  const known = extractorData(bench);
  const statistics =
    known &&
    statisticsOf(
      (yield* featuresOf(bench, teacher, atMost(known.train, Math.ceil(STATISTICS / known.train.classes.length)), [
        layer,
      ])).get(layer)!,
    );
  const train = trainingPart(split.train, options);
  const features = yield* featuresOf(bench, teacher, train, layers);
  const arrays: Record<string, Float32Array> = { train: standardise(features.get(layer)!, statistics) };
  for (const part of ["validation", "test"] as const) {
    const found = yield* featuresOf(bench, teacher, split[part], [layer]);
    arrays[part] = standardise(found.get(layer)!, statistics);
  }
  const distances: Record<string, Record<Distance, Matrix>> = {};
  for (const [done, name] of layers.entries()) {
    yield { type: "working", stage: "distances", done, of: layers.length };
    distances[name] = taskDistances(features.get(name)!, train.labels, groups, options.samples);
  }
  const names = groups.map((members) => members.map((c) => split.train.classes[c]!).join("+"));
  const perClass = Math.min(options.perClass || Number.MAX_SAFE_INTEGER, ...countsOf(train));
  return {
    metrics: {},
    facts: {
      classes: names,
      layer,
      distances,
      perClass,
      size: features.get(layer)!.size,
      standardised: statistics ? "extractor" : "example",
      train: countOf(train),
    },
    arrays,
  };
}

function countsOf({ labels, classes }: ArrayDataset): number[] {
  const counts = classes.map(() => 0);
  for (const label of labels) counts[label]!++;
  return counts;
}

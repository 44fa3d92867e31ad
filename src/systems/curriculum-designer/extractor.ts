/**
 * The frozen extractor: a network trained on the classes that no stream teaches (the published one is a SqueezeNet that
 * knew 100 other classes), or one that comes trained. Learners read its features standardised by the statistics of the
 * classes it was trained on, never by those of classes still to come; where there are none, each example's features are
 * standardised by themselves.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { ArrayDataset } from "../../data/dataset.ts";
import { fail } from "../../errors.ts";
import { mlp } from "../../nn/index.ts";
import type { LessonEvent } from "../../teaching/events.ts";
import { findModel } from "../../teaching/lesson/cast.ts";
import { crossEntropy } from "../../teaching/losses/cross-entropy.ts";
import type { Network } from "../../teaching/network.ts";
import { modelTeacher, onnxTeacher, type Teacher } from "../../teaching/teacher.ts";
import { isFile, stateOf, trainedOutcome } from "../kit/cast.ts";
import { sit } from "../kit/exam.ts";
import { knowledgeOf } from "../kit/knowledge.ts";
import { learn } from "../kit/learn.ts";
import type { Bench, Outcome } from "../system.ts";
import type { Options } from "./options.ts";
import { extractorData } from "./streams.ts";

export const EXTRACTOR = "extractor";

/** The network of the specification's small version; every other name is looked up. */
const OWN = "mlp-256-64";

async function networkFor(name: string, data: ArrayDataset): Promise<Network> {
  const { inputShape, classes, normalise } = data;
  const model =
    name === OWN ? mlp({ name, inputShape, classes: classes.length, hidden: [256, 64] }) : await findModel(name, data);
  if (model.classes !== undefined && model.classes !== classes.length) {
    fail(
      "E_MODEL_SHAPE",
      `The extractor "${name}" has ${model.classes} outputs, it is trained on ${classes.length} classes.`,
    );
  }
  return { model, ...(normalise && { normalise }) };
}

const comesTrained = ({ own, options }: Bench<Options>): boolean =>
  own.teacher !== undefined || isFile(options.teacher);

/** The work of the extractor's cell. @throws E_OPTION where no classes are left to train on */
export async function* trainExtractor(bench: Bench<Options>): AsyncGenerator<LessonEvent, Outcome> {
  const { options } = bench;
  if (comesTrained(bench)) {
    const { params, flops } = await extractorOf(bench);
    return { metrics: {}, params, flops, seconds: 0 };
  }
  const data = extractorData(bench);
  if (!data) {
    return fail(
      "E_OPTION",
      `All classes are taught (classes: ${options.classes}), none is left to train the extractor.`,
      "Teach fewer classes, or give an extractor that comes trained: teacher FILE.onnx.",
    );
  }
  const network = await networkFor(options.teacher, data.train);
  const recipe = {
    epochs: options.teacherEpochs,
    batchSize: 128,
    optimiser: "adamw",
    rate: 2e-3,
    decay: 0.01,
    augment: [],
  } as const;
  const trained = yield* learn(
    { ...bench, data },
    { stage: "extractor", network, loss: crossEntropy(), recipe, seed: 0 },
  );
  const { metrics } = await sit(network, trained, data.test);
  return trainedOutcome(network, trained, { extractorAccuracy: metrics.accuracy! });
}

/** The extractor as a frozen teacher. */
export async function extractorOf(bench: Bench<Options>): Promise<Teacher> {
  const { own, options, data } = bench;
  if (own.teacher) return own.teacher;
  if (isFile(options.teacher)) {
    const bytes = await readFile(options.teacher).catch((cause: unknown) =>
      fail(
        "E_TEACHER_FILE",
        `The extractor "${options.teacher}" cannot be read.`,
        "Name an .onnx file or a network.",
        cause,
      ),
    );
    const { inputShape, normalise } = data.train;
    return onnxTeacher(bytes, { name: path.basename(options.teacher), inputShape, ...(normalise && { normalise }) });
  }
  const network = await networkFor(options.teacher, extractorData(bench)!.train);
  return modelTeacher(network, stateOf(await bench.outcome(EXTRACTOR)), options.teacher);
}

/** Features of one layer: [n, size]. */
export interface Features {
  readonly data: Float32Array;
  readonly size: number;
}

/** A layer that the extractor has; an ONNX file that names none "features" gives its output. @throws E_TAP */
export function layerOf(teacher: Teacher, layer: string): string {
  if (layer === "logits" || teacher.taps.has(layer)) return layer;
  if (layer === "features") return "logits";
  const known = ["logits", ...teacher.taps.keys()].slice(0, 20).join(", ");
  return fail("E_TAP", `The extractor ${teacher.name} has no layer "${layer}".`, `Known: ${known}.`);
}

/** Features of every example, by layer; maps are averaged over their places. */
export async function* featuresOf(
  bench: Bench<Options>,
  teacher: Teacher,
  dataset: ArrayDataset,
  layers: readonly string[],
): AsyncGenerator<LessonEvent, ReadonlyMap<string, Features>> {
  const taps = layers.filter((layer) => layer !== "logits");
  const { stored } = yield* knowledgeOf(bench, teacher, dataset, { taps });
  return new Map(
    layers.map((layer) => {
      const { shape, data } = stored.get(layer)!;
      const [size = 1, ...places] = shape;
      const spread = places.reduce((a, b) => a * b, 1);
      if (spread === 1) return [layer, { data, size }] as const;
      const pooled = new Float32Array(data.length / spread);
      for (let i = 0; i < pooled.length; i++) {
        let sum = 0;
        for (let p = 0; p < spread; p++) sum += data[i * spread + p]!;
        pooled[i] = sum / spread;
      }
      return [layer, { data: pooled, size }] as const;
    }),
  );
}

/** Mean and standard deviation of each feature. */
export interface Statistics {
  readonly mean: Float32Array;
  readonly std: Float32Array;
}

export function statisticsOf({ data, size }: Features): Statistics {
  const n = data.length / size;
  const [sum, square] = [new Float64Array(size), new Float64Array(size)];
  for (let i = 0; i < data.length; i++) sum[i % size]! += data[i]! / n;
  for (let i = 0; i < data.length; i++) square[i % size]! += (data[i]! - sum[i % size]!) ** 2 / n;
  // A unit that never fires stays 0 instead of becoming noise.
  return { mean: Float32Array.from(sum), std: Float32Array.from(square, (v) => (v > 1e-12 ? Math.sqrt(v) : 1)) };
}

/** (x - mean) / std; each example by itself where there are no statistics. */
export function standardise({ data, size }: Features, statistics?: Statistics): Float32Array {
  if (statistics) return data.map((x, i) => (x - statistics.mean[i % size]!) / statistics.std[i % size]!);
  const out = new Float32Array(data.length);
  for (let at = 0; at < data.length; at += size) {
    const row = data.subarray(at, at + size);
    const mean = row.reduce((sum, x) => sum + x, 0) / size;
    const std = Math.sqrt(row.reduce((sum, x) => sum + (x - mean) ** 2, 0) / size) || 1;
    for (let j = 0; j < size; j++) out[at + j] = (row[j]! - mean) / std;
  }
  return out;
}

/**
 * Models by name: what the command line and the systems build from `--student cnn-small`. A row gives the constructor;
 * sizes follow from the input and the number of classes. Parameter counts are pinned in zoo.test.ts.
 */
import { fail } from "../errors.ts";
import { didYouMean } from "../nearest.ts";
import type { Model } from "./model.ts";
import { type CnnStage, cnn } from "./models/cnn.ts";
import { gpt } from "./models/gpt.ts";
import { gruClassifier } from "./models/gru.ts";
import { mlp } from "./models/mlp.ts";
import { resnet } from "./models/resnet.ts";

export interface ZooInput {
  /** Per example: [1, 28, 28] for images, [time, features] for sequences; language models ignore it. */
  readonly inputShape: readonly number[];
  /** Number of classes; the vocabulary of language models. */
  readonly classes: number;
}

type Constructor = (input: ZooInput & { readonly name: string }) => Model;

const perceptron =
  (...hidden: number[]): Constructor =>
  (input) =>
    mlp({ ...input, hidden });
/** The first stage keeps the resolution, every other halves it. */
const convolutional =
  (...widths: number[]): Constructor =>
  (input) =>
    cnn({ ...input, stages: widths.map((width, i): CnnStage => ({ width, stride: i === 0 ? 1 : 2 })) });
const residual =
  (depth: number, widths?: readonly [number, number, number, number]): Constructor =>
  (input) =>
    resnet({ ...input, depth, ...(widths && { widths }) });
const X4 = [32, 64, 128, 256] as const;
const recurrent =
  (hidden: number): Constructor =>
  (input) =>
    gruClassifier({ ...input, hidden });
const language =
  (width: number, heads: number): Constructor =>
  ({ name, classes }) =>
    gpt({ name, vocabulary: classes, context: 128, width, heads, layers: 4 });

const ZOO: Readonly<Record<string, { readonly about: string; readonly make: Constructor }>> = {
  "mlp-tiny": { about: "one hidden layer of 32", make: perceptron(32) },
  "mlp-small": { about: "two hidden layers of 64", make: perceptron(64, 64) },
  "mlp-medium": { about: "two hidden layers of 256", make: perceptron(256, 256) },
  "mlp-large": { about: "two hidden layers of 1200: the teacher of Hinton et al. 2015", make: perceptron(1200, 1200) },
  "cnn-tiny": { about: "four convolutions, 4 to 16 channels", make: convolutional(4, 8, 16, 16) },
  "cnn-small": { about: "four convolutions, 8 to 32 channels", make: convolutional(8, 16, 32, 32) },
  "cnn-medium": { about: "five convolutions, 8 to 128 channels", make: convolutional(8, 16, 32, 64, 128) },
  "cnn-large": { about: "five convolutions, 16 to 256 channels", make: convolutional(16, 32, 64, 128, 256) },
  resnet8: { about: "ResNet for small images, 1 block a stage", make: residual(8) },
  resnet14: { about: "ResNet for small images, 2 blocks a stage", make: residual(14) },
  resnet20: { about: "ResNet for small images, 3 blocks a stage", make: residual(20) },
  resnet32: { about: "ResNet for small images, 5 blocks a stage", make: residual(32) },
  resnet56: { about: "ResNet for small images, 9 blocks a stage", make: residual(56) },
  resnet110: { about: "ResNet for small images, 18 blocks a stage", make: residual(110) },
  resnet8x4: { about: "resnet8 with four times the channels", make: residual(8, X4) },
  resnet32x4: { about: "resnet32 with four times the channels", make: residual(32, X4) },
  "gru-small": { about: "recurrent classifier with 64 states", make: recurrent(64) },
  "gru-large": { about: "recurrent classifier with 256 states", make: recurrent(256) },
  "gpt-0.2m": { about: "GPT, 4 layers of width 64, context 128", make: language(64, 2) },
  "gpt-0.8m": { about: "GPT, 4 layers of width 128, context 128", make: language(128, 4) },
  "gpt-3.2m": { about: "GPT, 4 layers of width 256, context 128", make: language(256, 8) },
};

export const MODEL_NAMES: readonly string[] = Object.keys(ZOO);

/** One sentence about a model of the zoo, for lists. Errors: `E_MODEL_UNKNOWN`. */
export function aboutModel(name: string): string {
  return find(name).about;
}

/** Builds a model by name. Errors: `E_MODEL_UNKNOWN` with the nearest names. */
export function buildModel(name: string, input: ZooInput): Model {
  return find(name).make({ ...input, name });
}

function find(name: string) {
  return Object.hasOwn(ZOO, name)
    ? ZOO[name]!
    : fail("E_MODEL_UNKNOWN", `No model is called "${name}".`, didYouMean(name, MODEL_NAMES));
}

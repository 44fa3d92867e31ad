/** Options of the Curriculum Designer. */
import { z } from "zod";
import { common } from "../options.ts";
import { DISTANCES } from "./design/distances.ts";
import { STRATEGIES } from "./learners/strategies.ts";

const count = (least = 1) => z.number().int().min(least);

export const options = z.object({
  ...common,
  classes: count(0)
    .default(5)
    .describe("the first so many classes are taught in order, the others train the extractor; 0: all"),
  classesPerTask: count().max(5).default(1).describe("classes that one task holds, in fixed groups"),
  pairFirst: z
    .boolean()
    .default(false)
    .describe("the first task holds two entries of an order, as in the human experiment"),
  streams: z
    .array(z.string().min(1))
    .default([])
    .describe("further data with the same extractor: names, folders, glyphs; mnist:5-9 or mnist:0+2+4 picks classes"),
  teacher: z
    .string()
    .min(1)
    .default("mlp-256-64")
    .describe("the frozen extractor: a network to train on the other classes, or an .onnx file that comes trained"),
  teacherEpochs: count().default(4).describe("epochs of the extractor's training"),
  layer: z.string().min(1).default("features").describe("layer of the extractor that learners and distances read"),
  layers: z.array(z.string().min(1)).default([]).describe("further layers to compute distances from"),
  student: z
    .string()
    .min(1)
    .default("linear")
    .describe("linear: a softmax head on frozen features; or a network that learns from the pictures, nothing frozen"),
  strategies: z
    .array(z.enum(STRATEGIES))
    .min(1)
    .default([...STRATEGIES])
    .describe("how the learners fight forgetting"),
  distance: z.enum(DISTANCES).default("cosine").describe("distance that decides the designed orders; all are reported"),
  samples: count(2).default(500).describe("training examples of a class behind its prototype"),
  perClass: count(0).default(640).describe("examples of a class in the stream; 0: all"),
  batchSize: count().default(64).describe("examples of a step"),
  // Ten steps of a class at the published 1e-3 leave replay behind naive learning, whose head has hardly moved
  // (Fashion-MNIST, 2 seeds: 31 and 53 %); the published streams have about 94 steps of a class.
  rate: z.number().positive().default(1e-2).describe("learning rate of the learners (Adam)"),
  // A random start is noise as large as the effect of the order in short streams (Fashion-MNIST, 640 examples a class,
  // rate 1e-3, 2 seeds: ICC of naive F 0.07 with the published start, 0.93 from zeros; 5,500 a class: 0.64 and 0.99).
  start: z.number().min(0).default(0).describe("spread of the head's random start in 1/sqrt(features); published: 1"),
  ewcWeights: z
    .array(z.number().min(0))
    .min(1)
    .default([0.4, 4, 40, 400, 4000])
    .describe("weights of EWC to choose from, on the validation part of one order; 0.4 is the published one"),
  importance: z
    .enum(["batch", "example"])
    .default("batch")
    .describe("EWC squares gradients of mini-batches (as published) or of single examples (Fisher information)"),
  memory: count().default(20).describe("examples of each class that replay keeps"),
  maxOrders: count(2).max(5040).default(120).describe("where there are more orders, so many are drawn"),
  results: z.string().default("").describe("a JSON file of published or own results to compare with the designer"),
  quiz: z.string().default("").describe("write the quiz for human learners to this .html file"),
  humans: z.string().default("").describe("a folder or .zip of JATOS results of that quiz, to be scored"),
});

export type Options = z.infer<typeof options>;

/** A minute on two cores, offline. */
export const quick: Partial<Options> = {};

/** The published streams, with an extractor that has seen none of their classes. */
export const full: Partial<Options> = {
  data: "fashion-mnist",
  seeds: 5,
  streams: ["mnist:0-4", "mnist:5-9", "drawn-digits:0-4", "glyphs"],
  layers: ["stage1"],
  perClass: 0,
  rate: 1e-3,
};

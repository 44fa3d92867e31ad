/** Options of `lyceum run nd`: what is taught by whom, with which losses, and what to look into. */
import { z } from "zod";
import { common } from "../options.ts";
import { TERMS } from "./terms.ts";
import { BASES, PAIR_NAMES } from "./weights.ts";

const distinct = <T>(values: readonly T[]): boolean => new Set(values).size === values.length;

const schema = z.object({
  ...common,
  teacher: z
    .string()
    .min(1)
    .default("conv-24-48-96-32")
    .describe("a model to train: of the zoo, or conv-W-W-W or mlp-W-W by widths; or an .onnx file"),
  student: z.string().min(1).default("conv-8-16-32").describe("a model as for the teacher, or a module of yours"),
  losses: z
    .array(z.enum(BASES))
    .min(1)
    .refine(distinct, "the same loss twice")
    .default([...BASES])
    .describe("what ND is added to"),
  lambdas: z
    .array(z.number().positive())
    .min(1)
    .refine(distinct, "the same weight twice")
    .default([1, 2, 4])
    .describe("weights of ND on KD; 0 is always run"),
  ablations: z
    .array(z.enum(TERMS))
    .refine(distinct, "the same term twice")
    .default([])
    .describe("terms to try on KD in place of ND, with the middle weight"),
  pair: z.enum(PAIR_NAMES).default("resnet56-resnet20").describe("the paper's pair whose weights the losses take"),
  embedding: z.enum(["post", "pre"]).default("post").describe("the embedding after or before its ReLU"),
  teacherTap: z.string().default("").describe("the teacher's embedding by name, for files; chosen where empty"),
  train: z.number().int().min(0).default(2000).describe("training examples of the students; 0 takes all"),
  epochs: z.number().int().min(1).default(12).describe("passes of each student over its examples"),
  teacherEpochs: z.number().int().min(1).default(4).describe("passes of the teacher over the whole training part"),
  mirror: z.boolean().default(false).describe("students see every picture and its mirror image"),
  dropout: z.number().min(0).max(0.9).default(0).describe("of the adapter where widths differ; 0.5 in the reference"),
  labels: z.enum(["given", "teacher"]).default("given").describe("students learn the labels, or the teacher's guesses"),
  classMeans: z.string().default("").describe("a file of the teacher's class means: .json, .npy or .safetensors"),
  saveMeans: z.string().default("").describe("where to write the class means that were used"),
  explore: z.boolean().default(false).describe("instead: KD with and without ND under other conditions"),
});

export const options = schema.refine(({ explore, classMeans, saveMeans }) => !explore || !(classMeans || saveMeans), {
  path: ["explore"],
  message: "it has several teachers, but classMeans and saveMeans are about one",
});

export type NdOptions = z.infer<typeof options>;

/** A minute on two cores: the pilot's perceptrons of equal width, without adapters. */
export const quick: Partial<NdOptions> = {
  teacher: "mlp-512-32",
  student: "mlp-32-32",
  losses: ["kd", "dkd", "dist"],
  ablations: ["direction", "norm", "sum", "l2"],
  train: 1000,
  epochs: 30,
  teacherEpochs: 3,
  seeds: 3,
};

/**
 * The specification's part B on narrower networks (its 48-96-192 and 16-32-64 do not fit a quarter of an hour with 60
 * students) that end in one width, 64, as ResNet-56 and 20 do: with an adapter neither norm nor direction of the
 * student could be told from the adapter's. `--explore` has the adapter among its conditions.
 */
export const full: Partial<NdOptions> = {
  data: "cifar-100-16x16",
  teacher: "conv-32-64-128-64",
  student: "conv-8-16-64",
  train: 10_000,
  epochs: 10,
  teacherEpochs: 6,
  mirror: true,
  seeds: 5,
};

/** Options of e²KD. The defaults are a run of some minutes on drawn digits. */
import { z } from "zod";
import { common } from "../options.ts";
import { EXPLAINERS } from "./explain/choose.ts";

export const EXPERIMENTS = ["few-shot", "shortcut", "frozen"] as const;
export type Experiment = (typeof EXPERIMENTS)[number];

const count = z.number().int().min(1);

export const options = z.object({
  ...common,
  teacher: z
    .string()
    .min(1)
    .default("auto")
    .describe("a model to train, or an .onnx file; auto: gap-large, or bcos-large"),
  student: z.string().min(1).default("auto").describe("a model, or a module of yours; auto: gap-small, or bcos-small"),
  experiments: z
    .array(z.enum(EXPERIMENTS))
    .min(1, "expected at least one experiment")
    .default([...EXPERIMENTS])
    .describe("agreement from few pictures; right for the right reasons; explanations stored beforehand"),
  explainer: z.enum(EXPLAINERS).default("grad-cam").describe("what an explanation is"),
  lambdas: z
    .array(z.number().positive().max(1000))
    .min(1, "expected at least one weight")
    .default([0.2, 1, 5])
    .describe("weights of the explanations to try; one is chosen on validation examples"),
  temperature: z.number().min(0.1).max(100).default(1).describe("of the distilled answers"),
  labelWeight: z
    .number()
    .min(0)
    .max(1000)
    .default(0)
    .describe("weight of cross-entropy on labels; 0: unlabelled pictures"),
  contrast: z.boolean().default(false).describe("explain the class against the mean of all others"),
  every: count.default(1).describe("apply the explanations on every so many steps only"),
  pictureSize: z.boolean().default(false).describe("compare maps at the size of the pictures instead of their own"),
  fullGradient: z
    .boolean()
    .default(false)
    .describe("B-cos students: differentiate the dynamic factors of the answers too"),
  pathPoints: count.max(64).default(8).describe("points of Integrated Gradients"),
  pictures: z
    .array(count)
    .min(1, "expected at least one size")
    .default([200, 1000])
    .describe("sizes of the few-shot sets"),
  scenePictures: count.default(2000).describe("pictures with the shortcut that students learn from"),
  sceneClasses: z.number().int().min(2).max(10).default(4).describe("classes of the scenes with the shortcut"),
  seen: count.default(24_000).describe("pictures that each student sees, repeats included"),
  teacherEpochs: count.default(5).describe("passes of a teacher over its training part"),
});

export type Options = z.infer<typeof options>;

/** λ where nothing is chosen: the middle one. */
export const middle = (lambdas: readonly number[]): number =>
  [...lambdas].sort((a, b) => a - b)[(lambdas.length - 1) >> 1]!;

/** Options of EchoAtt. The defaults are a run of some minutes on a text that needs no file. */
import { z } from "zod";
import { common } from "../options.ts";

export const ARMS = ["none", "text", "echo", "random", "unlike", "dropped", "teacher"] as const;
export type ArmName = (typeof ARMS)[number];

const count = z.number().int().min(1);
const weight = z.number().min(0).max(1000);
const rate = z.number().positive().max(1);

const schema = z.object({
  text: z
    .string()
    .min(1)
    .default("grammar")
    .describe("what is learned: grammar (invented), tinyshakespeare, or a .txt or .jsonl file or folder"),
  teacher: z
    .string()
    .min(1)
    .default("own")
    .describe("own: trained here on characters; or the folder of a Hugging Face decoder with its tokeniser"),
  seeds: common.seeds,
  arms: z
    .array(z.enum(ARMS))
    .min(1, "expected at least one arm")
    .default([...ARMS])
    .describe(
      "not adjusted; on text alone; EchoAtt; from random values; unlike layers; attention dropped; teacher trained on",
    ),
  width: count.default(64).describe("of the own teacher"),
  layers: count.max(64).default(6).describe("of the own teacher"),
  heads: count.default(4).describe("of the own teacher"),
  context: z
    .number()
    .int()
    .min(16)
    .max(8192)
    .default(64)
    .describe("tokens of a row, at most what the teacher can read"),
  teacherTokens: count.default(400_000).describe("tokens that the own teacher learns from"),
  teacherRate: rate.default(3e-3).describe("its peak learning rate, and that of the student from random values"),
  adjustTokens: count.default(100_000).describe("tokens of both stages together"),
  stageOne: z.number().min(0).max(1).default(0.6).describe("share of them with the teacher"),
  rate: rate.default(1e-3).describe("peak learning rate of adjusting"),
  batchTokens: count.default(1024).describe("tokens of a step"),
  skipFirst: z.number().int().min(0).default(1).describe("first layers that are left alone"),
  skipLast: z.number().int().min(0).default(1).describe("last layers that are left alone"),
  choice: z.enum(["fixed", "similarity"]).default("fixed").describe("blocks one after the other, or those most alike"),
  length: count.default(3).describe("layers of a block, k: one leads and the others copy its map"),
  followers: z
    .number()
    .int()
    .min(0)
    .default(0)
    .describe("by similarity: exactly so many followers; 0: as the threshold says"),
  threshold: z.number().min(-1).max(1).default(0.5).describe("by similarity: least likeness of a follower"),
  intermediateWeight: weight.default(1).describe("of hidden states behind each block"),
  softWeight: weight.default(1).describe("of the teacher's distribution"),
  hardWeight: weight.default(0.5).describe("of the pseudo-labels"),
  temperature: z.number().min(0.1).max(100).default(1).describe("of the teacher's distribution"),
  labels: z
    .enum(["teacher", "text"])
    .default("teacher")
    .describe("pseudo-labels: the teacher's likeliest token, or the text's"),
  sequences: count.default(16).describe("rows on which layers are compared"),
  examTokens: count.default(16_384).describe("tokens of the unseen tenth that arms are judged on"),
  rounds: z.number().int().min(1).max(1000).default(20).describe("turns of each measurement of speed"),
  speedBatch: count.default(8).describe("rows of a batch when speed is measured"),
  export: z
    .string()
    .default("")
    .describe(
      "a folder for the first student: config.json, weights, model.onnx; an own teacher goes to teacher/ in it",
    ),
});

export const options = schema.refine(({ export: folder, arms }) => !folder || arms.includes("echo"), {
  message: 'it is the student of the arm "echo", which is not among --arms',
  path: ["export"],
});

export type Options = z.infer<typeof options>;

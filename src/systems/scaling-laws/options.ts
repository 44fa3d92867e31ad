/** Options of the sweep. The defaults are a run of some minutes. */
import { z } from "zod";
import { fail } from "../../errors.ts";

const count = z.number().int().min(1);
const layers = count.max(12);
const tokens = z.number().int().min(1024).max(1e9);

export const options = z.object({
  text: z
    .string()
    .min(1)
    .default("invented")
    .describe("what the n-gram oracle is estimated on: invented, tinyshakespeare, or a .txt file"),
  order: z.number().int().min(1).max(8).default(3).describe("of the oracle: it knows order - 1 characters"),
  seeds: z.number().int().min(1).max(100).default(1).describe("repeat cheap runs with so many seeds"),
  repeatFlops: z.number().positive().default(1e11).describe("runs of more operations than this have one seed"),
  rows: count.max(1024).default(8).describe("rows of 64 tokens in a batch"),
  rates: z
    .array(z.number().positive().max(1))
    .min(1, "expected at least one rate")
    .default([0.01])
    .describe("peak learning rates to try; the best at the first of --rate-layers is used for all"),
  rateLayers: z.array(layers).min(1).default([2, 3]).describe("models that try the rates"),
  rateTokens: tokens.default(131_072).describe("tokens of these runs"),
  layers: z.array(layers).min(1).default([1, 2, 3]).describe("models that learn from the text alone"),
  tokens: z.array(tokens).min(1).default([65_536, 131_072, 262_144]).describe("lengths of these runs"),
  teachers: z
    .array(z.string())
    .min(1)
    .default(["3:262144", "2:65536", "1:65536"])
    .describe("teachers as layers:tokens, the strongest first"),
  studentLayers: z.array(layers).min(1).default([1, 2]).describe("models that learn from each teacher"),
  studentTokens: z.array(tokens).min(1).default([65_536, 131_072, 262_144]).describe("lengths of their runs"),
  unseen: z
    .array(z.string())
    .default([])
    .describe("runs that no fit sees, layers:tokens:teacher layers:teacher tokens; checked against their intervals"),
  heldOut: z
    .number()
    .min(0)
    .default(0)
    .describe("supervised runs of at least so many tokens are held out; 0: the longest"),
  fitFrom: z
    .number()
    .min(0)
    .default(0)
    .describe("fits leave out runs of fewer tokens than this: too few steps for a law of tokens"),
  law: z
    .string()
    .default("")
    .describe("a report.json: train only what --unseen names and compare it with what that law predicts"),
  gap: z.boolean().default(false).describe("also the capacity gap of the mapping problem (hours)"),
  resamples: count.max(4096).default(100).describe("resampled fits for intervals"),
});

export type Options = z.infer<typeof options>;

export interface TeacherName {
  readonly layers: number;
  readonly tokens: number;
}
export interface UnseenName {
  readonly student: TeacherName;
  readonly teacher: TeacherName;
}

/** "4:1000000". @throws E_OPTION */
export function teacherNamed(text: string): TeacherName {
  const [l, t, ...rest] = numbersIn(text);
  const good = rest.length === 0 && layers.safeParse(l).success && tokens.safeParse(t).success;
  return good
    ? { layers: l!, tokens: t! }
    : fail("E_OPTION", `The teacher "${text}" is not layers:tokens.`, 'Write "4:1000000": 4 layers, a million tokens.');
}

/** "2:400000:3:800000". @throws E_OPTION */
export function unseenNamed(text: string): UnseenName {
  const parts = text.split(":");
  if (parts.length !== 4) {
    fail("E_OPTION", `"${text}" is not layers:tokens:teacher layers:teacher tokens.`, 'Write "2:400000:3:800000".');
  }
  return {
    student: teacherNamed(parts.slice(0, 2).join(":")),
    teacher: teacherNamed(parts.slice(2).join(":")),
  };
}

const numbersIn = (text: string): number[] =>
  text.split(":").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));

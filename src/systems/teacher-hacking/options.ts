/** Options of the laboratory. The defaults are a run of some minutes on a text that needs no file. */
import { z } from "zod";
import { fail } from "../../errors.ts";
import { SEQUENCE, TEXT_LOSSES } from "../../language/distil/index.ts";
import { common } from "../options.ts";

export const ARMS = [
  "offline",
  "online-teacher",
  "online-student",
  "half-prompts",
  "fifth-prompts",
  "five-generations",
  "mixture",
] as const;
export type ArmName = (typeof ARMS)[number];

const count = z.number().int().min(1);
const rate = z.number().positive().max(1);
const share = z.number().min(0).max(1);

export const options = z.object({
  oracle: z.enum(["ngram", "grammar"]).default("ngram").describe("the truth: an n-gram model of a text, or a grammar"),
  text: z
    .string()
    .min(1)
    .default("invented")
    .describe("what the n-gram oracle is estimated on: invented, tinyshakespeare, or a .txt file"),
  order: count.max(8).default(6).describe("of the n-gram oracle: it knows order - 1 characters"),
  seeds: common.seeds,
  extraSeeds: z
    .number()
    .int()
    .min(0)
    .max(100)
    .default(0)
    .describe("further seeds of the online arms, for the detector"),
  arms: z
    .array(z.enum(ARMS))
    .min(1, "expected at least one arm")
    .default(["offline", "online-teacher", "online-student", "half-prompts", "fifth-prompts", "five-generations"])
    .describe("where the student's rows come from"),
  prompts: count.min(5).default(512).describe("prompts of the student's lesson"),
  validationPrompts: count.min(8).default(256).describe("prompts on which golden and proxy are measured"),
  epochs: count.default(100).describe("passes over the prompts; all arms take as many steps"),
  evaluations: count.min(8).default(24).describe("checkpoints, evenly spaced over the logarithm of the step"),
  batch: count.max(1024).default(32).describe("rows of a step"),
  response: count.max(256).default(24).describe("tokens of a response, behind prompts of 24"),
  loss: z.enum(TEXT_LOSSES).default("forward-kl").describe("distance from the teacher that is minimised"),
  beta: share.default(0.5).describe("of jsd, skew-kl and skew-reverse-kl"),
  lambda: share.default(0.5).describe("share of the student's own rows in the mixture"),
  topK: z.number().int().min(0).default(0).describe("how many tokens the teacher tells about; 0: all (forward only)"),
  refresh: z.enum(["step", "epoch"]).default("step").describe("when the online student speaks anew"),
  rate: rate.default(1e-3).describe("constant learning rate of the lesson"),
  warmup: count.default(50).describe("steps up to that rate"),
  oraclePairs: count.min(64).default(2000).describe("prompts with the oracle's responses, for stage 1"),
  teacherPasses: count.default(6).describe("over these pairs, at most: the best on unseen pairs is kept"),
  studentPasses: count.default(2).describe("the student's, all of them"),
  teacherRate: rate.default(0.01).describe("its peak learning rate in stage 1"),
  studentRate: rate.default(3e-3).describe("the student's in stage 1"),
  teacherLayers: count.max(12).default(2).describe("of the teacher"),
  teacherWidth: count.max(512).default(96).describe("of the teacher, a multiple of 16"),
  studentLayers: count.max(12).default(2).describe("of the student"),
  studentWidth: count.max(512).default(48).describe("of the student, a multiple of 16"),
  explore: z
    .boolean()
    .default(false)
    .describe("a map of regimes in place of the arms: where does strict hacking appear?"),
  explorePairs: z.array(count.min(64)).min(1).default([2000]).describe("qualities of the teacher: pairs of stage 1"),
  explorePrompts: z.array(count.min(5)).min(1).default([512, 2048]).describe("numbers of prompts"),
  exploreLosses: z.array(z.enum(TEXT_LOSSES)).min(1).default(["forward-kl"]).describe("losses of the map"),
  exploreWidths: z.array(count.max(512)).min(1).default([48]).describe("widths of the student"),
});

export type Options = z.infer<typeof options>;

/** What the schema cannot say. @throws E_OPTION */
export function checked(given: Options): Options {
  const widths = [given.teacherWidth, given.studentWidth, ...(given.explore ? given.exploreWidths : [])];
  const odd = widths.find((width) => width % 16 !== 0);
  if (odd !== undefined) fail("E_OPTION", `A width of ${odd}.`, "Heads have 16 channels: give a multiple of 16.");
  const other = (given.explore ? given.exploreLosses : [given.loss]).find((loss) => loss !== "forward-kl");
  if (given.topK > 0 && other) {
    fail("E_OPTION", `The ${given.topK} likeliest tokens with the loss "${other}".`, "Use forward-kl.");
  }
  const own = given.explore ? undefined : given.arms.find((arm) => arm === "online-student" || arm === "mixture");
  if (given.loss === SEQUENCE && own) {
    fail(
      "E_OPTION",
      `The arm ${own} with the loss "${SEQUENCE}".`,
      "A student learns nothing from its own responses without the teacher's distributions: leave the arm out with --arms.",
    );
  }
  return given;
}

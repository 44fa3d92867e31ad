/** Options, and the arms that a run can have. */
import { z } from "zod";
import type { Recipe } from "../kit/learn.ts";
import { common } from "../options.ts";
import type { GroupMethod } from "./group.ts";
import { INTENSIVE } from "./intensive.ts";
import type { Switches } from "./iteration.ts";
import { ROLE_RULES } from "./ranking.ts";

/** What the method is compared with, and the method with one switch changed. */
export const ARMS = [
  "ce",
  "kd",
  "kd-further",
  "takd",
  "dml",
  "kdcl",
  "fixed-roles",
  "random-roles",
  "class-roles",
  "ensemble",
  "feedback-only",
  "train-only",
  "no-intensive",
  "no-private",
] as const;
export type ArmKey = (typeof ARMS)[number];

const share = (text: string) => z.number().min(0).max(1).describe(text);

export const options = z
  .object({
    ...common,
    examples: z.number().int().min(0).default(2000).describe("training examples, as many of each class; 0 for all"),
    teacher: z
      .string()
      .min(1)
      .default("slim-resnet14w16")
      .describe("the pivot: a model that is trained first, or a frozen .onnx file"),
    student: z
      .string()
      .min(1)
      .default("slim-resnet8")
      .describe("the target: slim-resnet8, -14, ..., a model of the zoo, or a module"),
    peers: z
      .array(z.string().min(1))
      .max(8)
      .default(["slim-resnet14", "slim-resnet20"])
      .describe("the other students, smallest first; the student's own name again for a group of one size"),
    arms: z
      .array(z.enum(ARMS))
      .default(["ce", "kd", "dml", "fixed-roles", "no-intensive"])
      .describe("what is run beside the method"),
    epochs: z.number().int().min(1).default(10).describe("of students and groups"),
    teacherEpochs: z.number().int().min(1).default(20).describe("of the pivot, before the groups"),
    batchSize: z.number().int().min(2).default(64).describe("examples per iteration"),
    rate: z.number().positive().default(0.05).describe("learning rate of students (SGD, Nesterov, half a cosine)"),
    pivotRate: z
      .number()
      .min(0)
      .default(0.1)
      .describe("learning rate of the pivot in the group, times rate; 0 freezes it"),
    beta: share("weight of each teacher's term; the labels weigh one minus it").default(0.7),
    temperature: z.number().positive().default(4).describe("of all distillation terms"),
    roles: z.enum(ROLE_RULES).default("loss").describe("who is promoted"),
    promoted: z.number().int().min(1).default(1).describe("temporary teachers per iteration"),
    group: z
      .enum(["individual", "ensemble"])
      .default("individual")
      .describe("teachers' terms added, or one term on their mean logits"),
    intensive: z.enum(INTENSIVE).default("mixup").describe("what the pivot learns from"),
    privateTeaching: z.enum(["on", "off"]).default("on").describe("whether the pivot corrects temporary teachers"),
    mixupAlpha: z.number().positive().default(1).describe("mixture weights come from Beta(alpha, alpha)"),
  })
  .refine(({ promoted, peers }) => promoted <= 1 + peers.length, {
    path: ["promoted"],
    error: "there are not so many students in the group",
  });
export type Options = z.infer<typeof options>;

/** A group of two on drawn digits. */
export const quick: Partial<Options> = {
  data: "drawn-digits",
  seeds: 3,
  examples: 1000,
  teacher: "slim-resnet8w16",
  peers: ["slim-resnet14"],
  arms: ["ce", "kd", "dml"],
  epochs: 5,
  teacherEpochs: 7,
  batchSize: 32,
};

/** About 350 s of one core per seed. */
export const full: Partial<Options> = {
  data: "fashion-mnist",
  seeds: 5,
  examples: 2000,
  // As many iterations as ten epochs of 64 have, for four fifths of the work.
  epochs: 8,
  batchSize: 50,
  arms: ["ce", "kd", "kd-further", "takd", "dml", "fixed-roles", "no-intensive"],
};

/** How everybody learns. */
export function recipeOf({ epochs, batchSize, rate }: Options): Recipe {
  return { epochs, batchSize, optimiser: "sgd", rate, decay: 5e-4, augment: [] };
}

/**
 * Where intensive teaching mixes, the pivot has learned from mixtures before: to a network that never saw one, the first
 * of them do more harm than feedback does good (drawn digits, validation: 92.6 % fell to 78.8 % within 15 iterations and
 * ended at 88.6 %; after pre-training with mixup 90.0 % became 90.3 %).
 */
const mixing = ({ intensive, mixupAlpha }: Options): Pick<Recipe, "augment"> => ({
  augment: intensive === "mixup" ? [{ kind: "mixup", alpha: mixupAlpha }] : [],
});

export const pivotRecipe = (o: Options): Recipe => ({ ...recipeOf(o), ...mixing(o), epochs: o.teacherEpochs });

/** Of the pivot alone, for as many further steps as in a group and from the same mixtures, but without feedback. */
export const furtherRecipe = (o: Options): Recipe => ({ ...recipeOf(o), ...mixing(o), rate: o.rate * o.pivotRate });

/** The method as the options have it. */
export function switchesOf(o: Options): Switches {
  const { roles, promoted, group, intensive, privateTeaching, beta, mixupAlpha } = o;
  return { roles, promoted, group, intensive, privateTeaching: privateTeaching === "on", beta, mixupAlpha };
}

/** The group methods of a run by arm: one switch away from the method, or another method. */
export const GROUPS: Readonly<Partial<Record<ArmKey, (s: Switches) => GroupMethod>>> = {
  dml: ({ beta }) => ({ kind: "dml", beta }),
  kdcl: ({ beta }) => ({ kind: "kdcl", beta }),
  "fixed-roles": (s) => ({ kind: "orc", ...s, roles: "fixed" }),
  "random-roles": (s) => ({ kind: "orc", ...s, roles: "random" }),
  "class-roles": (s) => ({ kind: "orc", ...s, roles: "classes" }),
  ensemble: (s) => ({ kind: "orc", ...s, group: "ensemble" }),
  "feedback-only": (s) => ({ kind: "orc", ...s, intensive: "feedback" }),
  "train-only": (s) => ({ kind: "orc", ...s, intensive: "train" }),
  "no-intensive": (s) => ({ kind: "orc", ...s, intensive: "off" }),
  "no-private": (s) => ({ kind: "orc", ...s, privateTeaching: false }),
};

/** Names of arms in the report. */
export const TITLES: Readonly<Record<ArmKey | "orc" | "pivot", string>> = {
  orc: "ORC",
  pivot: "pivot teacher",
  ce: "labels only",
  kd: "KD",
  "kd-further": "KD, pivot trained further",
  takd: "TAKD",
  dml: "DML with pivot",
  kdcl: "KDCL with pivot",
  "fixed-roles": "ORC, fixed roles",
  "random-roles": "ORC, random roles",
  "class-roles": "ORC, roles by class",
  ensemble: "ORC, ensemble teaching",
  "feedback-only": "ORC, feedback only",
  "train-only": "ORC, pivot on the batch only",
  "no-intensive": "ORC, no intensive",
  "no-private": "ORC, no private",
};

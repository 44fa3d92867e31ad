/** Options of a labelling job as plain data (they may cross process borders), and what is wrong with them. */
import { z } from "zod";
import { fail } from "../../errors.ts";
import type { Budget, Prices } from "./cost.ts";
import type { LabelItem } from "./items.ts";
import type { RateLimits } from "./rate.ts";
import type { Sampling } from "./request.ts";

export interface LabelOptions extends Partial<Sampling>, Partial<RateLimits> {
  /** `URL#model` or `service#model`. */
  readonly teacher: string;
  readonly items: readonly LabelItem[];
  /** The folder of the job: results, books, report. The same folder goes on with the job. */
  readonly out: string;
  /** Answers to each item. Default 1. */
  readonly samples?: number;
  /** Seconds for one request. Default 120. */
  readonly timeout?: number;
  /** Tries of an item after its first. Default 6. */
  readonly retries?: number;
  /** Seconds: the first wait before a retry is drawn below it, then below its double, and so on. Default 1. */
  readonly backoff?: number;
  /** Asks once more, with this many tokens, when an answer was cut off. Without it such an answer is kept and marked. */
  readonly moreTokens?: number;
  readonly prices?: Prices;
  readonly budget?: Budget;
  /** Folder of answers that jobs share. Default: none. */
  readonly cache?: string;
}

const natural = z.int().min(1);
const positive = z.number().positive();
const price = z.number().nonnegative();

const schema = z.strictObject({
  teacher: z.string(),
  items: z.array(z.unknown()),
  out: z.string().min(1),
  maxTokens: natural.default(1024),
  temperature: z.number().min(0).optional(),
  topP: z.number().gt(0).max(1).optional(),
  seed: z.int().optional(),
  stop: z.array(z.string().min(1)).optional(),
  logprobs: z.int().min(0).optional(),
  extra: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).optional(),
  samples: natural.default(1),
  concurrency: natural.default(8),
  requestsPerMinute: positive.optional(),
  tokensPerMinute: positive.optional(),
  timeout: z.number().positive().max(300).default(120),
  retries: z.int().min(0).default(6),
  backoff: z.number().min(0).default(1),
  moreTokens: natural.optional(),
  prices: z
    .strictObject({ input: price, cachedInput: price.optional(), output: price, currency: z.string().optional() })
    .optional(),
  budget: z
    .strictObject({ money: positive.optional(), tokens: natural.optional(), requests: natural.optional() })
    .optional(),
  cache: z.string().min(1).optional(),
});

/** Checked, with defaults. */
export type LabelSettings = Omit<z.output<typeof schema>, "items"> & {
  readonly items: readonly LabelItem[];
  readonly sampling: Sampling;
};

/** @throws E_LABEL_OPTIONS naming the option */
export function labelSettings(options: LabelOptions): LabelSettings {
  const read = schema.safeParse(options);
  if (!read.success) {
    const { path, message } = read.error.issues[0]!;
    return fail("E_LABEL_OPTIONS", `The option ${path.join(".") || "list"} of the labelling job is wrong: ${message}.`);
  }
  const settings = read.data;
  const { maxTokens, temperature, topP, seed, stop, logprobs, extra, moreTokens, budget, prices } = settings;
  if (moreTokens !== undefined && moreTokens <= maxTokens) {
    fail("E_LABEL_OPTIONS", `moreTokens is ${moreTokens}; it must be above maxTokens, ${maxTokens}.`);
  }
  if (budget?.money !== undefined && !prices) {
    fail(
      "E_LABEL_OPTIONS",
      "A budget in money needs the prices of the teacher.",
      "Give the prices of a million tokens of input and of output, or a budget in tokens.",
    );
  }
  const sampling: Sampling = {
    maxTokens,
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { topP }),
    ...(seed !== undefined && { seed }),
    ...(stop && { stop }),
    ...(logprobs !== undefined && { logprobs }),
    ...(extra && { extra }),
  };
  return { ...settings, items: options.items, sampling };
}

/** What clients may ask: the bodies of requests, checked field by field and turned into plain values. */
import { z } from "zod";
import type { Message } from "../endpoint/request.ts";
import { ApiError, schemaError } from "./failures.ts";
import { checkFields } from "./fields.ts";

/** A lone surrogate is half a character: it would be looked for in vain, or cut one in two. */
const stopString = z
  .string()
  .min(1, "a stop string must not be empty")
  .refine((text) => !/\p{Surrogate}/u.test(text), "a stop string must be well-formed Unicode");
const stop = z.union([stopString, z.array(stopString).max(4)], { error: "expected a string or up to 4, none empty" });
const count = z.int().min(0);
const TOP = 20;

const shared = {
  model: z.string(),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  /** Extension: only the k likeliest tokens; 0 or -1 for all. */
  top_k: z.int().min(-1).nullish(),
  n: z.int().min(1).max(128).nullish(),
  stop: stop.nullish(),
  seed: z.int().nullish(),
  /** Extension, as in vLLM: tokens in log-probabilities are spelled "token_id:7", which no two of them share. */
  return_tokens_as_token_ids: z.boolean().nullish(),
};

const parts = z
  .array(z.object({ type: z.literal("text", "only text is supported"), text: z.string() }))
  .transform((all) => all.map(({ text }) => text).join(""));
const content = z.union([z.string(), parts], { error: "expected a text or a list of text parts" });
const message = z
  .object({
    role: z.enum(["system", "developer", "user", "assistant"], "expected system, developer, user or assistant"),
    content,
    tool_calls: z.array(z.never("tools are not supported")).nullish(),
  })
  .transform(({ role, content }): Message => ({ role: role === "developer" ? "system" : role, content }));

const chatFields = {
  ...shared,
  messages: z.array(message).min(1, "expected at least one message"),
  max_tokens: z.int().min(1).nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: count.max(TOP).nullish(),
};

const tokens = z.array(count).min(1);
const prompt = z.union([z.string(), z.array(z.string()).min(1), tokens, z.array(tokens).min(1)], {
  error: "expected a string, strings, tokens or lists of tokens, none empty",
});
const completionFields = {
  ...shared,
  prompt,
  /** 0 with echo and logprobs scores the prompt. */
  max_tokens: count.nullish(),
  logprobs: count.max(TOP).nullish(),
  echo: z.boolean().nullish(),
};

export type ChatBody = z.infer<z.ZodObject<typeof chatFields>>;
export type CompletionBody = z.infer<z.ZodObject<typeof completionFields>>;

const chat = z.object(chatFields);
const completion = z.object(completionFields);

/** @throws ApiError 400 */
export function readChat(body: unknown): ChatBody {
  const read = check(body, chat);
  if (read.top_logprobs && !read.logprobs) {
    throw new ApiError(400, '"top_logprobs" needs "logprobs": true.', { param: "top_logprobs" });
  }
  return read;
}

/** @throws ApiError 400 */
export const readCompletion = (body: unknown): CompletionBody => check(body, completion);

/** One or several prompts, each a text or tokens. */
export function promptsOf({ prompt }: CompletionBody): (string | number[])[] {
  if (typeof prompt === "string") return [prompt];
  return typeof prompt[0] === "number" ? [prompt as number[]] : (prompt as (string | number[])[]);
}

function check<Shape extends z.ZodRawShape>(body: unknown, schema: z.ZodObject<Shape>): z.infer<z.ZodObject<Shape>> {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new ApiError(400, "The body must be a JSON object.");
  }
  checkFields(body as Record<string, unknown>, schema.shape);
  const read = schema.safeParse(body);
  if (!read.success) throw schemaError(read.error);
  const { stream, stream_options } = read.data as { stream?: boolean; stream_options?: object };
  if (stream_options && !stream) {
    throw new ApiError(400, '"stream_options" needs "stream": true.', { param: "stream_options" });
  }
  return read.data;
}

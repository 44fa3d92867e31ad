/**
 * What the AI SDK passes to a model, by types taken from `ai` itself, so that nothing else is depended on; and what of it
 * our models cannot follow.
 */
import type { LanguageModel } from "ai";
import { z } from "zod";
import { fail } from "../../errors.ts";

export type Model = Extract<LanguageModel, { specificationVersion: "v3" }>;
export type CallOptions = Parameters<Model["doGenerate"]>[0];
type Generated = Awaited<ReturnType<Model["doGenerate"]>>;
export type Content = Generated["content"][number];
type Warning = Generated["warnings"][number];
type Streamed = Awaited<ReturnType<Model["doStream"]>>["stream"];
export type StreamPart = Streamed extends ReadableStream<infer Part> ? Part : never;

const schema = z.strictObject({ logProbabilities: z.int().min(0).max(20).optional() });

/** How many likely tokens to tell at each place; undefined for no log-probabilities at all. @throws E_PROVIDER */
export function alternativesOf({ providerOptions }: CallOptions): number | undefined {
  const read = schema.safeParse(providerOptions?.lyceum ?? {});
  if (read.success) return read.data.logProbabilities;
  return fail(
    "E_PROVIDER",
    `The provider options are ${JSON.stringify(providerOptions?.lyceum)}.`,
    "Give { lyceum: { logProbabilities: 0 to 20 } } or nothing.",
  );
}

/** Settings that have no effect here. */
export function warningsOf(options: CallOptions): Warning[] {
  const asked: Readonly<Record<string, boolean>> = {
    presencePenalty: !!options.presencePenalty,
    frequencyPenalty: !!options.frequencyPenalty,
    responseFormat: options.responseFormat !== undefined && options.responseFormat.type !== "text",
    tools: (options.tools?.length ?? 0) > 0,
    toolChoice: options.toolChoice !== undefined && !["auto", "none"].includes(options.toolChoice.type),
  };
  return Object.keys(asked)
    .filter((feature) => asked[feature])
    .map((feature) => ({ type: "unsupported", feature, details: "Models of Lyceum do not follow this setting." }));
}

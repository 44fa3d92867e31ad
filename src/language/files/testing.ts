/** What the tests of this folder share: the checkpoints that Python made, and our own forward pass. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { viewParams } from "../../nn/index.ts";
import { constant, evaluate, host, key, toNumbers } from "../../tensor/index.ts";
import { type DecoderConfig, decoder } from "../decoder/index.ts";

export const FIXTURES = ["llama", "llama3", "gpt2", "qwen2", "qwen3"] as const;

export const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));

export interface Expected {
  readonly tokens: number[][];
  readonly logits: number[][][];
  /** Four tokens and their likeliest continuation. */
  readonly greedy: number[];
}

export const expected = (name: string): Expected =>
  JSON.parse(readFileSync(`${fixture(name)}/expected.json`, "utf8")) as Expected;

/** The output, or a tap of the forward pass, as flat numbers. */
export async function forward(
  config: DecoderConfig,
  params: Float32Array,
  tokens: readonly number[][],
  tap?: string,
): Promise<number[]> {
  const state = { params: constant(host(params)), buffers: constant(host(new Float32Array(0), [0])) };
  const given = constant(host(Int32Array.from(tokens.flat()), [tokens.length, tokens[0]!.length]));
  const { output, taps } = decoder(config).model.apply(state, given);
  return toNumbers(await evaluate(tap === undefined ? output : taps.get(tap)!));
}

/** Far enough from uniform that a wrong layer shows; norms near one. */
export function randomParams(config: DecoderConfig): Float32Array {
  const { model } = decoder(config);
  const { params } = model.init(key(7));
  for (const { data, shape } of viewParams(model.params, params).values())
    data.forEach((x, i) => {
      data[i] = shape.length > 1 ? 8 * x : x + 0.1 * Math.sin(i);
    });
  return params;
}

export const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  a.length === b.length ? Array.from(a).reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0) : Infinity;

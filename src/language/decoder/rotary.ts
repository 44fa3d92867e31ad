/**
 * Rotary positions (Su et al. 2021) for places that are known while tracing or given as numbers per token, pairing
 * element i of a head with i + E/2 as GPT-NeoX and Llama do.
 */
import { constant } from "../../tensor/graph.ts";
import { concat, host, type Tensor } from "../../tensor/index.ts";
import type { DecoderConfig } from "./config.ts";

/** Turns heads [B, H, T, E] by their places. */
export type Rotate = (heads: Tensor) => Tensor;

/** For positions i32 [B, T], or 0, 1, .. length - 1 where not given. */
export function rotations(
  { context, headWidth, rotaryBase }: DecoderConfig,
  length: number,
  positions?: Tensor,
): Rotate {
  const half = headWidth / 2;
  const table = (f: (angle: number) => number, rows: number) => {
    const at = (t: number, i: number) => f(t * rotaryBase ** ((-2 * (i % half)) / headWidth));
    const data = Float64Array.from({ length: rows * headWidth }, (_, k) =>
      at(Math.floor(k / headWidth), k % headWidth),
    );
    return host(Float32Array.from(data), [rows, headWidth]);
  };
  // [T, E], or [B, 1, T, E] where every token has a place of its own.
  const of = (f: (angle: number) => number): Tensor =>
    positions ? constant(table(f, context)).gather(positions).expandDims(1) : constant(table(f, length));
  const [cos, sin] = [of(Math.cos), of(Math.sin)];
  return (heads) => {
    const [first, second] = heads.split(-1, [half, half]) as [Tensor, Tensor];
    return heads.mul(cos.cast(heads.dtype)).add(concat([second.neg(), first], -1).mul(sin.cast(heads.dtype)));
  };
}

/**
 * From stored examples to what a network reads, inside the graph: bytes become 0..1 and are normalised per channel.
 *
 * Normalisation belongs to a model, not to the data: an exported student takes pixels in 0..1 and needs no side file,
 * and a teacher keeps the statistics that it was trained with.
 */
import { constant, host, type Tensor } from "../tensor/index.ts";

/** Statistics per channel (first axis of an example), in units of 0..1. */
export interface Normalise {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** f32 in 0..1 from bytes; floats are taken as they are. */
export function unitInput(x: Tensor): Tensor {
  return x.dtype === "u8" ? x.cast("f32").mul(1 / 255) : x;
}

/** (x - mean) / std per channel; x `[B, C, ...]`. Without statistics x itself. */
export function normalised(x: Tensor, stats: Normalise | undefined): Tensor {
  if (!stats) return x;
  const shape = [1, stats.mean.length, ...Array<number>(x.rank - 2).fill(1)];
  const perChannel = (values: readonly number[]) => constant(host(Float32Array.from(values), shape));
  return x.sub(perChannel(stats.mean)).mul(perChannel(stats.std.map((s) => 1 / s)));
}

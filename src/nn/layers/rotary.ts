/** Rotary position embedding (Su et al. 2021), pairing element i with i + D/2 as GPT-NeoX and Llama do. */
import { fail } from "../../errors.ts";
import { constant } from "../../tensor/graph.ts";
import { host, type Tensor } from "../../tensor/index.ts";
import { concat } from "../../tensor/ops/index.ts";

/** Turns the pairs of x [..., T, D] by position · base^(-2i/D); queries and keys then see distances only. */
export function rotary(x: Tensor, { base = 10000, start = 0 } = {}): Tensor {
  const [length, width] = x.shape.slice(-2).map(Number) as [number, number];
  if (width % 2 !== 0) fail("E_SHAPE", `Rotary positions need an even head width, got ${width}.`);
  const half = width / 2;
  const table = (f: (angle: number) => number) => {
    const at = (t: number, i: number) => f((start + t) * base ** ((-2 * (i % half)) / width));
    const data = Float64Array.from({ length: length * width }, (_, k) => at(Math.floor(k / width), k % width));
    return constant(host(data, [length, width])).cast(x.dtype);
  };
  const [first, second] = x.split(-1, [half, half]) as [Tensor, Tensor];
  return x.mul(table(Math.cos)).add(concat([second.neg(), first], -1).mul(table(Math.sin)));
}

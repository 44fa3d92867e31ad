/**
 * Rotary positions (Su et al. 2021): pairs of numbers turned by angles that grow with the place. One operation, because
 * ONNX Runtime does it in one pass over memory where the formula takes six; its gradient is the turn back.
 */
import { fail } from "../../errors.ts";
import { apply, constant, type Emitter, type Node, type Op } from "../graph.ts";
import { type HostTensor, host } from "../host.ts";
import { fixed, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { add, cast, mul, sub } from "./elementwise.ts";
import { gather } from "./indexing.ts";
import { concat, expandDims, split } from "./shaping.ts";

export interface RotaryOptions {
  /** Angle of pair i at place p: p · base^(-2i/E). Default 10000. */
  readonly base?: number;
  /** Radians per place of each pair, [E/2], in place of those of `base`. */
  readonly frequencies?: readonly number[];
  /** i32 [B, T], each below `context`; 0, 1, .. T-1 where not given. */
  readonly positions?: Tensor;
  /** Number of places; needed with `positions`. */
  readonly context?: number;
}

interface Turn {
  readonly frequencies: readonly number[];
  readonly rows: number;
  /** -1 turns back. */
  readonly sign: 1 | -1;
}
const turnOf = (n: Node) => n.attrs as unknown as Turn;

/** Layers share their tables: the emitter recognises a constant by its memory. */
const tables = new Map<string, HostTensor>();

/** f32 [rows, half]: cosines or sines, computed in f64. */
function table(kind: "cos" | "sin", half: number, { frequencies, rows, sign }: Turn): Tensor {
  const name = `${kind} ${frequencies} ${rows} ${kind === "sin" ? sign : 1}`;
  let value = tables.get(name);
  if (!value) {
    const of = (row: number, i: number) => Math[kind](row * frequencies[i]!) * (kind === "sin" ? sign : 1);
    value = host(
      Float32Array.from({ length: rows * half }, (_, k) => of(Math.floor(k / half), k % half)),
      [rows, half],
    );
    tables.set(name, value);
  }
  return constant(value);
}

/** ONNX has the operator from opset 23 on, above ours: files get the formula. */
const composed = (e: Emitter, n: Node) => e.portable || n.inputs[0]!.dtype !== "f32";

const ROTARY: Op = {
  name: "rotary",
  vjp: ([g], n) => [rotated([g!, ...n.inputs.slice(1)], { ...turnOf(n), sign: -turnOf(n).sign as 1 | -1 }), undefined],
  lower: (e, n, [x, at]) => {
    const from = n.inputs[0]!;
    const [length, heads, width] = fixed(from.shape.slice(1)) as [number, number, number];
    const [cos, sin] = (["cos", "sin"] as const).map((kind) => table(kind, width / 2, turnOf(n))) as [Tensor, Tensor];
    if (composed(e, n)) return formula(from, cos, sin, n.inputs[1]);
    const [c, s] = [cos, sin].map((t) => e.constant(t.node.attrs.value as HostTensor)) as [string, string];
    const rows = e.op("Reshape", [x!, e.i64([-1, length, heads * width])]);
    const places = at === undefined ? e.i64([0]) : e.op("Cast", [at], { to: "i64" });
    const attrs = { num_heads: heads, interleaved: 0 };
    const turned = e.op("RotaryEmbedding", [rows, places, c, s], attrs, { domain: "com.microsoft" });
    return e.op("Reshape", [turned, e.i64([-1, length, heads, width])]);
  },
};

function formula(x: Tensor, cosines: Tensor, sines: Tensor, positions: Tensor | undefined): Tensor {
  const [length, , width] = fixed(x.shape.slice(1)) as [number, number, number];
  const half = width / 2;
  const [first, second] = split(x, -1, [half, half]) as [Tensor, Tensor];
  // [T, 1, E/2], or [B, T, 1, E/2].
  const [cos, sin] = [cosines, sines].map((t) =>
    cast(expandDims(positions ? gather(t, positions) : t.slice(0, 0, length), [-2]), x.dtype),
  ) as [Tensor, Tensor];
  return concat([sub(mul(first, cos), mul(second, sin)), add(mul(second, cos), mul(first, sin))], -1);
}

const rotated = (inputs: readonly Tensor[], turn: Turn): Tensor =>
  apply(ROTARY, inputs, inputs[0]!.dtype, inputs[0]!.shape, { ...turn });

/**
 * Heads x [B, T, H, E] turned by their places: element i of a head pairs with i + E/2, as in GPT-NeoX and Llama. Errors:
 * `E_SHAPE`.
 */
export function rotaryPositions(x: Tensor, options: RotaryOptions = {}): Tensor {
  const { base = 10_000, positions, context } = options;
  const bad = () => fail("E_SHAPE", `Rotary positions of ${x}.`, "Expected [B, T, H, E] with an even E.");
  if (x.rank !== 4) return bad();
  const [length, , width] = fixed(x.shape.slice(1)) as [number, number, number];
  if (width % 2 !== 0) bad();
  const rows = context ?? length;
  if (positions && (context === undefined || !sameShape(positions.shape, x.shape.slice(0, 2)))) {
    fail("E_SHAPE", `Rotary positions of ${x} at ${positions}, context ${context}.`, "Expected [B, T], and a context.");
  }
  if (rows < length) fail("E_SHAPE", `Rotary positions of ${x} in a context of ${rows}.`);
  const half = Number(x.size(-1)) / 2;
  const frequencies = options.frequencies ?? Array.from({ length: half }, (_, i) => base ** (-i / half));
  return rotated([x, ...(positions ? [positions] : [])], { frequencies, rows, sign: 1 });
}

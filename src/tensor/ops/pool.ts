/**
 * Pooling over windows. Gradients avoid MaxPool's indices and scatters, which ONNX Runtime runs 10 times slower than
 * the pooling itself: the winners of a window are found again by comparing with its maximum.
 */
import { fail } from "../../errors.ts";
import type { DType } from "../dtype.ts";
import { apply, constant, type Node, type Op } from "../graph.ts";
import { count, fixed, type Shape, show } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { convTranspose } from "./conv.ts";
import { extent, type Geometry, type Padding, perAxis, resolvePadding, slidingSize } from "./conv-geometry.ts";
import { windows } from "./conv-lowering.ts";
import { add, cast, div, equal, fill, mul } from "./elementwise.ts";
import { range } from "./indexing.ts";
import { mean } from "./reduce.ts";
import { expandDims, reshape, stack } from "./shaping.ts";
import { upsample } from "./upsample.ts";

export interface PoolOptions {
  readonly kernel: number | readonly number[];
  /** Default: the kernel, so that windows tile the input. */
  readonly strides?: number | readonly number[];
  readonly padding?: Padding;
}

interface Pool extends Geometry {
  readonly kernel: readonly number[];
  /** Does padding count as zeros in an average? */
  readonly countPadding: boolean;
}
const poolOf = (n: Node) => n.attrs as unknown as Pool;
const spatial = (t: Tensor) => fixed(t.shape.slice(2));

function pooled(what: string, x: Tensor, options: PoolOptions, dilation: number[] | undefined, countPadding: boolean) {
  const axes = x.rank - 2;
  if (axes < 1 || axes > 2)
    fail("E_SHAPE", `${what} of ${show(x.shape)}.`, "Expected [N, C, ...S] with 1 or 2 axes S.");
  const kernel = perAxis(options.kernel, axes, "Kernel");
  const strides = perAxis(options.strides ?? kernel, axes, "Strides");
  const apart = dilation ?? kernel.map(() => 1);
  const padding = resolvePadding(options.padding ?? 0, spatial(x), kernel, strides, apart);
  if (padding.some((p, i) => p.some((v) => v >= extent(kernel[i]!, apart[i]!)))) {
    fail(
      "E_SHAPE",
      `${what} with windows [${kernel}] and padding ${JSON.stringify(padding)}.`,
      "A window must not lie in the padding.",
    );
  }
  const pool: Pool = { kernel, strides, dilation: apart, padding, groups: 1, countPadding };
  const shape: Shape = [...x.shape.slice(0, 2), ...slidingSize(spatial(x), kernel, pool, what)];
  return { shape, attrs: { ...pool } };
}

/** Do the windows cover every element exactly once? */
function tiles(pool: Pool, size: readonly number[]): boolean {
  return pool.kernel.every(
    (k, i) =>
      k === pool.strides[i] && size[i]! % k === 0 && pool.dilation[i] === 1 && pool.padding[i]!.every((p) => p === 0),
  );
}

const onnxAttrs = (pool: Pool) => ({
  kernel_shape: pool.kernel,
  strides: pool.strides,
  dilations: pool.dilation,
  pads: [...pool.padding.map((p) => p[0]), ...pool.padding.map((p) => p[1])],
});

// ---------------------------------------------------------------- maximum

const MAX_POOL: Op = {
  name: "maxPool",
  vjp: ([g], n) => [apply(MAX_POOL_GRAD, [g!, n.inputs[0]!, n.outputs[0]!], g!.dtype, n.inputs[0]!.shape, n.attrs)],
  lower: (e, n, [x]) => e.op("MaxPool", [x!], onnxAttrs(poolOf(n))),
};

/** Per window position: 1 / (number of winners) where it won, else 0. */
function shares(x: Tensor, y: Tensor, pool: Pool): Tensor[] {
  const hits = windows(x, pool.kernel, pool, Number.NEGATIVE_INFINITY).map((w) => cast(equal(w, y), y.dtype));
  const winners = hits.reduce((a, b) => add(a, b));
  return hits.map((h) => div(h, winners));
}

/** [N, C, ...S] -> [N·C, ...S] */
const flatSpace = (t: Tensor) => reshape(t, [-1, ...t.shape.slice(2)]);

function identity(n: number, dtype: DType): Tensor {
  return cast(equal(expandDims(range(n), [1]), range(n)), dtype);
}

/** (g, x, y) -> cotangent of x; linear in g, constant in x and y. Winners of a tie share evenly. */
const MAX_POOL_GRAD: Op = {
  name: "maxPoolGrad",
  vjp: ([g], n) => [apply(MAX_POOL_PICK, [g!, n.inputs[1]!, n.inputs[2]!], g!.dtype, n.inputs[0]!.shape, n.attrs)],
  lower: (_e, n) => {
    const [g, x, y] = n.inputs as [Tensor, Tensor, Tensor];
    const pool = poolOf(n);
    if (tiles(pool, spatial(x))) {
      const hit = cast(equal(x, upsample(y, pool.kernel)), g.dtype);
      const winners = mul(avgPool(hit, { kernel: pool.kernel }), count(pool.kernel));
      return mul(hit, upsample(div(g, winners), pool.kernel));
    }
    // A kernel that is 1 at window position k for channel k puts every part back to where it was seen.
    const parts = stack(
      shares(x, y, pool).map((s) => flatSpace(mul(s, g))),
      1,
    );
    const size = count(pool.kernel);
    const back = reshape(identity(size, g.dtype), [size, 1, ...pool.kernel]);
    return reshape(convTranspose(parts, back, { ...pool, outputSize: spatial(x) }), x.shape);
  },
};

/** (h, x, y) -> values of h where x won, [.. as y]: the transpose of the gradient. */
const MAX_POOL_PICK: Op = {
  name: "maxPoolPick",
  vjp: ([g], n) => [apply(MAX_POOL_GRAD, [g!, n.inputs[1]!, n.inputs[2]!], g!.dtype, n.inputs[0]!.shape, n.attrs)],
  lower: (_e, n) => {
    const [h, x, y] = n.inputs as [Tensor, Tensor, Tensor];
    const seen = windows(h, poolOf(n).kernel, poolOf(n));
    return shares(x, y, poolOf(n))
      .map((s, k) => mul(s, seen[k]!))
      .reduce((a, b) => add(a, b));
  },
};

/** Largest value of each window. x [N, C, ...S]; padding never wins. Errors: `E_SHAPE`. */
export function maxPool(x: Tensor, options: PoolOptions & { readonly dilation?: number | readonly number[] }): Tensor {
  const dilation = options.dilation === undefined ? undefined : perAxis(options.dilation, x.rank - 2, "Dilation");
  const { shape, attrs } = pooled("maxPool", x, options, dilation, false);
  return apply(MAX_POOL, [x], x.dtype, shape, attrs);
}

// ---------------------------------------------------------------- mean

/** [N, C, ...S] as N·C images of one channel: windows treat channels alike. */
const flatChannels = (t: Tensor) => reshape(t, [-1, 1, ...t.shape.slice(2)]);

/** Elements that each window averages over, [1, 1, ...out], as host arithmetic. */
function windowCounts(pool: Pool, size: readonly number[], dtype: "f32" | "f64"): Tensor {
  const out = slidingSize(size, pool.kernel, pool, "avgPool");
  const perAxisCounts = out.map((length, i) =>
    Array.from({ length }, (_, at) => {
      const start = at * pool.strides[i]! - pool.padding[i]![0];
      const end = start + pool.kernel[i]!;
      return pool.countPadding ? pool.kernel[i]! : Math.min(end, size[i]!) - Math.max(start, 0);
    }),
  );
  const all = perAxisCounts.reduce<number[]>((a, b) => a.flatMap((v) => b.map((w) => v * w)), [1]);
  const data = dtype === "f32" ? Float32Array.from(all) : Float64Array.from(all);
  return constant({ dtype, shape: [1, 1, ...out], data });
}

const AVG_POOL: Op = {
  name: "avgPool",
  vjp: ([g], n) => {
    const x = n.inputs[0]!;
    const pool = poolOf(n);
    if (tiles(pool, spatial(x))) return [mul(upsample(g!, pool.kernel), 1 / count(pool.kernel))];
    const each = div(g!, windowCounts(pool, spatial(x), g!.dtype as "f32" | "f64"));
    const ones = fill(1, [1, 1, ...pool.kernel], g!.dtype);
    const { strides, padding } = pool;
    const spread = convTranspose(flatChannels(each), ones, { strides, padding, outputSize: spatial(x) });
    return [reshape(spread, x.shape)];
  },
  lower: (e, n, [x]) => {
    const from = n.inputs[0]!;
    const pool = poolOf(n);
    if (from.dtype === "f32") {
      const { dilations: _, ...attrs } = onnxAttrs(pool);
      return e.op("AveragePool", [x!], { ...attrs, count_include_pad: pool.countPadding ? 1 : 0 });
    }
    const total = windows(from, pool.kernel, pool).reduce((a, b) => add(a, b));
    return div(total, windowCounts(pool, spatial(from), "f64"));
  },
};

/** Mean of each window; padding counts as zeros only with `countPadding`. x [N, C, ...S]. Errors: `E_SHAPE`. */
export function avgPool(x: Tensor, options: PoolOptions & { readonly countPadding?: boolean }): Tensor {
  const { shape, attrs } = pooled("avgPool", x, options, undefined, options.countPadding ?? false);
  return apply(AVG_POOL, [x], x.dtype, shape, attrs);
}

/** Mean over space: [N, C, ...S] -> [N, C]. */
export function globalAvgPool(x: Tensor): Tensor {
  if (x.rank < 3) fail("E_SHAPE", `globalAvgPool of ${show(x.shape)}.`, "Expected [N, C, ...S].");
  return mean(
    x,
    x.shape.slice(2).map((_, i) => i + 2),
  );
}

/**
 * Convolutions and channel statistics in the channel-blocked layout of compile/blocked.ts. A view gives the blocked
 * memory as an ordinary tensor [N, C/b, H, W, b], so that everything but the convolution kernel itself is composed.
 */
import { fits, NCHWC } from "../compile/blocked.ts";
import { apply, type BlockedEmitter, constant, type Op } from "../graph.ts";
import type { HostTensor } from "../host.ts";
import { fixed } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { extent, type Geometry, slidingSize } from "./conv-geometry.ts";
import { add, mul } from "./elementwise.ts";
import { gather } from "./indexing.ts";
import { matmul } from "./matmul.ts";
import { sum } from "./reduce.ts";
import { flip, pad, reshape, transpose } from "./shaping.ts";

type Image = readonly [n: number, c: number, h: number, w: number];
const dims = (t: Tensor) => fixed(t.shape) as unknown as Image;
const spatial = (t: Tensor): readonly number[] => fixed(t.shape.slice(2));

const VIEW: Op = {
  name: "blockedView",
  lower: (e, n, [x]) => e.op("Reshape", [x!, e.i64(n.outputs[0]!.shape as number[])]),
  blocked: (e, n) => viewOf(e, n.inputs[0]!, n.outputs[0]!),
};
function viewOf(e: BlockedEmitter, x: Tensor, out: Tensor): Tensor {
  const name = e.op("Reshape", [e.blocked(x), e.i64(out.shape as number[])]);
  return apply({ name: "named", lower: () => name }, [], out.dtype, out.shape);
}
/** The memory of a blocked image as [N, C/b, H, W, b]. Only below a decomposition: it has no derivative. */
function view(x: Tensor, block: number): Tensor {
  const [n, c, h, w] = dims(x);
  return apply(VIEW, [x], x.dtype, [n, c / block, h, w, block]);
}

// ---------------------------------------------------------------- convolution

const KERNEL: Op = {
  name: "blockedConv",
  lower: () => "",
  blocked: (e, n) => {
    const [x, w, bias] = n.inputs as [Tensor, Tensor, Tensor?];
    const inputs = [n.attrs.plain ? e.plain(x) : e.blocked(x), e.plain(w), ...(bias ? [e.plain(bias)] : [])];
    const { plain: _, ...attrs } = n.attrs;
    return { blocked: e.op("Conv", inputs, attrs, { domain: NCHWC }) };
  },
};

function kernel(x: Tensor, w: Tensor, g: Geometry, channels: number, size: readonly number[], bias?: Tensor): Tensor {
  return apply(KERNEL, [x, w, ...(bias ? [bias] : [])], "f32", [x.shape[0]!, channels, ...size], {
    strides: g.strides,
    dilations: g.dilation,
    pads: [...g.padding.map((p) => p[0]), ...g.padding.map((p) => p[1])],
    group: g.groups,
    kernel_shape: spatial(w),
    // Fewer channels than a block (the colours of an image) are read row-major.
    plain: g.groups === 1 && (x.shape[1] as number) < channels && w.shape[1] !== undefined && unblockable(x, w),
  });
}
const unblockable = (x: Tensor, w: Tensor) =>
  (x.shape[1] as number) === (w.shape[1] as number) && (x.shape[1] as number) < 8;

/** [O, C, kh, kw] as OIHW·i·o blocks of b x b; `turn` gives the kernel of the input gradient. */
function blockWeights(w: Tensor, b: number, turn = false): Tensor {
  const [o, c, kh, kw] = dims(w);
  if (turn) {
    const apart = reshape(w, [o / b, b, c / b, b, kh * kw]);
    return reshape(flip(transpose(apart, [2, 0, 4, 1, 3]), 2), [c, o, kh, kw]);
  }
  if (c < b) return reshape(transpose(reshape(w, [o / b, b, c, kh * kw]), [0, 2, 3, 1]), [o, c, kh, kw]);
  const apart = reshape(w, [o / b, b, c / b, b, kh * kw]);
  return reshape(transpose(apart, [0, 2, 4, 3, 1]), [o, c, kh, kw]);
}

export function blockedConv(b: number, x: Tensor, w: Tensor, g: Geometry, bias?: Tensor): Tensor | undefined {
  if (x.rank !== 4 || x.dtype !== "f32" || x.shape.some((d) => typeof d !== "number")) return undefined;
  const [, c] = dims(x);
  const o = dims(w)[0];
  const size = slidingSize(spatial(x), spatial(w), g, "conv");
  if (o % b !== 0) return undefined;
  if (g.groups === c && o === c) {
    const lanes = reshape(transpose(reshape(w, [c / b, b, -1]), [0, 2, 1]), w.shape);
    return kernel(x, lanes, g, o, size, bias);
  }
  if (g.groups !== 1 || (c % b !== 0 && c >= 8)) return undefined;
  return kernel(x, blockWeights(w, b), g, o, size, bias);
}

/**
 * The input gradient as a convolution of the cotangent. At stride s every residue of a position modulo s has a kernel
 * of its own; all s² of them run as one convolution at low resolution, whose channels are then interleaved.
 */
export function blockedConvTranspose(
  b: number,
  y: Tensor,
  w: Tensor,
  g: Geometry,
  size: readonly number[],
): Tensor | undefined {
  const [o, c, kh, kw] = dims(w);
  if (!fits(y, b) || g.groups !== 1 || c % b !== 0 || o % b !== 0) return undefined;
  const [sh, sw] = g.strides as [number, number];
  if (sh === 1 && sw === 1) {
    const padding = [kh, kw].map((k, i): readonly [number, number] => {
      const reach = extent(k, g.dilation[i]!) - 1;
      return [reach - g.padding[i]![0], reach - g.padding[i]![1]];
    });
    if (padding.flat().some((p) => p < 0)) return undefined;
    return kernel(y, blockWeights(w, b, true), { ...g, padding }, c, size);
  }
  const down = residues(kh, size[0]!, fixed(y.shape)[2]!, g, 0);
  const across = residues(kw, size[1]!, fixed(y.shape)[3]!, g, 1);
  if (!down || !across) return undefined;
  const plain: Geometry = { ...g, strides: [1, 1], padding: [down.padding, across.padding] };
  // [O, C, kh·kw and a zero] -> [s², C, O, window²], read as the weights of s²·C output channels.
  const zeroed = pad(reshape(w, [o, c, kh * kw]), [0, 0, 0], [0, 0, 1]);
  const at = down.taps.flatMap((row) =>
    across.taps.flatMap((column) => row.flatMap((i) => column.map((j) => (i < 0 || j < 0 ? kh * kw : i * kw + j)))),
  );
  const window = [down.window, across.window];
  const picked = reshape(gather(zeroed, indices(at), 2), [o, c, sh * sw, ...window]);
  const wide = reshape(transpose(picked, [2, 1, 0, 3, 4]), [sh * sw * c, o, ...window]);
  const low = [size[0]! / sh, size[1]! / sw];
  const image = kernel(y, blockWeights(wide, b), plain, sh * sw * c, low);
  return apply(INTERLEAVE, [image], "f32", [y.shape[0]!, c, ...size], { strides: [sh, sw] });
}

/**
 * For one spatial axis: which kernel element (-1 for none) each place of a common window meets, per residue of the
 * input position modulo the stride. Position s·i + a meets element k at cotangent i + (a + before - k)/s.
 */
function residues(k: number, size: number, out: number, g: Geometry, axis: number) {
  const s = g.strides[axis]!;
  const before = g.padding[axis]![0];
  if (g.dilation[axis] !== 1 || size % s !== 0) return undefined;
  const met = range(s).map((a) =>
    range(k).flatMap((e) => ((a + before - e) % s === 0 ? [{ e, offset: (a + before - e) / s }] : [])),
  );
  const offsets = met.flat().map((m) => m.offset);
  const [first, last] = [Math.min(0, ...offsets), Math.max(0, ...offsets)];
  const window = last - first + 1;
  const padding = [-first, size / s - 1 + last - (out - 1)] as const;
  if (padding.some((p) => p < 0)) return undefined;
  const taps = met.map((list) => range(window).map((j) => list.find((m) => m.offset === first + j)?.e ?? -1));
  return { taps, window, padding };
}

const INTERLEAVE: Op = {
  name: "interleave",
  lower: () => "",
  blocked: (e, n) => {
    const [batch, c, h, w] = dims(n.outputs[0]!);
    const [sh, sw] = n.attrs.strides as [number, number];
    const b = e.block;
    const apart = e.op("Reshape", [e.blocked(n.inputs[0]!), e.i64([batch, sh, sw, c / b, h / sh, w / sw, b])]);
    const woven = e.op("Transpose", [apart], { perm: [0, 3, 4, 1, 5, 2, 6] });
    return { blocked: e.op("Reshape", [woven, e.i64([batch, c, h, w])]) };
  },
};

// ---------------------------------------------------------------- weight gradient

/** Bytes of unfolded rows that should stay in cache. */
const CHUNK_BYTES = 4 * 2 ** 20;
/** Products of a group that are dealt to threads whole: one product cut in two makes each thread pack all of it. */
const LANES = 4;

/**
 * Weight gradient as products of unfolded rows, a few images at a time so that the rows stay in cache.
 *
 * At stride 1 only half is unfolded on each side: kernel columns shift the input, kernel rows shift the cotangent, and
 * one product of [rows, kw·C] and [rows, kh·O] holds all kh·kw positions. That writes kh + kw copies, not kh·kw.
 */
export function blockedWeightGrad(
  b: number,
  x: Tensor,
  y: Tensor,
  g: Geometry,
  [kh, kw]: readonly [number, number],
): Tensor | undefined {
  if (!fits(x, b) || !fits(y, b) || g.groups !== 1) return undefined;
  const [n, c, h] = dims(x);
  const [, o, oh, ow] = dims(y);
  const [[top, bottom], [left, right]] = g.padding as [[number, number], [number, number]];
  const [dh, dw] = g.dilation as [number, number];
  const above = (kh - 1) * dh - top;
  const below = (kh - 1) * dh - bottom;
  const halves = g.strides.every((s) => s === 1) && above >= 0 && below >= 0;
  const bytes = 4 * (halves ? (kw * c + kh * o) * h * ow : (kh * kw * c + o) * oh * ow);
  const images = largestDivisor(n, Math.max(1, Math.floor(CHUNK_BYTES / bytes)));
  const once = [[0, 0]] as const;
  const lines: Windows = halves
    ? {
        size: [h, ow],
        strides: [1, 1],
        taps: range(kh).map((k) => [(kh - 1 - k) * dh, 0]),
        padding: [
          [above, below],
          [0, 0],
        ],
      }
    : {
        size: [oh, ow],
        strides: [1, 1],
        taps: once,
        padding: [
          [0, 0],
          [0, 0],
        ],
      };
  const columns: Windows = halves
    ? {
        size: [h, ow],
        strides: [1, 1],
        taps: range(kw).map((k) => [0, k * dw]),
        padding: [
          [0, 0],
          [left, right],
        ],
      }
    : {
        size: [oh, ow],
        strides: g.strides,
        taps: range(kh).flatMap((v) => range(kw).map((u) => [v * dh, u * dw] as const)),
        padding: g.padding,
      };
  const [cotangents, inputs] = [unfold(b, y, images, lines), unfold(b, x, images, columns)];
  const lanes = largestDivisor(images, LANES);
  const apart = (rows: Tensor) => reshape(rows, [lanes, -1, rows.shape[1]!]);
  const parts = range(n / images)
    .map((i) => matmul(apart(cotangents(i)), apart(inputs(i)), { transA: true }))
    .reduce((a, part) => add(a, part));
  const total = sum(parts, 0);
  return halves
    ? transpose(reshape(total, [kh, o, kw, c]), [1, 3, 0, 2])
    : transpose(reshape(total, [o, kh, kw, c]), [0, 3, 1, 2]);
}

interface Windows {
  readonly size: readonly number[];
  readonly strides: readonly number[];
  readonly taps: readonly (readonly [number, number])[];
  readonly padding: readonly (readonly [number, number])[];
}

/**
 * Rows [images·oh·ow, taps·C] of what a window sees, for the i-th group of images. One gather of whole channel blocks
 * shifts, interleaves and changes to channels-last; padding is a 1x1 convolution with weight 1. Both use all threads,
 * which ONNX Runtime's Pad, Slice and Transpose do not.
 */
function unfold(b: number, t: Tensor, images: number, windows: Windows): (i: number) => Tensor {
  const [n, c] = dims(t);
  const { size, strides, taps, padding } = windows;
  const [[top, bottom], [left, right]] = padding as [[number, number], [number, number]];
  const [h, w] = [dims(t)[2] + top + bottom, dims(t)[3] + left + right];
  const ones = constantOnce(`ones ${c}`, () => ({
    dtype: "f32",
    shape: [c, 1, 1, 1],
    data: new Float32Array(c).fill(1),
  }));
  const geometry: Geometry = { strides: [1, 1], dilation: [1, 1], padding, groups: c };
  const padded = padding.flat().every((p) => p === 0) ? t : kernel(t, ones, geometry, c, [h, w]);
  const blocks = reshape(view(padded, b), [(n * c * h * w) / b, b]);
  return (i) => {
    const name = `rows ${[b, n, c, h, w, images, i, size, strides, taps.map(String)].join(" ")}`;
    const rows = constantOnce(name, () => {
      const at: number[] = [];
      for (let image = i * images; image < (i + 1) * images; image++)
        for (let y = 0; y < size[0]!; y++)
          for (let x = 0; x < size[1]!; x++)
            for (const [v, u] of taps)
              for (let q = 0; q < c / b; q++)
                at.push(((image * (c / b) + q) * h + y * strides[0]! + v) * w + x * strides[1]! + u);
      return { dtype: "i32", shape: [at.length], data: Int32Array.from(at) };
    });
    return reshape(gather(blocks, rows), [images * size[0]! * size[1]!, taps.length * c]);
  };
}

/** Equal constants of all layers and programs share their memory, and one initializer per program. */
const constants = new Map<string, Tensor>();
function constantOnce(name: string, make: () => HostTensor): Tensor {
  let t = constants.get(name);
  if (!t) {
    t = constant(make());
    constants.set(name, t);
  }
  return t;
}
const indices = (list: readonly number[]) =>
  constantOnce(`list ${list}`, () => ({ dtype: "i32", shape: [list.length], data: Int32Array.from(list) }));

const range = (n: number) => Array.from({ length: n }, (_, i) => i);
function largestDivisor(n: number, limit: number): number {
  let d = Math.min(n, limit);
  while (n % d !== 0) d--;
  return d;
}

// ---------------------------------------------------------------- channels

/** x·a + b per channel as a 1x1 depthwise convolution: one pass, and the sum or relu that follows comes free. */
export function blockedAffine(e: BlockedEmitter, x: Tensor, a: Tensor, b: Tensor | undefined): Tensor | undefined {
  if (!fits(x, e.block) || !e.isBlocked(x)) return undefined;
  const c = dims(x)[1];
  const g: Geometry = {
    strides: [1, 1],
    dilation: [1, 1],
    padding: [
      [0, 0],
      [0, 0],
    ],
    groups: c,
  };
  return kernel(x, reshape(a, [c, 1, 1, 1]), g, c, spatial(x), b);
}

/** Sum over space: [N, C]. */
export function blockedSpatialSum(e: BlockedEmitter, x: Tensor): Tensor | undefined {
  if (!fits(x, e.block) || !e.isBlocked(x)) return undefined;
  const [n, c, h, w] = dims(x);
  return reshape(sum(reshape(view(x, e.block), [(n * c) / e.block, h * w, e.block]), 1), [n, c]);
}

/** Per channel Σ x·y over examples and space, as the diagonals of small products: it writes no product image. */
export function blockedChannelDot(e: BlockedEmitter, x: Tensor, y: Tensor): Tensor | undefined {
  const b = e.block;
  if (!fits(x, b) || !fits(y, b) || !(e.isBlocked(x) || e.isBlocked(y))) return undefined;
  const [n, c, h, w] = dims(x);
  const rows = (t: Tensor) => reshape(view(t, b), [(n * c) / b, h * w, b]);
  const products = sum(reshape(matmul(rows(x), rows(y), { transA: true }), [n, c / b, b, b]), 0);
  return reshape(sum(mul(products, eye(b)), 2), [c]);
}

const eye = (b: number) =>
  constantOnce(`eye ${b}`, () => {
    const data = Float32Array.from({ length: b * b }, (_, i) => (i % (b + 1) === 0 ? 1 : 0));
    return { dtype: "f32", shape: [b, b], data };
  });

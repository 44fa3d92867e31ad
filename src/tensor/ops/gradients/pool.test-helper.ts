/** Gradient checks of pooling and resizing: tiling and overlapping windows, padding, unreached edges. */
import { grad } from "../../grad.ts";
import { extent } from "../conv-geometry.ts";
import {
  adaptiveAvgPool,
  adaptiveMaxPool,
  avgPool,
  globalAvgPool,
  gridSample,
  maxPool,
  resize,
  upsample,
} from "../index.ts";
import type { Case, Draw, Family } from "./gradcheck.test-helper.ts";

/** Round 0 tiles one axis, round 1 two, the others overlap or leave gaps. */
function windows(draw: Draw, round: number, dilated = false) {
  const axes = round === 0 || round === 3 ? 1 : 2;
  const kernel = Array.from({ length: axes }, () => draw.int(round < 2 ? 2 : 1, 3));
  const lead = [draw.int(1, 2), draw.int(1, 2)];
  if (round < 2) return { shape: [...lead, ...kernel.map((k) => 2 * k)], options: { kernel } };
  const strides = kernel.map(() => draw.int(1, 3));
  const dilation = kernel.map(() => (dilated ? draw.int(1, 2) : 1));
  const padding = kernel.map((k, i): [number, number] => {
    const most = Math.min(1, extent(k, dilation[i]!) - 1);
    return [draw.int(0, most), draw.int(0, most)];
  });
  return { shape: [...lead, ...kernel.map(() => draw.int(5, 6))], options: { kernel, strides, padding, dilation } };
}

const images = (draw: Draw, round: number) => [draw.int(1, 2), draw.int(1, 2), ...draw.shape(round % 2 ? 1 : 2)];

const gridSampleCase: Case = (draw, round) => {
  const [h, w] = [draw.int(2, 4), draw.int(2, 4)];
  const alignCorners = round % 2 === 0;
  const padding = round < 3 ? "zeros" : "border";
  // Sample points in pixels, away from the grid lines where the derivative jumps, up to one pixel outside.
  const points = draw.between(0.1, 0.9, [1, 2, 3, 2]);
  const data = Float64Array.from(points.data as Float64Array, (u, i) => {
    const length = i % 2 === 0 ? w : h;
    const pixel = draw.int(-1, length - 1) + u;
    return alignCorners ? (2 * pixel) / (length - 1) - 1 : (2 * pixel + 1) / length - 1;
  });
  return {
    inputs: [draw.normal([1, 2, h, w]), { ...points, data }],
    fn: (x, grid) => gridSample(x!, grid!, { padding, alignCorners }),
  };
};

export const poolFamily: Family = {
  smooth: {
    avgPool: (draw, round) => {
      const { shape, options } = windows(draw, round);
      return { inputs: [draw.normal(shape)], fn: (x) => avgPool(x!, { ...options, countPadding: round === 4 }) };
    },
    globalAvgPool: (draw, round) => ({ inputs: [draw.normal(images(draw, round))], fn: (x) => globalAvgPool(x!) }),
    adaptiveAvgPool: (draw, round) => {
      const shape = images(draw, round);
      const size = shape.slice(2).map((s) => draw.int(1, s + 1));
      return { inputs: [draw.normal(shape)], fn: (x) => adaptiveAvgPool(x!, size) };
    },
    upsample: (draw, round) => {
      const shape = images(draw, round);
      const factors = shape.slice(2).map(() => draw.int(1, 3));
      return { inputs: [draw.normal(shape)], fn: (x) => upsample(x!, factors) };
    },
    resize: (draw, round) => {
      const shape = images(draw, round);
      const size = shape.slice(2).map(() => draw.int(1, 7));
      const mode = round === 4 ? "nearest" : "linear";
      return { inputs: [draw.normal(shape)], fn: (x) => resize(x!, size, { mode, alignCorners: round % 2 === 1 }) };
    },
  },
  piecewise: {
    maxPool: (draw, round) => {
      const { shape, options } = windows(draw, round, true);
      return { inputs: [draw.distinct(shape)], fn: (x) => maxPool(x!, options) };
    },
    adaptiveMaxPool: (draw, round) => {
      const shape = images(draw, round);
      const size = shape.slice(2).map((s) => draw.int(1, s));
      return { inputs: [draw.distinct(shape)], fn: (x) => adaptiveMaxPool(x!, size) };
    },
    "maxPool, second order": (draw, round) => {
      const { shape, options } = windows(draw, round, true);
      return {
        inputs: [draw.distinct(shape)],
        fn: (x) => {
          const y = maxPool(x!, options);
          return grad(y.mul(y).mul(y).sum(), [x!]);
        },
      };
    },
    gridSample: gridSampleCase,
  },
};

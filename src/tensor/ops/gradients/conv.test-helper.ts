/** Gradient checks of convolutions: 1 and 2 spatial axes, strides, asymmetric padding, dilation, groups, bias. */
import { conv, convTranspose } from "../conv.ts";
import { type Geometry, slidingSize } from "../conv-geometry.ts";
import type { Case, Draw, Family } from "./gradcheck.test-helper.ts";

interface Drawn extends Geometry {
  readonly axes: number;
  readonly kernel: number[];
  readonly size: number[];
}

function geometry(draw: Draw, round: number): Drawn {
  const axes = 1 + (round % 2);
  const list = (low: number, high: number) => Array.from({ length: axes }, () => draw.int(low, high));
  const kernel = list(1, 3);
  return {
    axes,
    kernel,
    strides: round < 2 ? list(1, 1) : list(1, 3),
    dilation: round < 3 ? list(1, 1) : list(1, 2),
    padding: kernel.map((k) => [draw.int(0, k), draw.int(0, k)] as const),
    groups: round === 0 ? 1 : draw.int(1, 3),
    size: list(5, 6),
  };
}

const convCase: Case = (draw, round) => {
  const g = geometry(draw, round);
  const [c, o] = round === 4 ? [1, 1] : [draw.int(1, 2), draw.int(1, 2)];
  const x = draw.normal([draw.int(1, 2), c * g.groups, ...g.size]);
  const w = draw.normal([o * g.groups, c, ...g.kernel]);
  const bias = draw.normal([o * g.groups]);
  return round % 2
    ? { inputs: [x, w, bias], fn: (a, b, d) => conv(a!, b!, { ...g, bias: d! }) }
    : { inputs: [x, w], fn: (a, b) => conv(a!, b!, g) };
};

const convTransposeCase: Case = (draw, round) => {
  const g = geometry(draw, round);
  const [c, o] = [draw.int(1, 2), draw.int(1, 2)];
  const small = slidingSize(g.size, g.kernel, g, "test");
  const x = draw.normal([draw.int(1, 2), c * g.groups, ...small]);
  const w = draw.normal([c * g.groups, o, ...g.kernel]);
  return { inputs: [x, w], fn: (a, b) => convTranspose(a!, b!, { ...g, outputSize: g.size }) };
};

/** The loss of e2kd: a function of the input gradient of a small network, differentiated by its weights. */
const explanation: Case = (draw, round) => {
  const x = draw.normal([2, 2, 5, 5]);
  const w1 = draw.normal([3, 2, 3, 3]);
  const w2 = draw.normal([4, 3, 2, 2]);
  const stride = 1 + (round % 2);
  return {
    inputs: [x, w1, w2],
    fn: (a, b, c) => {
      const hidden = conv(a!, b!, { padding: 1, strides: stride }).gelu();
      return conv(hidden, c!, { padding: "same" }).tanh().mean([2, 3]).softmax();
    },
  };
};

export const convFamily: Family = {
  smooth: { conv: convCase, convTranspose: convTransposeCase, "explanation of a CNN": explanation },
};

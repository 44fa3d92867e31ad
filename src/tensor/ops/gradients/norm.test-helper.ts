/** Gradient checks of normalisations, attention and rotary positions. */
import type { Tensor } from "../../tensor.ts";
import { scaledDotProductAttention } from "../attention.ts";
import { batchNorm, batchNormInference } from "../batch-norm.ts";
import { channelAffine } from "../channels.ts";
import { groupNorm, instanceNorm, l2Normalise, layerNorm, rmsNorm } from "../norm.ts";
import { rotaryPositions } from "../rotary.ts";
import type { Case, Draw, Family } from "./gradcheck.test-helper.ts";

/** Rows of at least 3 elements: the norm of one element is constant, of two nearly. */
const rows = (draw: Draw, round: number) => [...draw.shape(round % 3), draw.int(3, 5)];

const layerNormCase: Case = (draw, round) => {
  const shape = rows(draw, round);
  const x = draw.normal(shape);
  if (round === 0) return { inputs: [x], fn: (a) => layerNorm(a!) };
  const inner = shape.slice(round === 2 && shape.length > 1 ? -2 : -1);
  const [scale, bias] = [draw.normal(inner), draw.normal(inner)];
  if (round === 1) return { inputs: [x, scale], fn: (a, s) => layerNorm(a!, s) };
  return { inputs: [x, scale, bias], fn: (a, s, b) => layerNorm(a!, s, b, { eps: 0.01 }) };
};

const batchShape = (draw: Draw, round: number) => [
  draw.int(3, 4),
  draw.int(1, 3),
  ...(round === 0 ? [] : round === 1 ? [3] : [draw.int(1, 3), draw.int(2, 3)]),
];

export const normFamily: Family = {
  smooth: {
    layerNorm: layerNormCase,
    rmsNorm: (draw, round) => {
      const shape = rows(draw, round);
      const x = draw.normal(shape);
      return round % 2
        ? { inputs: [x], fn: (a) => rmsNorm(a!) }
        : { inputs: [x, draw.normal(shape.slice(-1))], fn: (a, s) => rmsNorm(a!, s) };
    },
    batchNorm: (draw, round) => {
      const shape = batchShape(draw, round);
      const c = [shape[1]!];
      return {
        inputs: [draw.normal(shape), draw.normal(c), draw.normal(c)],
        fn: (x, s, b) => {
          const { y, mean, variance } = batchNorm(x!, s!, b!);
          return round % 2 ? [y, mean, variance] : y;
        },
      };
    },
    batchNormInference: (draw, round) => {
      const shape = batchShape(draw, round);
      const c = [shape[1]!];
      return {
        inputs: [draw.normal(shape), draw.normal(c), draw.normal(c), draw.normal(c), draw.between(0.5, 2, c)],
        fn: (x, s, b, m, v) => batchNormInference(x!, s!, b!, m!, v!),
      };
    },
    channelAffine: (draw, round) => {
      const shape = batchShape(draw, round);
      const c = [shape[1]!];
      return {
        inputs: [draw.normal(shape), draw.normal(c), draw.normal(c)],
        fn: (x, a, b) => channelAffine(x!, a!, b!),
      };
    },
    groupNorm: (draw, round) => {
      const groups = draw.int(1, 2);
      const c = [groups * draw.int(1, 2)];
      return {
        inputs: [draw.normal([draw.int(1, 2), ...c, 3, draw.int(1, 2)]), draw.normal(c), draw.normal(c)],
        fn: (x, s, b) => groupNorm(x!, groups, round === 1 ? undefined : s, b).add(s!.sum()),
      };
    },
    instanceNorm: (draw) => ({
      inputs: [draw.normal([draw.int(1, 2), draw.int(1, 3), draw.int(3, 5)])],
      fn: (x) => instanceNorm(x!),
    }),
    l2Normalise: (draw, round) => ({
      inputs: [draw.normal([draw.int(1, 3), draw.int(2, 4)])],
      fn: (x) => l2Normalise(x!, round % 2 ? 0 : -1),
    }),
  },
};

const attentionCase: Case = (draw, round) => {
  const [b, groups] = [draw.int(1, 2), draw.int(1, 2)];
  const h = groups * (round < 2 ? 1 : 2);
  const s = draw.int(2, 4);
  const t = round === 3 ? s : draw.int(1, s);
  const d = draw.int(1, 3);
  const inputs = [
    draw.normal([b, h, t, d]),
    draw.normal([b, groups, s, d]),
    draw.normal([b, groups, s, draw.int(1, 3)]),
  ];
  const attend = scaledDotProductAttention;
  const plain = [
    (q: Tensor, k: Tensor, v: Tensor) => attend(q, k, v),
    (q: Tensor, k: Tensor, v: Tensor) => attend(q, k, v, { causal: true }),
    (q: Tensor, k: Tensor, v: Tensor) => attend(q, k, v, { causal: true, scale: 0.7 }),
  ];
  if (round < 3) return { inputs, fn: (q, k, v) => plain[round]!(q!, k!, v!) };
  const mask = draw.normal(round === 3 ? [h, 1, s] : [b, 1, t, s]);
  return { inputs: [...inputs, mask], fn: (q, k, v, m) => attend(q!, k!, v!, { mask: m!, causal: round === 3 }) };
};

const rotaryCase: Case = (draw, round) => {
  const [b, t] = [draw.int(1, 2), draw.int(1, 3)];
  const inputs = [draw.normal([b, t, draw.int(1, 3), 2 * draw.int(1, 3)])];
  if (round % 2 === 0) return { inputs, fn: (x) => rotaryPositions(x!, { base: 10 }) };
  const seed = draw.int(0, 2 ** 30);
  return {
    inputs,
    fn: (x) => rotaryPositions(x!, { base: 10, context: 7, positions: draw.again(seed).indices(7, [b, t]) }),
  };
};

export const attentionFamily: Family = {
  smooth: { scaledDotProductAttention: attentionCase, rotaryPositions: rotaryCase },
};

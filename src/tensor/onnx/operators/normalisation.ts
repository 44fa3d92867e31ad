/** Normalisations. Statistics of batch normalisation are those of the file: a teacher is in inference mode. */
import * as ops from "../../ops/index.ts";
import { axisOf, fixed } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import type { Call, Operator } from "../call.ts";

/** Opsets 1-7 marked inference by is_test or the number of outputs; opset 14 has training_mode. */
function batchNormalization(c: Call): Tensor {
  if (c.attrs.int("training_mode", 0) === 1 || [1, 2, 3, 4].some((i) => c.wants(i) && c.opset >= 14)) {
    c.unsupported("BatchNormalization in training mode (export the model after model.eval())");
  }
  const [x, scale, bias, mean, variance] = [0, 1, 2, 3, 4].map((i) => c.in(i)) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  const eps = c.attrs.float("epsilon", 1e-5);
  if (c.attrs.int("spatial", 1) === 1) return ops.batchNormInference(x, scale, bias, mean, variance, { eps });
  const slope = ops.div(scale, ops.sqrt(ops.add(variance, eps)));
  return ops.add(ops.mul(x, slope), ops.sub(bias, ops.mul(mean, slope)));
}

/** y, then the mean and the inverse deviation of each row, for whoever reads them. */
function layerNormalization(c: Call): readonly Tensor[] {
  const [x, scale, bias] = [c.in(0), c.in(1), c.optional(2)];
  const axis = axisOf(c.attrs.int("axis", -1), x.rank);
  const eps = c.attrs.float("epsilon", 1e-5);
  // The file may broadcast its scale; the engine wants the whole normalised shape.
  const whole = fixed(x.shape.slice(axis));
  const y = ops.layerNorm(x, ops.broadcastTo(scale, whole), bias && ops.broadcastTo(bias, whole), { eps });
  const axes = whole.map((_, i) => axis + i);
  const mean = ops.mean(x, axes, true);
  return [y, mean, ops.reciprocal(ops.sqrt(ops.add(ops.variance(x, axes, true), eps)))];
}

function rmsNormalization(c: Call): Tensor {
  const [x, scale] = [c.in(0), c.in(1)];
  const axes = x.shape.map((_, i) => i).slice(axisOf(c.attrs.int("axis", -1), x.rank));
  const square = ops.mean(ops.mul(x, x), axes, true);
  const eps = c.attrs.float("epsilon", 1e-5);
  return ops.mul(ops.mul(x, ops.reciprocal(ops.sqrt(ops.add(square, eps)))), scale);
}

function instanceNormalization(c: Call): Tensor {
  return ops.instanceNorm(c.in(0), c.in(1), c.in(2), { eps: c.attrs.float("epsilon", 1e-5) });
}

/** Opset 18 has one scale per group, opset 21 one per channel. */
function groupNormalization(c: Call): Tensor {
  const [x, scale, bias] = [c.in(0), c.in(1), c.in(2)];
  const groups = c.attrs.int("num_groups");
  const channels = fixed([x.shape[1]!])[0]!;
  const perChannel = (t: Tensor) =>
    t.shape[0] === channels
      ? t
      : ops.reshape(ops.broadcastTo(ops.reshape(t, [groups, 1]), [groups, channels / groups]), [channels]);
  return ops.groupNorm(x, groups, perChannel(scale), perChannel(bias), { eps: c.attrs.float("epsilon", 1e-5) });
}

/** x / (bias + alpha/size · sum of squares over neighbouring channels)^beta (Krizhevsky et al. 2012). */
function lrn(c: Call): Tensor {
  const x = c.in(0);
  const size = c.attrs.int("size");
  const channels = fixed([x.shape[1]!])[0]!;
  const before = Math.floor((size - 1) / 2);
  const at = (n: number) => x.shape.map((_, i) => (i === 1 ? n : 0));
  const squares = ops.pad(ops.mul(x, x), at(before), at(size - 1 - before));
  const windows = Array.from({ length: size }, (_, i) => ops.slice(squares, 1, i, i + channels));
  const sums = windows.reduce((a, b) => ops.add(a, b));
  const base = ops.add(ops.mul(sums, c.attrs.float("alpha", 1e-4) / size), c.attrs.float("bias", 1));
  return ops.mul(x, ops.pow(base, -c.attrs.float("beta", 0.75)));
}

/** (x - mean) / (deviation + 1e-9), by default over examples and space. */
function meanVarianceNormalization(c: Call): Tensor {
  const x = c.in(0);
  const axes = c.attrs.ints("axes") ?? [0, 2, 3];
  const centred = ops.sub(x, ops.mean(x, axes, true));
  return ops.div(centred, ops.add(ops.sqrt(ops.mean(ops.mul(centred, centred), axes, true)), 1e-9));
}

export const NORMALISATIONS: Readonly<Record<string, Operator>> = {
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  RMSNormalization: rmsNormalization,
  InstanceNormalization: instanceNormalization,
  GroupNormalization: groupNormalization,
  LRN: lrn,
  MeanVarianceNormalization: meanVarianceNormalization,
};

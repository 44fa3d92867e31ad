/**
 * Learners, many at once: every lane is one learner under one order, with parameters of its own. The published learner
 * is a linear softmax head on frozen features; its lanes are one batched product. A whole network (a user's, or one of
 * the zoo) goes through the same program, one lane at a time.
 */
import { fail } from "../../../errors.ts";
import { init } from "../../../nn/index.ts";
import { normalised, unitInput } from "../../../teaching/input.ts";
import type { Network } from "../../../teaching/network.ts";
import { concat, constant, einsum, host, type Key, matmul, random, stack, type Tensor } from "../../../tensor/index.ts";

export type LaneState = {
  /** [lanes, params] */
  readonly params: Tensor;
  /** [lanes, max(1, buffers)]: running statistics, where there are any. */
  readonly buffers: Tensor;
};

export interface Learner {
  readonly name: string;
  /** Per lane. */
  readonly params: number;
  readonly buffers: number;
  readonly flops: number;
  /** Shape of one example. */
  readonly inputShape: readonly number[];
  readonly classes: number;
  /** Most lanes of one program. */
  readonly lanes: number;
  init(key: Key): { readonly params: Float32Array; readonly buffers: Float32Array };
  /** x [lanes, batch, ...inputShape] -> logits [lanes, batch, classes] and the buffers after a training pass. */
  forward(state: LaneState, x: Tensor, train?: { readonly key: Tensor }): { logits: Tensor; buffers: Tensor };
  /** The same examples x [batch, ...inputShape] for every lane. */
  answer(state: LaneState, x: Tensor): Tensor;
  /**
   * Mean over the batch of the squared gradient of each example's cross-entropy, [lanes, params]: the empirical Fisher
   * information. Only where it has a closed form.
   */
  fisher?(state: LaneState, x: Tensor, targets: Tensor): Tensor;
}

/**
 * A linear softmax head, W [d, K] then b [K] in each lane's row. Starts uniform within ±spread/√d (the published head
 * starts uniform); 0 is the usual start of logistic regression. Softmax over all K classes from the first task on.
 */
export function linearLearner(features: number, classes: number, spread = 1): Learner {
  const weights = features * classes;
  const parts = ({ params }: LaneState) => {
    const lanes = params.dims[0]!;
    return {
      lanes,
      w: params.slice(1, 0, weights).reshape([lanes, features, classes]),
      b: params.slice(1, weights, weights + classes).reshape([lanes, 1, classes]),
    };
  };
  const forward: Learner["forward"] = (state, x) => {
    const { w, b } = parts(state);
    return { logits: matmul(x, w).add(b), buffers: state.buffers };
  };
  return {
    name: "linear",
    params: weights + classes,
    buffers: 0,
    flops: 2 * weights,
    inputShape: [features],
    classes,
    lanes: 256,
    init: (key) => ({
      params: init.uniform(spread / Math.sqrt(features))(random.fold(key, "head"), [weights + classes]),
      buffers: new Float32Array(1),
    }),
    forward,
    answer: (state, x) => {
      const { w, b } = parts(state);
      return einsum("md,rdk->rmk", x, w).add(b);
    },
    fisher: (state, x, targets) => {
      const { lanes } = parts(state);
      const error = forward(state, x).logits.softmax().sub(targets);
      const square = error.square();
      const perWeight = matmul(x.square(), square, { transA: true, alpha: 1 / x.dims[1]! });
      return concat([perWeight.reshape([lanes, weights]), square.mean(1)], 1);
    },
  };
}

/** A whole network that learns the stream from its examples. @throws E_MODEL_SHAPE for another number of classes */
export function networkLearner({ model, normalise }: Network, classes: number): Learner {
  if (model.classes !== classes) {
    fail(
      "E_MODEL_SHAPE",
      `"${model.name}" has ${model.classes} outputs, the stream has ${classes} classes.`,
      "Define it with one output per class of the stream.",
    );
  }
  const still = model.buffers.size === 0;
  const one = (state: LaneState, lane: number) => ({
    params: state.params.slice(0, lane, lane + 1).reshape([model.params.size]),
    buffers: still
      ? constant(host(new Float32Array(0)))
      : state.buffers.slice(0, lane, lane + 1).reshape([model.buffers.size]),
  });
  const pass = (state: LaneState, lane: number, x: Tensor, train?: { readonly key: Tensor }) =>
    model.apply(one(state, lane), normalised(unitInput(x), normalise), train ? { train: true, key: train.key } : {});
  const lanesOf = (state: LaneState) => Array.from({ length: state.params.dims[0]! }, (_, lane) => lane);
  return {
    name: model.name,
    params: model.params.size,
    buffers: model.buffers.size,
    flops: model.flops,
    inputShape: model.inputShape,
    classes,
    lanes: 1,
    init: (key) => {
      const { params, buffers } = model.init(random.fold(key, "network"));
      return { params, buffers: buffers.length > 0 ? buffers : new Float32Array(1) };
    },
    forward: (state, x, train) => {
      const [, batch, ...shape] = x.dims;
      const out = lanesOf(state).map((lane) =>
        pass(state, lane, x.slice(0, lane, lane + 1).reshape([batch!, ...shape]), train),
      );
      const buffers = still ? state.buffers : stack(out.map((o) => o.buffers));
      return { logits: stack(out.map(({ output }) => output)), buffers };
    },
    answer: (state, x) => stack(lanesOf(state).map((lane) => pass(state, lane, x).output)),
  };
}

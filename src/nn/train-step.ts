/**
 * A whole training step as one program: forward, loss, gradient with respect to the flat parameters, clipping, update,
 * buffers, moving average. State goes in and comes out as a few flat vectors.
 */
import { fail } from "../errors.ts";
import {
  grad,
  type HostTensor,
  host,
  type Key,
  type Program,
  program,
  Tensor,
  type Tree,
  zeros,
} from "../tensor/index.ts";
import type { Forward, Inputs, Model } from "./model.ts";
import { clipByGlobalNorm } from "./optimisers/clip.ts";
import { ema } from "./optimisers/ema.ts";
import type { Optimiser } from "./optimisers/optimiser.ts";

/** A key as the value of `scalars.key`. */
export { keyValue as keyTensor } from "../tensor/index.ts";

/** What a step carries over, symbolically or as values: all vectors are f32 [n], buffers f32 [m]. */
export type StateOf<T> = {
  readonly params: T;
  readonly buffers: T;
  readonly slots: readonly T[];
  /** Moving average of the parameters; present when the step was built with `ema`. */
  readonly ema?: T;
};
export type SymbolicState = StateOf<Tensor>;
export type TrainState = StateOf<HostTensor>;

/** Numbers that change from step to step; a loss may ask for further ones (temperatures, weights) in its type. */
export type SymbolicScalars = {
  readonly lr: Tensor;
  /** Number of this update, from 1. */
  readonly step: Tensor;
  /** i32 [2]: this step's key (`keyValue(fold(key, step))`), for models that draw randomness. */
  readonly key?: Tensor;
  /** Of the moving average. */
  readonly decay?: Tensor;
};

export interface LossInput<B, S = SymbolicScalars> extends Forward {
  readonly batch: B;
  readonly scalars: S;
  /** The flat parameters, for penalties on them and for further forward passes. */
  readonly params: Tensor;
  /** The flat buffers as they were before this pass; `buffers` are those after it. */
  readonly before: Tensor;
  /** The moving average, where there is one: the self-teacher. */
  readonly ema?: Tensor;
}

export interface TrainStepOptions<B, S = SymbolicScalars> {
  readonly model: Model;
  readonly optimiser: Optimiser;
  /** A scalar; with it, further scalars to report, and the buffers after the step where the loss changes them. */
  readonly loss: (
    input: LossInput<B, S>,
  ) => Tensor | { loss: Tensor; metrics?: Readonly<Record<string, Tensor>>; buffers?: Tensor };
  /** What the model reads of a batch; `batch.x` where not given. */
  readonly input?: (batch: B) => Tensor;
  /** What else the model reads of a batch, by name; nothing where not given. */
  readonly inputs?: (batch: B) => Inputs;
  /** Largest global norm of the gradient; adds the metric "gradNorm" (before clipping). */
  readonly clip?: number;
  /** Keeps a moving average of the parameters: its decay, or true to read it from `scalars.decay`. */
  readonly ema?: number | true;
}

export type StepResult = {
  readonly state: SymbolicState;
  /** "loss" and whatever the loss reports. */
  readonly metrics: Readonly<Record<string, Tensor>>;
};

/** The symbolic step, to put into a program of one's own. */
export function trainStep<B extends Tree, S extends SymbolicScalars = SymbolicScalars>(
  options: TrainStepOptions<B, S>,
): (state: SymbolicState, batch: B, scalars: S) => StepResult {
  const { model, optimiser, loss: lossOf, input = inputOf, inputs, clip } = options;
  return (state, batch, scalars) => {
    const forward = model.apply(state, input(batch), {
      train: true,
      ...(scalars.key && { key: scalars.key }),
      ...(inputs && { inputs: inputs(batch) }),
    });
    const told = lossOf({
      ...forward,
      batch,
      scalars,
      params: state.params,
      before: state.buffers,
      ...(state.ema && { ema: state.ema }),
    });
    const { loss, metrics = {}, buffers = forward.buffers } = told instanceof Tensor ? { loss: told } : told;
    const [raw] = grad(loss, [state.params]) as [Tensor];
    const { grads, norm } = clip === undefined ? { grads: raw, norm: undefined } : clipByGlobalNorm(raw, clip);
    const next = optimiser.update({
      params: state.params,
      grads,
      slots: state.slots,
      step: scalars.step,
      lr: scalars.lr,
    });
    return {
      state: {
        params: next.params,
        buffers,
        slots: next.slots,
        ...average(options.ema, state, next.params, scalars),
      },
      metrics: { loss, ...(norm && { gradNorm: norm }), ...metrics },
    };
  };
}

/** {@link trainStep}, compiled: results alternate between two sets of buffers, so copy what must outlive two steps. */
export function trainProgram<B extends Tree, S extends SymbolicScalars = SymbolicScalars>(
  options: TrainStepOptions<B, S>,
): Program<[SymbolicState, B, S], StepResult> {
  return program(trainStep(options), { reuse: true, name: `train ${options.model.name}` });
}

/** Values to start from: a pure function of the key. */
export function initState(
  model: Model,
  optimiser: Optimiser,
  key: Key,
  options: { readonly ema?: boolean } = {},
): TrainState {
  const { params, buffers } = model.init(key);
  return {
    params: host(params),
    buffers: host(buffers),
    slots: Array.from({ length: optimiser.slots }, () => zeros([model.params.size])),
    ...(options.ema && { ema: host(params.slice()) }),
  };
}

/** A copy that later steps cannot overwrite. */
export function copyState(state: TrainState): TrainState {
  const copy = (t: HostTensor): HostTensor => ({ ...t, data: t.data.slice() });
  return {
    params: copy(state.params),
    buffers: copy(state.buffers),
    slots: state.slots.map(copy),
    ...(state.ema && { ema: copy(state.ema) }),
  };
}

function average(
  kind: number | true | undefined,
  state: SymbolicState,
  params: Tensor,
  scalars: SymbolicScalars,
): { ema?: Tensor } {
  if (kind === undefined) return {};
  const target =
    state.ema ??
    fail("E_STATE", "The step keeps a moving average, the state has none.", "Pass ema: true to initState().");
  const decay =
    kind === true ? (scalars.decay ?? fail("E_STATE", "ema: true needs scalars.decay.", "Pass it every step.")) : kind;
  return { ema: ema(target, params, decay) };
}

function inputOf(batch: Tree): Tensor {
  const x = (batch as { x?: Tree }).x;
  return x instanceof Tensor
    ? x
    : fail("E_INPUT", "The batch has no tensor x.", "Tell trainStep which part the model reads: input: (batch) => ...");
}

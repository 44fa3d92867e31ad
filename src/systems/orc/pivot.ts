/**
 * The pivot teacher in a group: what it says about a mini-batch, and its own intensive teaching.
 *
 * Two kinds share one face: a network that goes on learning, and a frozen one (by the options, or because it came as an
 * ONNX file or a user's teacher) whose answers to all training examples were stored beforehand. When teaching a pivot
 * is in evaluation mode; in training mode only in step 2.
 */
import type { Batch } from "../../data/batches.ts";
import { keyTensor, type Optimiser, type TrainState, trainProgram } from "../../nn/index.ts";
import { unitInput } from "../../teaching/input.ts";
import { forward, type Network, type NetworkState } from "../../teaching/network.ts";
import { gatherRows, type StoredTargets } from "../../teaching/targets.ts";
import { host, type Key, program, random, scalarOf, type Tensor, zeros } from "../../tensor/index.ts";
import { intensiveStep } from "./intensive.ts";
import { arraysOf, inputsOf, stateFrom } from "./member.ts";

export interface Pivot {
  /** Logits `[B, C]`; valid until the call after the next. */
  say(batch: Batch): Promise<Float32Array>;
  /** One update; returns its loss. Only of a pivot that learns. */
  readonly study?: (lesson: Study) => Promise<number>;
  /** Of a pivot that learns. */
  state(): NetworkState | undefined;
  arrays(): Record<string, Float32Array>;
  restore(arrays: Readonly<Record<string, Float32Array>>): void;
  release(): Promise<void>;
}

export interface Study {
  readonly batch: Batch;
  readonly step: number;
  /** Positions in the batch of the feedback set, `[B]`. */
  readonly handed: Int32Array;
  readonly lambda: number;
}

export interface LearningPivot {
  readonly network: Network;
  readonly initial: NetworkState;
  readonly optimiser: Optimiser;
  readonly key: Key;
}

/** A pivot that goes on learning. */
export function learningPivot({ network, initial, optimiser, key }: LearningPivot): Pivot {
  const { model } = network;
  const speak = program(
    (state: { params: Tensor; buffers: Tensor }, x: Tensor) => forward(network, state, unitInput(x)).logits,
    { reuse: true, name: `pivot ${model.name}` },
  );
  const intensive = trainProgram(intensiveStep(network, optimiser));
  let state: TrainState = {
    params: host(initial.params.slice()),
    buffers: host(initial.buffers.slice()),
    slots: Array.from({ length: optimiser.slots }, () => zeros([model.params.size])),
  };
  return {
    async say(batch) {
      const { params, buffers } = state;
      return (await speak({ params, buffers }, inputsOf(batch, model.inputShape))).data as Float32Array;
    },
    async study({ batch, step, handed, lambda }) {
      const fed = { x: inputsOf(batch, model.inputShape), y: host(batch.y), handed: host(handed), lambda };
      const stepKey = keyTensor(random.fold(random.fold(key, "pivot"), step));
      const result = await intensive(state, fed, { lr: optimiser.lr(step + 1), step: step + 1, key: stepKey });
      state = result.state;
      return scalarOf(result.metrics.loss!);
    },
    state: () => ({ params: state.params.data as Float32Array, buffers: state.buffers.data as Float32Array }),
    arrays: () => arraysOf(state),
    restore: (arrays) => {
      state = stateFrom(arrays);
    },
    release: async () => {
      await speak.release();
      await intensive.release();
    },
  };
}

const UNCHANGING = {
  state: () => undefined,
  arrays: () => ({}),
  restore: () => {},
} as const;

/** A frozen pivot whose logits for every training example are known. */
export function storedPivot(stored: StoredTargets): Pivot {
  return {
    ...UNCHANGING,
    say: async ({ ids }) => gatherRows(stored, ids).logits!.data as Float32Array,
    release: async () => {},
  };
}

/**
 * A student in its group: its state, and the two things it does: answer a mini-batch, and learn from one. Its optimiser
 * and momentum are its own and stay through promotions: every student is updated once in every iteration.
 */
import type { Batch } from "../../data/batches.ts";
import { initState, keyTensor, type Optimiser, type TrainState, trainProgram } from "../../nn/index.ts";
import { normalised, unitInput } from "../../teaching/input.ts";
import type { Network, NetworkState } from "../../teaching/network.ts";
import { type HostTensor, host, type Key, program, random, scalarOf, type Tensor } from "../../tensor/index.ts";
import { lectureStep } from "./lecture.ts";

export interface Member {
  readonly name: string;
  readonly network: Network;
  /** Operations of one forward pass: what makes a student the larger one. */
  readonly size: number;
  /**
   * Logits `[B, C]` with the statistics of this batch, and without recording them: running averages lag behind a young
   * network. Valid until the call after the next.
   */
  answer(batch: Batch, step: number): Promise<Float32Array>;
  /**
   * One update on the labels with weights[0] and on each teacher's logits with weights[1 + j]. Returns the loss.
   * `labels` replaces the batch's own.
   */
  learn(lesson: Lesson): Promise<number>;
  /** Views, valid until the next update. */
  state(): NetworkState;
  /** All that a checkpoint needs, by name. */
  arrays(): Record<string, Float32Array>;
  restore(arrays: Readonly<Record<string, Float32Array>>): void;
  release(): Promise<void>;
}

export interface Lesson {
  readonly batch: Batch;
  /** From 0. */
  readonly step: number;
  /** Logits of the teachers, each `[B, C]`. */
  readonly said: readonly Float32Array[];
  /** Of the labels, and of each teacher. */
  readonly weights: readonly number[];
  readonly labels?: Int32Array;
}

export interface MemberOptions {
  readonly name: string;
  readonly network: Network;
  readonly optimiser: Optimiser;
  readonly temperature: number;
  /** Of the lesson: the randomness of a step is a function of it and of the step. */
  readonly key: Key;
  /** Of the initial values. */
  readonly initial: Key;
}

export function member({ name, network, optimiser, temperature, key, initial }: MemberOptions): Member {
  const { model, normalise } = network;
  const stepKey = (step: number) => keyTensor(random.fold(random.fold(key, "step"), step));
  const speak = program(
    (state: { params: Tensor; buffers: Tensor }, x: Tensor, k: Tensor) =>
      model.apply(state, normalised(unitInput(x), normalise), { train: true, key: k }).output,
    { reuse: true, name: `answer ${name}` },
  );
  const lecture = trainProgram(lectureStep(network, optimiser, temperature));
  let state: TrainState = initState(model, optimiser, initial);
  return {
    name,
    network,
    size: model.flops,
    async answer(batch, step) {
      const { params, buffers } = state;
      return (await speak({ params, buffers }, inputsOf(batch, model.inputShape), stepKey(step))).data as Float32Array;
    },
    async learn({ batch, step, said, weights, labels = batch.y }) {
      const fed = {
        x: inputsOf(batch, model.inputShape),
        y: host(labels),
        said: stacked(said, batch.y.length),
        weights: host(Float32Array.from(weights)),
      };
      const scalars = { lr: optimiser.lr(step + 1), step: step + 1, key: stepKey(step) };
      const result = await lecture(state, fed, scalars);
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
      await lecture.release();
    },
  };
}

/** The pictures of a batch as a value. */
export const inputsOf = ({ x, y }: Batch, inputShape: readonly number[]): HostTensor =>
  host(x, [y.length, ...inputShape]);

/** `[teachers, B, C]` from the logits of each. */
export function stacked(said: readonly Float32Array[], batch: number): HostTensor {
  const [first] = said;
  const size = first?.length ?? 0;
  const out = new Float32Array(said.length * size);
  said.forEach((logits, j) => {
    out.set(logits, j * size);
  });
  return host(out, [said.length, batch, size / batch]);
}

/** The vectors of a training state by name. */
export function arraysOf({ params, buffers, slots }: TrainState): Record<string, Float32Array> {
  const named = { params, buffers, ...Object.fromEntries(slots.map((slot, i) => [`slot${i}`, slot])) };
  return Object.fromEntries(Object.entries(named).map(([name, t]) => [name, t.data as Float32Array]));
}

/** The inverse of {@link arraysOf}; the vectors are copied. */
export function stateFrom(arrays: Readonly<Record<string, Float32Array>>): TrainState {
  const { params, buffers, ...slots } = arrays;
  const copy = (values: Float32Array) => host(values.slice());
  return {
    params: copy(params!),
    buffers: copy(buffers!),
    slots: Object.keys(slots)
      .sort()
      .map((name) => copy(slots[name]!)),
  };
}

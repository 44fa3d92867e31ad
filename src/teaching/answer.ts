/**
 * Answers of a network or teacher on a whole data set, in batches of one size: a compiled program serves every batch,
 * the last one filled up and cut.
 */
import { type ArrayDataset, countOf, sizeOf } from "../data/dataset.ts";
import { type HostTensor, host, program, type Tensor } from "../tensor/index.ts";
import type { Answers } from "./exams/answers.ts";
import { unitInput } from "./input.ts";
import { forward, type Network, type NetworkState } from "./network.ts";
import type { Teacher } from "./teacher.ts";

/** Examples per run: large enough that the calls cost nothing, small enough for feature maps to stay in memory. */
const BATCH = 250;

/** A compiled examinee; keep it for repeated exams of one network. */
export interface Examinee<S> {
  answer(
    state: S,
    dataset: ArrayDataset,
    onBatch?: (done: number, of: number) => Promise<void> | void,
  ): Promise<Answers>;
  release(): Promise<void>;
}

/** A network whose state is given at every exam. */
export function networkExaminee(network: Network): Examinee<NetworkState> {
  const run = program((state: { params: Tensor; buffers: Tensor }, x: Tensor) => ({
    logits: forward(network, state, unitInput(x)).logits,
  }));
  return {
    async answer({ params, buffers }, dataset, onBatch) {
      const state = { params: host(params), buffers: host(buffers) };
      return collect(dataset, async (x) => (await run(state, x)).logits, onBatch);
    },
    release: () => run.release(),
  };
}

/** A frozen teacher. */
export function teacherExaminee(teacher: Teacher): Examinee<void> {
  const run = program((x: Tensor) => ({ logits: teacher.targets(unitInput(x)).logits }));
  return {
    answer: (_state, dataset, onBatch) => collect(dataset, async (x) => (await run(x)).logits, onBatch),
    release: () => run.release(),
  };
}

async function collect(
  dataset: ArrayDataset,
  run: (x: HostTensor) => Promise<HostTensor>,
  onBatch: (done: number, of: number) => Promise<void> | void = () => {},
): Promise<Answers> {
  const count = countOf(dataset);
  const batch = Math.min(BATCH, count);
  let logits: Float32Array | undefined;
  let classes = 0;
  for (let from = 0; from < count; from += batch) {
    // The last batch starts earlier instead of being shorter: its first rows are known already.
    const start = Math.min(from, count - batch);
    const out = await run(examples(dataset, start, batch));
    classes = out.shape[1]!;
    logits ??= new Float32Array(count * classes);
    logits.set(out.data as Float32Array, start * classes);
    await onBatch(Math.min(count, from + batch), count);
  }
  return { logits: logits!, classes };
}

/** Consecutive examples as a value, without a copy. */
export function examples(dataset: ArrayDataset, start: number, count: number): HostTensor {
  const size = sizeOf(dataset);
  return host(dataset.inputs.subarray(start * size, (start + count) * size), [count, ...dataset.inputShape]);
}

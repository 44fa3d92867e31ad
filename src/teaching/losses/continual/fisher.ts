/**
 * The diagonal of the Fisher information of a classifier, by backward passes over examples.
 *
 * F_i = mean over examples of (∂ log p(y|x)/∂θ_i)², the model in evaluation mode. "true": y drawn from the model's own
 * answer; "empirical": the example's label. "batch" is Avalanche's importance: the squared gradient of the mean loss of
 * a mini-batch, averaged over mini-batches; about 1/B of the empirical one where gradients are mostly noise, so that
 * strengths do not carry over.
 */
import { type ArrayDataset, countOf } from "../../../data/dataset.ts";
import { fail } from "../../../errors.ts";
import {
  grad,
  host,
  type Key,
  keyValue,
  oneHot,
  program,
  random,
  randomGumbel,
  type Tensor,
} from "../../../tensor/index.ts";
import { examples } from "../../answer.ts";
import { unitInput } from "../../input.ts";
import { forward, type Network, type NetworkState } from "../../network.ts";

export interface FisherOptions {
  readonly kind?: "true" | "empirical" | "batch";
  /** Examples to use, from the first on; all where not given. */
  readonly examples?: number;
  /** Of "batch"; a last incomplete batch is left out. Default 32. */
  readonly batchSize?: number;
  /** Where "true" draws its labels from. */
  readonly key: Key;
}

/** One importance per parameter, `[params.size]`. @throws E_RANGE */
export async function fisherInformation(
  network: Network,
  { params, buffers }: NetworkState,
  dataset: ArrayDataset,
  { kind = "true", examples: wanted = countOf(dataset), batchSize = 32, key }: FisherOptions,
): Promise<Float32Array> {
  const count = Math.min(wanted, countOf(dataset));
  const size = kind === "batch" ? Math.min(batchSize, count) : 1;
  if (!Number.isInteger(count) || count < 1 || !Number.isInteger(size) || size < 1) {
    fail(
      "E_RANGE",
      `Fisher information of ${wanted} examples in batches of ${batchSize}.`,
      "Use whole numbers from 1.",
    );
  }
  const step = program(
    (sum: Tensor, state: { params: Tensor; buffers: Tensor }, x: Tensor, y: Tensor, draw: Tensor) => {
      const log = forward(network, state, unitInput(x)).logits.logSoftmax();
      const label = kind === "true" ? log.stopGradient().add(randomGumbel(draw, log.dims)).argmax(-1) : y;
      const likelihood = log.mul(oneHot(label, log.dims[1]!)).sum(-1).mean();
      return sum.add(grad(likelihood, [state.params])[0]!.square());
    },
    { reuse: true, name: `Fisher information of ${network.model.name}` },
  );
  try {
    const runs = Math.floor(count / size);
    const state = { params: host(params), buffers: host(buffers) };
    let sum = host(new Float32Array(params.length));
    for (let i = 0; i < runs; i++) {
      const labels = host(dataset.labels.subarray(i * size, (i + 1) * size));
      sum = await step(sum, state, examples(dataset, i * size, size), labels, keyValue(random.fold(key, i)));
    }
    return (sum.data as Float32Array).map((v) => v / runs);
  } finally {
    await step.release();
  }
}

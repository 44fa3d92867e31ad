/**
 * A projection fitted afterwards. Where widths differ, a student's embedding has no direction in the teacher's space
 * without a projection, and an arm without ND has trained none. So every arm gets one of the same kind, trained in the
 * same way on its finished, frozen student by the loss of ND: what differs between arms is then the students.
 */
import type { ArrayDataset } from "../../data/dataset.ts";
import { defineModel, type Model } from "../../nn/index.ts";
import type { LessonEvent } from "../../teaching/events.ts";
import { nd } from "../../teaching/losses/nd.ts";
import { unit } from "../../teaching/losses/vector.ts";
import type { Network, NetworkState } from "../../teaching/network.ts";
import type { Field } from "../../teaching/targets.ts";
import { constant, host } from "../../tensor/index.ts";
import { learn } from "../kit/learn.ts";
import type { Bench } from "../system.ts";
import { embedNetwork } from "./embed.ts";
import type { Rows } from "./geometry.ts";
import { PROJECTED, project } from "./projection.ts";

/** Enough for the loss of a linear map to stand still. */
const EPOCHS = 10;
const RATE = 0.01;

/** Projection, then the cosine classifier of the class means: answers are ⟨s, ê_c⟩. */
export function probeModel(from: number, means: Float32Array, width: number): Model {
  const classes = means.length / width;
  return defineModel(
    "probe",
    [from],
    (scope, x) => {
      const s = scope.tap(PROJECTED, project(scope, x, width, 0));
      const centres = unit(constant(host(means, [classes, width])));
      return s.matmul(centres.transpose());
    },
    { classes },
  );
}

/** Embeddings as a data set of their own. */
export function asDataset({ data, width }: Rows, like: ArrayDataset, labels: Int32Array): ArrayDataset {
  const { name, task, classes } = like;
  return { name: `embeddings of ${name}`, task, inputs: data, inputShape: [width], labels, classes };
}

export interface ProbeRequest {
  /** Embeddings of the training examples and their labels. */
  readonly train: ArrayDataset;
  /** Those to be projected. */
  readonly test: ArrayDataset;
  /** The teacher's embeddings of the training examples. */
  readonly teacher: Field;
  readonly means: Float32Array;
  readonly width: number;
  readonly seed: number;
}

/** The test embeddings in the teacher's space. */
export async function* projected(
  bench: Bench<unknown>,
  { train, test, teacher, means, width, seed }: ProbeRequest,
): AsyncGenerator<LessonEvent, Rows> {
  const network: Network = { model: probeModel(train.inputShape[0]!, means, width) };
  const trained: NetworkState = yield* learn(bench, {
    stage: "probe",
    network,
    loss: nd({ student: PROJECTED, teacher: "embedding" }),
    stored: new Map([
      // No loss here reads answers; a batch of targets has them all the same.
      [
        "logits",
        { shape: [means.length / width], data: new Float32Array((train.labels.length * means.length) / width) },
      ],
      ["embedding", teacher],
    ]),
    classMeans: new Map([["embedding", means]]),
    recipe: { epochs: EPOCHS, batchSize: 64, optimiser: "adamw", rate: RATE, decay: 0, augment: [] },
    seed,
    data: train,
    exams: 0,
  });
  return (await embedNetwork(network, trained, test, PROJECTED)).embedding;
}

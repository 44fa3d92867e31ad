/**
 * What a loss is: a pure function (student outputs, teacher targets, batch) -> scalar, with its parts for the log.
 *
 * Targets come out of `teacherTargets` only, which puts every value behind a stop-gradient: no loss can train a
 * teacher, whatever it does with them.
 */
import { fail } from "../../errors.ts";
import type { Tensor } from "../../tensor/index.ts";
import { stopGradient } from "../../tensor/index.ts";
import type { AdapterScope } from "./adapter.ts";

/** What a model says about a batch: logits `[B, C]` and named intermediates by path, each `[B, ...]`. */
export interface Outputs {
  readonly logits: Tensor;
  readonly taps: ReadonlyMap<string, Tensor>;
}

declare const frozen: unique symbol;
/** Outputs of a teacher; no gradient passes. Made by {@link teacherTargets}. */
export interface Targets extends Outputs {
  /** Mean of a teacher's tap over the training examples of each class, `[C, d]`, by tap; for losses that ask for it. */
  readonly classMeans: ReadonlyMap<string, Tensor>;
  readonly [frozen]: true;
}

/** What every loss may know beside the two models' outputs. */
export interface LossBatch {
  /** i32 `[B]`. */
  readonly labels: Tensor;
  /** Label distributions `[B, C]` where examples are mixtures (mixup); hard labels otherwise. */
  readonly soft?: Tensor;
  /** Scalar in [0, 1): the share of the lesson that is over; for weights that grow. */
  readonly progress?: Tensor;
  /** Where a loss declares trainable projections and state; they live with the student and are never exported. */
  readonly adapters?: AdapterScope;
  /** i32 `[B]`: places of the examples in the training set, for losses that remember something about each. */
  readonly ids?: Tensor;
  /** i32 `[2]`: a key of this step, for losses that draw (masks, negatives). */
  readonly key?: Tensor;
  /** The training set that the ids point into. */
  readonly examples?: ExampleLabels;
}

/** What is known about all training examples. */
export interface ExampleLabels {
  /** One class per example. */
  readonly labels: ArrayLike<number>;
  readonly classes: number;
}

export interface LossResult {
  /** Scalar, differentiable with respect to the student's outputs. */
  readonly loss: Tensor;
  /** Scalars for the log, unweighted. */
  readonly parts: Readonly<Record<string, Tensor>>;
}

export type Loss<O = Outputs, T = Targets> = (outputs: O, targets: T, batch: LossBatch) => LossResult;

/** Freezes what a teacher said. */
export function teacherTargets(
  outputs: Outputs,
  classMeans: ReadonlyMap<string, Tensor> = new Map<string, Tensor>(),
): Targets {
  const freeze = (all: ReadonlyMap<string, Tensor>) => new Map([...all].map(([name, t]) => [name, stopGradient(t)]));
  return {
    logits: stopGradient(outputs.logits),
    taps: freeze(outputs.taps),
    classMeans: freeze(classMeans),
  } as unknown as Targets;
}

/** Batch size and number of classes; both sides must agree. @throws E_LOSS_CLASSES */
export function sameLogits(outputs: Outputs, targets: Outputs): { batch: number; classes: number } {
  const [batch = 0, classes = 0] = outputs.logits.dims;
  const [rows, columns] = targets.logits.dims;
  if (batch !== rows || classes !== columns) {
    fail(
      "E_LOSS_CLASSES",
      `The student gives logits [${outputs.logits.dims}], the teacher [${targets.logits.dims}].`,
      "Both must answer the same examples and know the same classes.",
    );
  }
  return { batch, classes };
}

/** A tap by path. @throws E_TAP naming the taps that exist */
export function tapOf(side: Outputs, name: string, whose: "student" | "teacher"): Tensor {
  const known = [...side.taps.keys()].join(", ") || "none";
  return side.taps.get(name) ?? fail("E_TAP", `The ${whose} has no tap "${name}".`, `Use one of its taps: ${known}.`);
}

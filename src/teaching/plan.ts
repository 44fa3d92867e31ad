/**
 * What a lesson is made of, and its preparation: one symbolic step, and how batches become its inputs.
 */
import type { AugmentSpec } from "../data/augment.ts";
import type { Batch, BatchOptions } from "../data/batches.ts";
import { type ArrayDataset, countOf } from "../data/dataset.ts";
import { fail } from "../errors.ts";
import type { Layout, Model, Optimiser } from "../nn/index.ts";
import type { SymbolicScalars, TrainStepOptions } from "../nn/train-step.ts";
import { placeholder } from "../tensor/graph.ts";
import {
  constant,
  foldKey,
  type Given,
  gather,
  type HostTensor,
  host,
  type Key,
  oneHot,
  random,
  type Tensor,
} from "../tensor/index.ts";
import type { Checkpoints } from "./checkpoint.ts";
import { normalised, unitInput } from "./input.ts";
import {
  type AdapterLayout,
  type Adapters,
  adapterMemory,
  adapterScope,
  initAdapters,
  recordAdapters,
} from "./losses/adapter.ts";
import type { ExampleLabels, Loss, LossBatch, Targets } from "./losses/loss.ts";
import type { Network, NetworkState } from "./network.ts";
import { type ClassMeans, gatherRows, meansTensors, type StoredTargets, targetsFrom } from "./targets.ts";
import type { Teacher } from "./teacher.ts";

export interface LessonPlan {
  /** Name for events: "student, seed 1". */
  readonly stage: string;
  /** The student. */
  readonly network: Network;
  /** Values to start from; drawn from the key where not given. */
  readonly initial?: NetworkState;
  readonly data: ArrayDataset;
  readonly loss: Loss;
  /** Runs inside the step, on the pictures the student sees. */
  readonly teacher?: Teacher;
  /** Taps of the teacher that the loss reads. */
  readonly taps?: readonly string[];
  /** What the teacher said, instead of running it; only without augmentation. */
  readonly stored?: StoredTargets;
  readonly classMeans?: ClassMeans;
  readonly steps: number;
  readonly batchSize: number;
  readonly augment?: AugmentSpec;
  /** Or made for a number of adapter parameters behind the student's own, where it masks parameters. */
  readonly optimiser: Optimiser | ((adapters: number) => Optimiser);
  /** Largest global norm of the gradient. */
  readonly clip?: number;
  readonly key: Key;
  /** An exam every so many steps and after the last one; it must not change the state. */
  readonly exam?: { readonly every: number; run(state: NetworkState): Promise<Readonly<Record<string, number>>> };
  /** Makes the batches; in this thread where not given. Node: `prefetch` of data, which works ahead in a worker. */
  readonly open?: (data: ArrayDataset, options: BatchOptions & { readonly start: number }) => AsyncIterator<Batch>;
  readonly checkpoints?: Checkpoints;
  /** Seconds between two checkpoints; a kill costs at most that much work. Default 5. */
  readonly checkpointSeconds?: number;
  readonly signal?: AbortSignal;
}

/**
 * Inputs of a step beside the state: a batch, or all examples with the ids of the batch to pick. The latter saves the
 * copy of each batch on the training thread: the runtime reads the examples where they lie.
 */
export interface StepBatch {
  readonly [name: string]: Tensor | { readonly [name: string]: Tensor };
  readonly x: Tensor;
  readonly y: Tensor;
  /** Rows of stored targets, by field. */
  readonly rows: { readonly [name: string]: Tensor };
  /** lambda f32 and y i32 of mixed pairs. */
  readonly mix: { readonly [name: string]: Tensor };
  /** i32 `[B]`: places of the examples of the batch. */
  readonly ids: Tensor;
}
export type StepScalars = SymbolicScalars & { readonly key: Tensor; readonly progress: Tensor };

/**
 * `resident` feeds all examples to every step instead of copies of some: for runtimes that read a fed array in place,
 * and for batches that are not changed on the way.
 * @throws E_TEACH_OPTION, E_TEACH_CLASSES
 */
export function prepareLesson(plan: LessonPlan, resident = false) {
  checkPlan(plan);
  const { network, stored, batchSize } = plan;
  const { model, normalise } = network;
  const adapters = findAdapters(plan);
  const optimiser = typeof plan.optimiser === "function" ? plan.optimiser(adapters.size) : plan.optimiser;
  const own = model.params.size;
  const kept = model.buffers.size;
  const chosen = resident ? pick : (batch: StepBatch) => batch;
  const read = (batch: StepBatch) => normalised(unitInput(chosen(batch).x), normalise);

  const step: TrainStepOptions<StepBatch, StepScalars> = {
    model: withAdapters(model, adapters),
    optimiser,
    input: read,
    ...(plan.clip !== undefined && { clip: plan.clip }),
    loss: ({ output, taps, batch: fed, scalars, params, buffers, before }) => {
      const batch = chosen(fed);
      const classes = output.dims.at(-1)!;
      const memory = adapters.state.size > 0 ? adapterMemory(adapters.state, before, kept) : undefined;
      const scope = adapters.size > 0 ? adapterScope(adapters.entries, params.slice(0, own), memory) : undefined;
      const about: LossBatch = {
        labels: batch.y,
        ids: batch.ids,
        examples: examplesOf(plan),
        key: foldKey(scalars.key, LOSS),
        progress: scalars.progress,
        ...(batch.mix.lambda && { soft: mixed(batch.y, batch.mix.y!, batch.mix.lambda, classes) }),
        ...((scope ?? memory) && { adapters: scope ?? adapterScope([], params, memory) }),
      };
      const { loss, parts } = plan.loss({ logits: output, taps }, targetsOf(plan, batch, classes), about);
      return { loss, metrics: parts, ...(memory && { buffers: memory.next(buffers) }) };
    },
  };
  const all = resident && {
    x: host(plan.data.inputs, [countOf(plan.data), ...plan.data.inputShape]),
    y: host(plan.data.labels),
    rows: Object.fromEntries(
      [...(stored ?? [])].map(([name, { shape, data }]) => [name, host(data, [countOf(plan.data), ...shape])]),
    ),
    mix: {},
  };
  // One tensor for the places of all steps: a new one costs the runtime a wrapper, and no two steps run at once.
  const places = host(new Int32Array(batchSize));
  return {
    step,
    optimiser,
    adapters,
    /** The student's own part of the two vectors. */
    own: ({ params, buffers }: { readonly params: HostTensor; readonly buffers: HostTensor }): NetworkState => ({
      params: (params.data as Float32Array).subarray(0, own),
      buffers: (buffers.data as Float32Array).subarray(0, kept),
    }),
    /** What the adapters start from: their parts of the two vectors. */
    initial: (key: Key): NetworkState => ({
      params: initAdapters(adapters, random.fold(key, "adapters")),
      buffers: initAdapters(adapters.state, random.fold(key, "adapter state")),
    }),
    /** What `feed` does not read of a batch need not be made. */
    reads: all ? outline(plan.data) : plan.data,
    feed: (batch: Batch): Given<StepBatch> => {
      if (all) {
        (places.data as Int32Array).set(batch.ids);
        return { ...all, ids: places };
      }
      return {
        x: host(batch.x, [batchSize, ...plan.data.inputShape]),
        y: host(batch.y),
        rows: stored ? gatherRows(stored, batch.ids) : {},
        mix: batch.mix ? { lambda: host(batch.mix.lambda), y: host(batch.mix.y) } : ({} as Record<string, HostTensor>),
        ids: host(batch.ids),
      };
    },
  };
}

/** Purpose of the key that losses draw from. */
const LOSS = 0x4c4f5353;

const examplesOf = ({ data }: LessonPlan): ExampleLabels => ({ labels: data.labels, classes: data.classes.length });

/** The examples of a step out of all of them. Equal gathers are one node of the compiled graph. */
function pick(fed: StepBatch): StepBatch {
  const { ids } = fed;
  const rows = Object.entries(fed.rows).map(([name, all]) => [name, gather(all, ids)] as const);
  return { ...fed, x: gather(fed.x, ids), y: gather(fed.y, ids), rows: Object.fromEntries(rows) };
}

/** The same examples without their inputs: batches of it have the order, the labels and the ids of the real ones. */
const outline = (data: ArrayDataset): ArrayDataset => ({
  ...data,
  inputs: new Uint8Array(countOf(data)),
  inputShape: [1],
});

/** λ·onehot(y) + (1-λ)·onehot(y'), `[B, C]`. */
function mixed(y: Tensor, other: Tensor, lambda: Tensor, classes: number): Tensor {
  const share = lambda.expandDims(-1);
  return oneHot(y, classes)
    .mul(share)
    .add(oneHot(other, classes).mul(share.neg().add(1)));
}

function targetsOf(plan: LessonPlan, batch: Pick<StepBatch, "x" | "rows">, classes: number): Targets {
  const means = meansTensors(plan.classMeans ?? new Map<string, Float32Array>(), classes);
  if (plan.stored) return targetsFrom(batch.rows, means);
  if (!plan.teacher) return NOBODY;
  const said = plan.teacher.targets(unitInput(batch.x), plan.taps);
  return { ...said, classMeans: means };
}

const alone = (): never =>
  fail("E_TEACHER", "This loss asks for a teacher, but the lesson has none.", "Give a teacher, or use ce alone.");
/** Targets of a lesson without a teacher: asking is the mistake. */
const NOBODY = {
  get logits() {
    return alone();
  },
  get taps() {
    return alone();
  },
  get classMeans() {
    return alone();
  },
} as unknown as Targets;

/** Traces the loss once on placeholders, only to hear which adapters it wants. */
function findAdapters(plan: LessonPlan): Adapters {
  const { network, batchSize, stored } = plan;
  const { model } = network;
  const x = placeholder("x", plan.data.inputs instanceof Uint8Array ? "u8" : "f32", [
    batchSize,
    ...plan.data.inputShape,
  ]);
  const state = {
    params: placeholder("params", "f32", [model.params.size]),
    buffers: placeholder("buffers", "f32", [model.buffers.size]),
  };
  const { output, taps } = model.apply(state, normalised(unitInput(x), network.normalise));
  const rows = Object.fromEntries(
    [...(stored ?? [])].map(([name, { shape }]) => [name, placeholder(name, "f32", [batchSize, ...shape])]),
  );
  return recordAdapters((adapters) => {
    plan.loss({ logits: output, taps }, targetsOf(plan, { x, rows }, output.dims.at(-1)!), {
      labels: placeholder("y", "i32", [batchSize]),
      ids: placeholder("ids", "i32", [batchSize]),
      key: placeholder("key", "i32", [2]),
      examples: examplesOf(plan),
      adapters,
    });
  });
}

/** The model with room for adapters behind its parameters and for their state behind its buffers. */
function withAdapters(model: Model, adapters: Adapters): Model {
  if (adapters.size === 0 && adapters.state.size === 0) return model;
  const [own, kept] = [model.params.size, model.buffers.size];
  const behind = (layout: Layout, more: AdapterLayout): Layout => ({
    entries: [...layout.entries, ...more.entries.map((e) => ({ ...e, offset: layout.size + e.offset }))],
    size: layout.size + more.size,
  });
  return {
    ...model,
    params: behind(model.params, adapters),
    buffers: behind(model.buffers, adapters.state),
    // The buffers after a pass are the model's own: what follows them is for the loss to write.
    apply: (state, x, options) => {
      const buffers = adapters.state.size === 0 ? state.buffers : firstOf(state.buffers, kept);
      return model.apply({ params: state.params.slice(0, 0, own), buffers }, x, options);
    },
  };
}

/** The first values of a vector; none is a case of its own, as no operation of the engine yields an empty tensor. */
const firstOf = (vector: Tensor, size: number): Tensor =>
  size === 0 ? constant(host(new Float32Array(0))) : vector.slice(0, 0, size);

function checkPlan({ network, data, teacher, stored, augment = [], steps, batchSize }: LessonPlan): void {
  const { model } = network;
  const wrong = (what: string, todo: string): never => fail("E_TEACH_OPTION", what, todo);
  if (!Number.isInteger(steps) || steps < 1) wrong(`${steps} steps were asked for.`, "Use a whole number from 1.");
  if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > countOf(data)) {
    wrong(`The batch size is ${batchSize}.`, `Use a whole number from 1 to the ${countOf(data)} training examples.`);
  }
  if (stored && augment.length > 0) {
    wrong(
      "Stored targets belong to the pictures as they are, but the lesson augments them.",
      "Give the teacher itself.",
    );
  }
  if (`${model.inputShape}` !== `${data.inputShape}`) {
    wrong(
      `${model.name} reads [${model.inputShape}], "${data.name}" has [${data.inputShape}].`,
      "Choose a model of that size.",
    );
  }
  for (const side of [model, ...(teacher ? [teacher] : [])]) {
    if (side.classes !== undefined && side.classes !== data.classes.length) {
      fail(
        "E_TEACH_CLASSES",
        `${side.name} knows ${side.classes} classes, "${data.name}" has ${data.classes.length}.`,
        "Teacher, student and data must have the same classes in the same order.",
      );
    }
  }
}

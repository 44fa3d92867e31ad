/**
 * Lyceum's side of the jobs that bench/peers/torch_peer.py defines, with the numbers of its docstring. The losses are the
 * ones that `teach` uses. "distill-stored" is "distill" with the teacher's logits as an input, as the store gives them.
 */
import { decoder, llama } from "../src/language/decoder/index.ts";
import { adam, adamw, gpt, type Model, mlp, type Optimiser, resnet, sgd } from "../src/nn/index.ts";
import type { TrainStepOptions } from "../src/nn/train-step.ts";
import { crossEntropy } from "../src/teaching/losses/cross-entropy.ts";
import { kd } from "../src/teaching/losses/kd.ts";
import { tokenCrossEntropy } from "../src/teaching/losses/language/tokens.ts";
import { type Loss, type Outputs, type Targets, teacherTargets } from "../src/teaching/losses/loss.ts";
import { weighted } from "../src/teaching/losses/weighted.ts";
import { modelTeacher, type Teacher } from "../src/teaching/teacher.ts";
import { type Given, host, key, program, random, type Tensor } from "../src/tensor/index.ts";

export interface JobBatch {
  readonly [name: string]: Tensor | { readonly [name: string]: Tensor };
  readonly x: Tensor;
  readonly y: Tensor;
  /** What the store holds: `logits` [B, C], or nothing. */
  readonly rows: { readonly [name: string]: Tensor };
}

export interface Job {
  readonly step: TrainStepOptions<JobBatch>;
  /** Made beforehand and cycled. */
  readonly batches: readonly Given<JobBatch>[];
  /** Floating-point operations of one step: forward, and twice that backward; a frozen teacher's forward. */
  readonly flops: number;
}

const BATCHES = 8;
const KEY = key(0);

const hinton = weighted({ ce: [0.1, crossEntropy()], kd: [0.9, kd({ temperature: 4 })] });

type Arrays = { readonly x: Float32Array | Int32Array; readonly y: Int32Array };

/** Uniform integers below `bound`. */
const integers = (from: random.Key, n: number, bound: number) => {
  const next = random.integers(from);
  return Int32Array.from({ length: n }, () => next(bound));
};

function text(context: number, batch: number, vocabulary: number) {
  return (i: number): Arrays => {
    const tokens = integers(random.fold(KEY, i), batch * (context + 1), vocabulary);
    const cut = (shift: number) =>
      Int32Array.from({ length: batch * context }, (_, k) => tokens[k + Math.floor(k / context) + shift]!);
    return { x: cut(0), y: cut(1) };
  };
}

const pictures = (draw: (from: random.Key, n: number) => Float32Array, batch: number, size: number) => (i: number) => ({
  x: draw(random.fold(random.fold(KEY, "x"), i), batch * size),
  y: integers(random.fold(random.fold(KEY, "y"), i), batch, 10),
});

interface Recipe {
  readonly model: Model;
  readonly optimiser: Optimiser;
  readonly clip?: number;
  readonly batch: number;
  readonly labels: readonly number[];
  readonly draw: (i: number) => Arrays;
  /** Cross-entropy where not given. */
  readonly loss?: Loss<Outputs, unknown>;
  /** Whether a teacher runs in the step, or its stored answers come in. */
  readonly teacher?: "runs" | "stored";
}

function language(width: number, heads: number): Recipe {
  return {
    model: gpt({ vocabulary: 65, context: 128, width, heads, layers: 4 }),
    optimiser: adamw({ lr: 3e-4, betas: [0.9, 0.95], weightDecay: 0.1 }),
    clip: 1,
    batch: 16,
    labels: [16, 128],
    draw: text(128, 16, 65),
  };
}

/** Bytes as tokens; as many key heads as query heads. */
const llamaOf = (width: number, heads: number): Recipe => ({
  ...language(width, heads),
  model: decoder(llama({ vocabulary: 256, context: 128, width, heads, layers: 4 })).model,
  draw: text(128, 16, 256),
  loss: tokenCrossEntropy(),
});

const perceptron = (teacher?: "runs" | "stored"): Recipe => ({
  model: mlp({ inputShape: [784], classes: 10, hidden: [256, 256] }),
  optimiser: adam({ lr: 1e-3 }),
  batch: 128,
  labels: [128],
  draw: pictures(random.uniform, 128, 784),
  ...(teacher && { teacher }),
});

const RECIPES: Readonly<Record<string, () => Recipe>> = {
  "gpt-0.8m": () => language(128, 4),
  "gpt-3.2m": () => language(256, 8),
  "llama-3m": () => llamaOf(256, 8),
  mlp: () => perceptron(),
  resnet20: () => ({
    model: resnet({ depth: 20, inputShape: [3, 32, 32], classes: 10 }),
    optimiser: sgd({ lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 5e-4 }),
    batch: 64,
    labels: [64],
    draw: pictures(random.normal, 64, 3 * 32 * 32),
  }),
  distill: () => perceptron("runs"),
  "distill-stored": () => perceptron("stored"),
  "distill-plain": () => perceptron(),
};

export const JOB_NAMES: readonly string[] = Object.keys(RECIPES);

export async function makeJob(name: string): Promise<Job> {
  const make = RECIPES[name];
  if (!make) throw new Error(`no job called ${name}; there are ${JOB_NAMES.join(", ")}`);
  const { model, optimiser, clip, batch, labels, draw, teacher: mode, loss: given = crossEntropy() } = make();
  const teacher = mode && (await makeTeacher());
  const arrays = Array.from({ length: BATCHES }, (_, i) => draw(i));
  const logits = mode === "stored" ? await answers(teacher!, arrays, batch) : [];
  const loss = mode ? hinton : (given as Loss);
  return {
    step: {
      model,
      optimiser,
      ...(clip !== undefined && { clip }),
      loss: ({ output, taps, batch }) =>
        loss({ logits: output, taps }, targetsOf(batch, teacher), { labels: batch.y }).loss,
    },
    batches: arrays.map(({ x, y }, i) => ({
      x: host(x, [batch, ...model.inputShape]),
      y: host(y, labels),
      rows: logits[i] ? { logits: logits[i] } : {},
    })) as Given<JobBatch>[],
    flops: batch * (3 * model.flops + (mode === "runs" ? teacher!.flops : 0)),
  };
}

async function makeTeacher(): Promise<Teacher> {
  const model = mlp({ inputShape: [784], classes: 10, hidden: [1200, 1200] });
  return modelTeacher({ model }, model.init(key(1)));
}

function targetsOf(batch: JobBatch, teacher: Teacher | undefined): Targets {
  if (batch.rows.logits) return teacherTargets({ logits: batch.rows.logits, taps: new Map() });
  // Without a teacher the loss is cross-entropy, which reads no targets.
  return teacher ? teacher.targets(batch.x) : (undefined as unknown as Targets);
}

async function answers(teacher: Teacher, arrays: readonly Arrays[], batch: number) {
  const ask = program((x: Tensor) => teacher.targets(x).logits);
  const out = [];
  for (const { x } of arrays) out.push(await ask(host(x, [batch, 784])));
  await ask.release();
  return out;
}

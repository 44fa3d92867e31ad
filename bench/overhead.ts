/**
 * What `teach()` costs over the bare step, and how much of the preparation of batches hides behind it.
 *
 * The hook for exams splits a lesson into segments. After some segments the bare program takes its turn inside the
 * hook, so that both run in one process, interleaved; the segment after that is not counted, because a worker that
 * prepares batches has filled its ring meanwhile.
 */
import type { AugmentSpec } from "../src/data/augment.ts";
import { batches } from "../src/data/batches.ts";
import type { ArrayDataset } from "../src/data/dataset.ts";
import {
  adam,
  initState,
  keyTensor,
  type Model,
  mlp,
  type Optimiser,
  resnet,
  sgd,
  trainProgram,
} from "../src/nn/index.ts";
import { crossEntropy } from "../src/teaching/losses/cross-entropy.ts";
import type { Loss } from "../src/teaching/losses/loss.ts";
import { type LessonPlan, prepareLesson } from "../src/teaching/plan.ts";
import { teach } from "../src/teaching/teach.ts";
import { key, random } from "../src/tensor/index.ts";
import { median } from "./statistics.ts";

export interface OverheadOptions {
  readonly job: "mlp" | "resnet20";
  readonly augment?: AugmentSpec;
  readonly threads: number;
  /** Steps between two looks at the clock. */
  readonly segment: number;
  readonly rounds: number;
  /** After that time the rounds so far must do; two at least. */
  readonly seconds: number;
}

export interface Overhead {
  /** ms per step by round: both medians over the round's segments. */
  readonly bare: number[];
  readonly teach: number[];
  /** ms to prepare one batch in the thread itself; best of 20. */
  readonly prepare: number;
}

/** Segments of teach() per round that count. */
const COUNTED = 2;
const EXAMPLES = 2048;

const SUBJECTS: Readonly<
  Record<OverheadOptions["job"], () => { model: Model; optimiser: Optimiser; batchSize: number }>
> = {
  mlp: () => ({
    model: mlp({ inputShape: [1, 28, 28], classes: 10, hidden: [256, 256] }),
    optimiser: adam({ lr: 1e-3 }),
    batchSize: 128,
  }),
  resnet20: () => ({
    model: resnet({ depth: 20, inputShape: [3, 32, 32], classes: 10 }),
    optimiser: sgd({ lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 5e-4 }),
    batchSize: 64,
  }),
};

export async function overhead(options: OverheadOptions): Promise<Overhead> {
  const { job, augment = [], threads, segment, rounds, seconds } = options;
  const end = performance.now() + seconds * 1000;
  process.env.LYCEUM_THREADS = String(threads);
  const { model, optimiser, batchSize } = SUBJECTS[job]();
  const data = noise(model.inputShape);
  const plan: LessonPlan = {
    stage: job,
    network: { model },
    data,
    loss: crossEntropy() as Loss,
    steps: segment * (1 + rounds * (1 + COUNTED)),
    batchSize,
    augment,
    optimiser,
    key: key(1),
  };
  const bareSteps = await openBare(plan);
  const [bare, taught, current]: [number[], number[], number[]] = [[], [], []];
  let mark = 0;
  let exams = 0;
  const run = async () => {
    const now = performance.now();
    // The first segment compiles; of each round the first is not counted.
    if (exams > 0 && (exams - 1) % (1 + COUNTED) > 0) current.push((now - mark) / segment);
    if (exams++ % (1 + COUNTED) === 0) {
      if (current.length > 0) taught.push(median(current.splice(0)));
      if (bare.length < rounds) bare.push(await bareSteps(segment));
    }
    mark = performance.now();
    return {};
  };
  for await (const event of teach({ ...plan, exam: { every: segment, run } })) {
    // Only the steps count here; a consumer that does nothing is the least a consumer can do.
    if (event.type === "exam" && taught.length >= 2 && performance.now() > end) break;
  }
  await bareSteps(0);
  return { bare: bare.slice(0, taught.length), teach: taught, prepare: prepareTime(plan) };
}

/** n bare steps of the lesson's own program on batches made beforehand: ms per step. 0 steps end it. */
async function openBare(plan: LessonPlan): Promise<(n: number) => Promise<number>> {
  const lesson = prepareLesson(plan);
  const run = trainProgram(lesson.step);
  const source = batches(plan.data, { key: plan.key, batchSize: plan.batchSize });
  const feeds = Array.from({ length: 8 }, (_, i) => lesson.feed(source.batchAt(i)));
  let state = initState(plan.network.model, lesson.optimiser, plan.key);
  let done = 0;
  const step = async () => {
    const scalars = { lr: lesson.optimiser.lr(done + 1), step: done + 1, key: keyTensor(plan.key), progress: 0 };
    state = (await run(state, feeds[done++ % feeds.length]!, scalars)).state;
  };
  return async (n) => {
    if (n === 0) {
      await run.release();
      return 0;
    }
    // Threads and caches come back to this program.
    for (let i = 0; i < 2; i++) await step();
    const start = performance.now();
    for (let i = 0; i < n; i++) await step();
    return (performance.now() - start) / n;
  };
}

function prepareTime({ data, batchSize, augment = [], key }: LessonPlan): number {
  const source = batches(data, { key, batchSize, augment });
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 20; i++) {
    const start = performance.now();
    source.batchAt(i);
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

function noise(inputShape: readonly number[]): ArrayDataset {
  const size = inputShape.reduce((a, b) => a * b, 1);
  return {
    name: "noise",
    task: "classification",
    inputs: new Uint8Array(random.bits(key(2), (EXAMPLES * size) / 4).buffer),
    inputShape,
    labels: Int32Array.from({ length: EXAMPLES }, (_, i) => i % 10),
    classes: Array.from({ length: 10 }, (_, i) => `${i}`),
  };
}

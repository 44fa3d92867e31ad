/** What is asked of both worlds. Nothing in this file knows where it runs; answers are plain data. */
import { answersOf, castFor, studentPlan } from "../../../examples/browser/lesson.ts";
import { batches, drawnDigits, sha256 } from "../../../src/data/browser.ts";
import { buildModel, initState, keyTensor, sgd, trainProgram } from "../../../src/nn/index.ts";
import { type NetworkState, teach } from "../../../src/teaching/browser.ts";
import { prepareLesson } from "../../../src/teaching/plan.ts";
import {
  grad,
  type HostTensor,
  host,
  key,
  program,
  random,
  scalarOf,
  type Tensor,
  useBackend,
  type WebOptions,
  webBackend,
} from "../../../src/tensor/index.ts";

const PICTURE = [1, 28, 28];
const data = () => drawnDigits({ train: 1280, validation: 10, test: 10 });

/** Hashes of everything that is drawn before a lesson begins. */
export async function drawn(): Promise<Record<string, string>> {
  const { train } = data();
  const order = batches(train, {
    key: key(7),
    batchSize: 128,
    augment: [{ kind: "crop", pad: 2 }, { kind: "affine" }],
  });
  const batch = order.batchAt(13);
  return {
    bits: await sha256(random.bits(key(1), 4096)),
    normals: await sha256(random.normal(key(2), 100_000)),
    permutation: await sha256(random.permutation(key(3), 1000)),
    digits: await sha256(train.inputs),
    batch: await sha256(batch.x),
    ids: await sha256(batch.ids),
    parameters: await sha256(buildModel("cnn-tiny", { inputShape: PICTURE, classes: 10 }).init(key(4)).params),
  };
}

/** The teacher of both worlds: as drawn, untrained; what counts is that its answers are the same. */
function cast(student: string) {
  const { train } = data();
  const { teacher, taught } = castFor(train, student);
  return { teacher, taught, untrained: teacher.model.init(key(11)) satisfies NetworkState };
}

/** The losses of a student's first steps. */
export async function firstLosses({ student, steps }: { student: string; steps: number }): Promise<readonly number[]> {
  const split = data();
  const { teacher, taught, untrained } = cast(student);
  const answers = await answersOf(teacher, untrained, split.train);
  for await (const event of teach(studentPlan(split, taught, { steps, seed: 3, answers }))) {
    // Up to 100 steps, every step is a point of the curve.
    if (event.type === "taught") return event.log.loss.map(([, loss]) => loss);
  }
  throw new Error("The lesson did not end.");
}

/** Milliseconds of a student's steps, after some that are not counted: WebAssembly is compiled anew while it runs. */
export async function stepTimes({ student, warm, steps }: { student: string; warm: number; steps: number }) {
  const split = data();
  const network = cast(student).taught;
  const { step, optimiser, feed } = prepareLesson(studentPlan(split, network, { steps, seed: 3 }));
  const run = trainProgram(step);
  const order = batches(split.train, { key: key(1), batchSize: 128 });
  let state = initState(network.model, optimiser, key(2));
  const times: number[] = [];
  for (let i = 0; i < warm + steps; i++) {
    const batch = feed(order.batchAt(i));
    const start = performance.now();
    state = (await run(state, batch, { lr: 1e-3, step: i + 1, key: keyTensor(key(i)), progress: 0 })).state;
    times.push(performance.now() - start);
  }
  await run.release();
  return times.slice(warm);
}

/** Bytes of WebAssembly memory after some steps of a reusing program, and after many more. */
export async function growth({ early, late }: { early: number; late: number }): Promise<[number, number]> {
  const memories: WebAssembly.Memory[] = [];
  const Original = WebAssembly.Memory;
  WebAssembly.Memory = class extends Original {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      memories.push(this);
    }
  };
  const size = () => memories.reduce((sum, memory) => sum + memory.buffer.byteLength, 0);
  const optimiser = sgd({ lr: 1e-3, momentum: 0.9 });
  const step = program(
    ({ params, slot }: { params: Tensor; slot: Tensor }, x: Tensor, count: Tensor) => {
      const loss = x
        .matmul(params.reshape([256, 256]))
        .square()
        .mean();
      const [grads] = grad(loss, [params]) as [Tensor];
      const next = optimiser.update({ params, grads, slots: [slot], step: count, lr: constant(1e-3, count) });
      return { params: next.params, slot: next.slots[0]!, loss };
    },
    { reuse: true },
  );
  const x = host(random.normal(key(1), 64 * 256), [64, 256]);
  let state = { params: host(random.normal(key(2), 65_536)), slot: host(new Float32Array(65_536)) };
  let last = Number.POSITIVE_INFINITY;
  const sizes: [number, number] = [0, 0];
  for (let i = 1; i <= late; i++) {
    const { loss, ...next } = await step(state, x, i);
    state = next;
    if (i % 100 === 0) {
      const now = scalarOf(loss);
      if (!(now < last))
        throw new Error(`The loss rose from ${last} to ${now} at step ${i}: the state does not come back.`);
      last = now;
    }
    if (i === early) sizes[0] = size();
  }
  sizes[1] = size();
  await step.release();
  return sizes;
}
const constant = (value: number, like: Tensor): Tensor => like.mul(0).add(value);

/** A small network with its gradient, on a provider. */
export async function small({ provider }: { provider: string }): Promise<number[]> {
  const run = program(
    (x: Tensor, w: Tensor, v: Tensor) => {
      const loss = x.matmul(w).gelu().matmul(v).logSoftmax().square().mean();
      const [dw, dv] = grad(loss, [w, v]) as [Tensor, Tensor];
      return { loss, dw, dv };
    },
    { provider },
  );
  const draw = (seed: number, shape: number[]): HostTensor =>
    host(
      random
        .normal(
          key(seed),
          shape.reduce((a, b) => a * b),
        )
        .map((v) => v / 4),
      shape,
    );
  const { loss, dw, dv } = await run(draw(1, [8, 16]), draw(2, [16, 32]), draw(3, [32, 5]));
  await run.release();
  return [loss, dw, dv].flatMap((t) => Array.from(t.data as Float32Array));
}

/** The same with explicit options. */
export async function smallWith(options: WebOptions): Promise<number[]> {
  useBackend(webBackend(options));
  return small({ provider: "wasm" });
}

/** The message of the error, for what must fail. */
export async function refused({ provider }: { provider: string }): Promise<string> {
  return small({ provider }).then(
    () => "no error",
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}

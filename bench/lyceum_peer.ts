/**
 * Lyceum as a peer: the protocol of bench/peers/torch_peer.py, in a process of its own as the others. Beyond it:
 *
 *   setup     also answers flops, modelBytes, traceSeconds (trace and emit), sessionSeconds, engineSeconds
 *   peak      {"sizes":[1024,2048]} -> {"gflops":{"1024":..}}
 *   overhead  what `teach` costs over the bare step (overhead.ts)
 *   teacher   {"file":..} writes a small untrained ONNX teacher for 28x28 pictures
 */
import { writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { initState, mlp, type TrainState, trainProgram } from "../src/nn/index.ts";
import { exportNetwork } from "../src/teaching/network.ts";
import { currentBackend, host, key, program, random, scalarOf, type Tensor, useBackend } from "../src/tensor/index.ts";
import { makeJob } from "./jobs.ts";
import { overhead } from "./overhead.ts";

type Message = { readonly cmd: string; readonly [field: string]: unknown };

/** One step; resolves to a function that reads its loss. */
let next: (() => Promise<() => number>) | undefined;

async function setup(m: Message) {
  const begun = performance.now();
  const seconds = (from: number) => (performance.now() - from) / 1000;
  process.env.LYCEUM_THREADS = String(m.threads ?? 2);
  const backend = await currentBackend();
  const engineSeconds = seconds(begun);
  const { step, batches, flops } = await makeJob(String(m.job));
  let sessionSeconds = 0;
  useBackend({
    ...backend,
    compile: async (...args) => {
      const from = performance.now();
      const session = await backend.compile(...args);
      sessionSeconds += seconds(from);
      return session;
    },
  });
  const run = trainProgram(step);
  let state: TrainState = initState(step.model, step.optimiser, key(Number(m.seed ?? 0)));
  let done = 0;
  const scalars = () => ({ lr: step.optimiser.lr(done + 1), step: done + 1 });
  const compiling = performance.now();
  const model = await run.compile(state, batches[0]!, scalars());
  const compileSeconds = seconds(compiling);
  useBackend(backend);
  next = async () => {
    const result = await run(state, batches[done % batches.length]!, scalars());
    state = result.state;
    done++;
    return () => scalarOf(result.metrics.loss!);
  };
  for (let i = 0; i < Number(m.warmup ?? 3); i++) await next();
  return {
    job: m.job,
    params: step.model.params.size,
    compileSeconds,
    traceSeconds: compileSeconds - sessionSeconds,
    sessionSeconds,
    engineSeconds,
    setupSeconds: seconds(begun),
    modelBytes: model.length,
    flops,
  };
}

async function steps({ n }: Message) {
  if (!next) throw new Error("setup first");
  const ms: number[] = [];
  let read = () => Number.NaN;
  for (let i = 0; i < Number(n); i++) {
    const start = performance.now();
    read = await next();
    ms.push(performance.now() - start);
  }
  return { ms, loss: read() };
}

/** Best of a few products, GFLOP/s: what a step can hope for on this machine. */
async function peak({ sizes, threads = 2 }: Message) {
  process.env.LYCEUM_THREADS = String(threads);
  const gflops: Record<string, number> = {};
  for (const n of sizes as number[]) {
    const product = program((a: Tensor, b: Tensor) => a.matmul(b), { reuse: true });
    const [a, b] = [key(1), key(2)].map((k) => host(random.normal(k, n * n), [n, n]));
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 12; i++) {
      const start = performance.now();
      await product(a!, b!);
      best = Math.min(best, performance.now() - start);
    }
    await product.release();
    gflops[n] = (2 * n ** 3) / best / 1e6;
  }
  return { gflops };
}

async function teacher({ file }: Message) {
  const model = mlp({ inputShape: [1, 28, 28], classes: 10, hidden: [32] });
  await writeFile(String(file), exportNetwork({ model }, model.init(key(1))));
  return {};
}

const HANDLERS: Readonly<Record<string, (m: Message) => Promise<object>>> = {
  setup,
  step: steps,
  peak,
  teacher,
  overhead: (m) => overhead(m as unknown as Parameters<typeof overhead>[0]),
  memory: async () => ({ mb: process.resourceUsage().maxRSS / 1024 }),
};

for await (const line of createInterface({ input: process.stdin })) {
  if (!line.trim()) continue;
  const m = JSON.parse(line) as Message;
  if (m.cmd === "exit") break;
  let answer: object;
  try {
    const handler = HANDLERS[m.cmd];
    if (!handler) throw new Error(`no command called ${m.cmd}`);
    answer = { ok: true, ...(await handler(m)) };
  } catch (error) {
    answer = { ok: false, why: String(error instanceof Error ? error.message : error).slice(0, 500) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit(0);

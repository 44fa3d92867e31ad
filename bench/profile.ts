/**
 * `npx tsx bench/profile.ts gpt-0.8m [--steps 20] [--top 15] [--threads 2]`: where a training step's time goes, by
 * operator and by operator and shape, from ONNX Runtime's own profiler.
 *
 * Every node counts with its fastest run: a neighbour on the machine can only make a kernel slower.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { initState, type TrainState, trainStep } from "../src/nn/index.ts";
import { pad } from "../src/teaching/report/text.ts";
import { key, program } from "../src/tensor/index.ts";
import { JOB_NAMES, makeJob } from "./jobs.ts";
import { median } from "./statistics.ts";
import { fastestKernels, type Group, groupBy, type Kernel, type TraceEvent } from "./trace.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    steps: { type: "string", default: "20" },
    top: { type: "string", default: "15" },
    threads: { type: "string", default: "2" },
  },
});
const [name] = positionals;
if (!name || !JOB_NAMES.includes(name)) {
  process.stderr.write(`Name a job: ${JOB_NAMES.join(", ")}.\n`);
  process.exit(2);
}

const folder = mkdtempSync(join(os.tmpdir(), "lyceum-profile-"));
try {
  const times = await runProfiled(name, join(folder, "trace"));
  const files = readdirSync(folder).map((file) => join(folder, file));
  if (files.length === 0) throw new Error("ONNX Runtime left no profile.");
  const events = JSON.parse(readFileSync(files[0]!, "utf8")) as TraceEvent[];
  show(fastestKernels(events), times);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** ms of every step, profiled. The profile is complete when the session is gone. */
async function runProfiled(job: string, profile: string): Promise<number[]> {
  const { step, batches } = await makeJob(job);
  const run = program(trainStep(step), { reuse: true, profile, threads: Number(values.threads) });
  let state: TrainState = initState(step.model, step.optimiser, key(0));
  const times: number[] = [];
  for (let i = 0; i < Number(values.steps); i++) {
    const start = performance.now();
    const scalars = { lr: step.optimiser.lr(i + 1), step: i + 1 };
    state = (await run(state, batches[i % batches.length]!, scalars)).state;
    if (i > 0) times.push(performance.now() - start);
  }
  await run.release();
  return times;
}

function show(kernels: readonly Kernel[], times: readonly number[]): void {
  const sum = kernels.reduce((total, { us }) => total + us, 0) / 1000;
  const [middle, best] = [median(times), Math.min(...times)].map((ms) => ms.toFixed(2));
  const lines = [
    `${name}: ${middle} ms per step with the profiler on, fastest ${best} ms`,
    `${kernels.length} kernels, ${sum.toFixed(2)} ms when each takes its fastest time`,
    ...section(
      "by operator",
      groupBy(kernels, ({ op }) => op),
      sum,
    ),
    ...section(
      "by operator and shapes",
      groupBy(kernels, ({ op, shapes }) => `${op} ${shapes}`),
      sum,
    ),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

function section(title: string, groups: readonly Group[], sum: number): string[] {
  const rows = groups.slice(0, Number(values.top)).map(({ key: label, us, count }) => {
    const share = ((us / 1000 / sum) * 100).toFixed(1);
    return `${(us / 1000).toFixed(3).padStart(9)} ms ${share.padStart(5)} % ${String(count).padStart(5)} ×  ${label}`;
  });
  return ["", pad(title, 40).trimEnd(), ...rows];
}

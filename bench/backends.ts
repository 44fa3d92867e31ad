/**
 * `npx tsx bench/backends.ts [job ...] [--rounds 12] [--out FILE]`: training steps on ONNX Runtime's C API against the
 * same steps on the binding of onnxruntime-node, in turns; their losses must be equal bit for bit.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { initState, type TrainState, trainProgram } from "../src/nn/index.ts";
import { key, scalarOf, useBackend } from "../src/tensor/index.ts";
import { directBackend } from "../src/tensor/runtime/direct.ts";
import { nodeBackend } from "../src/tensor/runtime/node.ts";
import { makeJob } from "./jobs.ts";
import { machine } from "./machine.ts";
import { median } from "./statistics.ts";

const { values, positionals } = parseArgs({
  options: { rounds: { type: "string", default: "12" }, out: { type: "string" } },
  allowPositionals: true,
});
process.env.LYCEUM_THREADS ??= "2";
const binding = await nodeBackend();
const backends = { direct: await directBackend(binding), binding };
/** Rounds that warm caches up, and steps of a round. */
const [COLD, STEPS] = [2, 5];

async function side(name: string, backend: keyof typeof backends) {
  const { step, batches } = await makeJob(name);
  useBackend(backends[backend]);
  const run = trainProgram(step);
  let state: TrainState = initState(step.model, step.optimiser, key(0));
  let done = 0;
  const scalars = () => ({ lr: step.optimiser.lr(done + 1), step: done + 1 });
  await run.compile(state, batches[0]!, scalars());
  return {
    ms: [] as number[],
    losses: [] as number[],
    release: () => run.release(),
    async round(counts: boolean) {
      for (let i = 0; i < STEPS; i++) {
        const start = performance.now();
        const result = await run(state, batches[done % batches.length]!, scalars());
        if (counts) this.ms.push(performance.now() - start);
        state = result.state;
        done++;
        this.losses.push(scalarOf(result.metrics.loss!));
      }
    },
  };
}

const results = [];
for (const name of positionals.length > 0 ? positionals : ["mlp", "gpt-0.8m"]) {
  const [direct, bound] = [await side(name, "direct"), await side(name, "binding")];
  for (let round = 0; round < COLD + Number(values.rounds); round++) {
    for (const s of [direct, bound]) await s.round(round >= COLD);
  }
  await Promise.all([direct.release(), bound.release()]);
  const [a, b] = [median(direct.ms), median(bound.ms)];
  const same = direct.losses.every((loss, i) => Object.is(loss, bound.losses[i]));
  results.push({ job: name, direct: a, binding: b, ratio: a / b, steps: direct.ms.length, same });
  process.stdout.write(
    `${name}: ${a.toFixed(2)} ms on the C API, ${b.toFixed(2)} ms on the binding: ${(a / b).toFixed(2)}; ` +
      `${same ? "equal bit for bit" : "LOSSES DIFFER"}.\n`,
  );
  if (!same) process.exitCode = 1;
}
if (values.out) {
  writeFileSync(values.out, `${JSON.stringify({ ...machine(), date: new Date().toISOString(), results }, null, 2)}\n`);
}

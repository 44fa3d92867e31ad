/**
 * `npx tsx bench/shared-attention.ts [--context 512] [--batch 8] [--rounds 60] [--threads 2] [--kinds training,decoding]`: EchoAtt's
 * student of the full run against its teacher on the same engine, in turns; untrained weights, as speed does not read them.
 */
import { parseArgs } from "node:util";
import { decoder, llama } from "../src/language/decoder/index.ts";
import { speedUp, timeBoth } from "../src/systems/echoatt/speed.ts";
import { inherit } from "../src/systems/echoatt/surgery.ts";
import { key } from "../src/tensor/index.ts";

const { values } = parseArgs({
  options: {
    context: { type: "string", default: "512" },
    rounds: { type: "string", default: "60" },
    batch: { type: "string", default: "8" },
    threads: { type: "string", default: "2" },
    kinds: { type: "string", default: "training" },
  },
});
process.env.LYCEUM_THREADS = values.threads;
const [context, rounds, batch] = [values.context, values.rounds, values.batch].map(Number) as [number, number, number];
const made = decoder(llama({ vocabulary: 65, width: 192, layers: 8, heads: 6, context }));
const teacher = { decoder: made, params: made.model.init(key(1)).params };
const student = inherit(teacher, [0, 1, 1, 1, 4, 4, 4, 7]);
for (const kind of ["forward", "training", "decoding"] as const) {
  if (!values.kinds.split(",").includes(kind)) continue;
  const timed = await timeBoth(kind, teacher, student, { batch, context, rounds });
  const { median, ci95 } = speedUp(timed);
  const interval = ci95?.map((x) => x.toFixed(2)).join(", ") ?? "too few turns";
  process.stdout.write(`${kind}, rows of ${context}: ${median.toFixed(2)} × [${interval}] over ${rounds} turns\n`);
}

/**
 * `npx tsx bench/decode-threads.ts`: ms of one decoding step with a cache on one thread and on two, in turns, by size of
 * the model and number of sequences; untrained weights. From where on two threads pay is `ONE_THREAD` in
 * src/language/generate/cached-model.ts.
 */
import { decoder, llama } from "../src/language/decoder/index.ts";
import { cachedModel, GREEDY, generateBatch } from "../src/language/generate/index.ts";
import { key, random } from "../src/tensor/index.ts";
import { median } from "./statistics.ts";

const SIZES = [
  { layers: 2, width: 96 },
  { layers: 4, width: 128 },
  { layers: 8, width: 192 },
  { layers: 8, width: 384 },
];
const [TOKENS, TURNS] = [64, 5];

for (const size of SIZES) {
  const made = decoder(llama({ vocabulary: 512, heads: size.width / 32, context: 256, ...size }));
  const { params } = made.model.init(key(1));
  const models = [await cachedModel(made, { params, threads: 1 }), await cachedModel(made, { params, threads: 2 })];
  for (const sequences of [1, 4, 32]) {
    const next = random.integers(key(7));
    const prompts = Array.from({ length: sequences }, () => Int32Array.from({ length: 16 }, () => next(512)));
    const times: number[][] = models.map(() => []);
    for (let turn = -1; turn < TURNS; turn++) {
      for (const [i, model] of models.entries()) {
        const start = performance.now();
        await generateBatch(model, prompts, { maxTokens: TOKENS, sampling: GREEDY, key: key(1) });
        if (turn >= 0) times[i]!.push((performance.now() - start) / TOKENS);
      }
    }
    const [one, two] = times.map((list) => median(list).toFixed(2));
    const millions = (made.model.params.size / 1e6).toFixed(2);
    process.stdout.write(`${millions} M, ${sequences} sequences: one thread ${one} ms, two ${two} ms\n`);
  }
  for (const model of models) await model.release();
}

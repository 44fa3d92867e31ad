/**
 * Many answers in one go, for distillation on what a student says itself: all prompts are read together, all answers
 * take a step together, and who is done makes room.
 */
import { fail } from "../../errors.ts";
import { type Key, random } from "../../tensor/index.ts";
import type { CachedModel } from "./cached-model.ts";
import { type Caches, caches } from "./caches.ts";
import type { Sampling } from "./contract.ts";
import { checkLength, checkSampling, checkTokens, PLAIN } from "./requests.ts";
import { drawToken, inverseTemperature } from "./sampling.ts";

export interface BatchOptions {
  /** Of an answer; with its prompt at most the context. */
  readonly maxTokens: number;
  /** The model's own distribution where not given. */
  readonly sampling?: Sampling;
  /** Tokens that end an answer; the one that did is its last token. */
  readonly stopTokens?: readonly number[];
  readonly key: Key;
  /** The parameters to answer with, where the model was compiled without them. */
  readonly params?: Float32Array;
}

export interface Answers {
  /** i32 [n, maxTokens], row by row; 0 behind an answer's end. */
  readonly tokens: Int32Array;
  /** Of the answers, i32 [n]. */
  readonly lengths: Int32Array;
  /** log p of every token under the model itself, at temperature 1 without cuts, f32 [n, maxTokens]; 0 behind the end. */
  readonly logProbabilities: Float32Array;
}

/** Key and value caches of one wave. */
const CACHE_BYTES = 256 * 2 ** 20;
/** Tokens of prompts read in one run, which bounds the memory of its intermediates. */
const PIECE = 4096;

/**
 * Answers to n prompts, of equal lengths or not. An answer depends on its prompt, its row and the key, up to the rounding
 * of f32 (a kernel may add in another order for another number of rows). @throws E_GENERATE
 */
export async function generateBatch(
  model: CachedModel,
  prompts: readonly ArrayLike<number>[],
  { maxTokens, sampling = PLAIN, stopTokens = [], key, params }: BatchOptions,
): Promise<Answers> {
  const { config } = model;
  checkLength(maxTokens);
  checkSampling(sampling);
  if (maxTokens >= config.context) {
    fail("E_GENERATE", `${maxTokens} tokens were asked for.`, `The context holds ${config.context}, prompt included.`);
  }
  prompts.forEach((prompt, i) => {
    checkTokens(`Prompt ${i}`, prompt, config, 1, config.context - maxTokens);
  });
  const n = prompts.length;
  const answers = {
    tokens: new Int32Array(n * maxTokens),
    lengths: new Int32Array(n),
    logProbabilities: new Float32Array(n * maxTokens),
  };
  const rows = prompts.map((prompt, row) => ({ row, prompt, length: prompt.length, key: random.fold(key, row) }));
  // Prompts of like lengths are read together.
  rows.sort((a, b) => a.length - b.length);
  let store: Caches | undefined;
  for (let from = 0; from < n; ) {
    const capacity = rows.at(-1)!.length + maxTokens;
    store ??= caches(config, wave(config, capacity, n), capacity);
    const jobs = rows.slice(from, from + store.slots);
    from += jobs.length;
    await answer(jobs, store);
  }
  return answers;

  async function answer(active: Row[], store: Caches): Promise<void> {
    const inverse = inverseTemperature(sampling);
    const draw = (jobs: readonly Row[], from: number, d: Awaited<ReturnType<CachedModel["run"]>>) => {
      jobs.forEach((job, i) => {
        const own = (all: Float32Array) => all.subarray(i * config.vocabulary, (i + 1) * config.vocabulary);
        const logits = own(d.logits);
        const at = answers.lengths[job.row]!++;
        const token = drawToken(logits, own(d.probabilities), sampling, job.key, at);
        answers.tokens[job.row * maxTokens + at] = token;
        answers.logProbabilities[job.row * maxTokens + at] = logits[token]! - d.normalisers[i]!;
        if (at + 1 === maxTokens || stopTokens.includes(token)) done.add(from + i);
      });
    };
    const done = new Set<number>();
    for (let from = 0; from < active.length; ) {
      const longest = (count: number) => active[Math.min(from + count, active.length) - 1]!.length;
      let count = 1;
      while (from + count < active.length && (count + 1) * longest(count + 1) <= PIECE) count++;
      const jobs = active.slice(from, from + count);
      const t = longest(count);
      // Shorter prompts are filled up; what the filling leaves in the cache is overwritten before anybody sees it.
      const run = {
        tokens: Int32Array.from({ length: count * t }, (_, i) => jobs[Math.floor(i / t)]!.prompt[i % t] ?? 0),
        positions: Int32Array.from({ length: count * t }, (_, i) => i % t),
        last: new Int32Array(count).fill(t - 1),
        rows: Int32Array.from(jobs, (job, i) => i * t + job.length - 1),
        inverseTemperature: new Float32Array(count).fill(inverse),
        caches: store.view(from, count),
      };
      draw(jobs, from, await model.run(run, params));
      from += count;
    }
    for (;;) {
      // From the back, so that what moves into a gap is never done itself.
      for (const i of [...done].sort((a, b) => b - a)) {
        const last = active.pop()!;
        if (i === active.length) continue;
        active[i] = last;
        store.move(active.length, i, last.length);
      }
      done.clear();
      const count = active.length;
      if (count === 0) return;
      const last = Int32Array.from(active, (job) => job.length++);
      const tokens = Int32Array.from(active, ({ row }) => answers.tokens[row * maxTokens + answers.lengths[row]! - 1]!);
      const run = {
        ...{ tokens, last, positions: last, rows: Int32Array.from(active, (_, i) => i) },
        inverseTemperature: new Float32Array(count).fill(inverse),
        caches: store.view(0, count),
      };
      draw(active, 0, await model.run(run, params));
    }
  }
}

interface Row {
  /** In the answers. */
  readonly row: number;
  readonly prompt: ArrayLike<number>;
  /** In the cache. */
  length: number;
  readonly key: Key;
}

/** Sequences whose caches fit the memory set aside. */
function wave(config: CachedModel["config"], capacity: number, most: number): number {
  const { bytes } = caches(config, 1, capacity);
  return Math.max(1, Math.min(most, Math.floor(CACHE_BYTES / bytes)));
}

/**
 * Text for many at once, by continuous batching (Yu et al. 2022, Orca): every step runs one token of each answer that is
 * being written; requests join when a slot is free and leave when they are done, and nobody waits for the longest. Prompts are
 * read in pieces between the steps, so that a long one holds nobody up for long.
 */
import { fail } from "../../errors.ts";
import type { SessionOptions } from "../../tensor/index.ts";
import type { Decoder } from "../decoder/index.ts";
import { cachedModel, type Distributions } from "./cached-model.ts";
import { caches } from "./caches.ts";
import type { Finish, GeneratedToken, GenerateRequest, TextEngine } from "./contract.ts";
import { checkAlternatives, checkRequest, checkTokens } from "./requests.ts";
import { alternativesOf, drawToken, inverseTemperature } from "./sampling.ts";

export interface EngineOptions extends SessionOptions {
  /** Answers written at a time; further requests wait. Default 8. */
  readonly slots?: number;
}

export interface Engine extends TextEngine {
  /** Bytes of the key and value caches as they are: layers·slots·capacity·G·E·(2 - followers/layers)·4. */
  readonly cacheBytes: number;
}

/** Tokens of a prompt that are read in one run. */
const PIECE = 256;
/** Tokens of prompts that are read between two steps: enough to let many short ones in at once. */
const READ_AHEAD = 1024;
/** Tokens that a slot has room for at first; doubled as needed. */
const FIRST_CAPACITY = 64;

/** A request on its way. */
interface Job {
  readonly request: GenerateRequest;
  /** Tokens of the prompt in the cache, then of the answer too. */
  length: number;
  /** Last token drawn, which is not in the cache yet. */
  token: number;
  drawn: number;
  /** Tokens nobody has taken yet. */
  readonly ready: GeneratedToken[];
  finish: Finish | undefined;
  error: unknown;
  wake: () => void;
}

/**
 * @param params of the decoder's model; read once
 * @throws E_PARAM_SHAPE for another model's, E_COMPILE
 */
export async function createEngine(
  decoder: Decoder,
  params: Float32Array,
  { slots = 8, ...session }: EngineOptions = {},
): Promise<Engine> {
  if (!Number.isInteger(slots) || slots < 1) {
    fail("E_GENERATE", `An engine with ${slots} slots was asked for.`, "Use a whole number of at least 1.");
  }
  const { config } = decoder;
  const { context, vocabulary } = config;
  const model = await cachedModel(decoder, { ...session, params });
  const store = caches(config, 1, Math.min(FIRST_CAPACITY, context));
  const waiting: Job[] = [];
  /** Job i is in slot i. */
  const active: Job[] = [];
  /** The last of the active ones, while its prompt is being read. */
  let reading: Job | undefined;
  let working: Promise<void> | undefined;
  let released = false;
  const batches = stepBatches();

  /** Room that doubles, so that a growing answer is copied a few times only. */
  const makeRoom = (length: number) => {
    let { slots: rows, capacity } = store;
    while (rows < active.length) rows = Math.min(slots, 2 * rows);
    while (capacity < length) capacity = Math.min(context, 2 * capacity);
    store.reserve(rows, capacity);
  };

  const end = (job: Job, finish: Finish, error?: unknown) => {
    job.finish = finish;
    job.error = error;
    job.wake();
  };

  /** Fills the gap from the end; one whose prompt is being read stays the last. */
  const leave = (i: number) => {
    const shift = (from: number, to: number) => {
      if (from <= to) return;
      active[to] = active[from]!;
      store.move(from, to, active[to].length);
    };
    const end = active.length - 1;
    if (reading && i < end) {
      shift(end - 1, i);
      shift(end, end - 1);
    } else shift(end, i);
    active.pop();
  };

  /** Draws from row `row` for this job. */
  const take = (job: Job, row: number, { logits, probabilities, normalisers }: Distributions) => {
    const { sampling, key, alternatives = 0, maxTokens, stopTokens } = job.request;
    const own = (all: Float32Array) => all.subarray(row * vocabulary, (row + 1) * vocabulary);
    const ownLogits = own(logits);
    const token = drawToken(ownLogits, own(probabilities), sampling, key, job.drawn);
    const normaliser = normalisers[row]!;
    job.ready.push({
      token,
      logProbability: ownLogits[token]! - normaliser,
      alternatives: alternativesOf(ownLogits, normaliser, alternatives),
    });
    job.token = token;
    job.drawn++;
    if (stopTokens?.includes(token)) end(job, "stop");
    else if (job.drawn >= maxTokens || job.length + 1 >= context) end(job, "length");
    else job.wake();
  };

  /** The next piece of a prompt; how many tokens that was. */
  const read = async (job: Job): Promise<number> => {
    const { prompt } = job.request;
    const from = job.length;
    const n = Math.min(PIECE, prompt.length - from);
    makeRoom(from + n);
    const distributions = await model.run({
      tokens: Int32Array.from({ length: n }, (_, i) => prompt[from + i]!),
      positions: Int32Array.from({ length: n }, (_, i) => from + i),
      last: Int32Array.of(from + n - 1),
      rows: Int32Array.of(n - 1),
      inverseTemperature: Float32Array.of(inverseTemperature(job.request.sampling)),
      caches: store.view(active.indexOf(job), 1),
    });
    job.length += n;
    if (job.length === prompt.length) {
      reading = undefined;
      if (!job.finish) take(job, 0, distributions);
    }
    return n;
  };

  /** One token for everybody whose prompt has been read. */
  const step = async () => {
    const jobs = active.filter((job) => job !== reading);
    if (jobs.length === 0) return;
    makeRoom(1 + Math.max(...jobs.map((job) => job.length)));
    const batch = batches(jobs.length);
    jobs.forEach((job, i) => {
      batch.tokens[i] = job.token;
      batch.positions[i] = job.length;
      batch.last[i] = job.length;
      batch.inverseTemperature[i] = inverseTemperature(job.request.sampling);
    });
    const distributions = await model.run({ ...batch, caches: store.view(0, jobs.length) });
    jobs.forEach((job, i) => {
      job.length++;
      if (!job.finish) take(job, i, distributions);
    });
  };

  const sweep = () => {
    for (const job of [...waiting, ...active]) if (!job.finish && job.request.signal?.aborted) end(job, "aborted");
    if (reading?.finish) reading = undefined;
    for (let i = active.length - 1; i >= 0; i--) if (active[i]!.finish) leave(i);
    for (let i = waiting.length - 1; i >= 0; i--) if (waiting[i]!.finish) waiting.splice(i, 1);
  };

  const work = async () => {
    try {
      for (;;) {
        for (let left = READ_AHEAD; left > 0; ) {
          sweep();
          if (!reading && waiting.length > 0 && active.length < slots) active.push((reading = waiting.shift()!));
          if (!reading) break;
          left -= await read(reading);
        }
        sweep();
        if (active.length === 0 && waiting.length === 0) return;
        await step();
      }
    } catch (error) {
      // Nobody's answer can be trusted now; those that come later start afresh.
      for (const job of [...waiting.splice(0), ...active.splice(0)]) end(job, "aborted", error);
      reading = undefined;
    } finally {
      working = undefined;
    }
  };

  const alive = () => {
    if (released) fail("E_GENERATE", "This engine has been released.", "Create another one.");
  };

  return {
    vocabulary,
    context,
    get cacheBytes() {
      return store.bytes;
    },
    async *generate(request) {
      alive();
      checkRequest(request, config);
      const job: Job = {
        request,
        length: 0,
        token: 0,
        drawn: 0,
        ready: [],
        finish: undefined,
        error: undefined,
        wake() {},
      };
      const news = () =>
        new Promise<void>((resolve) => {
          job.wake = resolve;
        });
      waiting.push(job);
      const onAbort = () => end(job, "aborted");
      request.signal?.addEventListener("abort", onAbort, { once: true });
      if (request.signal?.aborted) onAbort();
      working ??= work();
      try {
        for (;;) {
          while (job.ready.length > 0) yield job.ready.shift()!;
          if (job.error) throw job.error;
          if (job.finish) return job.finish;
          await news();
        }
      } finally {
        // A reader that has left early frees the slot.
        job.finish ??= "aborted";
        request.signal?.removeEventListener("abort", onAbort);
      }
    },
    async score(tokens, alternatives = 0) {
      alive();
      checkTokens("The text", tokens, config, 1, context);
      checkAlternatives(alternatives, config);
      const own = caches(config, 1, Math.max(1, tokens.length - 1));
      const out: GeneratedToken[] = [];
      for (let from = 0; from < tokens.length - 1; from += PIECE) {
        const n = Math.min(PIECE, tokens.length - 1 - from);
        const places = Int32Array.from({ length: n }, (_, i) => from + i);
        const { logits, normalisers } = await model.run({
          tokens: places.map((place) => tokens[place]!),
          positions: places,
          last: Int32Array.of(from + n - 1),
          rows: Int32Array.from({ length: n }, (_, i) => i),
          inverseTemperature: new Float32Array(n).fill(1),
          caches: own.view(0, 1),
        });
        for (let i = 0; i < n; i++) {
          const row = logits.subarray(i * vocabulary, (i + 1) * vocabulary);
          const token = tokens[from + i + 1]!;
          const normaliser = normalisers[i]!;
          const logProbability = row[token]! - normaliser;
          out.push({ token, logProbability, alternatives: alternativesOf(row, normaliser, alternatives) });
        }
      }
      return out;
    },
    async release() {
      if (released) return;
      released = true;
      for (const job of [...waiting, ...active]) end(job, "aborted");
      await working;
      await model.release();
    },
  };
}

/** The arrays of a step, the same ones while the number of answers stays the same. */
function stepBatches() {
  const make = (n: number) => ({
    tokens: new Int32Array(n),
    positions: new Int32Array(n),
    last: new Int32Array(n),
    rows: Int32Array.from({ length: n }, (_, i) => i),
    inverseTemperature: new Float32Array(n),
  });
  let batch = make(0);
  return (n: number) => (batch.tokens.length === n ? batch : (batch = make(n)));
}

/**
 * Measured speed of two decoders on the same engine: a full forward pass, a training step, decoding with a cache. The
 * models take turns, so that whatever else the machine does meets both; each turn gives one quotient.
 */
import { decoder as build } from "../../language/decoder/index.ts";
import { cachedModel, GREEDY, generateBatch } from "../../language/generate/index.ts";
import { initState, keyTensor, trainProgram } from "../../nn/index.ts";
import { tokenCrossEntropy } from "../../teaching/losses/language/index.ts";
import { constant, type HostTensor, host, key, program, random, type Tensor } from "../../tensor/index.ts";
import { optimiserOf } from "./adjust.ts";
import type { Trained } from "./surgery.ts";

export const SPEEDS = ["forward", "training", "decoding"] as const;
export type Speed = (typeof SPEEDS)[number];

export interface SpeedOptions {
  /** Rows of a batch, and positions of a row. */
  readonly batch: number;
  readonly context: number;
  /** Turns that count; the first ones before them do not. */
  readonly rounds: number;
  readonly warmUp?: number;
}

/** Seconds of each turn. */
export interface Timed {
  readonly teacher: readonly number[];
  readonly student: readonly number[];
  /** Tokens that one turn works on. */
  readonly tokens: number;
}

type Turn = () => Promise<unknown>;
interface Prepared {
  readonly turn: Turn;
  readonly release: () => Promise<void>;
}
type Prepare = (model: Trained, options: SpeedOptions) => Promise<Prepared> | Prepared;

const PREPARE: Readonly<Record<Speed, Prepare>> = {
  forward({ decoder, params }, options) {
    const run = program(
      (tokens: Tensor) => {
        const state = { params: constant(host(params)), buffers: constant(host(new Float32Array(0))) };
        return decoder.model.apply(state, tokens).output;
      },
      { reuse: true, name: "forward" },
    );
    const tokens = invented(decoder.config.vocabulary, options);
    return { turn: () => run(tokens), release: () => run.release() };
  },
  training({ decoder, params }, options) {
    type Batch = { readonly tokens: Tensor; readonly labels: Tensor };
    const optimiser = optimiserOf(1e-4, 100);
    const loss = tokenCrossEntropy();
    const run = trainProgram<Batch>({
      model: decoder.model,
      optimiser,
      clip: 1,
      input: ({ tokens }) => tokens,
      loss: ({ output, taps, batch }) => loss({ logits: output, taps }, undefined, { labels: batch.labels }).loss,
    });
    let state = { ...initState(decoder.model, optimiser, key(1)), params: host(params.slice()) };
    const tokens = invented(decoder.config.vocabulary, options);
    let step = 0;
    const turn = async () => {
      step++;
      const next = await run(state, { tokens, labels: tokens }, { lr: 1e-6, step, key: keyTensor(key(step)) });
      state = next.state as typeof state;
    };
    return { turn, release: () => run.release() };
  },
  async decoding({ decoder, params }, { batch, context }) {
    const model = await cachedModel(build(decoder.config), { params });
    const tokens = invented(decoder.config.vocabulary, { batch, context: Math.floor(context / 4) });
    const [rows, length] = tokens.shape as [number, number];
    const prompts = Array.from({ length: rows }, (_, i) =>
      (tokens.data as Int32Array).subarray(i * length, (i + 1) * length),
    );
    const maxTokens = decodedTokens(context);
    return {
      turn: () => generateBatch(model, prompts, { maxTokens, sampling: GREEDY, key: key(1) }),
      release: () => model.release(),
    };
  },
};

/** Tokens written per row, behind a prompt of a quarter of the context. */
const decodedTokens = (context: number): number => Math.max(1, Math.floor(context / 2));

function invented(vocabulary: number, { batch, context }: Pick<SpeedOptions, "batch" | "context">): HostTensor {
  const next = random.integers(key(7));
  return host(
    Int32Array.from({ length: batch * context }, () => next(vocabulary)),
    [batch, context],
  );
}

/** Both models in turns. */
export async function timeBoth(kind: Speed, teacher: Trained, student: Trained, options: SpeedOptions): Promise<Timed> {
  const { rounds, warmUp = 5, batch, context } = options;
  const prepared = [await PREPARE[kind](teacher, options), await PREPARE[kind](student, options)] as const;
  const seconds: [number[], number[]] = [[], []];
  for (let round = -warmUp; round < rounds; round++) {
    // Who goes first changes: the second finds the caches of the first.
    for (const side of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const begin = performance.now();
      await prepared[side].turn();
      if (round >= 0) seconds[side].push((performance.now() - begin) / 1000);
    }
  }
  await Promise.all(prepared.map(({ release }) => release()));
  const tokens = batch * (kind === "decoding" ? decodedTokens(context) : context);
  return { teacher: seconds[0], student: seconds[1], tokens };
}

/**
 * Median of the quotients teacher / student, turn by turn, with a 95 % interval from order statistics (the binomial
 * bounds of a median): timings have outliers, and no distribution that one could name.
 */
export function speedUp({ teacher, student }: Pick<Timed, "teacher" | "student">): {
  median: number;
  ci95: [number, number] | null;
} {
  const quotients = teacher.map((t, i) => t / student[i]!).sort((a, b) => a - b);
  const n = quotients.length;
  // Largest r with P(Binomial(n, 1/2) < r) <= 0.025: the interval is the r-th from both ends.
  let [chance, sum, r] = [0.5 ** n, 0, 0];
  while (sum + chance <= 0.025) {
    sum += chance;
    chance *= (n - r) / (r + 1);
    r++;
  }
  return { median: median(quotients), ci95: r === 0 ? null : [quotients[r - 1]!, quotients[n - r]!] };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/**
 * Speed of generation against Hugging Face transformers on PyTorch, both on CPUs, from one folder of weights:
 *
 *     LYCEUM_PYTHON=<a python with torch and transformers> npx tsx bench/generate.ts [--rounds 7] [--threads 2] [--tokens 128]
 *         [--out FILE]
 *
 * A Llama of 3.3 M untrained parameters, prompts of 32 tokens, 128 new ones, greedy, batches of 1 and of 32, two threads.
 * The processes take turns, one answer each; a round gives one ratio of times, the median over rounds counts. The first
 * answer of each is not timed. Prompts are part of the time. Beside the time on the clock stands that of the processor,
 * which is less disturbed by whatever else the machine does; waiting threads that spin are in it, though.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { decoder, llama } from "../src/language/decoder/index.ts";
import { saveDecoder } from "../src/language/files/index.ts";
import { key } from "../src/tensor/index.ts";
import { machine } from "./machine.ts";
import { type Peer, startPeer } from "./peer.ts";
import { python } from "./roster.ts";
import { median, pairedRatio } from "./statistics.ts";

const PROMPT = 32;
const CONFIG = llama({ vocabulary: 256, context: 256, width: 256, layers: 4, heads: 8, inner: 704 });
/** Least ratio of tokens per second, ours to theirs. */
const BARS: Readonly<Record<number, number>> = { 1: 2, 32: 1.2 };
const PATIENCE = 300;

const prompts = (batch: number): number[][] =>
  Array.from({ length: batch }, (_, b) => Array.from({ length: PROMPT }, (_, i) => (37 * i + 11 * b + i * b) % 256));

interface Answer {
  readonly ms: number;
  /** Of the processor, all threads. */
  readonly cpuMs: number;
  readonly answers: number[][];
}

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    threads: { type: "string", default: "2" },
    tokens: { type: "string", default: "128" },
    out: { type: "string" },
  },
});
const THREADS = Number(values.threads);
const TOKENS = Number(values.tokens);
const folder = await mkdtemp(join(tmpdir(), "lyceum-generate-"));
const root = join(import.meta.dirname, "..");
const { command, args } = python(join(import.meta.dirname, "peers", "generate_peer.py"));
const ours = { command: process.execPath, args: ["--import", "tsx", join(import.meta.dirname, "generate_peer.ts")] };
const CONTENDERS = [
  { name: "transformers", launch: { command, args }, setup: {} },
  { name: "lyceum, generateBatch", launch: ours, setup: { how: "batch" } },
  { name: "lyceum, engine", launch: ours, setup: { how: "engine" } },
] as const;

const peers: Peer[] = [];
try {
  const { model } = decoder(CONFIG);
  await saveDecoder(folder, { config: CONFIG, params: model.init(key(1)).params });
  const facts: object[] = [];
  for (const { launch, setup } of CONTENDERS) {
    const peer = startPeer(launch, root);
    peers.push(peer);
    facts.push(await peer.ask({ cmd: "setup", folder, threads: THREADS, ...setup }, PATIENCE));
  }
  const results: object[] = [];
  for (const batch of [1, 32]) {
    const message = { cmd: "generate", prompts: prompts(batch), tokens: TOKENS };
    const times: number[][] = CONTENDERS.map(() => []);
    const work: number[][] = CONTENDERS.map(() => []);
    const first: number[][][] = [];
    for (let round = -1; round < Number(values.rounds); round++) {
      for (const [i, peer] of peers.entries()) {
        const { ms, cpuMs, answers } = await peer.ask<Answer>(message, PATIENCE);
        if (round < 0) first.push(answers);
        else {
          times[i]!.push(ms);
          work[i]!.push(cpuMs);
        }
      }
    }
    const [theirs, ...own] = times;
    own.forEach((mine, i) => {
      const ratio = pairedRatio(
        theirs!.map((ms) => [ms]),
        mine.map((ms) => [ms]),
      )!;
      const same = first[i + 1]!.flat().filter((token, j) => token === first[0]!.flat()[j]).length;
      results.push({
        batch,
        contender: CONTENDERS[i + 1]!.name,
        tokensPerSecond: Math.round((batch * TOKENS * 1000) / median(mine)),
        transformers: Math.round((batch * TOKENS * 1000) / median(theirs!)),
        faster: round(ratio.median),
        quartiles: ratio.quartiles.map(round).join(" to "),
        ofFastest: round(ratio.ofMinima),
        bar: BARS[batch],
        lessWork: round(median(work[0]!) / median(work[i + 1]!)),
        met: ratio.median >= BARS[batch]!,
        sameTokens: `${same}/${batch * TOKENS}`,
      });
    });
  }
  const memory: Record<string, number> = {};
  for (const [i, peer] of peers.entries()) {
    const { mb } = await peer.ask<{ mb: number }>({ cmd: "memory" }, PATIENCE);
    memory[CONTENDERS[i]!.name] = Math.round(mb);
  }
  console.table(results);
  console.log("peak resident MB:", memory);
  const report = { machine: machine(), threads: THREADS, facts, results, memory };
  if (values.out) await writeFile(values.out, `${JSON.stringify(report, null, 2)}\n`);
} finally {
  for (const peer of peers) peer.close();
  await rm(folder, { recursive: true, force: true });
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/**
 * One job, several contenders, in turns: A B C A B C ... A turn is a handful of steps; while one works the others wait
 * for a message and use no processor. A slow contender takes fewer steps per turn, so that the time given is kept.
 */
import type { Peer } from "./peer.ts";
import { contender, open } from "./roster.ts";
import { pairedRatio, type Ratio, stepsOf } from "./statistics.ts";

export interface Entry {
  /** Of the roster. */
  readonly id: string;
  readonly job: string;
}

export interface RaceOptions {
  readonly rounds: number;
  /** Steps in a turn; batches repeat every 8 steps, so multiples of 8 make losses comparable. */
  readonly turn: number;
  readonly threads: number;
  /** For everything, setting up included. */
  readonly seconds: number;
  readonly say: (line: string) => void;
}

export interface Result extends Entry {
  readonly title: string;
  /** Why it took no part, or why it left. */
  readonly why?: string;
  /** Its answer to the setup message: parameters, times to compile, and what else it has to say. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** ms of every step, by round. */
  readonly rounds: readonly (readonly number[] | undefined)[];
  /** On the same batch, at the beginning and at the end. */
  readonly loss?: { readonly first: number; readonly last: number };
  readonly peakMb?: number;
  /** Lyceum's time over this one's, paired by round. */
  readonly ratio?: Ratio;
}

const BATCHES = 8;
/** Of the time left, for setting up one contender: enough for torch.compile, and the others still have time to run. */
const SETUP_SHARE = 0.6;

const LONG_MS = 500;

/** The first entry is the one that the others are compared with. */
export async function race(entries: readonly Entry[], options: RaceOptions): Promise<Result[]> {
  const { rounds, threads, seconds, say } = options;
  const end = performance.now() + seconds * 1000;
  const left = () => Math.max(1, (end - performance.now()) / 1000);
  const runners: Runner[] = [];
  for (const entry of entries) runners.push(await enter(entry, threads, left() * SETUP_SHARE, say));
  const running = () => runners.filter((r) => r.peer);
  const turns = share(running(), options, left());
  let slowest = 0;
  for (let round = 0; round < rounds && left() > slowest; round++) {
    const begun = performance.now();
    for (const runner of running()) await takeTurn(runner, round, turns.get(runner)!, left() + 30);
    slowest = Math.max(slowest, (performance.now() - begun) / 1000);
  }
  for (const runner of running()) await leave(runner);
  const ours = runners[0]!;
  return runners.map(({ id, job, why, facts, laps, losses, peakMb }) => {
    const ratio = runners[0]!.laps === laps ? undefined : pairedRatio(ours.laps, laps);
    const loss = comparable(losses);
    const title = contender(id).title;
    return {
      ...{ id, job, title, facts, rounds: laps },
      ...(why && { why }),
      ...(loss && { loss }),
      ...(peakMb && { peakMb }),
      ...(ratio && { ratio }),
    };
  });
}

interface Runner extends Entry {
  peer?: Peer;
  why?: string;
  facts: Record<string, unknown>;
  /** ms of one step, to plan turns with. */
  pace: number;
  steps: number;
  readonly laps: (number[] | undefined)[];
  readonly losses: { readonly step: number; readonly loss: number }[];
  peakMb?: number;
}

const reason = (error: unknown) => (error instanceof Error ? error.message : String(error));

async function enter(entry: Entry, threads: number, seconds: number, say: RaceOptions["say"]): Promise<Runner> {
  const runner: Runner = { ...entry, facts: {}, pace: 0, steps: 0, laps: [], losses: [] };
  const { title, setup = {} } = contender(entry.id);
  say(`${entry.job}: setting up ${title}`);
  try {
    runner.peer = open(entry.id);
    const message = { cmd: "setup", job: entry.job, threads, seed: 0, warmup: 3, ...setup };
    const { ok: _ok, ...facts } = await runner.peer.ask<Record<string, unknown>>(message, seconds);
    runner.facts = facts;
    runner.pace = await paceOf(runner.peer, seconds);
  } catch (error) {
    drop(runner, error);
  }
  return runner;
}

/** The fastest of a few steps, of one where a step is long: a busy moment must not shorten every turn. */
async function paceOf(peer: Peer, seconds: number): Promise<number> {
  const steps = async (n: number) => (await peer.ask<{ ms: number[] }>({ cmd: "step", n }, seconds)).ms;
  const [first] = await steps(1);
  return first! > LONG_MS ? first! : Math.min(first!, ...(await steps(4)));
}

function drop(runner: Runner, error: unknown): void {
  runner.why = reason(error);
  runner.peer?.close();
  delete runner.peer;
}

/** Steps per turn: the quick ones take what they need, the slow ones share what is left of the time. */
function share(runners: readonly Runner[], { rounds, turn }: RaceOptions, seconds: number): Map<Runner, number> {
  const turns = new Map<Runner, number>();
  let left = (seconds * 1000) / rounds;
  [...runners]
    .sort((a, b) => a.pace - b.pace)
    .forEach((runner, i, all) => {
      const fair = left / (all.length - i);
      const fits = Math.floor(fair / runner.pace);
      // Whole cycles of batches, or powers of two, which divide one: the same batch comes back, losses can be compared.
      const cycles = Math.min(turn, fits - (fits % BATCHES));
      const steps = cycles > 0 ? cycles : 2 ** Math.floor(Math.log2(Math.max(1, fits)));
      left -= steps * runner.pace;
      turns.set(runner, steps);
    });
  return turns;
}

async function takeTurn(runner: Runner, round: number, n: number, seconds: number): Promise<void> {
  try {
    const { ms, loss } = await runner.peer!.ask<{ ms: number[]; loss: number }>({ cmd: "step", n }, seconds);
    runner.laps[round] = ms;
    runner.steps += n;
    runner.losses.push({ step: runner.steps, loss });
  } catch (error) {
    drop(runner, error);
  }
}

async function leave(runner: Runner): Promise<void> {
  try {
    runner.peakMb = (await runner.peer!.ask<{ mb: number }>({ cmd: "memory" }, 20)).mb;
  } catch (error) {
    runner.why = reason(error);
  }
  runner.peer!.close();
}

/** The first loss and the last one on the same batch. */
function comparable(losses: Runner["losses"]): Result["loss"] {
  const first = losses[0];
  const last = losses.findLast(({ step }) => (step - first!.step) % BATCHES === 0);
  return first && last && last !== first ? { first: first.loss, last: last.loss } : undefined;
}

export const timesOf = (result: Result): number[] => stepsOf(result.rounds);

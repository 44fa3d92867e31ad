/**
 * Sources of rows for distillation, each a pure function of (key, step, parameters), so that a killed lesson goes on
 * with the same rows:
 *
 * - offline: `generations` teacher responses per prompt, drawn once and kept for all epochs;
 * - online teacher: new teacher responses in every epoch;
 * - online student: responses of the student as it is, at every step or at the beginning of every epoch;
 * - a mixture of two, chosen by chance at every step (lambda of GKD, Agarwal et al. 2024).
 *
 * The teacher's knowledge about fixed rows is asked for once. Without a `telling` the rows have none: that is
 * sequence-level distillation (Kim & Rush 2016), cross-entropy on the teacher's responses.
 */
import { fail } from "../../errors.ts";
import { type HostTensor, type Key, random } from "../../tensor/index.ts";
import { rowsOf, type TextRows } from "../lesson/index.ts";
import type { EpochMemory } from "./memory.ts";
import { itemsOf, type Place } from "./order.ts";
import { responseRows } from "./rows.ts";
import type { Sampler } from "./sampler.ts";
import type { Knowledge, Telling } from "./telling.ts";

/** Seconds so far: drawing responses, and asking the teacher about them. */
export interface Spent {
  generation: number;
  scoring: number;
}

export interface Source {
  /** Rows of a step, from 0, given the student's parameters before it. */
  rows(step: number, params: Float32Array): Promise<TextRows>;
  readonly spent: Spent;
}

export interface SourceRequest {
  readonly kind: "offline" | "online-teacher" | "online-student";
  readonly prompts: readonly ArrayLike<number>[];
  /** Responses per prompt and epoch. Default 1. */
  readonly generations?: number;
  readonly batchSize: number;
  /** Positions of a row: at least the longest prompt with its response, less one. */
  readonly width: number;
  readonly endTokens?: readonly number[];
  /** The teacher, or the student (which gets its parameters at every call). */
  readonly sampler: Sampler;
  /** What the teacher says about the rows. */
  readonly telling?: Telling;
  readonly key: Key;
  /** Of an online student: what is said at every step (default) or at the beginning of every epoch. */
  readonly refresh?: "step" | "epoch";
  /** Where what was said in an epoch is kept; only an online student that is refreshed by epochs needs one. */
  readonly memory?: EpochMemory;
}

/** Responses of an epoch as rows, with what the teacher says. */
interface Pool {
  readonly rows: TextRows;
  readonly knowledge: Knowledge | undefined;
}

/** @throws E_DISTIL for wrong counts; for an epoch whose beginning is gone, when rows are asked for */
export function textSource(request: SourceRequest): Source {
  const { kind, prompts, generations = 1, batchSize, sampler, telling, key, refresh = "step", memory } = request;
  for (const [name, value] of Object.entries({ prompts: prompts.length, generations, batchSize })) {
    if (!Number.isInteger(value) || value < 1) fail("E_DISTIL", `A source with ${name} ${value}.`, "Use 1 or more.");
  }
  const items = prompts.length * generations;
  const promptOf = (item: number) => prompts[item % prompts.length]!;
  const all = Array.from({ length: items }, (_, item) => promptOf(item));
  const order = itemsOf(random.fold(key, "order"), items, batchSize);
  const speech = random.fold(key, "responses");
  const spent: Spent = { generation: 0, scoring: 0 };
  const pools = new Map<number, Pool>();

  const finish = async (asked: readonly ArrayLike<number>[], responses: readonly Int32Array[]): Promise<Pool> => {
    const answered = asked.map((prompt, i) => ({ prompt, response: responses[i]! }));
    const rows = responseRows(answered, request);
    const knowledge = telling && (await timed(spent, "scoring", () => telling.about(rows)));
    return { rows, knowledge };
  };

  /** What is said in an epoch. Offline there is only epoch 0. */
  const said = async (epoch: number, step: number, params: Float32Array): Promise<Int32Array[]> => {
    const draw = () => timed(spent, "generation", () => sampler.sample(all, random.fold(speech, epoch), params));
    if (kind !== "online-student") return draw();
    const kept = await memory?.load(epoch);
    if (kept) return kept;
    if (step !== Math.floor((epoch * items) / batchSize)) {
      fail(
        "E_DISTIL",
        `Step ${step} is in the middle of epoch ${epoch}, and what the student said at its beginning was not kept.`,
        "Give the source a memory, or refresh it at every step.",
      );
    }
    const responses = await draw();
    await memory?.save(epoch, responses);
    return responses;
  };

  const poolOf = async (epoch: number, step: number, params: Float32Array): Promise<Pool> => {
    let pool = pools.get(epoch);
    if (!pool) {
      pool = await finish(all, await said(epoch, step, params));
      for (const old of pools.keys()) if (Math.abs(old - epoch) > 1) pools.delete(old);
      pools.set(epoch, pool);
    }
    return pool;
  };

  return {
    spent,
    async rows(step, params) {
      const places = order(step);
      if (kind === "online-student" && refresh === "step") {
        const asked = places.map(({ item }) => promptOf(item));
        const draw = () => sampler.sample(asked, random.fold(speech, step), params);
        const { rows, knowledge } = await finish(asked, await timed(spent, "generation", draw));
        return { ...rows, ...(knowledge && { knowledge }) };
      }
      const epochOf = ({ epoch }: Place) => (kind === "offline" ? 0 : epoch);
      // In turn: the second epoch of a batch may need to draw, and the generator is one.
      const picked: { pool: Pool; item: number }[] = [];
      for (const place of places) {
        picked.push({ pool: await poolOf(epochOf(place), step, params), item: place.item });
      }
      return gathered(picked);
    },
  };
}

/** Rows from pools, in order. */
function gathered(picked: readonly { readonly pool: Pool; readonly item: number }[]): TextRows {
  const from = (tensor: (pool: Pool) => HostTensor) => {
    const parts = picked.map(({ pool, item }) => rowsOf(tensor(pool), item, item + 1));
    return stacked(parts);
  };
  const names = Object.keys(picked[0]!.pool.knowledge ?? {});
  return {
    tokens: from(({ rows }) => rows.tokens),
    labels: from(({ rows }) => rows.labels),
    ...(names.length > 0 && {
      knowledge: Object.fromEntries(names.map((name) => [name, from(({ knowledge }) => knowledge![name]!)])),
    }),
  };
}

function stacked(parts: readonly HostTensor[]): HostTensor {
  const [first] = parts as [HostTensor];
  const size = first.data.length;
  const data = first.dtype === "f32" ? new Float32Array(parts.length * size) : new Int32Array(parts.length * size);
  parts.forEach((part, i) => {
    data.set(part.data as Float32Array & Int32Array, i * size);
  });
  return { dtype: first.dtype, shape: [parts.length, ...(first.shape as number[]).slice(1)], data };
}

/**
 * With probability `weight` per step rows of `student`, else of `other`; 0 never, 1 always. The student must speak at
 * every step: the beginning of an epoch may fall to the other. @throws E_DISTIL
 */
export function mixedSource(
  student: Source,
  other: Source,
  { weight, key }: { readonly weight: number; readonly key: Key },
): Source {
  if (!(weight >= 0 && weight <= 1)) fail("E_DISTIL", `A mixture with weight ${weight}.`, "Use a number from 0 to 1.");
  return {
    // u < weight, not <=: u may be exactly 0.
    rows: (step, params) =>
      (random.uniform(random.fold(key, step), 1)[0]! < weight ? student : other).rows(step, params),
    get spent() {
      return {
        generation: student.spent.generation + other.spent.generation,
        scoring: student.spent.scoring + other.spent.scoring,
      };
    },
  };
}

async function timed<T>(spent: Spent, what: keyof Spent, work: () => Promise<T>): Promise<T> {
  const begin = performance.now();
  try {
    return await work();
  } finally {
    spent[what] += (performance.now() - begin) / 1000;
  }
}

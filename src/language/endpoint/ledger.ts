/**
 * The books of a labelling job in its folder: `requests.jsonl` and `results.jsonl`, both of sealed lines.
 *
 * A request is written down before it is sent and again when it ends; the line of a result is at once the end of the
 * request that brought it, so that no kill can come between an answer and its cost. What has a beginning and no end was
 * in flight when the process died: it may have been billed, and the books say so instead of guessing.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "../../teaching/files.ts";
import { addUsage, type Bound, NOTHING, type Spent } from "./cost.ts";
import { cutTail, type Log, openLine, openLog, readLines } from "./lines.ts";
import type { Answer, Message, Usage } from "./request.ts";

/** A line of results.jsonl: an item (or one of several answers to it) that is done. */
export interface Result {
  readonly id: string;
  /** Which of several answers to the item, from 0. */
  readonly sample: number;
  /** Content address of the question, teacher and sampling included. */
  readonly key: string;
  readonly messages: readonly Message[];
  readonly answer: Answer;
  /** The request that brought it; null: it came from the cache and cost nothing. */
  readonly request: number | null;
}

/** What the books keep in memory of a result: its text stays on the disk. */
export interface Done {
  readonly key: string;
  readonly truncated: boolean;
  readonly cached: boolean;
  readonly model: string | undefined;
}

interface Asked {
  readonly type: "asked";
  readonly n: number;
  readonly id: string;
  readonly sample: number;
  readonly attempt: number;
  readonly bound: Bound;
}
interface Ended {
  readonly type: "ended";
  readonly n: number;
  /** A kind of failure, or "thrown away" for an answer that was cut off and is asked for again. */
  readonly outcome: string;
  /** Null: nobody can know. */
  readonly usage: Usage | null;
}

export interface Books {
  /** Of all runs in this folder, when it was opened. */
  readonly spent: Spent;
  readonly retries: number;
  readonly done: ReadonlyMap<string, Done>;
  /** Damaged lines that were taken out of results.jsonl; their items are asked again. */
  readonly removed: number;
  /** Writes down a request; call before sending it. Gives its number. */
  ask(request: Omit<Asked, "type" | "n">): Promise<number>;
  end(n: number, outcome: string, usage: Usage | null): Promise<void>;
  finish(result: Result): Promise<void>;
  flush(): Promise<void>;
  close(): Promise<void>;
}

export const taskName = (id: string, sample: number): string => JSON.stringify([id, sample]);
export const resultsFile = (folder: string): string => path.join(folder, "results.jsonl");

/** Opens and repairs the books. The folder must be locked. @throws E_WRITE, E_DISK_FULL */
export async function openBooks(folder: string): Promise<Books> {
  const files = { requests: path.join(folder, "requests.jsonl"), results: resultsFile(folder) };
  const asked = new Map<number, Asked>();
  let usage = NOTHING;
  let last = -1;
  let requests = 0;
  let retries = 0;
  const settle = (n: number, used: Usage | null | undefined) => {
    // Without a usage in its end it stays among those that nobody can know.
    if (used && asked.delete(n)) usage = addUsage(usage, used);
  };
  const pass = yieldTo(files.requests, (line) => {
    const entry = line as unknown as Asked | Ended;
    if (entry.type === "asked") {
      asked.set(entry.n, entry);
      last = Math.max(last, entry.n);
      requests++;
      if (entry.attempt > 0) retries++;
    } else settle(entry.n, entry.usage);
  });
  await cutTail(files.requests, await pass);
  const done = new Map<string, Done>();
  const results = await yieldTo(files.results, (line) => {
    const result = line as unknown as Result;
    done.set(taskName(result.id, result.sample), doneOf(result));
    if (result.request !== null) settle(result.request, result.answer.usage);
  });
  await cutTail(files.results, results);
  if (results.damaged > 0) await takeOutDamaged(files.results);
  const left = [...asked.values()];
  const sum = (part: keyof Bound) => left.reduce((all, { bound }) => all + bound[part], 0);
  const logs: readonly Log[] = [await openLog(files.requests), await openLog(files.results)];
  const [requestLog, resultLog] = logs as [Log, Log];
  return {
    spent: {
      requests,
      usage,
      unsettled: { requests: left.length, atMost: { input: sum("input"), output: sum("output") } },
    },
    retries,
    done,
    removed: results.damaged,
    ask: async (request) => {
      const n = ++last;
      await requestLog.append({ type: "asked", n, ...request } satisfies Asked);
      return n;
    },
    end: (n, outcome, used) => requestLog.append({ type: "ended", n, outcome, usage: used } satisfies Ended),
    finish: async (result) => {
      await resultLog.append(result);
      done.set(taskName(result.id, result.sample), doneOf(result));
    },
    flush: async () => {
      for (const log of logs) await log.flush();
    },
    close: async () => {
      for (const log of logs) await log.close();
    },
  };
}

const doneOf = ({ key, answer, request }: Result): Done => ({
  key,
  truncated: answer.finish === "length",
  cached: request === null,
  model: answer.model,
});

async function yieldTo(file: string, each: (line: Record<string, unknown>) => void) {
  const lines = readLines(file);
  for (;;) {
    const next = await lines.next();
    if (next.done) return next.value;
    each(next.value.value);
  }
}

/** Rare (a failing disk, a hand in the file), so the whole file may pass through memory. */
async function takeOutDamaged(file: string): Promise<void> {
  const lines = (await readFile(file, "utf8")).split("\n");
  await writeAtomic(file, [
    Buffer.from(
      lines
        .filter((line) => openLine(line))
        .map((line) => `${line}\n`)
        .join(""),
    ),
  ]);
}

/** The asking itself: items in hand, their tries, and what ends a job before its time. */
import { setMaxListeners } from "node:events";
import { fold, key as keyOf } from "../../tensor/random.ts";
import type { AnswerCache } from "./cache.ts";
import { channel } from "./channel.ts";
import type { ChatTeacher, Reply } from "./chat-model.ts";
import type { Clock } from "./clock.ts";
import { NOTHING, openAccount, type Spent } from "./cost.ts";
import { allRefused, endpointDown, endpointShut } from "./endpoint-errors.ts";
import { FAILURES, type Failure } from "./failures.ts";
import type { Books } from "./ledger.ts";
import type { LabelSettings } from "./options.ts";
import { persist } from "./persist.ts";
import { rateLimit } from "./rate.ts";
import { bill, type FailedItem, type LabelEvent } from "./report.ts";
import { type Answer, boundOf, type ChatRequest, type Usage } from "./request.ts";

/** One answer wanted. */
export interface Task {
  readonly id: string;
  readonly sample: number;
  readonly name: string;
  readonly request: ChatRequest;
  readonly key: string;
}

interface Site {
  readonly settings: LabelSettings;
  readonly teacher: ChatTeacher;
  readonly books: Books;
  readonly cache: AnswerCache | undefined;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
}

export interface WorkEnd {
  readonly spent: Spent;
  readonly retries: number;
  readonly failures: readonly FailedItem[];
}

export interface Work {
  /** @throws what ended the job, the signal's reason included */
  readonly events: AsyncGenerator<LabelEvent, void>;
  /** After the events. */
  stopped(): "budget" | null;
  ended(): WorkEnd;
}

/** Items that fail in a row before the endpoint, and not the items, is held to be at fault. */
const STREAK = 10;
/** Milliseconds between two reports of progress. */
const PACE = 1000;

/** Thrown to unwind an item when the job takes up nothing new. */
class Halt extends Error {}

/** @param of answers wanted in all, for progress: `tasks` are those still missing */
export function workOn(tasks: readonly Task[], of: number, site: Site): Work {
  const { settings, teacher, books, cache, clock, signal } = site;
  const { prices, budget, retries: tries, concurrency } = settings;
  const account = openAccount(books.spent, budget, prices);
  const rate = rateLimit(settings, clock);
  const events = channel<LabelEvent>();
  /** Nothing new: what is in flight may end, since it is paid for. */
  const halt = new AbortController();
  /** Everything ends now. */
  const abort = new AbortController();
  // Each request in flight listens to both.
  setMaxListeners(0, halt.signal, abort.signal);
  const jitter = fold(keyOf(settings.seed ?? 0), "label");
  const failures: FailedItem[] = [];
  const started = clock.now();
  let next = 0;
  let done = 0;
  let streak = 0;
  let retries = books.retries;
  let reported = started;
  let broke: { readonly error: unknown } | undefined;
  let spentOut = false;

  const end = (error: unknown) => {
    broke ??= { error };
    halt.abort(new Halt());
  };
  const endNow = (error: unknown) => {
    end(error);
    abort.abort();
  };

  async function askOnce({ id, sample }: Task, request: ChatRequest, attempt: number): Promise<[Reply, number]> {
    const bound = boundOf(request);
    if (!(await account.reserve(bound))) {
      spentOut = true;
      halt.abort(new Halt());
    }
    let number: number | undefined;
    let used: Usage | undefined;
    try {
      const slot = await rate.acquire(bound.input + bound.output, halt.signal);
      try {
        if (halt.signal.aborted) throw new Halt();
        number = await books.ask({ id, sample, attempt, bound });
        if (attempt > 0) retries++;
        const reply = await teacher.ask(request, { signal: abort.signal, requestId: `lyceum-${number}` });
        used = reply.ok ? reply.answer.usage : reply.failure.billed === "no" ? NOTHING : reply.failure.usage;
        if (!reply.ok) {
          const { kind, message, retryAfter = 0 } = reply.failure;
          if (FAILURES[kind].slower) slot.tooMany(retryAfter);
          // Before its slot is free: not one more request shall meet the same closed door.
          if (FAILURES[kind].next === "job" && kind !== "stopped") end(endpointShut(teacher.endpoint, kind, message));
          await books.end(number, kind, used ?? null);
        }
        return [reply, number];
      } finally {
        slot.release(used && used.input + used.output);
      }
    } finally {
      if (number === undefined) account.cancel(bound);
      else account.settle(bound, used);
    }
  }

  async function ask(task: Task, request: ChatRequest): Promise<[Reply, number]> {
    let number = -1;
    const one = async (attempt: number): Promise<Reply> => {
      const [reply, n] = await askOnce(task, request, attempt);
      number = n;
      return reply;
    };
    const { id, sample } = task;
    const tell = ({ kind, message }: Failure, attempt: number, wait: number) =>
      events.send({
        ...{ type: "retry", id, sample, attempt: attempt + 1, of: tries + 1, kind, message },
        waitSeconds: wait / 1000,
      });
    return [await persist(one, settings, fold(jitter, task.name), clock, tell, halt.signal), number];
  }

  /** Asks for more tokens after an answer that was cut off; whatever comes of it, there is an answer. */
  async function askLonger(task: Task, first: Answer, number: number): Promise<[Answer, number]> {
    await books.end(number, "thrown away", first.usage ?? null);
    const sampling = { ...task.request.sampling, maxTokens: settings.moreTokens! };
    try {
      const [reply, longer] = await ask(task, { ...task.request, sampling });
      if (reply.ok) return [reply.answer, longer];
    } catch (error) {
      if (!(error instanceof Halt)) throw error;
    }
    return [first, number];
  }

  async function finish(task: Task, answer: Answer, request: number | null): Promise<void> {
    const { id, sample, key } = task;
    await books.finish({ id, sample, key, messages: task.request.messages, answer, request });
    done++;
    streak = 0;
    const from = request === null ? "cache" : "teacher";
    events.send({ type: "item", state: "done", id, sample, from, finish: answer.finish });
  }

  async function perform(task: Task): Promise<void> {
    const known = await cache?.get(task.key);
    if (known) return finish(task, known, null);
    let [reply, number] = await ask(task, task.request);
    if (!reply.ok) return failed(task, reply.failure);
    let { answer } = reply;
    if (answer.finish === "length" && settings.moreTokens !== undefined) {
      [answer, number] = await askLonger(task, answer, number);
    }
    await finish(task, answer, number);
    await cache?.put(task.key, answer);
  }

  function failed({ id, sample }: Task, { kind, message }: Failure): void {
    if (FAILURES[kind].next === "job") return;
    const item: FailedItem = { id, sample, kind, message };
    failures.push(item);
    events.send({ type: "item", state: "failed", ...item });
    streak++;
    const refused = FAILURES[kind].next === "item";
    // Single items may well be refused, but not all of them.
    if (streak >= STREAK && (!refused || books.done.size === 0)) {
      end(refused ? allRefused(teacher.endpoint, STREAK, message) : endpointDown(teacher.endpoint, STREAK, message));
    }
  }

  async function tellProgress(last: boolean): Promise<void> {
    const now = clock.now();
    if (!last && now - reported < PACE) return;
    reported = now;
    const left = tasks.length - done - failures.length;
    const gone = done + failures.length;
    const { requests, usage, money } = bill(account.spent, prices);
    const secondsLeft = gone > 0 ? (((now - started) / gone) * left) / 1000 : null;
    const before = of - tasks.length;
    events.send({
      ...{ type: "progress", done: before + done, failed: failures.length, of, requests, usage, money, secondsLeft },
    });
    await books.flush();
  }

  async function worker(): Promise<void> {
    while (next < tasks.length && !halt.signal.aborted) {
      try {
        await perform(tasks[next++]!);
        await tellProgress(false);
      } catch (error) {
        if (!(error instanceof Halt)) endNow(error);
      }
    }
  }

  async function all(): Promise<void> {
    const stop = () => endNow(signal!.reason);
    if (signal?.aborted) stop();
    signal?.addEventListener("abort", stop);
    try {
      await Promise.all(Array.from({ length: Math.min(tasks.length, 2 * concurrency) }, worker));
      await tellProgress(true);
      if (spentOut && !broke) events.send({ type: "budget", message: budgetMessage() });
    } catch (error) {
      endNow(error);
    } finally {
      signal?.removeEventListener("abort", stop);
      events.end(broke?.error);
    }
  }

  function budgetMessage(): string {
    const { requests, usage, money, currency } = bill(account.spent, prices);
    const paid = money === null ? "" : `, ${money.toFixed(4)} ${currency ?? ""}`.trimEnd();
    const spent = `${requests} requests and ${usage.input + usage.output} tokens${paid}`;
    return (
      `The budget has no room for another request, by the most that it could cost: ${of - tasks.length + done} of ${of} ` +
      `answers are there for ${spent}. With a larger budget the same folder goes on from here.`
    );
  }

  async function* run(): AsyncGenerator<LabelEvent, void> {
    const working = all();
    try {
      yield* events.read();
    } finally {
      // Only a reader that leaves early gets here with work under way.
      halt.abort(new Halt());
      abort.abort();
      await working;
    }
  }

  return {
    events: run(),
    stopped: () => (spentOut ? "budget" : null),
    ended: () => ({ spent: account.spent, retries, failures }),
  };
}

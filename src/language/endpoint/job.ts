/**
 * A labelling job: asks a teacher behind an endpoint about every item, once each, through everything that endpoints do.
 *
 * Twice as many items are in hand as requests may run, so that an item which waits for its next try holds up nobody; how
 * many run is the rate's decision. A failed item is not written into the results: the next run in the folder asks it
 * again.
 */
import path from "node:path";
import { fail, LyceumError } from "../../errors.ts";
import { writeAtomic } from "../../teaching/files.ts";
import { lockFolder } from "../../teaching/lock.ts";
import { type AnswerCache, openCache } from "./cache.ts";
import { chatTeacher } from "./chat-model.ts";
import { type Clock, systemClock } from "./clock.ts";
import { parseEndpoint } from "./endpoint.ts";
import { checkItems, turnsOf } from "./items.ts";
import { type Books, openBooks, resultsFile, taskName } from "./ledger.ts";
import { type LabelOptions, type LabelSettings, labelSettings } from "./options.ts";
import type { LabelEvent } from "./report.ts";
import { type ChatRequest, requestKey } from "./request.ts";
import { summarise } from "./summary.ts";
import { writeTeacherText } from "./teacher-text.ts";
import { type Task, workOn } from "./work.ts";

export interface Around {
  readonly signal?: AbortSignal;
  /** Where keys are. Default: the process's. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
}

/**
 * Runs a job, or goes on with the one in `options.out`. The last event is "finished", also when the budget ended it.
 * @throws E_ENDPOINT, E_ENDPOINT_AUTH, E_ENDPOINT_QUOTA, E_ENDPOINT_REFUSED, E_ENDPOINT_DOWN, E_LABEL_ITEMS,
 * E_LABEL_OPTIONS, E_LABEL_MISMATCH, E_RUN_LOCKED, E_STOPPED after `signal`, E_WRITE, E_DISK_FULL
 */
export async function* label(
  options: LabelOptions,
  { signal, environment, clock = systemClock }: Around = {},
): AsyncGenerator<LabelEvent, void> {
  const settings = labelSettings(options);
  checkItems(settings.items);
  const endpoint = parseEndpoint(settings.teacher, environment);
  const teacher = chatTeacher(endpoint, settings);
  const folder = settings.out;
  const lock = await lockFolder(folder);
  let books: Books | undefined;
  let cache: AnswerCache | undefined;
  try {
    books = await openBooks(folder);
    if (settings.cache !== undefined) cache = await openCache(settings.cache);
    const all = tasksOf(settings, (request) => requestKey(endpoint, request, settings.moreTokens));
    checkResumed(all, books, folder);
    const open = all.filter(({ name }) => !books!.done.has(name));
    yield { type: "started", folder, teacher: endpoint.name, items: all.length, already: all.length - open.length };
    if (books.removed > 0) {
      yield {
        type: "warning",
        message: `${books.removed} damaged line(s) were taken out of results.jsonl; their items are asked again.`,
      };
    }
    const started = clock.now();
    const work = workOn(open, all.length, { settings, teacher, books, cache, clock, signal });
    let failure: unknown;
    try {
      yield* work.events;
    } catch (error) {
      failure = error;
    }
    const stopped = failure !== undefined ? "error" : work.stopped();
    const seconds = (clock.now() - started) / 1000;
    const report = summarise(settings, endpoint.name, all, books, { ...work.ended(), stopped, seconds });
    const files = {
      results: resultsFile(folder),
      teacher: path.join(folder, "teacher.jsonl"),
      report: path.join(folder, "report.json"),
    };
    const keep = async () => {
      await books!.flush();
      await writeAtomic(files.report, [Buffer.from(`${JSON.stringify(report, null, 2)}\n`)]);
    };
    if (failure !== undefined) {
      // The account is worth keeping, but must not hide why the job ended.
      await keep().catch(() => {});
      throw signal?.aborted && !(failure instanceof LyceumError) ? stoppedAt(report.done, all.length) : failure;
    }
    await keep();
    await writeTeacherText(folder, files.teacher, all);
    yield { type: "finished", report, files };
  } finally {
    await cache?.close();
    await books?.close();
    await lock.release();
  }
}

function tasksOf({ items, samples, sampling }: LabelSettings, keyOf: (request: ChatRequest) => string): Task[] {
  return items.flatMap((item) =>
    Array.from({ length: samples }, (_, sample): Task => {
      const request: ChatRequest = { messages: turnsOf(item), sampling, sample };
      return { id: item.id, sample, name: taskName(item.id, sample), request, key: keyOf(request) };
    }),
  );
}

/** What is in the folder must be answers to the same questions: another teacher or temperature is another job. */
function checkResumed(tasks: readonly Task[], { done }: Books, folder: string): void {
  const other = tasks.find(({ name, key }) => done.has(name) && done.get(name)!.key !== key);
  if (!other) return;
  fail(
    "E_LABEL_MISMATCH",
    `${folder} holds an answer to item "${other.id}" from another teacher, with other settings or to another prompt.`,
    "Choose another folder, or give the same teacher, settings and items as before.",
  );
}

const stoppedAt = (done: number, of: number): LyceumError =>
  new LyceumError("E_STOPPED", `Stopped with ${done} of ${of} answers.`, "The same command goes on from there.");

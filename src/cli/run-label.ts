/** What `lyceum label` does: the job, its progress on standard error, and the account at its end. */
import { readFile } from "node:fs/promises";
import { fail, LyceumError } from "../errors.ts";
import { itemsFromLines, type LabelEvent, type LabelReport, label } from "../language/endpoint/index.ts";
import { compact, thousands } from "../teaching/report/format.ts";
import { columns } from "./columns.ts";
import { Interrupted } from "./interrupted.ts";
import { createProgress } from "./progress.ts";
import { terminal } from "./terminal.ts";

export interface LabelFlags {
  readonly teacher: string;
  readonly data: string;
  readonly out: string;
  readonly samples: number;
  readonly maxTokens: number;
  readonly temperature?: number;
  readonly logprobs?: number;
  readonly concurrency: number;
  readonly budgetTokens?: number;
  readonly budgetRequests?: number;
  readonly budgetMoney?: number;
  readonly priceInput?: number;
  readonly priceOutput?: number;
}

type Finished = Extract<LabelEvent, { type: "finished" }>;

const STAGE = "answers";
/** Failed items that are named; the report has all. */
const NAMED = 3;

/** @throws E_NOT_FOUND, E_OPTION, Interrupted, and what `label` throws */
export async function runLabel(flags: LabelFlags, json: boolean): Promise<void> {
  const { teacher, data, out, samples, maxTokens, temperature, logprobs, concurrency } = flags;
  const text = await readFile(data, "utf8").catch((cause: unknown) =>
    fail("E_NOT_FOUND", `The questions "${data}" cannot be read.`, "Name a .jsonl file.", cause),
  );
  const options = {
    ...{ teacher, out, samples, maxTokens, concurrency, items: itemsFromLines(text, data), ...accountOf(flags) },
    ...(temperature !== undefined && { temperature }),
    ...(logprobs !== undefined && { logprobs }),
  };
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  const progress = createProgress(terminal(process.stderr));
  let finished: Finished | undefined;
  try {
    for await (const event of label(options, { signal: stop.signal })) {
      if (event.type === "finished") finished = event;
      else hear(event, progress);
    }
  } catch (error) {
    if (!stop.signal.aborted || !(error instanceof LyceumError)) throw error;
    throw new Interrupted(`Interrupted. ${error.message}`);
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
    progress.clear();
  }
  const { report, files } = finished!;
  if (json) {
    process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    return;
  }
  const list = Object.values(files).map((file) => `  ${file}\n`);
  process.stdout.write(`${columns(rowsOf(report), process.stdout.columns || 100)}\n\n${list.join("")}`);
}

/** Prices and budget as the job wants them. */
function accountOf(flags: LabelFlags) {
  const { priceInput: input, priceOutput: output, budgetMoney: money, budgetTokens, budgetRequests } = flags;
  if ((input === undefined) !== (output === undefined)) {
    fail("E_OPTION", "One price is given and the other is not.", "Give both: --price-input and --price-output.");
  }
  const budget = {
    ...(money !== undefined && { money }),
    ...(budgetTokens !== undefined && { tokens: budgetTokens }),
    ...(budgetRequests !== undefined && { requests: budgetRequests }),
  };
  return {
    ...(input !== undefined && output !== undefined && { prices: { input, output } }),
    ...(Object.keys(budget).length > 0 && { budget }),
  };
}

function hear(event: Exclude<LabelEvent, Finished>, progress: ReturnType<typeof createProgress>): void {
  if (event.type === "started") {
    const before = event.already > 0 ? `, ${thousands(event.already)} of them were there before` : "";
    progress.say(`${event.teacher} gives ${thousands(event.items)} answers${before}, in ${event.folder}`);
  } else if (event.type === "progress") {
    const { done, failed, of, usage, money, secondsLeft } = event;
    const spent = money === null ? `${compact(usage.input + usage.output)} tokens` : `${money.toFixed(4)} spent`;
    progress.update({
      ...{ stage: STAGE, done: done + failed, total: of },
      detail: failed > 0 ? `${failed} failed, ${spent}` : spent,
      ...(secondsLeft !== null && { left: secondsLeft }),
    });
  } else if (event.type === "warning" || event.type === "budget") progress.say(event.message);
}

/** The account as rows of a table. */
export function rowsOf(report: LabelReport): string[][] {
  const { done, items, failed, waiting, truncated, fromCache, requests, retries, usage, unsettled } = report;
  const some = (name: string, count: number, why: string) => (count > 0 ? [[name, thousands(count), why]] : []);
  const money = (value: number) => value.toFixed(4);
  return [
    ["answers", `${thousands(done)} of ${thousands(items)}`, ""],
    ...some("cut off", truncated, "they reached --max-tokens and are left out of teacher.jsonl"),
    ...some("from the cache", fromCache, "at no cost"),
    ...some("failed", failed, failuresOf(report)),
    ...some("not asked", waiting, report.stopped === "budget" ? "the budget is used up" : ""),
    ["requests", thousands(requests), retries > 0 ? `${thousands(retries)} of them again after a failure` : ""],
    ["tokens of questions", thousands(usage.input), usage.cached > 0 ? `${thousands(usage.cached)} cached` : ""],
    ["tokens of answers", thousands(usage.output), ""],
    ...(report.money === null ? [] : [["money", money(report.money), report.currency ?? ""]]),
    ...some(
      "without a bill",
      unsettled.requests,
      `they may have cost up to ${thousands(unsettled.atMost.output)} tokens`,
    ),
  ];
}

const failuresOf = ({ failures }: LabelReport): string =>
  failures
    .slice(0, NAMED)
    .map(({ id, message }) => `${id}: ${message}`)
    .join("; ");

/**
 * Progress of a run with time left: one live line on a terminal, a plain line every few seconds elsewhere.
 *
 * A finished stage leaves one line behind. Nothing here waits or measures on a timer: lines are drawn when news
 * arrive, at most every `DRAW_MS`, so a silent run costs nothing and a fast one does not flood.
 */
import { bytes, compact, duration, significant } from "../teaching/report/format.ts";
import { cut, pad, plain } from "../teaching/report/text.ts";
import type { Terminal } from "./terminal.ts";

export interface News {
  /** What is being done: "teacher", "distilled student, seed 1". */
  readonly stage: string;
  readonly done: number;
  /** 0 where nobody knows: then there is no bar. */
  readonly total: number;
  readonly loss?: number;
  /** What `done` and `total` count. */
  readonly unit?: "steps" | "bytes";
  /** Examples per second. */
  readonly rate?: number;
  /** Seconds until this stage ends; worked out from the pace where absent. */
  readonly left?: number;
  /** Further words: "epoch 3 of 10". */
  readonly detail?: string;
}

export interface Progress {
  update(news: News): void;
  /** Ends the stage with a line that stays: what came out. */
  finish(stage: string, result: string): void;
  /** A line of its own that stays. */
  say(line: string): void;
  /** Takes the live line away. */
  clear(): void;
}

const DRAW_MS = 100;
const PLAIN_MS = 5000;
const NAME = 26;
const BAR = 20;
const DONE_MARK = "✓";

export function createProgress(out: Terminal, now: () => number = () => performance.now()): Progress {
  const begun = new Map<string, { at: number; done: number }>();
  let drawn = Number.NEGATIVE_INFINITY;
  let shown: string | undefined;
  const clear = () => {
    if (out.live && shown !== undefined) out.write("\r\x1b[2K");
    shown = undefined;
  };
  return {
    update(news) {
      const time = now();
      const start = begun.get(news.stage);
      if (!start) begun.set(news.stage, { at: time, done: news.done });
      const due = time - drawn >= (out.live ? DRAW_MS : PLAIN_MS) || (out.live && shown !== news.stage);
      if (!due) return;
      drawn = time;
      const left = news.left ?? timeLeft(news, time, start);
      if (out.live) {
        clear();
        // One column stays free: a full line would make some terminals wrap.
        out.write(cut(liveLine(news, left), Math.max(20, out.columns() - 1)).text);
        shown = news.stage;
      } else out.write(`${plainLine(news, left)}\n`);
    },
    finish(stage, result) {
      clear();
      begun.delete(stage);
      out.write(`${out.paint("green", DONE_MARK)} ${pad(plain(stage), NAME)} ${plain(result)}\n`);
    },
    say(line) {
      clear();
      out.write(`${plain(line)}\n`);
    },
    clear,
  };
}

/** Seconds, from the pace of this stage so far; unknown until something has been done. */
function timeLeft({ done, total }: News, time: number, start?: { at: number; done: number }): number | undefined {
  if (!start || done <= start.done || time <= start.at) return undefined;
  return ((time - start.at) / 1000 / (done - start.done)) * Math.max(0, total - done);
}

const share = ({ done, total }: News) => (total > 0 ? Math.min(1, Math.max(0, done / total)) : 0);

function liveLine(news: News, left: number | undefined): string {
  if (news.total === 0) return [`  ${plain(news.stage)} …`, ...facts(news, left)].join("  ");
  const full = Math.round(share(news) * BAR);
  const bar = "█".repeat(full) + "░".repeat(BAR - full);
  const percent = `${Math.floor(share(news) * 100)} %`.padStart(5);
  return [`  ${pad(plain(news.stage), NAME)} ${bar} ${percent}`, ...facts(news, left)].join("  ");
}

function plainLine(news: News, left: number | undefined): string {
  const much = news.total === 0 ? " …" : `: ${Math.floor(share(news) * 100)} %`;
  return [`${plain(news.stage)}${much}`, ...facts(news, left)].join(", ");
}

function facts({ done, unit, loss, rate, detail }: News, left: number | undefined): string[] {
  return [
    detail && plain(detail),
    unit === "bytes" && bytes(done),
    loss !== undefined && `loss ${Number.isFinite(loss) ? significant(loss) : loss}`,
    rate !== undefined && `${compact(rate)} examples/s`,
    left !== undefined && `${duration(Math.max(0, Math.round(left)))} left`,
  ].filter((fact): fact is string => Boolean(fact));
}

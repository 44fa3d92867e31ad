/**
 * The monitor that a distillation run switches on: it hears the run's exams and speaks up once, when the distance from
 * the teacher on held-out prompts leaves the law that it followed, or when the training loss does. It needs no truth and
 * no healthy run beside it, though one tells which law to expect (`betterForm`).
 */
import { type AlarmOptions, detect } from "./alarm.ts";
import type { CurveForm } from "./power-law.ts";

/** What the monitor reads of an exam event; other fields may be there. */
export interface ExamNews {
  readonly type: string;
  readonly step?: number;
  readonly metrics?: Readonly<Record<string, number>>;
}

/** What a run may change, in the order in which the paper advises it. */
export type Remedy = "fresh teacher data" | "more prompts" | "more generations per prompt" | "stop earlier";

export interface Alarm {
  readonly alarm: true;
  /** At which it is raised. */
  readonly step: number;
  readonly metric: string;
  /** Last step at which the curve was still on its law: where stopping costs nothing. */
  readonly stopAt: number;
  readonly explanation: string;
  /** What to do, best first, in words. */
  readonly cure: string;
  readonly remedies: readonly Remedy[];
}

export interface MonitorOptions {
  /** Of the whole training. */
  readonly steps: number;
  /** Name of the exam's distance from the teacher on held-out prompts. Default "proxy". */
  readonly proxy?: string;
  /** Name of the exam's loss on training rows, where exams have one: watched to both sides. */
  readonly training?: string;
  /** Law of a healthy run. Default "floor": a small student ends at a floor, which is no reason for an alarm. */
  readonly form?: CurveForm;
  /** What the run learns from, where known: fresh responses already, prompts and generations per prompt. */
  readonly data?: {
    readonly fresh?: boolean;
    readonly prompts?: number;
    readonly generations?: number;
  };
}

export interface Monitor {
  /** Gives an alarm once for each metric, at the exam that completes it. */
  hear(news: ExamNews): Alarm | undefined;
}

/** @throws E_MONITOR at a distance that is not above 0 */
export function hackingMonitor(options: MonitorOptions): Monitor {
  const { steps, proxy = "proxy", training, form = "floor", data = {} } = options;
  const watched: { metric: string; how: AlarmOptions; curve: [number, number][]; raised: boolean }[] = [
    { metric: proxy, how: { steps, form }, curve: [], raised: false },
    ...(training === undefined ? [] : [{ metric: training, how: { steps, twoSided: true }, curve: [], raised: false }]),
  ];
  return {
    hear({ type, step, metrics = {} }) {
      if (type !== "exam" || step === undefined) return undefined;
      // All hear the exam before one speaks.
      for (const { metric, curve } of watched) if (metrics[metric] !== undefined) curve.push([step, metrics[metric]]);
      for (const watch of watched) {
        if (watch.raised) continue;
        const found = detect(watch.curve, watch.how);
        if (!found?.alarm || found.alarm.step !== step) continue;
        watch.raised = true;
        const { since, side } = found.alarm;
        const before = watch.curve.filter(([at]) => at < since);
        const best = before.reduce((a, b) => (b[1] < a[1] ? b : a));
        const stopAt = (found.rises ? best : before.at(-1)!)[0];
        const usual = found.rises
          ? "what it was on average"
          : `the power law with exponent ${found.law.b.toFixed(2)} that it followed`;
        const off = 100 * Math.expm1(found.residuals.at(-1)![1]);
        const meaning = {
          above:
            "the student no longer comes closer to its teacher as it did: it learns these responses, not the teacher",
          below: "the loss on training rows falls faster than learning explains: the student learns the rows by heart",
        }[side];
        const remedies = remediesOf(data);
        return {
          alarm: true,
          ...{ step, metric: watch.metric, stopAt, remedies },
          explanation:
            `At step ${step} "${watch.metric}" is ${Math.abs(off).toFixed(0)} % ${side} ${usual} ` +
            `up to step ${Math.round(0.4 * steps)}, for the third checkpoint in a row; ` +
            `${meaning}. Its distance from the truth may be rising (teacher hacking).`,
          cure: remedies.map((remedy, i) => `${i + 1}. ${wordsOf(remedy, data, stopAt)}`).join(" "),
        };
      }
      return undefined;
    },
  };
}

/** Fresh data helps most, then more prompts, then more generations; stopping always works. */
function remediesOf({ fresh = false }: NonNullable<MonitorOptions["data"]>): Remedy[] {
  return fresh
    ? ["more prompts", "stop earlier"]
    : ["fresh teacher data", "more prompts", "more generations per prompt", "stop earlier"];
}

function wordsOf(
  remedy: Remedy,
  { prompts, generations = 1 }: NonNullable<MonitorOptions["data"]>,
  at: number,
): string {
  return {
    "fresh teacher data": "Draw new responses from the teacher (or the student) in every epoch.",
    "more prompts": `Use more prompts${prompts === undefined ? "" : ` than ${prompts}`}.`,
    "more generations per prompt": `Draw more than ${generations} response${generations === 1 ? "" : "s"} per prompt.`,
    "stop earlier": `Stop at step ${at}, or take the checkpoint from there.`,
  }[remedy];
}

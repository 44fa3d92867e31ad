/** Bar 5: what `teach()`, its batches and its window cost. Every part stands alone: one that fails says why. */
import { BLOCK_MS, HELP_MS, TEACH, type Verdict } from "./bars.ts";
import { helpTime, longestBlock } from "./command-line.ts";
import type { Overhead, OverheadOptions } from "./overhead.ts";
import { open } from "./roster.ts";
import { median, pairedRatio, quantile } from "./statistics.ts";

export interface Part {
  readonly lines: readonly string[];
  readonly verdicts: readonly Verdict[];
  readonly data: Readonly<Record<string, unknown>>;
}

const why = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** `times`: as many rounds, where a round is a fraction of a second and the first ones find cold code. */
const SUBJECTS: Readonly<Record<string, Pick<OverheadOptions, "job" | "augment" | "segment"> & { times: number }>> = {
  mlp: { job: "mlp", segment: 64, times: 8 },
  resnet20: { job: "resnet20", segment: 4, times: 1 },
  // Costly to prepare: 3x32x32 pictures are turned, shifted and mirrored.
  "resnet20, augmented": {
    job: "resnet20",
    segment: 4,
    times: 1,
    augment: [
      { kind: "affine", rotate: 15, shift: 0.1, scale: 0, shear: 0 },
      { kind: "flip", chance: 0.5 },
    ],
  },
};

/** It ends by itself when its time is over and two rounds are done; this is for a peer that hangs. */
const GRACE = 4;

/** teach() against the bare step, in a process of its own for every subject. */
export async function teachOverhead(threads: number, rounds: number, seconds: number): Promise<Part> {
  const lines: string[] = [];
  const verdicts: Verdict[] = [];
  const data: Record<string, Overhead> = {};
  for (const [name, { times, ...subject }] of Object.entries(SUBJECTS)) {
    const verdict = { what: `teach() / the bare step, ${name}`, bar: TEACH, unit: "ratio" } as const;
    // The bar is about the loop; what a busy worker takes from the step is told below.
    const judged = !subject.augment;
    try {
      const peer = open("lyceum");
      try {
        const fair = seconds / Object.keys(SUBJECTS).length;
        const message = { cmd: "overhead", threads, rounds: rounds * times, seconds: fair, ...subject };
        const result = await peer.ask<Overhead>(message, GRACE * fair);
        data[name] = result;
        const ratio = pairedRatio(each(result.teach), each(result.bare))!;
        if (judged) verdicts.push({ ...verdict, value: ratio.median, spread: ratio.quartiles });
        const [bare, taught] = [median(result.bare), median(result.teach)].map((ms) => ms.toFixed(2));
        const prepared = `a batch takes ${result.prepare.toFixed(2)} ms to prepare`;
        lines.push(`  ${name}: ${bare} ms bare, ${taught} ms in teach() (${ratio.median.toFixed(3)}), ${prepared}`);
      } finally {
        peer.close();
      }
    } catch (error) {
      lines.push(`  ${name}: – ${why(error)}`);
      if (judged) verdicts.push({ ...verdict, note: why(error) });
    }
  }
  const [plain, augmented] = [data.resnet20, data["resnet20, augmented"]];
  if (!plain || !augmented) return { lines: ["teach()", ...lines], verdicts, data };
  const extra = augmented.teach.map((t, i) => t - augmented.bare[i]!);
  const ahead = {
    adds: median(extra) - median(plain.teach.map((t, i) => t - plain.bare[i]!)),
    prepare: augmented.prepare,
  };
  const around = [0.25, 0.75].map((q) => quantile(extra, q).toFixed(1)).join(", ");
  lines.push(
    `  augmenting adds ${ahead.adds.toFixed(1)} ms to a step (quartiles ${around}); without the worker ${ahead.prepare.toFixed(1)} ms`,
  );
  return { lines: ["teach()", ...lines], verdicts, data: { ...data, ahead } };
}

const each = (values: readonly number[]) => values.map((v) => [v]);

/** `lyceum --help`, and the window of `lyceum teach`. */
export async function commandLine(seconds: number): Promise<Part> {
  const lines: string[] = [];
  const data: Record<string, unknown> = {};
  const help: Verdict = { what: "lyceum --help", bar: HELP_MS, unit: "ms" };
  const block: Verdict = { what: "longest block while progress shows", bar: BLOCK_MS, unit: "ms" };
  const verdicts: Verdict[] = [];
  try {
    const answer = await helpTime();
    data.help = answer;
    verdicts.push({ ...help, value: answer.median });
    lines.push(`  --help: ${ms(answer.median)}, fastest ${ms(answer.best)}; an idle Node takes ${ms(answer.node)}`);
  } catch (error) {
    verdicts.push({ ...help, note: why(error) });
  }
  try {
    const { whole, talking, p99, seconds: length } = await longestBlock(seconds);
    data.block = { whole, talking, p99 };
    verdicts.push({ ...block, value: talking });
    const start = `${ms(whole)} with the start of the process`;
    lines.push(
      `  event loop over a lesson of ${length.toFixed(0)} s: ${ms(talking)} at worst, p99 ${ms(p99)}; ${start}`,
    );
  } catch (error) {
    verdicts.push({ ...block, note: why(error) });
  }
  return { lines: ["command line", ...lines], verdicts, data };
}

const ms = (value: number) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;

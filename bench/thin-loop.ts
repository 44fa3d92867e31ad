/** Bar 5: what `teach()`, its batches and its window cost. Every part stands alone: one that fails says why. */
import { BLOCK_MS, HELP_MS, TEACH, type Verdict } from "./bars.ts";
import { helpTime, longestBlock } from "./command-line.ts";
import type { Overhead, OverheadOptions } from "./overhead.ts";
import { open } from "./roster.ts";
import { median, pairedRatio } from "./statistics.ts";

export interface Part {
  readonly lines: readonly string[];
  readonly verdicts: readonly Verdict[];
  readonly data: Readonly<Record<string, unknown>>;
}

const why = (error: unknown) => (error instanceof Error ? error.message : String(error));

const SUBJECTS: Readonly<Record<string, Pick<OverheadOptions, "job" | "augment" | "segment">>> = {
  mlp: { job: "mlp", segment: 64 },
  resnet20: { job: "resnet20", segment: 4 },
  // Costly to prepare: 3x32x32 pictures are turned, shifted and mirrored.
  "resnet20, augmented": {
    job: "resnet20",
    segment: 4,
    augment: [
      { kind: "affine", rotate: 15, shift: 0.1, scale: 0, shear: 0 },
      { kind: "flip", chance: 0.5 },
    ],
  },
};

/** teach() against the bare step, in a process of its own for every subject. */
export async function teachOverhead(threads: number, rounds: number, seconds: number): Promise<Part> {
  const lines: string[] = [];
  const verdicts: Verdict[] = [];
  const data: Record<string, Overhead> = {};
  for (const [name, subject] of Object.entries(SUBJECTS)) {
    const verdict = { what: `teach() / the bare step, ${name}`, bar: TEACH, unit: "ratio" } as const;
    // The bar is about the loop; what a busy worker takes from the step is told below.
    const judged = !subject.augment;
    try {
      const peer = open("lyceum");
      try {
        const message = { cmd: "overhead", threads, rounds, ...subject };
        const result = await peer.ask<Overhead>(message, seconds / Object.keys(SUBJECTS).length + 20);
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
  const overlap = overlapOf(data.resnet20, data["resnet20, augmented"]);
  if (overlap !== undefined) lines.push(`  of the preparation, ${Math.round(overlap * 100)} % hides behind the step`);
  return { lines: ["teach()", ...lines], verdicts, data: { ...data, overlap } };
}

const each = (values: readonly number[]) => values.map((v) => [v]);

/** 1 when augmented batches cost the loop nothing, 0 when it waits for every one of them. */
function overlapOf(plain: Overhead | undefined, augmented: Overhead | undefined): number | undefined {
  if (!plain || !augmented) return undefined;
  const extra = ({ bare, teach }: Overhead) => median(teach.map((t, i) => t - bare[i]!));
  return 1 - (extra(augmented) - extra(plain)) / (augmented.prepare - plain.prepare);
}

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

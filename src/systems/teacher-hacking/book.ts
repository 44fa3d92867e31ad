/** What exams found, prompt by prompt, on disk: a lesson that goes on in the middle has its earlier exams still. */
import { existsSync } from "node:fs";
import path from "node:path";
import { fail } from "../../errors.ts";
import { makeFolder } from "../../teaching/files.ts";
import { readSealed, writeSealed } from "../../teaching/sealed.ts";
import type { Measured } from "./evaluation.ts";

export interface Page {
  readonly step: number;
  readonly golden: readonly number[];
  readonly proxy: readonly number[];
  readonly cross: readonly number[];
  readonly agreement: number;
}

export interface Book {
  write(step: number, found: Measured): Promise<void>;
  /** Of these steps. @throws E_CELL_CORRUPT when one is missing or damaged */
  read(steps: readonly number[]): Promise<Page[]>;
}

export function examBook(folder: string): Book {
  const fileOf = (step: number) => path.join(folder, `exam-${step}.lyc`);
  return {
    async write(step, { golden, proxy, cross, agreement }) {
      await makeFolder(folder);
      const arrays = { golden, proxy, cross };
      const narrow = Object.entries(arrays).map(([name, values]) => [name, Float32Array.from(values)] as const);
      await writeSealed(fileOf(step), { step, agreement }, Object.fromEntries(narrow));
    },
    read: (steps) =>
      Promise.all(
        steps.map(async (step) => {
          const file = fileOf(step);
          const damaged = (cause?: unknown) =>
            fail(
              "E_CELL_CORRUPT",
              `The exam of step ${step} (${file}) is missing or damaged.`,
              "Delete its folder.",
              cause,
            );
          if (!existsSync(file)) return damaged();
          const { about, arrays } = await readSealed(file).catch(damaged);
          const listed = (name: string) => [...(arrays.get(name) ?? damaged())];
          const { agreement } = about as { agreement: number };
          return { step, agreement, golden: listed("golden"), proxy: listed("proxy"), cross: listed("cross") };
        }),
      ),
  };
}

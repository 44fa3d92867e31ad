/** A system for the tests of the machinery: arithmetic in place of learning. Not in the package. */
import { existsSync } from "node:fs";
import { z } from "zod";
import { fail } from "../errors.ts";
import { compareArms } from "../teaching/report/measure.ts";
import { armOf, outcomeOf } from "./kit/arms.ts";
import { above } from "./kit/judge.ts";
import { common, seedsOf } from "./options.ts";
import { defineSystem } from "./system.ts";

/** Cells that this process has begun. */
export const calls: string[] = [];

const options = z.object({
  ...common,
  factor: z.number().default(2).describe("what the base is multiplied by"),
  failAt: z.string().default("").describe("a file: while it exists, the second seed fails"),
});

type Task = { kind: "base" } | { kind: "double"; seed: number };
const definitions = { value: { label: "Value", unit: "", better: "higher", text: "A number." } } as const;

export default defineSystem<z.infer<typeof options>, Task>({
  name: "testing",
  title: "Testing",
  paper: { title: "A paper", authors: "Nobody", venue: "Nowhere 2000" },
  summary: "numbers",
  options,
  quick: { seeds: 2 },
  full: { seeds: 5 },
  plan: (o) => [
    { id: "base", task: { kind: "base" } },
    ...seedsOf(o).map((seed) => ({ id: `double ${seed}`, needs: ["base"], task: { kind: "double", seed } as const })),
  ],
  // biome-ignore lint/correctness/useYield: these cells have nothing to tell.
  async *work(task, bench) {
    calls.push(task.kind === "base" ? "base" : `double ${task.seed}`);
    if (task.kind === "base") return { metrics: { value: 10 }, arrays: { exact: Float32Array.of(10) } };
    if (task.seed === 2 && bench.options.failAt && existsSync(bench.options.failAt)) {
      fail("E_TRIPPED", "The wire was touched.", "Remove the file.");
    }
    const { arrays } = await bench.outcome("base");
    return { metrics: { value: arrays!.exact![0]! * bench.options.factor + task.seed } };
  },
  conclude(outcomes, { options: o }) {
    const doubles = seedsOf(o).map((seed) => outcomeOf(outcomes, `double ${seed}`));
    const base = armOf({ name: "base", role: "oracle", outcomes: [outcomeOf(outcomes, "base")], definitions });
    const double = armOf({ name: "double", role: "student", outcomes: doubles, definitions });
    return {
      arms: [base, double],
      comparisons: [compareArms(double, base, "value", definitions), compareArms(base, double, "value", definitions)],
      definitions,
    };
  },
  claims: [
    {
      id: "more",
      text: "Twice ten is more.",
      paper: "more",
      criterion: "the interval lies above 0",
      judge: (f) => above(f, "double", "base", "value"),
    },
    {
      id: "less",
      text: "Ten is more than twice ten.",
      paper: "less",
      criterion: "the interval lies above 0",
      judge: (f) => above(f, "base", "double", "value"),
    },
  ],
});

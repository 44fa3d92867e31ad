/** The cells of a run: the extractor, each stream's features and distances, and each learner under all orders. */
import { seedsOf } from "../options.ts";
import type { Cell } from "../system.ts";
import { EXTRACTOR } from "./extractor.ts";
import type { Strategy } from "./learners/strategies.ts";
import type { Options } from "./options.ts";
import { streamNames } from "./streams.ts";

export type Task =
  | { readonly kind: "extractor" }
  | { readonly kind: "stream"; readonly stream: number }
  | { readonly kind: "ewc weight" }
  | { readonly kind: "learners"; readonly stream: number; readonly strategy: Strategy; readonly seed: number }
  | { readonly kind: "joint"; readonly stream: number; readonly seed: number }
  | { readonly kind: "quiz" }
  | { readonly kind: "humans" }
  | { readonly kind: "results" };

type Names = Pick<Options, "data" | "streams">;
const nameOf = (o: Names, stream: number): string => {
  const names = streamNames(o);
  // The same data twice is a stream twice.
  const name = names[stream]!;
  return names.indexOf(name) === stream ? name : `${name} (${stream + 1})`;
};

export const streamCell = (o: Names, stream: number): string => `stream ${nameOf(o, stream)}`;
export const WEIGHT_CELL = "weight of ewc";
export const learnersCell = (o: Names, stream: number, strategy: Strategy, seed: number): string =>
  `${strategy}, ${nameOf(o, stream)}, seed ${seed}`;
export const jointCell = (o: Names, stream: number, seed: number): string =>
  `joint, ${nameOf(o, stream)}, seed ${seed}`;
export const QUIZ_CELL = "quiz page";
export const HUMANS_CELL = "human learners";
export const RESULTS_CELL = "results to compare with";

/** Whether the weight of EWC is chosen rather than given. */
export const tunesWeight = ({ strategies, ewcWeights }: Pick<Options, "strategies" | "ewcWeights">): boolean =>
  strategies.includes("ewc") && ewcWeights.length > 1;

export function plan(o: Options): Cell<Task>[] {
  const streams = streamNames(o).map((_, i) => i);
  const strategies = [...new Set(o.strategies)];
  // Files first: a wrong name is found before anything is trained.
  const cells: Cell<Task>[] = [];
  if (o.results) cells.push({ id: RESULTS_CELL, task: { kind: "results" } });
  if (o.humans) cells.push({ id: HUMANS_CELL, task: { kind: "humans" } });
  cells.push({ id: EXTRACTOR, task: { kind: "extractor" } });
  for (const stream of streams)
    cells.push({ id: streamCell(o, stream), needs: [EXTRACTOR], task: { kind: "stream", stream } });
  if (tunesWeight(o)) cells.push({ id: WEIGHT_CELL, needs: [streamCell(o, 0)], task: { kind: "ewc weight" } });
  for (const stream of streams) {
    const needs = [streamCell(o, stream)];
    for (const strategy of strategies) {
      const all = strategy === "ewc" && tunesWeight(o) ? [...needs, WEIGHT_CELL] : needs;
      for (const seed of seedsOf(o)) {
        cells.push({
          id: learnersCell(o, stream, strategy, seed),
          needs: all,
          task: { kind: "learners", stream, strategy, seed },
        });
      }
    }
    for (const seed of seedsOf(o))
      cells.push({ id: jointCell(o, stream, seed), needs, task: { kind: "joint", stream, seed } });
  }
  const glyphs = o.streams.indexOf("glyphs") + 1;
  if (o.quiz)
    cells.push({ id: QUIZ_CELL, ...(glyphs > 0 && { needs: [streamCell(o, glyphs)] }), task: { kind: "quiz" } });
  return cells;
}

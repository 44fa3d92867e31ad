/** Losses by name, for `--loss kd,dkd`: from a text to a recipe, from a recipe to the loss for two models. */
import { fail } from "../../errors.ts";
import { type LossEntry, type LossOptions, losses, type TapPair } from "./entries.ts";
import type { Loss } from "./loss.ts";
import { chooseTap, pairStages, type TapShapes } from "./taps.ts";
import { type Weighted, weighted } from "./weighted.ts";

export { type LossEntry, losses, type TapPair } from "./entries.ts";

/** An entry by name. @throws E_LOSS_UNKNOWN listing all names */
export function lossEntry(name: string): LossEntry {
  if (Object.hasOwn(losses, name)) return losses[name]!;
  return fail("E_LOSS_UNKNOWN", `There is no loss "${name}".`, `Choose from ${Object.keys(losses).join(", ")}.`);
}

/** A loss in a recipe; JSON-serialisable. */
export interface LossTerm {
  readonly name: string;
  readonly weight: number;
  readonly options?: LossOptions;
  /** Tap paths; chosen by kind where absent. */
  readonly taps?: Partial<TapPair>;
}

/**
 * Reads "kd,dkd" or, with weights, "kd:0.9,ce:0.1". Without an explicit `ce` the label term is added.
 * @throws E_LOSS_UNKNOWN, E_LOSS_WEIGHT
 */
export function parseLosses(text: string): LossTerm[] {
  const terms = text
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean)
    .map((part): LossTerm => {
      const [name = "", weight] = part.split(":");
      const entry = lossEntry(name);
      const value = weight === undefined ? entry.weight : Number(weight);
      if (!Number.isFinite(value) || value < 0 || weight === "") {
        fail(
          "E_LOSS_WEIGHT",
          `"${part}" has no usable weight.`,
          "Write name or name:weight, for example kd:0.9,ce:0.1.",
        );
      }
      return { name, weight: value };
    });
  if (terms.length === 0) fail("E_LOSS_EMPTY", "No loss was named.", `Choose from ${Object.keys(losses).join(", ")}.`);
  if (terms.some((t) => t.name === "ce")) return terms;
  const labels = Math.max(...terms.map((t) => lossEntry(t.name).labels));
  return [{ name: "ce", weight: labels }, ...terms];
}

/** Builds the loss of a recipe for two models with these taps. @throws E_TAP where a needed kind of tap is missing */
export function createLoss(recipe: readonly LossTerm[], student: TapShapes, teacher: TapShapes): Loss {
  const terms: Record<string, Weighted<Parameters<Loss>[0], Parameters<Loss>[1]>> = {};
  for (const term of recipe) {
    const entry = lossEntry(term.name);
    terms[term.name] = [
      term.weight,
      entry.create({ ...entry.defaults, ...term.options }, tapsOf(term, student, teacher)),
    ];
  }
  return weighted(terms);
}

/** The teacher's taps that a recipe reads, and those whose class means it needs. */
export function teacherNeeds(
  recipe: readonly LossTerm[],
  student: TapShapes,
  teacher: TapShapes,
): { taps: string[]; classMeans: string[] } {
  const read = recipe
    .filter((term) => lossEntry(term.name).needs.taps)
    .map((term) => ({ needs: lossEntry(term.name).needs, taps: tapsOf(term, student, teacher) }));
  const paths = read.flatMap(({ taps }) => [...taps.maps.map(([, path]) => path), taps.teacher]).filter(Boolean);
  return {
    taps: [...new Set(paths)],
    classMeans: [...new Set(read.filter(({ needs }) => needs.classMeans).map(({ taps }) => taps.teacher))],
  };
}

function tapsOf(term: LossTerm, student: TapShapes, teacher: TapShapes): TapPair {
  const { taps: kind, embedding = false, beforeRelu = "none" } = lossEntry(term.name).needs;
  const maps = kind === "maps" ? (term.taps?.maps ?? pairStages(student, teacher, beforeRelu)) : [];
  const single = kind === "maps" ? (embedding ? "embedding" : undefined) : kind;
  if (!single) return { student: "", teacher: "", maps };
  return {
    student: term.taps?.student ?? chooseTap(single, student, "student"),
    teacher: term.taps?.teacher ?? chooseTap(single, teacher, "teacher"),
    maps,
  };
}

/**
 * The losses by name, for `--loss kd,dkd`: what each needs, its default weights, where it comes from.
 *
 * A method is a loss on the teacher plus a label term; `labels` is the weight of cross-entropy that the method's paper
 * puts beside it. Several methods together use the largest of their label weights once.
 */
import { fail } from "../../errors.ts";
import { type AtOptions, at } from "./at.ts";
import { crossEntropy } from "./cross-entropy.ts";
import { dist } from "./dist.ts";
import { dkd } from "./dkd.ts";
import { fitnet } from "./fitnet.ts";
import { kd } from "./kd.ts";
import type { Loss } from "./loss.ts";
import { nd } from "./nd.ts";
import { rkd } from "./rkd.ts";
import { chooseTap, type TapKind, type TapShapes } from "./taps.ts";
import { type Weighted, warmUp, weighted } from "./weighted.ts";

/** What a tap-reading loss is told: the paths that were chosen on both sides. */
export interface TapPair {
  readonly student: string;
  readonly teacher: string;
}

type Options = Readonly<Record<string, number>>;

export interface LossEntry {
  /** One line for help texts. */
  readonly summary: string;
  readonly source: string;
  /** `logits`: compares answers. `taps`: compares an intermediate of this kind. `classMeans`: of the teacher's tap. */
  readonly needs: { readonly logits: boolean; readonly taps?: TapKind; readonly classMeans?: boolean };
  /** Options with their defaults; all are numbers. */
  readonly defaults: Options;
  /** Weight of the loss, and of cross-entropy on the labels beside it. */
  readonly weight: number;
  readonly labels: number;
  readonly create: (options: Options, taps: TapPair) => Loss;
}

const logits = { logits: true } as const;

export const losses: Readonly<Record<string, LossEntry>> = {
  ce: {
    summary: "cross-entropy on the labels",
    source: "Szegedy et al. 2016 (smoothing)",
    needs: { logits: false },
    defaults: { smoothing: 0 },
    weight: 1,
    labels: 0,
    create: (o) => crossEntropy(o),
  },
  kd: {
    summary: "the teacher's softened answers",
    source: "Hinton, Vinyals & Dean 2015",
    needs: logits,
    defaults: { temperature: 4 },
    weight: 0.9,
    labels: 0.1,
    create: (o) => kd(o),
  },
  dkd: {
    summary: "target class and other classes, decoupled",
    source: "Zhao et al., CVPR 2022",
    needs: logits,
    defaults: { temperature: 4, alpha: 1, beta: 8 },
    weight: 1,
    labels: 1,
    // 20 of 240 epochs in the paper.
    create: (o) => warmUp(1 / 12, dkd(o)),
  },
  dist: {
    summary: "correlations between and within classes",
    source: "Huang et al., NeurIPS 2022",
    needs: logits,
    defaults: { temperature: 4, beta: 2, gamma: 2 },
    weight: 1,
    labels: 1,
    create: (o) => dist(o),
  },
  fitnet: {
    summary: "a hint: the teacher's feature map, through an adapter",
    source: "Romero et al., ICLR 2015",
    needs: { logits: false, taps: "map" },
    defaults: {},
    weight: 100,
    labels: 1,
    create: (_, taps) => fitnet(taps),
  },
  at: {
    summary: "where the teacher looks",
    source: "Zagoruyko & Komodakis, ICLR 2017",
    needs: { logits: false, taps: "map" },
    defaults: {},
    weight: 1000,
    labels: 1,
    create: (_, { student, teacher }) => at({ pairs: [[student, teacher]] } satisfies AtOptions),
  },
  rkd: {
    summary: "distances and angles between examples",
    source: "Park et al., CVPR 2019",
    needs: { logits: false, taps: "embedding" },
    defaults: { distance: 25, angle: 50 },
    weight: 1,
    labels: 1,
    create: (o, taps) => rkd({ ...taps, ...o }),
  },
  nd: {
    summary: "norm and direction of the embedding",
    source: "Wang et al. 2023",
    needs: { logits: false, taps: "embedding", classMeans: true },
    defaults: {},
    weight: 1,
    labels: 1,
    create: (_, taps) => nd(taps),
  },
};

/** An entry by name. @throws E_LOSS_UNKNOWN listing all names */
export function lossEntry(name: string): LossEntry {
  if (Object.hasOwn(losses, name)) return losses[name]!;
  return fail("E_LOSS_UNKNOWN", `There is no loss "${name}".`, `Choose from ${Object.keys(losses).join(", ")}.`);
}

/** A loss in a recipe; JSON-serialisable. */
export interface LossTerm {
  readonly name: string;
  readonly weight: number;
  readonly options?: Options;
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
  const read = recipe.filter((t) => lossEntry(t.name).needs.taps);
  const path = (t: LossTerm) => tapsOf(t, student, teacher).teacher;
  return {
    taps: [...new Set(read.map(path))],
    classMeans: [...new Set(read.filter((t) => lossEntry(t.name).needs.classMeans).map(path))],
  };
}

function tapsOf(term: LossTerm, student: TapShapes, teacher: TapShapes): TapPair {
  const kind = lossEntry(term.name).needs.taps;
  if (!kind) return { student: "", teacher: "" };
  return {
    student: term.taps?.student ?? chooseTap(kind, student, "student"),
    teacher: term.taps?.teacher ?? chooseTap(kind, teacher, "teacher"),
  };
}

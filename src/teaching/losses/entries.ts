/**
 * The losses that `--loss` knows: what each needs, its default weights, where it comes from.
 *
 * A method is a loss on the teacher plus a label term; `labels` is the weight of cross-entropy that the method's paper
 * puts beside it. Weights are those of the published settings (RepDistiller's scripts, mdistiller's configurations).
 */
import { ab } from "./ab.ts";
import { at } from "./at.ts";
import { cc } from "./cc.ts";
import { crd } from "./crd.ts";
import { crossEntropy } from "./cross-entropy.ts";
import { dist } from "./dist.ts";
import { dkd } from "./dkd.ts";
import { fitnet } from "./fitnet.ts";
import { fsp } from "./fsp.ts";
import { ft } from "./ft.ts";
import { kd } from "./kd.ts";
import type { Loss } from "./loss.ts";
import { mgd } from "./mgd.ts";
import { nd } from "./nd.ts";
import { nst } from "./nst.ts";
import { ofd } from "./ofd.ts";
import { pkt } from "./pkt.ts";
import { reviewKd } from "./reviewkd.ts";
import { rkd } from "./rkd.ts";
import { sp } from "./sp.ts";
import type { TapKind, TapPath } from "./taps.ts";
import { teacherFree } from "./tf-kd.ts";
import { vid } from "./vid.ts";
import { warmUp } from "./weighted.ts";

/** What a tap-reading loss is told: the paths that were chosen on both sides. */
export interface TapPair {
  /** A feature map for losses on a map; the embedding for losses on it; "" for others. */
  readonly student: string;
  readonly teacher: string;
  /** For losses on all maps: the ends of the stages, from shallow to deep. */
  readonly maps: readonly TapPath[];
}

export type LossOptions = Readonly<Record<string, number>>;

export interface LossEntry {
  /** One line for help texts. */
  readonly summary: string;
  readonly source: string;
  readonly needs: {
    /** Compares answers. */
    readonly logits: boolean;
    /** Compares an intermediate of this kind. */
    readonly taps?: TapKind;
    /** The embedding beside the maps. */
    readonly embedding?: boolean;
    /** Of the teacher's tap. */
    readonly classMeans?: boolean;
    /** Whose stage maps are taken before their last ReLU, where the model taps them. */
    readonly beforeRelu?: "teacher" | "both";
  };
  /** Whether student = teacher gives loss 0 with gradient 0: no labels, no class means, no trained part in between. */
  readonly matching: boolean;
  /** Options with their defaults; all are numbers. */
  readonly defaults: LossOptions;
  /** Weight of the loss, and of cross-entropy on the labels beside it. */
  readonly weight: number;
  readonly labels: number;
  readonly create: (options: LossOptions, taps: TapPair) => Loss;
}

const logits = { logits: true } as const;
const map = { logits: false, taps: "map" } as const;
const maps = { logits: false, taps: "maps" } as const;
const embedding = { logits: false, taps: "embedding" } as const;

/** 20 of the 240 epochs of the CIFAR recipe. */
const WARM = 1 / 12;

export const losses: Readonly<Record<string, LossEntry>> = {
  ce: {
    summary: "cross-entropy on the labels",
    source: "Szegedy et al. 2016 (smoothing)",
    needs: { logits: false },
    matching: false,
    defaults: { smoothing: 0 },
    weight: 1,
    labels: 0,
    create: (o) => crossEntropy(o),
  },
  tfkd: {
    summary: "a hand-made teacher that is nearly always right",
    source: "Yuan et al., CVPR 2020",
    needs: { logits: false },
    matching: false,
    defaults: { correct: 0.99, temperature: 20 },
    weight: 0.1,
    labels: 0.9,
    create: (o) => teacherFree(o),
  },
  kd: {
    summary: "the teacher's softened answers",
    source: "Hinton, Vinyals & Dean 2015",
    needs: logits,
    matching: true,
    defaults: { temperature: 4 },
    weight: 0.9,
    labels: 0.1,
    create: (o) => kd(o),
  },
  dkd: {
    summary: "target class and other classes, decoupled",
    source: "Zhao et al., CVPR 2022",
    needs: logits,
    matching: true,
    defaults: { temperature: 4, alpha: 1, beta: 8 },
    weight: 1,
    labels: 1,
    create: (o) => warmUp(WARM, dkd(o)),
  },
  dist: {
    summary: "correlations between and within classes",
    source: "Huang et al., NeurIPS 2022",
    needs: logits,
    matching: true,
    defaults: { temperature: 4, beta: 2, gamma: 2 },
    weight: 1,
    labels: 1,
    create: (o) => dist(o),
  },
  fitnet: {
    summary: "a hint: the teacher's feature map, through an adapter",
    source: "Romero et al., ICLR 2015",
    needs: map,
    matching: true,
    defaults: {},
    weight: 100,
    labels: 1,
    create: (_, taps) => fitnet(taps),
  },
  at: {
    summary: "where the teacher looks",
    source: "Zagoruyko & Komodakis, ICLR 2017",
    needs: map,
    matching: true,
    defaults: {},
    weight: 1000,
    labels: 1,
    create: (_, { student, teacher }) => at({ pairs: [[student, teacher]] }),
  },
  sp: {
    summary: "which examples resemble each other",
    source: "Tung & Mori, ICCV 2019",
    needs: map,
    matching: true,
    defaults: {},
    weight: 3000,
    labels: 1,
    create: (_, taps) => sp(taps),
  },
  mgd: {
    summary: "the teacher's map, generated from a masked one",
    source: "Yang et al., ECCV 2022",
    needs: map,
    matching: false,
    defaults: { hidden: 0.15 },
    weight: 7e-5,
    labels: 1,
    create: (o, taps) => mgd({ ...taps, ...o }),
  },
  ft: {
    summary: "factors of both maps, paraphrased and translated",
    source: "Kim, Park & Kwak, NeurIPS 2018",
    needs: map,
    matching: false,
    defaults: { rate: 0.5, reconstruction: 1 / 200 },
    weight: 200,
    labels: 1,
    create: (o, taps) => ft({ ...taps, ...o }),
  },
  nst: {
    summary: "the distribution of channel maps",
    source: "Huang & Wang 2017",
    needs: maps,
    matching: true,
    defaults: {},
    weight: 50,
    labels: 1,
    create: (_, taps) => nst(taps),
  },
  fsp: {
    summary: "how one stage's channels go with the next one's",
    source: "Yim et al., CVPR 2017",
    needs: maps,
    matching: true,
    defaults: {},
    weight: 50,
    labels: 1,
    create: (_, taps) => fsp(taps),
  },
  ab: {
    summary: "which neurons fire",
    source: "Heo et al., AAAI 2019",
    needs: { ...maps, beforeRelu: "both" },
    matching: false,
    defaults: { margin: 1 },
    weight: 1,
    labels: 1,
    create: (o, taps) => ab({ ...taps, ...o }),
  },
  ofd: {
    summary: "maps before the ReLU, under a margin",
    source: "Heo et al., ICCV 2019",
    needs: { ...maps, beforeRelu: "both" },
    matching: false,
    defaults: {},
    weight: 1e-3,
    labels: 1,
    create: (_, taps) => ofd(taps),
  },
  vid: {
    summary: "the teacher's maps as Gaussians to be predicted",
    source: "Ahn et al., CVPR 2019",
    needs: maps,
    matching: false,
    defaults: {},
    weight: 1,
    labels: 1,
    create: (_, taps) => vid(taps),
  },
  reviewkd: {
    summary: "each of the teacher's levels from all deeper ones",
    source: "Chen et al., CVPR 2021",
    needs: { ...maps, embedding: true, beforeRelu: "teacher" },
    matching: false,
    defaults: {},
    weight: 1,
    labels: 1,
    create: (_, taps) => warmUp(WARM, reviewKd(taps)),
  },
  rkd: {
    summary: "distances and angles between examples",
    source: "Park et al., CVPR 2019",
    needs: embedding,
    matching: true,
    defaults: { distance: 25, angle: 50 },
    weight: 1,
    labels: 1,
    create: (o, taps) => rkd({ ...taps, ...o }),
  },
  pkt: {
    summary: "which examples are neighbours",
    source: "Passalis & Tefas, ECCV 2018",
    needs: embedding,
    matching: true,
    defaults: {},
    weight: 30_000,
    labels: 1,
    create: (_, taps) => pkt(taps),
  },
  cc: {
    summary: "deviations of consecutive examples (RepDistiller's CC)",
    source: "Peng et al., ICCV 2019, as in Tian et al. 2020",
    needs: embedding,
    matching: false,
    defaults: { width: 128 },
    weight: 0.02,
    labels: 1,
    create: (o, taps) => cc({ ...taps, ...o }),
  },
  crd: {
    summary: "the same example alike, other classes apart",
    source: "Tian, Krishnan & Isola, ICLR 2020",
    needs: embedding,
    matching: false,
    defaults: { negatives: 512, temperature: 0.07, momentum: 0.5, width: 128, relax: 0 },
    weight: 0.8,
    labels: 1,
    create: ({ relax, ...o }, taps) => crd({ ...taps, ...o, relax: relax === 1 }),
  },
  nd: {
    summary: "norm and direction of the embedding",
    source: "Wang et al. 2023",
    needs: { ...embedding, classMeans: true },
    matching: false,
    defaults: {},
    weight: 1,
    labels: 1,
    create: (_, taps) => nd(taps),
  },
};

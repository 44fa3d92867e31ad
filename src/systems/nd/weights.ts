/**
 * The weights of the paper's six CIFAR-100 pairs and what it reports for them: scripts and README of
 * WangYZ1608/Knowledge-Distillation-via-ND. Cross-entropy has weight 1 everywhere. Only signs of differences compare
 * with our runs: these are other networks on pictures of 32×32.
 */

/** The losses that ND is added to. */
export const BASES = ["kd", "dkd", "dist", "reviewkd"] as const;
export type Base = (typeof BASES)[number];

/** Accuracy without and with ND, in per cent. */
export type Gain = readonly [without: number, withNd: number];

export interface PairWeights {
  readonly kd: { readonly weight: number; readonly nd: number };
  readonly dkd: { readonly alpha: number; readonly beta: number; readonly nd: number };
  readonly dist: { readonly weight: number; readonly nd: number };
  readonly reviewkd: { readonly weight: number; readonly nd: number };
  readonly published: Readonly<Record<Base, Gain>>;
}

type Row = readonly [number, number];

const row = (
  kd: Row,
  dkd: readonly [number, number, number],
  dist: Row,
  review: Row,
  gains: readonly Gain[],
): PairWeights => ({
  kd: { weight: kd[0], nd: kd[1] },
  dkd: { alpha: dkd[0], beta: dkd[1], nd: dkd[2] },
  dist: { weight: dist[0], nd: dist[1] },
  reviewkd: { weight: review[0], nd: review[1] },
  published: { kd: gains[0]!, dkd: gains[1]!, dist: gains[2]!, reviewkd: gains[3]! },
});

/** Teacher and student of the paper -> weights (loss, ND) in the order KD, DKD (α, β), DIST, ReviewKD; then accuracies. */
export const PAIRS = {
  "resnet56-resnet20": row(
    [1, 2],
    [2.5, 4, 3.5],
    [2, 1],
    [1.2, 1],
    [
      [70.66, 72.53],
      [71.97, 72.16],
      [71.78, 72.52],
      [71.89, 72.05],
    ],
  ),
  "resnet32x4-resnet8x4": row(
    [3.5, 2],
    [2, 8, 0.5],
    [1.5, 4],
    [8, 1],
    [
      [73.33, 75.54],
      [75.44, 76.28],
      [75.79, 76.13],
      [75.63, 76.07],
    ],
  ),
  "wrn40-2-wrn40-1": row(
    [1, 1.5],
    [1, 6, 1],
    [2.5, 3],
    [5, 4],
    [
      [73.54, 74.59],
      [74.81, 75.02],
      [74.42, 75.0],
      [75.09, 75.66],
    ],
  ),
  "resnet50-mobilenetv2": row(
    [3, 0.5],
    [0.5, 8, 1],
    [7, 1],
    [6, 2],
    [
      [67.65, 70.1],
      [70.35, 70.82],
      [69.17, 69.8],
      [69.89, 70.45],
    ],
  ),
  "resnet32x4-shufflenetv1": row(
    [2.5, 1.5],
    [0.5, 8, 4],
    [2.5, 3],
    [7, 1],
    [
      [74.07, 75.45],
      [76.45, 77.11],
      [75.23, 75.6],
      [77.45, 77.68],
    ],
  ),
  "resnet32x4-shufflenetv2": row(
    [4, 0.5],
    [0.5, 6, 0.5],
    [3, 4],
    [8, 1.5],
    [
      [74.45, 76.42],
      [77.07, 77.49],
      [76.08, 76.64],
      [77.78, 77.93],
    ],
  ),
} as const satisfies Readonly<Record<string, PairWeights>>;

export type PairName = keyof typeof PAIRS;
export const PAIR_NAMES = Object.keys(PAIRS) as [PairName, ...PairName[]];

/**
 * The teacher's head: logits = W·f(z) + b with f = ReLU or the identity. The class copies it (phase 2 of the paper).
 *
 * Where the weights are known they are taken as they are; a teacher that is only a function (an ONNX file) is asked:
 * its logits are linear in f(z), so least squares on answered examples gives W and b, with any batch normalisation
 * between embedding and head folded in. Either way the head is checked against the teacher's own answers.
 */
import { fail } from "../../errors.ts";
import { leastSquares } from "./least-squares.ts";

export interface Head {
  /** [classes, d] */
  readonly weight: Float32Array;
  /** [classes] */
  readonly bias: Float32Array;
  readonly activation: "relu" | "identity";
}

/** f(z). */
export function activated({ activation }: Pick<Head, "activation">, z: Float32Array): Float32Array {
  return activation === "relu" ? z.map((v) => Math.max(0, v)) : z;
}

/** Logits `[rows, classes]` of embeddings `[rows, d]`. */
export function headLogits(head: Head, z: Float32Array): Float32Array {
  const { weight, bias } = head;
  const classes = bias.length;
  const d = weight.length / classes;
  const a = activated(head, z);
  const rows = z.length / d;
  const out = new Float32Array(rows * classes);
  for (let i = 0; i < rows; i++) {
    for (let c = 0; c < classes; c++) {
      let sum = bias[c]!;
      for (let j = 0; j < d; j++) sum += weight[c * d + j]! * a[i * d + j]!;
      out[i * classes + c] = sum;
    }
  }
  return out;
}

export interface BatchNormValues {
  /** γ, β, running mean and running variance, [d] each. */
  readonly scale: Float32Array;
  readonly shift: Float32Array;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
  readonly eps?: number;
}

/**
 * A batch normalisation between f(z) and the head becomes part of the head: W' = W·diag(γ/√(σ²+ε)),
 * b' = b + W·(β - μ·γ/√(σ²+ε)). Copying W without it is a trap of the reference's CIFAR notebooks.
 */
export function foldBatchNorm(head: Head, { scale, shift, mean, variance, eps = 1e-5 }: BatchNormValues): Head {
  const d = scale.length;
  const slope = Float64Array.from(scale, (g, j) => g / Math.sqrt(variance[j]! + eps));
  return {
    ...head,
    weight: head.weight.map((w, i) => w * slope[i % d]!),
    bias: head.bias.map((b, c) => {
      let sum = b;
      for (let j = 0; j < d; j++) sum += head.weight[c * d + j]! * (shift[j]! - mean[j]! * slope[j]!);
      return sum;
    }),
  };
}

/** The head for embeddings whose position p is unit order[p]. */
export function permutedHead(head: Head, order: Int32Array): Head {
  const d = order.length;
  return { ...head, weight: head.weight.map((_, i) => head.weight[i - (i % d) + order[i % d]!]!) };
}

/** Flat parameters of the head's model: W, then b. */
export function flatHead({ weight, bias }: Head): Float32Array {
  const flat = new Float32Array(weight.length + bias.length);
  flat.set(weight);
  flat.set(bias, weight.length);
  return flat;
}

/** Back from the flat parameters. */
export function headFrom(flat: Float32Array, { bias, activation }: Head): Head {
  const split = flat.length - bias.length;
  return { weight: flat.slice(0, split), bias: flat.slice(split), activation };
}

/** Root mean square of the error of the head's logits over that of the logits around their mean. */
export function headGap(head: Head, z: Float32Array, logits: Float32Array): number {
  const mine = headLogits(head, z);
  const mean = logits.reduce((a, b) => a + b, 0) / logits.length;
  let [error, total] = [0, 0];
  for (let i = 0; i < logits.length; i++) {
    error += (mine[i]! - logits[i]!) ** 2;
    total += (logits[i]! - mean) ** 2;
  }
  return Math.sqrt(error / (total || 1));
}

/** Largest {@link headGap} of a head that counts as the teacher's own: far above f32 rounding, far below any other map. */
const GAP = 2e-3;

export interface Answered {
  readonly z: Float32Array;
  readonly logits: Float32Array;
  readonly d: number;
  readonly classes: number;
}

/** Rows that a fit reads, as a multiple of the unknowns. */
const ROWS_PER_UNIT = 6;

/**
 * The head behind an embedding. `known`: the last linear layer of a model whose parameters are at hand.
 * @throws E_TEACHER when the logits are no linear function of the embedding (the wrong tap, or too few examples)
 */
export function readHead(
  { z, logits, d, classes }: Answered,
  tap: string,
  known?: Pick<Head, "weight" | "bias">,
): { head: Head; gap: number; from: "weights" | "answers" } {
  const rows = z.length / d;
  // The second half judges what the first half gave.
  const fit = Math.min(Math.ceil(rows / 2), ROWS_PER_UNIT * d);
  const judged = Math.min(rows - fit, 2000);
  const part = (from: number, count: number) =>
    [z.subarray(from * d, (from + count) * d), logits.subarray(from * classes, (from + count) * classes)] as const;
  const activations = ["relu", "identity"] as const;
  const candidates = [
    ...(known && known.weight.length === d * classes
      ? activations.map((activation) => ({ from: "weights" as const, head: () => ({ ...known, activation }) }))
      : []),
    ...activations.map((activation) => ({
      from: "answers" as const,
      head: (): Head => {
        const [x, y] = part(0, fit);
        return { ...leastSquares(activated({ activation }, x), y, d, classes), activation };
      },
    })),
  ];
  let best = Number.POSITIVE_INFINITY;
  for (const { from, head: make } of candidates) {
    const head = make();
    const gap = headGap(head, ...part(rows - judged, judged));
    if (gap <= GAP) return { head, gap, from };
    best = Math.min(best, gap);
  }
  return fail(
    "E_TEACHER",
    `The teacher's logits are no linear function of its "${tap}" (${d} units): the best head misses them by ${(100 * best).toFixed(1)} % of their spread.`,
    `Name the input of its last linear layer with --tap, or give more inputs than ${rows} if these are fewer than ${2 * d}.`,
  );
}

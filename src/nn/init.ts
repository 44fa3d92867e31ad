/**
 * Initialisers: (key, shape) to values. Deterministic: the model folds its key with the parameter's path, so adding a
 * layer never changes how another one starts. Weights are laid out [out, in, ...kernel] everywhere (as in PyTorch),
 * which makes fan-in = in x kernel and fan-out = out x kernel for linear and convolutional layers alike.
 */
import { fail } from "../errors.ts";
import * as random from "../tensor/random.ts";

/** Values of a parameter of this shape, row-major. */
export type Initialiser = (key: random.Key, shape: readonly number[]) => Float32Array;

const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
const fill = (n: number, value: (i: number) => number) => Float32Array.from({ length: n }, (_, i) => value(i));

export function constant(value: number): Initialiser {
  return (_key, shape) => new Float32Array(sizeOf(shape)).fill(value);
}
export const zeros = constant(0);
export const ones = constant(1);

/** Uniform in [-bound, bound). */
export function uniform(bound: number): Initialiser {
  return (key, shape) => random.uniform(key, sizeOf(shape)).map((u) => (2 * u - 1) * bound);
}

export function normal(std: number, mean = 0): Initialiser {
  return (key, shape) => random.normal(key, sizeOf(shape)).map((z) => mean + std * z);
}

/** Normal, redrawn until within `width` standard deviations of the mean (the usual start of transformers). */
export function truncatedNormal(std: number, mean = 0, width = 2): Initialiser {
  return (key, shape) => {
    const out = new Float32Array(sizeOf(shape));
    let filled = 0;
    for (let round = 0; filled < out.length; round++) {
      for (const z of random.normal(random.fold(key, round), out.length)) {
        if (Math.abs(z) <= width && filled < out.length) out[filled++] = mean + std * z;
      }
    }
    return out;
  };
}

/** Inputs and outputs that one weight connects to. Shape [out, in, ...kernel]. */
export function fans(shape: readonly number[]): { fanIn: number; fanOut: number } {
  const [out, into, ...kernel] = shape;
  if (out === undefined || into === undefined) {
    return fail("E_INIT", `Fans of shape [${shape}] are undefined.`, "Weights need at least two axes [out, in, ...].");
  }
  return { fanIn: into * sizeOf(kernel), fanOut: out * sizeOf(kernel) };
}

/** Variance 2 g² / (fan-in + fan-out). Glorot & Bengio 2010, eq. 16. */
export function xavierUniform(gain = 1): Initialiser {
  return (key, shape) => {
    const { fanIn, fanOut } = fans(shape);
    return uniform(gain * Math.sqrt(6 / (fanIn + fanOut)))(key, shape);
  };
}
/** The normal form of {@link xavierUniform}. */
export function xavierNormal(gain = 1): Initialiser {
  return (key, shape) => {
    const { fanIn, fanOut } = fans(shape);
    return normal(gain * Math.sqrt(2 / (fanIn + fanOut)))(key, shape);
  };
}

export interface KaimingOptions {
  /** Keep the variance of activations ("in", default) or of gradients ("out"). */
  readonly fan?: "in" | "out";
  /** √2 for ReLU (default), 1 for linear, 5/3 for tanh. */
  readonly gain?: number;
}
const kaimingStd = ({ fan = "in", gain = Math.SQRT2 }: KaimingOptions, shape: readonly number[]) => {
  const { fanIn, fanOut } = fans(shape);
  return gain / Math.sqrt(fan === "in" ? fanIn : fanOut);
};
/** Variance g² / fan. He et al. 2015, eq. 10 (fan-in) and 14 (fan-out). */
export function kaimingNormal(options: KaimingOptions = {}): Initialiser {
  return (key, shape) => normal(kaimingStd(options, shape))(key, shape);
}
/** The uniform form of {@link kaimingNormal}. */
export function kaimingUniform(options: KaimingOptions = {}): Initialiser {
  return (key, shape) => uniform(Math.sqrt(3) * kaimingStd(options, shape))(key, shape);
}

/** Uniform within ±1/√fan-in: what PyTorch's Linear and Conv start from (LeCun et al. 1998 up to a factor). */
export const fanInUniform: Initialiser = (key, shape) => uniform(1 / Math.sqrt(fans(shape).fanIn))(key, shape);

/**
 * Rows (or columns, whichever are fewer) orthonormal, times `gain`; uniformly distributed over such matrices because
 * Gram-Schmidt on Gaussian rows leaves the R factor a positive diagonal (Mezzadri 2007). Saxe et al. 2014.
 */
export function orthogonal(gain = 1): Initialiser {
  return (key, shape) => {
    const rows = shape[0] ?? fail("E_INIT", "A scalar has no orthogonal start.", "Use constant().");
    const columns = sizeOf(shape) / rows;
    const [few, long] = rows <= columns ? [rows, columns] : [columns, rows];
    const gauss = random.normal(key, few * long);
    const basis: Float64Array[] = [];
    for (let i = 0; i < few; i++) {
      const v = Float64Array.from(gauss.subarray(i * long, (i + 1) * long));
      // Twice is enough: one pass leaves an error of the order of the rounding over the angle (Giraud et al. 2005).
      for (let pass = 0; pass < 2; pass++) {
        for (const u of basis) {
          const along = v.reduce((s, x, k) => s + x * u[k]!, 0);
          for (let k = 0; k < long; k++) v[k]! -= along * u[k]!;
        }
      }
      const length = Math.sqrt(v.reduce((s, x) => s + x * x, 0));
      basis.push(v.map((x) => x / length));
    }
    return fill(rows * columns, (i) => {
      const [r, c] = [Math.floor(i / columns), i % columns];
      return gain * (rows <= columns ? basis[r]![c]! : basis[c]![r]!);
    });
  };
}

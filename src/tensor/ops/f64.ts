/** f64 decompositions of functions for which ONNX Runtime has only f32 kernels. Used by gradient checks. */
import { constant } from "../graph.ts";
import type { Tensor } from "../tensor.ts";
import { clip, exp, mul, neg } from "./elementwise.ts";
import { sum } from "./reduce.ts";
import { expandDims } from "./shaping.ts";

/** Nodes and weights of n-point Gauss-Legendre quadrature on [0, 1], by Newton's method on the polynomial. */
export function gaussLegendre(n: number): { nodes: Float64Array; weights: Float64Array } {
  const nodes = new Float64Array(n);
  const weights = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let x = Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    let slope = 1;
    for (let iteration = 0; iteration < 100; iteration++) {
      let before = 1;
      let value = x;
      for (let k = 2; k <= n; k++) [before, value] = [value, ((2 * k - 1) * x * value - (k - 1) * before) / k];
      slope = (n * (x * value - before)) / (x * x - 1);
      const step = value / slope;
      x -= step;
      if (Math.abs(step) < 1e-16) break;
    }
    nodes[i] = (x + 1) / 2;
    weights[i] = 1 / ((1 - x * x) * slope * slope);
  }
  return { nodes, weights };
}

/** erf(x) = 2x/√π · ∫₀¹ exp(-x²t²) dt with 40 nodes: absolute error below 1e-14; |x| > 6 is ±1 in f64. */
export function erf64(x: Tensor): Tensor {
  const { nodes, weights } = gaussLegendre(40);
  const c = clip(x, -6, 6);
  const t = constant({ dtype: "f64", shape: [40], data: nodes });
  const w = constant({ dtype: "f64", shape: [40], data: weights });
  const ct = mul(expandDims(c, [-1]), t);
  return mul(mul(c, 2 / Math.sqrt(Math.PI)), sum(mul(exp(neg(mul(ct, ct))), w), -1));
}

/**
 * Optimal-transport data set distance between tasks (Alvarez-Melis & Fusi 2020, "Geometric dataset distances via optimal
 * transport", eq. 7), p = 2: points are pairs of a feature and a label; labels are compared by the exact 2-Wasserstein
 * distance of their classes' features (inner), data sets by entropic transport between their points, debiased (outer):
 *
 *     c((x, y), (x', y')) = ‖x - x'‖² + W₂²(class y, class y'),   d² = OT_ε(A, B) - (OT_ε(A, A) + OT_ε(B, B)) / 2
 *
 * Two choices of ours: classes give equally many points, so the inner problem is an assignment and exact; and ε is a
 * tenth of the mean ground cost between the compared tasks instead of 0.1 in absolute units, so that scaling all
 * features scales all distances. A task compared with itself on the same points has distance 0.
 */
import { assign } from "./assignment.ts";
import { distanceMatrix, type Matrix } from "./distances.ts";

/** Points [n, d] of one class, row-major. */
export interface Cloud {
  readonly points: Float32Array;
  readonly count: number;
}

/** Squared Euclidean distances [a, b]. */
export function squaredDistances(a: Cloud, b: Cloud): Float64Array {
  const d = a.points.length / a.count;
  const out = new Float64Array(a.count * b.count);
  for (let i = 0; i < a.count; i++) {
    for (let j = 0; j < b.count; j++) {
      let sum = 0;
      for (let k = 0; k < d; k++) sum += (a.points[i * d + k]! - b.points[j * d + k]!) ** 2;
      out[i * b.count + j] = sum;
    }
  }
  return out;
}

/** W₂² between two clouds of equal size, exactly. */
export function exactWasserstein2(a: Cloud, b: Cloud): number {
  return assign(squaredDistances(a, b), a.count).cost / a.count;
}

/** Share of the mean cost that the entropy weighs. */
const ENTROPY = 0.1;
/** Until no potential moves by more than a thousandth of ε. */
const ROUNDS = 300;
const TOLERANCE = 1e-3;

/**
 * Entropic transport cost between uniform weights: ⟨P, C⟩ + ε·KL(P ‖ a⊗b) at its minimum, which is the mean of the
 * dual potentials. Sinkhorn's iterations in the log domain. `cost [n, m]`.
 */
export function entropicCost(cost: Float64Array, n: number, m: number, epsilon: number): number {
  const f = new Float64Array(n);
  const g = new Float64Array(m);
  for (let round = 0; round < ROUNDS; round++) {
    let change = 0;
    for (let i = 0; i < n; i++) {
      const next = softMinimum(cost, g, i * m, 1, epsilon);
      change = Math.max(change, Math.abs(next - f[i]!));
      f[i] = next;
    }
    for (let j = 0; j < m; j++) g[j] = softMinimum(cost, f, j, m, epsilon);
    if (change < TOLERANCE * epsilon) break;
  }
  return f.reduce((sum, x) => sum + x, 0) / n + g.reduce((sum, x) => sum + x, 0) / m;
}

/** The same of a cloud with itself: one potential, and averaged steps, which settle in a few rounds (Feydy et al. 2019). */
export function entropicSelfCost(cost: Float64Array, n: number, epsilon: number): number {
  const f = new Float64Array(n);
  for (let round = 0; round < ROUNDS; round++) {
    const next = f.map((x, i) => (x + softMinimum(cost, f, i * n, 1, epsilon)) / 2);
    const change = next.reduce((most, x, i) => Math.max(most, Math.abs(x - f[i]!)), 0);
    f.set(next);
    if (change < TOLERANCE * epsilon) break;
  }
  return (2 * f.reduce((sum, x) => sum + x, 0)) / n;
}

/** -ε log mean exp((potential - cost) / ε) along a line of the table: from `start`, every `stride`. */
function softMinimum(
  cost: Float64Array,
  potential: Float64Array,
  start: number,
  stride: number,
  epsilon: number,
): number {
  const count = potential.length;
  let top = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < count; k++) {
    const value = potential[k]! - cost[start + k * stride]!;
    if (value > top) top = value;
  }
  let sum = 0;
  for (let k = 0; k < count; k++) sum += Math.exp((potential[k]! - cost[start + k * stride]! - top) / epsilon);
  return -(top + epsilon * Math.log(sum / count));
}

/** A task: the clouds of its classes. */
export type TaskClouds = readonly Cloud[];

/** Distances (not squared) between tasks. All clouds hold equally many points. */
export function otddMatrix(tasks: readonly TaskClouds[]): Matrix {
  const clouds = tasks.flat();
  const labels = distanceMatrix(clouds, exactWasserstein2);
  const first = tasks.map((_, t) => tasks.slice(0, t).reduce((sum, task) => sum + task.length, 0));
  // Ground cost between two tasks: block by block of classes.
  const ground = (s: number, t: number): { cost: Float64Array; n: number; m: number } => {
    const [a, b] = [tasks[s]!, tasks[t]!];
    const [n, m] = [sizeOf(a), sizeOf(b)];
    const cost = new Float64Array(n * m);
    let row = 0;
    a.forEach((ca, i) => {
      let column = 0;
      b.forEach((cb, j) => {
        const block = squaredDistances(ca, cb);
        const label = labels[first[s]! + i]![first[t]! + j]!;
        for (let x = 0; x < ca.count; x++) {
          for (let y = 0; y < cb.count; y++) cost[(row + x) * m + column + y] = block[x * cb.count + y]! + label;
        }
        column += cb.count;
      });
      row += ca.count;
    });
    return { cost, n, m };
  };
  const costs = distanceMatrix(
    tasks.map((_, t) => t),
    (s, t) => meanOf(ground(s, t).cost),
  );
  const pairs = tasks.length * (tasks.length - 1);
  const epsilon = ENTROPY * (costs.flat().reduce((sum, c) => sum + c, 0) / Math.max(1, pairs));
  if (!(epsilon > 0)) return costs;
  const transport = (s: number, t: number): number => {
    const { cost, n, m } = ground(s, t);
    return s === t ? entropicSelfCost(cost, n, epsilon) : entropicCost(cost, n, m, epsilon);
  };
  const self = tasks.map((_, t) => transport(t, t));
  return distanceMatrix(
    tasks.map((_, t) => t),
    (s, t) => Math.sqrt(Math.max(0, transport(s, t) - (self[s]! + self[t]!) / 2)),
  );
}

const sizeOf = (task: TaskClouds): number => task.reduce((sum, { count }) => sum + count, 0);
const meanOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * L-BFGS with a line search for the strong Wolfe conditions (Nocedal & Wright, Numerical Optimization, algorithms 7.4,
 * 3.5 and 3.6), in f64. For small, smooth problems such as the fit of a law.
 */
/** The value at x; writes the gradient into `gradient`.. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number;

export interface Minimum {
  readonly x: Float64Array;
  readonly value: number;
  readonly iterations: number;
}

const MEMORY = 10;
/** Sufficient decrease, and the share of the slope that may be left. */
const [ARMIJO, CURVATURE] = [1e-4, 0.9];

export function minimise(objective: Objective, start: ArrayLike<number>, iterations = 500, tolerance = 1e-10): Minimum {
  let x: Float64Array = Float64Array.from(start);
  let g: Float64Array = new Float64Array(x.length);
  let value = objective(x, g);
  const pairs: { s: Float64Array; y: Float64Array; rho: number }[] = [];
  let k = 0;
  for (; k < iterations && Math.sqrt(dot(g, g)) > tolerance; k++) {
    let direction = descent(g, pairs);
    let slope = dot(g, direction);
    if (!(slope < 0)) {
      pairs.length = 0;
      direction = g.map((v) => -v);
      slope = -dot(g, g);
    }
    const first = pairs.length === 0 ? Math.min(1, 1 / Math.sqrt(dot(g, g))) : 1;
    const found = search(objective, x, direction, value, slope, first);
    if (!found) {
      if (pairs.length === 0) break;
      // An old model of the curvature can mislead: once more without it.
      pairs.length = 0;
      continue;
    }
    const s = found.x.map((v, i) => v - x[i]!);
    const y = found.g.map((v, i) => v - g[i]!);
    const sy = dot(s, y);
    if (sy > 1e-14 * dot(y, y)) {
      pairs.push({ s, y, rho: 1 / sy });
      if (pairs.length > MEMORY) pairs.shift();
    }
    const gained = value - found.value;
    ({ x, g, value } = found);
    if (gained <= 1e-15 * Math.abs(value)) break;
  }
  return { x, value, iterations: k };
}

/** -H·g by the two-loop recursion. */
function descent(g: Float64Array, pairs: readonly { s: Float64Array; y: Float64Array; rho: number }[]): Float64Array {
  const q = g.map((v) => -v);
  const weights = pairs.map(() => 0);
  for (let i = pairs.length - 1; i >= 0; i--) {
    const { s, y, rho } = pairs[i]!;
    weights[i] = rho * dot(s, q);
    for (let j = 0; j < q.length; j++) q[j]! -= weights[i]! * y[j]!;
  }
  const last = pairs.at(-1);
  if (last) {
    const scale = 1 / (last.rho * dot(last.y, last.y));
    for (let j = 0; j < q.length; j++) q[j]! *= scale;
  }
  pairs.forEach(({ s, y, rho }, i) => {
    const b = rho * dot(y, q);
    for (let j = 0; j < q.length; j++) q[j]! += (weights[i]! - b) * s[j]!;
  });
  return q;
}

interface Point {
  readonly step: number;
  readonly x: Float64Array;
  readonly g: Float64Array;
  readonly value: number;
  readonly slope: number;
}

/** A step that satisfies the strong Wolfe conditions; undefined where none is found. */
function search(
  objective: Objective,
  x: Float64Array,
  direction: Float64Array,
  value: number,
  slope: number,
  first: number,
): Point | undefined {
  const at = (step: number): Point => {
    const moved = x.map((v, i) => v + step * direction[i]!);
    const g = new Float64Array(x.length);
    const there = objective(moved, g);
    return {
      step,
      x: moved,
      g,
      value: Number.isFinite(there) ? there : Number.POSITIVE_INFINITY,
      slope: dot(g, direction),
    };
  };
  const enough = (p: Point) => p.value <= value + ARMIJO * p.step * slope;
  const flat = (p: Point) => Math.abs(p.slope) <= -CURVATURE * slope;
  let before: Point = { step: 0, x, g: new Float64Array(0), value, slope };
  let next = at(first);
  for (let i = 0; i < 20; i++) {
    if (!enough(next) || (i > 0 && next.value >= before.value)) return zoom(before, next);
    if (flat(next)) return next;
    if (next.slope >= 0) return zoom(next, before);
    before = next;
    next = at(2 * next.step);
  }
  return undefined;

  /** Between a good end and a bad one. */
  function zoom(low: Point, high: Point): Point | undefined {
    for (let i = 0; i < 40; i++) {
      const p = at(between(low, high));
      if (!enough(p) || p.value >= low.value) high = p;
      else {
        if (flat(p)) return p;
        if (p.slope * (high.step - low.step) >= 0) high = low;
        low = p;
      }
      if (Math.abs(high.step - low.step) <= 1e-14 * Math.max(1, low.step)) break;
    }
    return low.step > 0 && low.value < value ? low : undefined;
  }
}

/** The minimum of the parabola through both values and the slope at the low end, kept away from the ends. */
function between(low: Point, high: Point): number {
  const width = high.step - low.step;
  const curvature = (high.value - low.value - low.slope * width) / width ** 2;
  const best = low.step - low.slope / (2 * curvature);
  const [a, b] = [low.step + 0.1 * width, low.step + 0.9 * width];
  const inside = Number.isFinite(best) && best > Math.min(a, b) && best < Math.max(a, b);
  return inside ? best : low.step + 0.5 * width;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

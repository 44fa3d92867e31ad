/**
 * A small anti-aliased pen: draws curves into a float canvas by distance to each line piece.
 *
 * Only the bounding box of a piece is visited, and pieces blend by maximum, so that a stroke crossing itself does not
 * get darker: a digit of ~50 pieces costs some ten microseconds on a 28x28 canvas. No Node imports.
 */

/** A grey canvas, row-major, 0 = paper, 1 = full ink. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** Pen at the beginning and at the end of a stroke; in between it changes linearly along the curve. Pixels. */
export interface Pen {
  readonly radius: readonly [number, number];
  readonly ink: readonly [number, number];
  /** Width of the edge in pixels; 1 is a crisp anti-aliased edge, more is a soft pencil. */
  readonly softness: number;
}

/** Points per smooth piece between two control points: at 28 pixels a piece is then about one pixel long per step. */
const STEPS = 5;

/**
 * Samples the smooth curve (Catmull-Rom) through control points `[x0, y0, x1, y1, ...]`; repeated points are corners.
 * Returns sampled points in the same layout.
 */
export function sampleCurve(points: ArrayLike<number>): Float32Array {
  const n = points.length / 2;
  const out = new Float32Array((n - 1) * STEPS * 2 + 2);
  let length = 0;
  const at = (i: number, axis: number) => points[2 * i + axis]!;
  const same = (i: number, j: number) => at(i, 0) === at(j, 0) && at(i, 1) === at(j, 1);
  for (let i = 0; i + 1 < n; i++) {
    if (same(i, i + 1)) continue;
    // At an end or a corner the missing neighbour is the point itself: the curve leaves straight.
    const before = i > 0 && !same(i - 1, i) ? i - 1 : i;
    const after = i + 2 < n && !same(i + 1, i + 2) ? i + 2 : i + 1;
    for (let s = 0; s < STEPS; s++) {
      const t = s / STEPS;
      for (let axis = 0; axis < 2; axis++) {
        const [p0, p1, p2, p3] = [at(before, axis), at(i, axis), at(i + 1, axis), at(after, axis)];
        out[length++] = p1 + 0.5 * t * (p2 - p0 + t * (2 * p0 - 5 * p1 + 4 * p2 - p3 + t * (3 * (p1 - p2) + p3 - p0)));
      }
    }
  }
  out[length++] = at(n - 1, 0);
  out[length++] = at(n - 1, 1);
  return out.subarray(0, length);
}

/** Draws a polyline `[x0, y0, ...]` (pixel coordinates, pixel centres at whole numbers) with a round pen. */
export function drawPolyline({ width, height, data }: Canvas, points: Float32Array, pen: Pen): void {
  const pieces = points.length / 2 - 1;
  const edge = 1 / pen.softness;
  for (let i = 0; i < pieces; i++) {
    const x0 = points[2 * i]!;
    const y0 = points[2 * i + 1]!;
    const dx = points[2 * i + 2]! - x0;
    const dy = points[2 * i + 3]! - y0;
    const inverse = 1 / (dx * dx + dy * dy + 1e-12);
    const u0 = i / pieces;
    const r0 = pen.radius[0] + (pen.radius[1] - pen.radius[0]) * u0;
    const dr = (pen.radius[1] - pen.radius[0]) / pieces;
    const ink = pen.ink[0] + (pen.ink[1] - pen.ink[0]) * u0;
    const reach = Math.max(r0, r0 + dr) + 0.5 * pen.softness;
    const left = Math.max(0, Math.ceil(Math.min(x0, x0 + dx) - reach));
    const right = Math.min(width - 1, Math.floor(Math.max(x0, x0 + dx) + reach));
    const top = Math.max(0, Math.ceil(Math.min(y0, y0 + dy) - reach));
    const bottom = Math.min(height - 1, Math.floor(Math.max(y0, y0 + dy) + reach));
    for (let y = top; y <= bottom; y++) {
      for (let x = left; x <= right; x++) {
        const px = x - x0;
        const py = y - y0;
        let t = (px * dx + py * dy) * inverse;
        t = Math.min(1, Math.max(0, t));
        const ex = px - t * dx;
        const ey = py - t * dy;
        const cover = (r0 + dr * t - Math.sqrt(ex * ex + ey * ey)) * edge + 0.5;
        if (cover <= 0) continue;
        const value = ink * Math.min(1, cover);
        const at = y * width + x;
        if (value > data[at]!) data[at] = value;
      }
    }
  }
}

/** Wipes a disc (an eraser, a smudge): multiplies what is there by `keep`, with a soft edge. */
export function wipeDisc({ width, height, data }: Canvas, cx: number, cy: number, radius: number, keep: number): void {
  const left = Math.max(0, Math.ceil(cx - radius - 1));
  const right = Math.min(width - 1, Math.floor(cx + radius + 1));
  const top = Math.max(0, Math.ceil(cy - radius - 1));
  const bottom = Math.min(height - 1, Math.floor(cy + radius + 1));
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const cover = Math.min(1, Math.max(0, radius - Math.hypot(x - cx, y - cy) + 0.5));
      data[y * width + x]! *= 1 - cover * (1 - keep);
    }
  }
}

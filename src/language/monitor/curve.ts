/** A measure over training steps. */

/** Points (step, value), steps ascending and above 0. */
export type Curve = readonly (readonly [step: number, value: number])[];

/** Means of three neighbours, of two at the ends' single side: what one checkpoint says by chance is not a turn. */
export function smoothed(values: readonly number[]): number[] {
  return values.map((_, i) => {
    const near = values.slice(Math.max(0, i - 1), i + 2);
    return near.reduce((sum, v) => sum + v, 0) / near.length;
  });
}

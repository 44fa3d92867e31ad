/** Codes of stripes: ten patterns of two grey levels that differ in at least 19 of 49 pixels, all about as bright. */

/** Number of different patterns. */
export const CODES = 10;

const PATTERNS: readonly ((y: number, x: number) => number)[] = [
  (_y, x) => x,
  (y) => y,
  (y, x) => x + y,
  (_y, x) => x >> 1,
  (y) => y >> 1,
  (y, x) => (x + y) >> 1,
  (y, x) => (x - y + 64) >> 1,
  (y, x) => Math.floor(x / 3) + Math.floor(y / 3),
  (y, x) => (x >> 1) + y,
  (y, x) => x + (y >> 1),
];

/** Is pixel (y, x) of a patch with this code bright? */
export const stripe = (code: number, y: number, x: number): boolean => (PATTERNS[code]!(y, x) & 1) === 0;

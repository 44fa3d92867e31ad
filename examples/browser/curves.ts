/** Learning curves as SVG, drawn anew with every exam: sixty points need no library. */
import { ARMS, type Arm } from "./lesson.ts";
import { DASHES, NAMES } from "./words.ts";

/** Exams of a network: share of its lesson, share of digits read right. */
export type Curves = Readonly<Record<Arm, readonly (readonly [lesson: number, accuracy: number])[]>>;

const TICKS = [50, 20, 10, 5, 2, 1, 0.5];
const [TOP, BOTTOM] = [TICKS[0]!, TICKS.at(-1)!];
const MARGIN = { top: 10, right: 128, bottom: 26, left: 34 };

/** Mistakes in 100, as a height: a logarithm, or the last percents would all look the same. */
const level = (mistakes: number) => Math.log(TOP / Math.min(TOP, Math.max(BOTTOM, mistakes))) / Math.log(TOP / BOTTOM);

/** `width` in pixels of the page, so that the letters keep their size on a phone. */
export function drawCurves(curves: Curves, width: number): string {
  const height = Math.round(Math.min(360, Math.max(230, width * 0.42)));
  const right = width - MARGIN.right;
  const x = (lesson: number) => MARGIN.left + (right - MARGIN.left) * lesson;
  const y = (mistakes: number) => MARGIN.top + (height - MARGIN.top - MARGIN.bottom) * level(mistakes);
  const grid = TICKS.map(
    (tick) =>
      `<line class="grid" x1="${MARGIN.left}" x2="${right}" y1="${y(tick)}" y2="${y(tick)}"/>` +
      `<text x="${MARGIN.left - 8}" y="${y(tick) + 4}" text-anchor="end">${tick}</text>`,
  );
  const axis = [0, 0.5, 1].map(
    (share) => `<text x="${x(share)}" y="${height - 6}" text-anchor="middle">${100 * share} %</text>`,
  );
  const ends = ARMS.flatMap((arm) => {
    const last = curves[arm].at(-1);
    return last ? [{ arm, at: x(last[0]), end: y(mistakes(last[1])) }] : [];
  });
  const lines = ends.map(({ arm, at, end }) => {
    const points = curves[arm].map(
      ([lesson, accuracy]) => `${x(lesson).toFixed(1)},${y(mistakes(accuracy)).toFixed(1)}`,
    );
    return (
      `<g data-arm="${arm}"><polyline class="curve" points="${points.join(" ")}" stroke-dasharray="${DASHES[arm]}"/>` +
      `<circle class="end" cx="${at}" cy="${end}" r="4"/></g>`
    );
  });
  const labels = apart(ends, 17).map(
    ({ arm, at, label }) =>
      `<text data-arm="${arm}" class="label" x="${at + 10}" y="${label + 4}">${NAMES[arm]}</text>`,
  );
  const what = ARMS.map((arm) => `${NAMES[arm]}: ${spoken(curves[arm].at(-1)?.[1])}`).join(". ");
  return (
    `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Learning curves. ${what}.">` +
    `${[...grid, ...axis, ...lines, ...labels].join("")}</svg>`
  );
}

const mistakes = (accuracy: number): number => 100 * (1 - accuracy);
const spoken = (accuracy: number | undefined): string =>
  accuracy === undefined ? "not begun" : `${mistakes(accuracy).toFixed(1)} mistakes in 100`;

/** Labels that would cover each other are pushed apart; those at other places in the figure stay where they are. */
function apart<T extends { readonly at: number; readonly end: number }>(ends: readonly T[], gap: number) {
  const placed: (T & { readonly label: number })[] = [];
  for (const one of [...ends].sort((a, b) => a.end - b.end)) {
    const above = placed.filter((other) => Math.abs(other.at - one.at) < 110).at(-1);
    placed.push({ ...one, label: above ? Math.max(one.end, above.label + gap) : one.end });
  }
  return placed;
}

/** Measures on maps of evidence, one `[H, W]` after another: where the positive part lies. Plain arithmetic in f64. */
import type { Box } from "./scenes.ts";

/** Positive evidence inside the box and altogether. */
function energies(
  maps: Float32Array,
  example: number,
  width: number,
  area: number,
  box: Box,
): [inside: number, all: number] {
  const [top, left, bottom, right] = box;
  let [inside, all] = [0, 0];
  for (let i = 0; i < area; i++) {
    const value = maps[example * area + i]!;
    if (!(value > 0)) continue;
    all += value;
    const [y, x] = [Math.floor(i / width), i % width];
    if (y >= top && y < bottom && x >= left && x < right) inside += value;
  }
  return [inside, all];
}

export interface Pointing {
  /** Energy pointing game: mean over examples of Σ_box M⁺ / ΣM⁺; 0 when no map has positive evidence. */
  readonly epg: number;
  /** Mean intersection over union of {M ≥ max M / 2} and the box. */
  readonly iou: number;
  /** Share of maps without positive evidence; they count in neither mean. */
  readonly empty: number;
}

/** Energy pointing game (Wang et al. 2020, Score-CAM) and IoU of the maps `[N, H, W]` with one box each. */
export function pointing(
  maps: Float32Array,
  [height, width]: readonly [number, number],
  boxes: readonly Box[],
): Pointing {
  const area = height * width;
  let [epg, iou, seen] = [0, 0, 0];
  boxes.forEach((box, i) => {
    const [inside, all] = energies(maps, i, width, area, box);
    if (!(all > 0)) return;
    seen++;
    epg += inside / all;
    iou += overlap(maps.subarray(i * area, (i + 1) * area), width, box);
  });
  return { epg: seen ? epg / seen : 0, iou: seen ? iou / seen : 0, empty: 1 - seen / boxes.length };
}

function overlap(map: Float32Array, width: number, [top, left, bottom, right]: Box): number {
  let highest = 0;
  for (const value of map) highest = Math.max(highest, value);
  let [both, marked] = [0, 0];
  map.forEach((value, i) => {
    if (value < highest / 2) return;
    marked++;
    const [y, x] = [Math.floor(i / width), i % width];
    if (y >= top && y < bottom && x >= left && x < right) both++;
  });
  return both / (marked + (bottom - top) * (right - left) - both);
}

/** Smallest accuracy over the groups (label, code of the patch) that occur. */
export function worstGroup(
  parts: readonly { correct: ArrayLike<number>; labels: ArrayLike<number>; codes: ArrayLike<number> }[],
): number {
  const groups = new Map<string, [right: number, all: number]>();
  for (const { correct, labels, codes } of parts) {
    for (let i = 0; i < labels.length; i++) {
      const name = `${labels[i]} ${codes[i]}`;
      const [right, all] = groups.get(name) ?? [0, 0];
      groups.set(name, [right + correct[i]!, all + 1]);
    }
  }
  return Math.min(...[...groups.values()].map(([right, all]) => right / all));
}

/** A map of evidence over its picture, as a PNG data address: the picture in grey, positive evidence in orange. */
import { pictureOf } from "../../teaching/lesson/picture.ts";

const ORANGE = [255, 120, 20] as const;
/** Brightness that the picture keeps, so that colour stands out on white strokes. */
const DIM = 0.55;

/** picture `[C, H, W]`, bytes or 0..1; map `[H, W]`, scaled by its largest value. */
export function heat(picture: Uint8Array | Float32Array, inputShape: readonly number[], map: Float32Array): string {
  const [channels = 1, height = 1, width = 1] = inputShape;
  const area = height * width;
  const scale = picture instanceof Uint8Array ? 1 : 255;
  let highest = 0;
  for (const value of map) highest = Math.max(highest, value);
  const inputs = new Uint8Array(3 * area);
  for (let i = 0; i < area; i++) {
    let grey = 0;
    for (let c = 0; c < channels; c++) grey += picture[c * area + i]! / channels;
    const share = highest > 0 ? Math.max(0, map[i]! / highest) : 0;
    ORANGE.forEach((colour, c) => {
      inputs[c * area + i] = Math.round((1 - share) * DIM * grey * scale + share * colour);
    });
  }
  const one = { name: "heat", task: "classification", classes: [], labels: Int32Array.of(0) } as const;
  return pictureOf({ ...one, inputs, inputShape: [3, height, width] }, 0)!;
}

/** Examples as pictures in a report: PNG data addresses, made with what Node brings. */
import { crc32, deflateSync } from "node:zlib";
import type { ArrayDataset } from "../../data/dataset.ts";
import { sizeOf } from "../../data/dataset.ts";

const SIGNATURE = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
const [GREY, COLOUR] = [0, 2];

/** Example `index` as a data address, or undefined where examples are no pictures of 1 or 3 channels. */
export function pictureOf(dataset: ArrayDataset, index: number): string | undefined {
  const [channels, height, width] = dataset.inputShape;
  if (dataset.inputShape.length !== 3 || (channels !== 1 && channels !== 3) || !height || !width) return undefined;
  const size = sizeOf(dataset);
  const from = dataset.inputs.subarray(index * size, (index + 1) * size);
  const scale = from instanceof Uint8Array ? 1 : 255;
  // One filter byte (0: none) before each row; channels last.
  const rows = Buffer.alloc(height * (1 + width * channels));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) {
        const value = from[(c * height + y) * width + x]! * scale;
        rows[y * (1 + width * channels) + 1 + x * channels + c] = Math.max(0, Math.min(255, Math.round(value)));
      }
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, channels === 1 ? GREY : COLOUR], 8);
  const png = [SIGNATURE, chunk("IHDR", head), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))];
  return `data:image/png;base64,${Buffer.concat(png).toString("base64")}`;
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

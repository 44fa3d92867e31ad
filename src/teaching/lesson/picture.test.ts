import { inflateSync } from "node:zlib";
import { expect, it } from "vitest";
import type { ArrayDataset } from "../../data/dataset.ts";
import { pictureOf } from "./picture.ts";

const dataset = (inputShape: number[], inputs: Uint8Array | Float32Array): ArrayDataset => ({
  name: "t",
  task: "classification",
  inputs,
  inputShape,
  labels: Int32Array.of(0, 1),
  classes: ["a", "b"],
});

/** Width, height, colour type and the unfiltered rows of a PNG. */
function read(address: string) {
  const png = Buffer.from(address.split(",")[1]!, "base64");
  const length = png.readUInt32BE(33);
  return {
    width: png.readUInt32BE(16),
    height: png.readUInt32BE(20),
    type: png[25],
    rows: [...inflateSync(png.subarray(41, 41 + length))],
  };
}

it("draws the second example, row by row, bytes as they are", () => {
  const grey = dataset([1, 2, 3], Uint8Array.of(9, 9, 9, 9, 9, 9, 0, 1, 2, 253, 254, 255));
  expect(read(pictureOf(grey, 1)!)).toEqual({ width: 3, height: 2, type: 0, rows: [0, 0, 1, 2, 0, 253, 254, 255] });
});

it("puts colours last and scales floats, clamped", () => {
  const colour = dataset([3, 1, 2], Float32Array.of(0, 1, 0.5, 2, -1, 0.2, 0, 0, 0, 0, 0, 0));
  expect(read(pictureOf(colour, 0)!)).toEqual({ width: 2, height: 1, type: 2, rows: [0, 0, 128, 0, 255, 255, 51] });
});

it("has nothing to draw of a table row", () => {
  expect(pictureOf(dataset([4], new Uint8Array(8)), 0)).toBeUndefined();
});

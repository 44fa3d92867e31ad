import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { decodeImage, readImageFolder } from "./image-folder.ts";
import { codeOf, realData, temporaryFolder } from "./testing.ts";

const colour = (
  width: number,
  height: number,
  [r, g, b]: readonly [number, number, number],
  format: "png" | "jpeg" = "png",
) =>
  sharp({ create: { width, height, channels: 3, background: { r, g, b } } })
    .toFormat(format)
    .toBuffer();

async function put(path: string, content: Promise<Uint8Array> | Uint8Array): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, await content);
}

describe("decodeImage", () => {
  test("planes of RGB, and grey", async () => {
    const png = await colour(6, 4, [10, 20, 30]);
    expect([...(await decodeImage(png, { size: 2, channels: 3 }))]).toEqual([
      10, 10, 10, 10, 20, 20, 20, 20, 30, 30, 30, 30,
    ]);
    const [grey] = await decodeImage(await colour(3, 3, [77, 77, 77]), { size: 1, channels: 1 });
    expect(grey).toBe(77);
  });
  test("the centre is kept and nothing is squeezed", async () => {
    // Three columns: black, white, black. A squeezed picture would be dark at the sides.
    const raw = Uint8Array.from({ length: 9 * 3 }, (_, i) => (Math.floor((i % 9) / 3) === 1 ? 255 : 0));
    const png = await sharp(raw, { raw: { width: 9, height: 3, channels: 1 } })
      .png()
      .toBuffer();
    expect([...(await decodeImage(png, { size: 3, channels: 1 }))]).toEqual(new Array(9).fill(255));
  });
  test("transparent becomes white", async () => {
    const png = await sharp({
      create: { width: 1, height: 1, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } },
    })
      .png()
      .toBuffer();
    expect([...(await decodeImage(png, { size: 1, channels: 3 }))]).toEqual([255, 255, 255]);
  });
  test("missing, empty, no picture, half a picture", async () => {
    const options = { size: 8, channels: 3 } as const;
    expect(await codeOf(() => decodeImage("/nowhere/x.png", options))).toBe("E_DATA_NOT_FOUND");
    expect(await codeOf(() => decodeImage(new Uint8Array(0), options))).toBe("E_DATA_EMPTY");
    expect(await codeOf(() => decodeImage(new Uint8Array(50), options))).toBe("E_DATA_IMAGE");
    const noise = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 2654435761) >>> 13);
    for (const format of ["jpeg", "png"] as const) {
      const full = await sharp(noise, { raw: { width: 64, height: 64, channels: 3 } })
        .toFormat(format)
        .toBuffer();
      expect(await codeOf(() => decodeImage(full.subarray(0, full.length >> 1), options))).toBe("E_DATA_IMAGE");
    }
  });
});

describe("readImageFolder", () => {
  test("train and test folders, sorted classes, progress", async () => {
    const root = temporaryFolder();
    await put(join(root, "train/dog/b.png"), colour(5, 4, [1, 1, 1]));
    await put(join(root, "train/dog/a.jpg"), colour(8, 8, [128, 128, 128], "jpeg"));
    await put(join(root, "train/cat/x.png"), colour(4, 6, [3, 3, 3]));
    await put(join(root, "train/cat/notes.txt"), new Uint8Array(1));
    await put(join(root, "test/dog/z.png"), colour(4, 4, [9, 9, 9]));
    const seen: string[] = [];
    const parts = (await readImageFolder(root, "pets", {
      onProgress: (done, total) => seen.push(`${done}/${total}`),
    }))!;
    const { train, test: held } = parts;
    expect([train!.classes, [...train!.labels], [...held!.labels], train!.inputShape]).toEqual([
      ["cat", "dog"],
      [0, 1, 1],
      [1],
      [3, 4, 4],
    ]);
    expect([train!.inputs[0], train!.inputs[48], train!.inputs[96], held!.inputs[0]]).toEqual([3, 128, 1, 9]);
    expect(seen).toEqual(["1/4", "2/4", "3/4", "4/4"]);
    expect(parts.files[0]!.sha256).toBe((await readImageFolder(root, "again"))!.files[0]!.sha256);
  });
  test("a single folder of classes is a training part; no pictures is no image folder", async () => {
    const root = temporaryFolder();
    expect(await readImageFolder(root, "x")).toBe(undefined);
    await put(join(root, "a/1.png"), colour(4, 4, [1, 1, 1]));
    await put(join(root, "b/1.png"), colour(4, 4, [2, 2, 2]));
    const parts = (await readImageFolder(root, "x", { size: 2, channels: 1 }))!;
    expect([[...parts.train!.inputs], parts.test]).toEqual([[1, 1, 1, 1, 2, 2, 2, 2], undefined]);
  });
  test("a damaged picture and a class without training pictures are errors with the path", async () => {
    const root = temporaryFolder();
    await put(join(root, "train/a/1.png"), colour(4, 4, [1, 1, 1]));
    await put(join(root, "test/b/1.png"), colour(4, 4, [1, 1, 1]));
    expect(await codeOf(() => readImageFolder(root, "x"))).toBe("E_DATA_CLASSES");
    await put(join(root, "test/b/1.png"), new Uint8Array(9));
    await expect(readImageFolder(root, "x")).rejects.toThrow(join(root, "test/b/1.png"));
  });
});

const sample = realData("cifar-10", "imagefolder-sample");
test.skipIf(!sample)("real files (needs LYCEUM_DATA): CIFAR-10 sample, pixels as in a PNG decoder", async () => {
  const { train, test: held } = (await readImageFolder(sample!, "sample"))!;
  expect([train!.labels.length, held!.labels.length, train!.inputShape, train!.classes.length]).toEqual([
    40,
    20,
    [3, 32, 32],
    10,
  ]);
});

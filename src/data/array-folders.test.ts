import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { readCifarFolder, readIdxFolder, readNpzData } from "./array-folders.ts";
import { parseCifar } from "./cifar.ts";
import { CIFAR10_CLASSES, CIFAR100_CLASSES, CIFAR100_SUPERCLASSES } from "./class-names.ts";
import { classCounts } from "./dataset.ts";
import { encodeIdx } from "./idx.ts";
import { encodeNpz } from "./npz.ts";
import { channelStatistics } from "./parts.ts";
import { codeOf, realData, temporaryFolder } from "./testing.ts";

/** Records whose pixels are all equal to their place in the file. */
function records(labels: readonly (readonly number[])[]): Uint8Array {
  return Uint8Array.from(labels.flatMap((label, i) => [...label, ...new Array<number>(3072).fill(i)]));
}

describe("CIFAR records", () => {
  test("CIFAR-10: one label byte; CIFAR-100: coarse, then fine", () => {
    const ten = parseCifar(records([[3], [9]]), 10);
    expect([[...ten.labels], ten.inputs.length, ten.inputs[0], ten.inputs[3072]]).toEqual([[3, 9], 6144, 0, 1]);
    const hundred = parseCifar(
      records([
        [19, 99],
        [0, 5],
      ]),
      100,
    );
    expect([[...hundred.labels], [...hundred.coarse!], hundred.inputs[6143]]).toEqual([[99, 5], [19, 0], 1]);
  });
  test("damage", async () => {
    expect(await codeOf(() => parseCifar(new Uint8Array(0), 10))).toBe("E_DATA_EMPTY");
    expect(await codeOf(() => parseCifar(records([[1]]).subarray(1), 10))).toBe("E_DATA_TRUNCATED");
    expect(await codeOf(() => parseCifar(records([[1, 2]]), 10))).toBe("E_DATA_TRUNCATED");
    expect(await codeOf(() => parseCifar(records([[10]]), 10))).toBe("E_DATA_FORMAT");
    expect(await codeOf(() => parseCifar(records([[20, 5]]), 100))).toBe("E_DATA_FORMAT");
  });
  test("the published class names are complete", () => {
    expect([CIFAR10_CLASSES.length, CIFAR100_CLASSES.length, CIFAR100_SUPERCLASSES.length]).toEqual([10, 100, 20]);
    expect([...CIFAR100_CLASSES].sort()).toEqual(CIFAR100_CLASSES);
  });
});

describe("folders", () => {
  test("CIFAR: several batches in order, gzipped or not, in the official subfolder", async () => {
    const folder = join(temporaryFolder(), "cifar-10-batches-bin");
    mkdirSync(folder);
    writeFileSync(join(folder, "data_batch_2.bin"), records([[5]]));
    writeFileSync(join(folder, "data_batch_1.bin.gz"), gzipSync(records([[1], [2]])));
    writeFileSync(join(folder, "test_batch.bin"), records([[7]]));
    const parts = await readCifarFolder(join(folder, ".."), "c");
    expect([[...parts!.train!.labels], [...parts!.test!.labels], parts!.files.length]).toEqual([[1, 2, 5], [7], 3]);
  });
  test("CIFAR-100 coarse labels", async () => {
    const folder = temporaryFolder();
    writeFileSync(
      join(folder, "train.bin"),
      records([
        [19, 99],
        [0, 5],
      ]),
    );
    const parts = await readCifarFolder(folder, "c", { labels: "coarse" });
    expect([[...parts!.train!.labels], parts!.train!.classes.length, parts!.test]).toEqual([[19, 0], 20, undefined]);
  });
  test("IDX: labels must be beside the images and fit", async () => {
    const folder = temporaryFolder();
    expect(await readIdxFolder(folder, "m")).toBe(undefined);
    writeFileSync(join(folder, "train-images-idx3-ubyte"), encodeIdx({ shape: [3, 2, 2], data: new Uint8Array(12) }));
    expect(await codeOf(() => readIdxFolder(folder, "m"))).toBe("E_DATA_NOT_FOUND");
    const packed = gzipSync(encodeIdx({ shape: [3], data: Uint8Array.of(0, 2, 1) }));
    writeFileSync(join(folder, "train-labels-idx1-ubyte.gz"), packed);
    const { train } = (await readIdxFolder(folder, "m"))!;
    expect([train!.inputShape, [...train!.labels], train!.classes]).toEqual([
      [1, 2, 2],
      [0, 2, 1],
      ["0", "1", "2"],
    ]);
    writeFileSync(join(folder, "train-labels-idx1-ubyte.gz"), packed.subarray(0, 15));
    expect(await codeOf(() => readIdxFolder(folder, "m"))).toBe("E_DATA_TRUNCATED");
  });
  test("npz: channels last become channels first", async () => {
    const folder = temporaryFolder();
    const images = { shape: [1, 4, 5, 3], data: Uint8Array.from({ length: 60 }, (_, i) => i) };
    writeFileSync(join(folder, "train.npz"), encodeNpz({ images, labels: { shape: [1], data: BigInt64Array.of(4n) } }));
    const { train } = (await readNpzData(folder, "n"))!;
    expect([train!.inputShape, [...train!.labels], [...train!.inputs.subarray(18, 22)]]).toEqual([
      [3, 4, 5],
      [4],
      [54, 57, 1, 4],
    ]);
    writeFileSync(join(folder, "train.npz"), encodeNpz({ pictures: images }));
    expect(await codeOf(() => readNpzData(folder, "n"))).toBe("E_DATA_FORMAT");
  });
});

describe.skipIf(!realData("cifar-100"))("real files (needs LYCEUM_DATA)", () => {
  const round = (list: number[]) => list.map((v) => Math.round(v * 1e4) / 1e4);
  test("CIFAR-10 subset: 500 a class, published statistics", async () => {
    const { train, test: held } = (await readCifarFolder(realData("cifar-10")!, "cifar-10"))!;
    expect([...classCounts(train!)]).toEqual(new Array(10).fill(500));
    expect(held!.labels.length).toBe(1000);
    const { mean, std } = channelStatistics(train!);
    expect([round(mean), round(std)]).toEqual([
      [0.4946, 0.4868, 0.4525],
      [0.2456, 0.2418, 0.2606],
    ]);
  });
  test("CIFAR-100 subset", async () => {
    const { train } = (await readCifarFolder(realData("cifar-100")!, "cifar-100"))!;
    expect([...classCounts(train!)]).toEqual(new Array(100).fill(50));
    expect(round(channelStatistics(train!).mean)).toEqual([0.5059, 0.484, 0.4373]);
  });
  test("CIFAR-100 (16x16) npz, names skipped", async () => {
    const { train, test: held } = (await readNpzData(realData("cifar-100-16x16")!, "cifar-100-16x16"))!;
    expect([train!.labels.length, held!.labels.length, train!.inputShape]).toEqual([50000, 8000, [3, 16, 16]]);
    expect(round(channelStatistics(train!).mean)).toEqual([0.5076, 0.487, 0.4414]);
    expect(train!.classes).toEqual(CIFAR100_CLASSES);
  });
  test("Fashion-MNIST", async () => {
    const { train, test: held } = (await readIdxFolder(realData("fashion-mnist")!, "f"))!;
    expect([...classCounts(train!)]).toEqual(new Array(10).fill(6000));
    expect([held!.labels.length, train!.inputShape]).toEqual([8000, [1, 28, 28]]);
  });
});

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { CATALOGUE, catalogueEntry, meantEntry } from "./catalogue.ts";
import { countOf } from "./dataset.ts";
import { encodeIdx } from "./idx.ts";
import { completeSplit } from "./parts.ts";
import { resolveData } from "./resolve.ts";
import { codeOf, realData, temporaryFolder } from "./testing.ts";

afterEach(() => vi.unstubAllEnvs());

function idxFolder(folder: string, count: number, test = 0): string {
  mkdirSync(folder, { recursive: true });
  for (const [part, n] of [
    ["train", count],
    ["t10k", test],
  ] as const) {
    if (n === 0) continue;
    const images = Uint8Array.from({ length: n * 4 }, (_, i) => i % 251);
    writeFileSync(join(folder, `${part}-images-idx3-ubyte`), encodeIdx({ shape: [n, 2, 2], data: images }));
    writeFileSync(
      join(folder, `${part}-labels-idx1-ubyte`),
      encodeIdx({ shape: [n], data: images.slice(0, n).map((i) => i % 10) }),
    );
  }
  return folder;
}

describe("resolveData", () => {
  test("the embedded set needs nothing", async () => {
    const split = await resolveData("drawn-digits", { digits: { train: 30, validation: 10, test: 20 } });
    expect([split.train, split.validation, split.test].map(countOf)).toEqual([30, 10, 20]);
  });
  test("a path: the missing parts come out of training, and the source says so", async () => {
    const folder = idxFolder(temporaryFolder(), 200);
    const { train, validation, test: held, source } = await resolveData(folder);
    expect([train, validation, held].map(countOf)).toEqual([162, 18, 20]);
    expect(source.notes).toEqual([
      "test: 20 of 200 training examples, stratified (the data bring no test part)",
      "validation: 18 of 200 training examples, stratified",
    ]);
    expect(source.files!.map(({ bytes }) => bytes)).toEqual([816, 208]);
    expect(train.normalise!.mean[0]).toBeGreaterThan(0);
    expect(held.normalise).toEqual(train.normalise);
  });
  test("a name: LYCEUM_DATA first, then the cache", async () => {
    const [data, cache] = [temporaryFolder(), temporaryFolder()];
    vi.stubEnv("LYCEUM_DATA", data);
    vi.stubEnv("LYCEUM_CACHE", cache);
    idxFolder(join(cache, "fashion-mnist"), 100, 50);
    expect(countOf((await resolveData("fashion-mnist")).train)).toBe(90);
    idxFolder(join(data, "fashion-mnist"), 200, 50);
    const split = await resolveData("fashion-mnist");
    expect([countOf(split.train), split.source.title, split.train.classes[9], split.train.name]).toEqual([
      180,
      "Fashion-MNIST",
      "Ankle boot",
      "fashion-mnist/train",
    ]);
  });
  test("CSV and Parquet with a label column", async () => {
    const file = join(temporaryFolder(), "points.csv");
    const rows = Array.from({ length: 40 }, (_, i) => `${i},${(i * 7) % 5},${i % 2 ? "odd" : "even"}`);
    writeFileSync(file, `a,b,class\n${rows.join("\n")}\n`);
    const split = await resolveData(file);
    expect([split.train.classes, split.train.inputShape, countOf(split.test), split.source.name]).toEqual([
      ["even", "odd"],
      [2],
      4,
      "points",
    ]);
    const flowers = new URL("./fixtures/flowers.parquet", import.meta.url).pathname;
    const { train } = await resolveData(flowers, { label: "species", features: ["length", "width"] });
    expect([train.classes, train.inputShape]).toEqual([["setosa", "versicolor", "virginica"], [2]]);
  });
  test("a folder of tables: the parts share their classes", async () => {
    const folder = temporaryFolder();
    writeFileSync(
      join(folder, "train.csv"),
      `x,label\n${Array.from({ length: 30 }, (_, i) => `${i},${i % 3}`).join("\n")}\n`,
    );
    writeFileSync(join(folder, "test.csv"), "x,label\n1,2\n2,0\n");
    const split = await resolveData(folder);
    expect([[...split.test.labels], split.test.classes]).toEqual([
      [2, 0],
      ["0", "1", "2"],
    ]);
  });
  test("nothing there: what was looked at, what is known, what was meant", async () => {
    vi.stubEnv("LYCEUM_DATA", "/data");
    vi.stubEnv("LYCEUM_CACHE", "/cache");
    await expect(resolveData("fashon-mnist")).rejects.toThrow(
      /^No data "fashon-mnist": looked at .*fashon-mnist\. Did you mean "fashion-mnist"\? Known names: drawn-digits, mnist, /,
    );
    await expect(resolveData("mnist")).rejects.toThrow(
      /looked at .*mnist, \/data\/mnist, \/cache\/mnist\. Fetch it with `lyceum data fetch mnist`/,
    );
    await expect(resolveData("cifar-100-16x16")).rejects.toThrow("it cannot be downloaded");
    expect(await codeOf(() => resolveData("/nowhere/at/all"))).toBe("E_DATA_NOT_FOUND");
  });
  test("something there that is no data", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "readme.md"), "hello");
    expect(await codeOf(() => resolveData(folder))).toBe("E_DATA_UNKNOWN");
    expect(await codeOf(() => resolveData(join(folder, "readme.md")))).toBe("E_DATA_UNKNOWN");
  });
});

test("parts that disagree are refused", async () => {
  const { train } = await resolveData("drawn-digits", { digits: { train: 30, validation: 10, test: 10 } });
  const test = { ...train, classes: [..."abcdefghij"] };
  expect(await codeOf(() => completeSplit({ train, test, files: [] }, { name: "x" }))).toBe("E_DATA_CLASSES");
  expect(await codeOf(() => completeSplit({ test, files: [] }, { name: "x" }))).toBe("E_DATA_SPLIT");
});

describe("catalogue", () => {
  test("names are unique, sums are sums", () => {
    expect(new Set(CATALOGUE.map(({ name }) => name)).size).toBe(CATALOGUE.length);
    for (const { files } of CATALOGUE)
      for (const { sha256, url } of files)
        expect([sha256, url]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/), expect.stringMatching(/^https:/)]);
    expect(catalogueEntry("MNIST")?.name).toBe("mnist");
  });
  test("near names only", () => {
    expect([meantEntry("cifar10"), meantEntry("mnsit"), meantEntry("/home/me/pictures")]).toEqual([
      "cifar-10",
      "mnist",
      undefined,
    ]);
  });
});

describe.skipIf(!realData("fashion-mnist"))("real files (needs LYCEUM_DATA)", () => {
  test("Fashion-MNIST: 5,000 validation examples, 500 of each class", async () => {
    const { train, validation, test: held } = await resolveData("fashion-mnist");
    expect([train, validation, held].map(countOf)).toEqual([55000, 5000, 8000]);
  });
  test("the labels file is the published one", async () => {
    const { source } = await resolveData("fashion-mnist");
    const published = catalogueEntry("fashion-mnist")!.files[1]!;
    expect(source.files!.find(({ path }) => path.endsWith(published.name))).toMatchObject({
      bytes: published.bytes,
      sha256: published.sha256,
    });
  });
  test("CIFAR-100 coarse, 16x16, image folder", async () => {
    expect((await resolveData("cifar-100", { labels: "coarse" })).train.classes.length).toBe(20);
    const small = await resolveData("cifar-100-16x16", { labels: "coarse" });
    expect([countOf(small.train), small.train.classes[0]]).toEqual([45000, "aquatic_mammals"]);
    const sample = await resolveData(realData("cifar-10", "imagefolder-sample")!, { size: 16 });
    expect([sample.train.inputShape, countOf(sample.test)]).toEqual([[3, 16, 16], 20]);
  });
});

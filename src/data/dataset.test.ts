import { describe, expect, test } from "vitest";
import { type ArrayDataset, checkDataset, classCounts, firstExamples, take } from "./dataset.ts";
import { hashDataset, sha256 } from "./hash.ts";
import { codeOf } from "./testing.ts";

const tiny: ArrayDataset = {
  name: "tiny",
  task: "classification",
  inputs: Uint8Array.of(0, 1, 10, 11, 20, 21),
  inputShape: [1, 1, 2],
  labels: Int32Array.of(1, 0, 1),
  classes: ["no", "yes"],
};

describe("checkDataset", () => {
  test("accepts a dataset that keeps the contract", () => {
    expect(checkDataset({ ...tiny, normalise: { mean: [0.5], std: [0.25] } }).name).toBe("tiny");
  });
  test.each([
    ["E_DATA_EMPTY", { labels: new Int32Array(0), inputs: new Uint8Array(0) }],
    ["E_DATA_SHAPE", { inputs: new Uint8Array(5) }],
    ["E_DATA_SHAPE", { inputShape: [] }],
    ["E_DATA_SHAPE", { normalise: { mean: [0, 0], std: [1, 1] } }],
    ["E_DATA_SHAPE", { normalise: { mean: [0], std: [0] } }],
    ["E_DATA_CLASSES", { classes: ["only"] }],
    ["E_DATA_CLASSES", { labels: Int32Array.of(0, 2, 1) }],
    ["E_DATA_CLASSES", { labels: Int32Array.of(0, -1, 1) }],
  ] as const)("refuses with %s: %o", async (code, change) => {
    expect(await codeOf(() => checkDataset({ ...tiny, ...change }))).toBe(code);
  });
  test("names the value, the place and the range", () => {
    expect(() => checkDataset({ ...tiny, labels: Int32Array.of(0, 7, 1) })).toThrowErrorMatchingInlineSnapshot(
      `[LyceumError: Dataset "tiny" has label 7 at example 1; with 2 classes labels are 0..1. Name every class, or re-number the labels from 0.]`,
    );
  });
});

describe("take", () => {
  test("copies the chosen examples in order, repeats included", () => {
    const taken = take(tiny, [2, 0, 2]);
    expect([...taken.inputs]).toEqual([20, 21, 0, 1, 20, 21]);
    expect([...taken.labels]).toEqual([1, 1, 1]);
  });
  test("refuses indices outside", async () => {
    expect(await codeOf(() => take(tiny, [3]))).toBe("E_DATA_INDEX");
    expect(await codeOf(() => take(tiny, [-1]))).toBe("E_DATA_INDEX");
  });
});

test("firstExamples gives views", () => {
  const first = firstExamples(tiny, 2);
  expect([first.labels.length, first.inputs.length, firstExamples(tiny, 99).labels.length]).toEqual([2, 4, 3]);
  expect(first.inputs.buffer).toBe(tiny.inputs.buffer);
});

test("classCounts counts in the order of the classes", () => {
  expect([...classCounts(tiny)]).toEqual([1, 2]);
});

describe("hash", () => {
  test("sha256 of the empty string and of abc (FIPS 180-4)", async () => {
    expect(await sha256("")).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect(await sha256("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });
  test("the name does not matter; inputs, labels, shape and classes do", async () => {
    const same = await hashDataset({ ...tiny, name: "other" });
    expect(same).toBe(await hashDataset(tiny));
    const others = [
      { ...tiny, inputs: Uint8Array.of(0, 1, 10, 11, 20, 22) },
      { ...tiny, labels: Int32Array.of(1, 0, 0) },
      { ...tiny, inputShape: [2] },
      { ...tiny, classes: ["no", "maybe"] },
      { ...tiny, inputs: Float32Array.from(tiny.inputs) },
    ];
    const hashes = await Promise.all(others.map(hashDataset));
    expect(new Set([same, ...hashes]).size).toBe(6);
  });
  test("shared memory hashes like its copy", async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(6));
    shared.set(tiny.inputs);
    expect(await hashDataset({ ...tiny, inputs: shared })).toBe(await hashDataset(tiny));
  });
});

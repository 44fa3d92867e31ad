import fc from "fast-check";
import { expect, test } from "vitest";
import { key } from "../tensor/random.ts";
import { type ArrayDataset, classCounts } from "./dataset.ts";
import { holdOut, stratify } from "./split.ts";
import { codeOf } from "./testing.ts";

const dataset = (labels: number[]): ArrayDataset => ({
  name: "toy/train",
  task: "classification",
  inputs: Uint8Array.from(labels, (_, i) => i),
  inputShape: [1],
  labels: Int32Array.from(labels),
  classes: ["a", "b", "c"],
});

test("both parts together are the whole, every class gives its share", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 4, maxLength: 200 }),
      fc.integer(),
      (labels, seed) => {
        const size = 1 + (Math.abs(seed) % (labels.length - 1));
        const data = dataset(labels);
        const { sample, rest } = stratify(data, size, key(seed));
        expect(sample.length).toBe(size);
        expect([...sample, ...rest].sort((a, b) => a - b)).toEqual(labels.map((_, i) => i));
        const counts = classCounts(data);
        const got = classCounts({ ...data, labels: sample.map((i) => data.labels[i]!) });
        got.forEach((n, c) => {
          expect(Math.abs(n - (counts[c]! * size) / labels.length)).toBeLessThan(1);
        });
      },
    ),
  );
});

test("the same key gives the same sample, another key another one", () => {
  const data = dataset(Array.from({ length: 90 }, (_, i) => i % 3));
  expect(stratify(data, 30, key(1)).sample).toEqual(stratify(data, 30, key(1)).sample);
  expect(stratify(data, 30, key(1)).sample).not.toEqual(stratify(data, 30, key(2)).sample);
});

test("holdOut takes a tenth by default and names the part", () => {
  const { train, held } = holdOut(dataset(Array.from({ length: 60 }, (_, i) => i % 3)));
  expect([train.labels.length, held.labels.length, held.name]).toEqual([54, 6, "toy/validation"]);
  expect([...classCounts(held)]).toEqual([2, 2, 2]);
});

test("sizes that leave a part empty are refused", async () => {
  expect(await codeOf(() => stratify(dataset([0, 1, 2]), 3, key(0)))).toBe("E_DATA_SPLIT");
  expect(await codeOf(() => stratify(dataset([0, 1, 2]), 0, key(0)))).toBe("E_DATA_SPLIT");
});

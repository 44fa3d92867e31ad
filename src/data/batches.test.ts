import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { key } from "../tensor/random.ts";
import { type Batch, batches } from "./batches.ts";
import type { ArrayDataset } from "./dataset.ts";
import { codeOf } from "./testing.ts";

const dataset = (count: number): ArrayDataset => ({
  name: "counting",
  task: "classification",
  inputs: Float32Array.from({ length: count * 2 }, (_, i) => i),
  inputShape: [2],
  labels: Int32Array.from({ length: count }, (_, i) => i % 3),
  classes: ["a", "b", "c"],
});

describe("batches", () => {
  test("an epoch visits every example once; wrap marks what is fresh", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 50 }),
        fc.nat(5),
        (count, batchSize, epoch) => {
          const source = batches(dataset(count), { key: key(1), batchSize, last: "wrap" });
          const fresh = [...source.epoch(epoch)].flatMap((b) => [...b.ids.subarray(0, b.size)]);
          expect(fresh.sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
          for (const b of source.epoch(epoch)) {
            expect([b.x.length, b.y.length, b.ids.length, b.epoch]).toEqual([
              batchSize * 2,
              batchSize,
              batchSize,
              epoch,
            ]);
            b.ids.forEach((id, i) => {
              expect([b.y[i], b.x[2 * i], b.x[2 * i + 1]]).toEqual([id % 3, 2 * id, 2 * id + 1]);
            });
          }
        },
      ),
    );
  });

  test("drop leaves the incomplete batch out", () => {
    const source = batches(dataset(10), { key: key(1), batchSize: 4 });
    expect(source.stepsPerEpoch).toBe(2);
    expect(new Set([...source.epoch(0)].flatMap((b) => [...b.ids])).size).toBe(8);
    expect(source.batchAt(1).size).toBe(4);
  });

  test("batchAt is pure: any order, any instance, a resumed run", () => {
    const options = { key: key(7), batchSize: 3, augment: [{ kind: "mixup" }] } as const;
    const straight: Batch[] = [];
    for (const b of batches(dataset(10), options).from(0)) if (straight.push(b) === 12) break;
    const other = batches(dataset(10), options);
    for (const step of [11, 0, 5, 5, 2]) expect(other.batchAt(step)).toEqual(straight[step]);
    expect(batches(dataset(10), options).from(7).next().value).toEqual(straight[7]);
  });

  test("epochs differ, and without shuffling the order is that of the dataset", () => {
    const source = batches(dataset(30), { key: key(1), batchSize: 30 });
    expect(source.batchAt(0).ids).not.toEqual(source.batchAt(1).ids);
    const plain = batches(dataset(5), { key: key(1), batchSize: 2, shuffle: false, last: "wrap" });
    expect([...plain.epoch(3)].map((b) => [[...b.ids], b.size])).toEqual([
      [[0, 1], 2],
      [[2, 3], 2],
      [[4, 0], 1],
    ]);
  });

  test("impossible requests are refused", async () => {
    expect(await codeOf(() => batches(dataset(3), { key: key(1), batchSize: 4 }))).toBe("E_DATA_BATCH");
    expect(await codeOf(() => batches(dataset(3), { key: key(1), batchSize: 0 }))).toBe("E_DATA_BATCH");
    expect(await codeOf(() => batches(dataset(3), { key: key(1), batchSize: 1 }).batchAt(-1))).toBe("E_DATA_BATCH");
    expect(await codeOf(() => batches(dataset(0), { key: key(1), batchSize: 1 }))).toBe("E_DATA_EMPTY");
  });
});

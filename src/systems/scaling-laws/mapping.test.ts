import { expect, it } from "vitest";
import { key } from "../../tensor/index.ts";
import { FEATURES, mappingBatch, PLACES, workGap } from "./mapping.ts";

it("every question of the mapping problem has exactly one answer, all answers about equally often", () => {
  const { x, labels } = mappingBatch(key(1), 2000);
  const counts = new Array<number>(PLACES).fill(0);
  for (let row = 0; row < 2000; row++) {
    const features = Array.from(x.data.subarray(row * FEATURES, (row + 1) * FEATURES) as Float32Array);
    const symbols = Array.from({ length: PLACES }, (_, i) => features.slice(3 * i, 3 * i + 3).indexOf(1));
    const pointer = features.slice(3 * PLACES).indexOf(1);
    expect(features.filter((v) => v === 1)).toHaveLength(PLACES + 1);
    const symbol = symbols[pointer]!;
    const right = symbols.flatMap((s, i) => (i !== pointer && s === symbol ? [i] : []));
    if (symbol === 0) expect(labels.data[row]).toBe(pointer);
    else expect([labels.data[row]]).toEqual(right);
    counts[Number(labels.data[row])]!++;
  }
  // 250 each, with a standard deviation of 15.
  for (const n of counts) expect(Math.abs(n - 250)).toBeLessThan(75);
});

it("a cell trains a teacher and its student", async () => {
  const work = workGap({ width: 64, seed: 1 }, {}, { studentWidth: 32, steps: 200 });
  let next = await work.next();
  while (!next.done) next = await work.next();
  const { gapTeacher, gapStudent } = next.value.metrics;
  expect(gapTeacher).toBeLessThan(Math.log(PLACES));
  expect(gapStudent).toBeGreaterThan(0);
  expect(gapStudent).toBeLessThan(Math.log(PLACES) + 0.1);
});

import { describe, expect, test } from "vitest";
import { integers, key } from "../../tensor/random.ts";
import { IGNORED, packDocuments, packExamples, pairExample } from "./pack.ts";
import { rowBatches, takeRows } from "./row-batches.ts";

const END = 9;
const X = IGNORED;

describe("documents in rows", () => {
  test("by hand: ends count, the next document's first token does not", () => {
    const rows = packDocuments([[1, 2, 3], [4], [5, 6]], { context: 4, end: END, pad: 0 });
    // 1 2 3 E 4 E 5 6 E
    expect(rows).toEqual({
      n: 2,
      context: 4,
      inputs: Int32Array.of(1, 2, 3, END, 4, END, 5, 6),
      labels: Int32Array.of(2, 3, END, X, END, X, 6, END),
      segments: Int32Array.of(0, 0, 0, 0, 1, 1, 2, 2),
      positions: Int32Array.of(0, 1, 2, 3, 0, 1, 0, 1),
      counted: 6,
    });
  });

  test("what is left over is padding and does not count", () => {
    const rows = packDocuments([[1, 2, 3, 4, 5]], { context: 3 });
    expect([...rows.inputs]).toEqual([1, 2, 3, 4, 0, 0]);
    expect([...rows.labels]).toEqual([2, 3, 4, 5, X, X]);
    expect([...rows.segments]).toEqual([0, 0, 0, 0, -1, -1]);
    expect([...rows.positions]).toEqual([0, 1, 2, 0, 0, 0]);
    expect(rows.counted).toBe(4);
  });

  test("random documents: every token but the first of each is a label once, after its predecessor", () => {
    const next = integers(key(3));
    for (let round = 0; round < 50; round++) {
      const documents = Array.from({ length: 1 + next(6) }, () => Array.from({ length: 1 + next(9) }, () => next(9)));
      const { inputs, labels, segments, counted } = packDocuments(documents, { context: 1 + next(7), end: END });
      const expected = documents.flatMap((tokens, d) => {
        const all = [...tokens, END];
        return all.slice(1).map((token, i) => [d, all[i], token]);
      });
      const found = [...labels].flatMap((label, i) => (label === X ? [] : [[segments[i], inputs[i], label]]));
      expect(found).toEqual(expected);
      expect(counted).toBe(expected.length);
    }
  });

  test("what cannot be", () => {
    expect(() => packDocuments([], { context: 4 })).toThrow(/make no row/);
    expect(() => packDocuments([[1]], { context: 4 })).toThrow(/make no row/);
    expect(() => packDocuments([[1, 2]], { context: 0 })).toThrow(/context of 0/);
  });
});

describe("prompt and response", () => {
  test("the response and its end count; what follows the first end is dropped", () => {
    const rows = packExamples([pairExample([1, 2], [3, END, 4, END], END), pairExample([1], [2, 3], END)], {
      context: 5,
      pad: 0,
    });
    expect([...rows.inputs]).toEqual([1, 2, 3, END, 0, 1, 2, 3, END, 0]);
    expect([...rows.labels]).toEqual([X, 3, END, X, X, 2, 3, END, X, X]);
    expect([...rows.segments]).toEqual([0, 0, 0, 0, -1, 1, 1, 1, 1, -1]);
    expect(rows.counted).toBe(5);
  });

  test("an example of context + 1 tokens fills its row; a longer one is refused", () => {
    const rows = packExamples([pairExample([1, 2], [3], END)], { context: 3, pad: 0 });
    expect([...rows.inputs]).toEqual([1, 2, 3]);
    expect([...rows.labels]).toEqual([X, 3, END]);
    expect(() => packExamples([pairExample([1, 2], [3, 4], END)], { context: 3, pad: 0 })).toThrow(/has 5 tokens/);
  });

  test("an empty response is its end; an empty prompt leaves the first token uncounted", () => {
    expect(packExamples([pairExample([1], [], END)], { context: 2, pad: 0 }).counted).toBe(1);
    expect(packExamples([pairExample([], [1], END)], { context: 2, pad: 0 }).counted).toBe(1);
    expect(() => packExamples([pairExample([], [], END)], { context: 2, pad: 0 })).toThrow(/no token that counts/);
  });
});

describe("batches", () => {
  const rows = packDocuments([Array.from({ length: 41 }, (_, i) => i)], { context: 4 });
  const batches = rowBatches(rows, { key: key(1), batchSize: 3 });

  test("an epoch has no row twice; the next has another order", () => {
    expect(batches.stepsPerEpoch).toBe(3);
    const epochs = [0, 1].map((epoch) => [0, 1, 2].flatMap((step) => [...batches.at(3 * epoch + step).ids]));
    for (const ids of epochs) expect(new Set(ids).size).toBe(9);
    expect(epochs[0]).not.toEqual(epochs[1]);
    expect(batches.at(4).epoch).toBe(1);
  });

  test("resumed at a step, they are the same", () => {
    const whole = batches.from(0);
    const all = Array.from({ length: 8 }, () => whole.next().value);
    const resumed = rowBatches(rows, { key: key(1), batchSize: 3 }).from(5);
    expect([resumed.next().value, resumed.next().value]).toEqual(all.slice(5, 7));
    expect(rowBatches(rows, { key: key(2), batchSize: 3 }).at(0).ids).not.toEqual(all[0]!.ids);
  });

  test("hold the rows they name", () => {
    const batch = batches.at(1);
    batch.ids.forEach((id, i) => {
      expect(batch.inputs.slice(i * 4, i * 4 + 4)).toEqual(rows.inputs.slice(id * 4, id * 4 + 4));
      expect(batch.labels[i * 4]).toBe(id * 4 + 1);
    });
    expect(batch.counted).toBe(12);
    expect(takeRows(rows, [2]).positions).toEqual(Int32Array.of(0, 1, 2, 3));
  });

  test("sizes that cannot be", () => {
    expect(() => rowBatches(rows, { key: key(1), batchSize: 11 })).toThrow(/Ask for 1 to 10/);
    expect(() => batches.at(-1)).toThrow(/no step -1/);
  });
});

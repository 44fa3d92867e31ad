import { expect, test } from "vitest";
import { decoder, llama } from "../../language/decoder/index.ts";
import { viewParams } from "../../nn/index.ts";
import { constant, evaluate, host, key, random, toNumbers } from "../../tensor/index.ts";
import { bestMatching } from "./assignment.ts";
import { headCosines, similarityOf } from "./similarity.ts";

/** One head of one sequence. */
const map = (rows: readonly (readonly number[])[]) =>
  constant(host(Float32Array.from(rows.flat()), [1, 1, rows.length, rows[0]!.length]));
const cosine = async (a: readonly (readonly number[])[], b: readonly (readonly number[])[], from = 0) =>
  toNumbers(await evaluate(headCosines(map(a), map(b), from)))[0]!;

const uniform = Array.from({ length: 4 }, (_, i) => Array.from({ length: 4 }, (_, j) => (j <= i ? 1 / (i + 1) : 0)));
// Cosines in f32.
const DIGITS = 6;

test("closed forms", async () => {
  expect(await cosine(uniform, uniform)).toBeCloseTo(1, DIGITS);
  const [first, second] = [
    [
      [1, 0],
      [1, 0],
    ],
    [
      [0, 1],
      [0, 1],
    ],
  ];
  expect(await cosine(first!, second!)).toBeCloseTo(0, DIGITS);
  const a = [
    [1, 0, 0],
    [0.5, 0.5, 0],
    [0.2, 0.3, 0.5],
  ];
  const b = [
    [1, 0, 0],
    [1, 0, 0],
    [0.5, 0.3, 0.2],
  ];
  // 1, 1/√2 and 0.29/0.38.
  expect(await cosine(a, b)).toBeCloseTo((1 + Math.SQRT1_2 + 0.29 / 0.38) / 3, DIGITS);
  expect(await cosine(a, b, 1)).toBeCloseTo(0.7351, 4);
});

test("the best matching is the best of all permutations", () => {
  const permutations = (n: number): number[][] =>
    n === 0 ? [[]] : permutations(n - 1).flatMap((p) => Array.from({ length: n }, (_, i) => p.toSpliced(i, 0, n - 1)));
  for (let n = 1; n <= 5; n++) {
    for (let round = 0; round < 10; round++) {
      const gain = random.normal(random.key(10 * n + round), n * n);
      const total = (p: readonly number[]) => p.reduce((sum, j, i) => sum + gain[i * n + j]!, 0);
      const found = bestMatching(gain, n);
      expect([...found].sort()).toEqual(Array.from({ length: n }, (_, i) => i));
      expect(total(found)).toBeCloseTo(Math.max(...permutations(n).map(total)), 10);
    }
  }
});

const config = llama({ vocabulary: 13, context: 16, width: 16, layers: 3, heads: 2 });
const model = decoder(config);
const params = model.model.init(key(3)).params;
// Larger queries and keys, so that maps are not uniform; layer 1 as layer 0 with its heads exchanged.
const views = viewParams(model.model.params, params);
for (let i = 0; i < 3; i++) {
  const { data } = views.get(`blocks.${i}.qkv.weight`)!;
  data.set(data.map((v) => 12 * v));
}
const tokens = (seed: number, rows: number) =>
  host(
    Int32Array.from(random.uniform(key(seed), rows * 16), (u) => Math.floor(13 * u)),
    [rows, 16],
  );

test("layers of a decoder agree with maps written out", async () => {
  const given = [tokens(1, 2), tokens(2, 1)];
  const found = await similarityOf(model, params, given);
  // By hand, in doubles, from the same maps.
  const expected = Array.from({ length: 3 }, () => new Array<number>(3).fill(0));
  const sinkless = Array.from({ length: 3 }, () => new Array<number>(3).fill(0));
  for (const batch of given) {
    const state = { params: constant(host(params)), buffers: constant(host(new Float32Array(0))) };
    const { taps } = model.model.apply(state, constant(batch));
    const maps = await Promise.all(
      [0, 1, 2].map(async (i) => toNumbers(await evaluate(taps.get(`blocks.${i}.attention`)!))),
    );
    const rows = batch.shape[0]! * 2 * 16;
    for (let l = 0; l < 3; l++) {
      for (let m = 0; m < 3; m++) {
        for (let r = 0; r < rows; r++) {
          if (r % 16 < 8) continue;
          for (const [skip, sum] of [
            [0, expected],
            [1, sinkless],
          ] as const) {
            const [a, b] = [maps[l]!, maps[m]!].map((all) => all.slice(r * 16 + skip, (r + 1) * 16)) as [
              number[],
              number[],
            ];
            const dot = a.reduce((s, x, i) => s + x * b[i]!, 0);
            sum[l]![m]! += dot / Math.hypot(...a) / Math.hypot(...b) / (3 * 2 * 8);
          }
        }
      }
    }
  }
  for (let l = 0; l < 3; l++) {
    for (let m = 0; m < 3; m++) {
      expect(found.same[l]![m]).toBeCloseTo(expected[l]![m]!, 5);
      expect(found.withoutSink[l]![m]).toBeCloseTo(sinkless[l]![m]!, 5);
      expect(found.matched[l]![m]!).toBeGreaterThanOrEqual(found.same[l]![m]! - 1e-9);
    }
  }
  expect(found.bySequence).toHaveLength(3);
  expect(found.bySequence.reduce((sum, row) => sum + row[0]!, 0) / 3).toBeCloseTo(found.same[0]![1]!, 9);
});

test("identical layers are alike, and heads in another order are found by matching", async () => {
  const twin = params.slice();
  const twins = viewParams(model.model.params, twin);
  // Nothing is written into the stream, so that all layers read the same.
  for (const [path, { data }] of twins) if (/proj|down/.test(path)) data.fill(0);
  const half = 8 * 16;
  const source = twins.get("blocks.0.qkv.weight")!.data;
  twins.get("blocks.1.qkv.weight")!.data.set(source);
  const exchanged = twins.get("blocks.2.qkv.weight")!.data;
  for (let part = 0; part < 3; part++) {
    for (let head = 0; head < 2; head++) {
      exchanged.set(
        source.subarray((2 * part + head) * half, (2 * part + head + 1) * half),
        (2 * part + 1 - head) * half,
      );
    }
  }
  const { same, matched } = await similarityOf(model, twin, [tokens(5, 2)]);
  expect(same[0]![1]).toBeCloseTo(1, 5);
  expect(matched[0]![2]).toBeCloseTo(1, 5);
  expect(same[0]![2]!).toBeLessThan(0.99);
});

test("short rows are no evidence", async () => {
  const short = host(new Int32Array(8), [1, 8]);
  await expect(similarityOf(model, params, [short])).rejects.toMatchObject({ code: "E_OPTION" });
});

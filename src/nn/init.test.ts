import { expect, test } from "vitest";
import { key } from "../tensor/index.ts";
import * as init from "./init.ts";

const moments = (x: Float32Array) => {
  const mean = x.reduce((s, v) => s + v, 0) / x.length;
  return {
    mean,
    std: Math.sqrt(x.reduce((s, v) => s + (v - mean) ** 2, 0) / x.length),
    max: Math.max(...x.map(Math.abs)),
  };
};
const SHAPE = [64, 32, 3, 3];
const fanIn = 32 * 9;
const fanOut = 64 * 9;

// 18,432 draws: the standard error of a standard deviation is below 1 %; 4 % cannot fail by chance (fixed key).
test.each([
  ["normal", init.normal(0.5), 0.5],
  ["uniform", init.uniform(1), 1 / Math.sqrt(3)],
  // A normal cut at ±2σ keeps 0.8796 of its standard deviation.
  ["truncatedNormal", init.truncatedNormal(1), 0.8796],
  ["xavierUniform", init.xavierUniform(), Math.sqrt(2 / (fanIn + fanOut))],
  ["xavierNormal", init.xavierNormal(2), 2 * Math.sqrt(2 / (fanIn + fanOut))],
  ["kaimingUniform", init.kaimingUniform(), Math.sqrt(2 / fanIn)],
  ["kaimingNormal", init.kaimingNormal({ fan: "out", gain: 1 }), 1 / Math.sqrt(fanOut)],
  ["fanInUniform", init.fanInUniform, 1 / Math.sqrt(3 * fanIn)],
] as const)("%s has its closed-form spread", (_name, initialiser, std) => {
  const m = moments(initialiser(key(1), SHAPE));
  expect(Math.abs(m.std / std - 1)).toBeLessThan(0.04);
  expect(Math.abs(m.mean)).toBeLessThan(0.04 * std);
});

test("bounds are respected", () => {
  expect(moments(init.truncatedNormal(0.1)(key(2), [10000])).max).toBeLessThanOrEqual(0.2 + 1e-7);
  expect(moments(init.fanInUniform(key(2), [100, 100])).max).toBeLessThanOrEqual(0.1);
});

test.each([[[5, 12]], [[12, 5]], [[4, 2, 3, 3]]])("orthogonal %j has orthonormal rows or columns", (shape) => {
  const rows = shape[0]!;
  const w = init.orthogonal(2)(key(3), shape);
  const columns = w.length / rows;
  const value = (r: number, c: number) => w[r * columns + c]! / 2;
  const [few, long] = rows <= columns ? [rows, columns] : [columns, rows];
  const dot = (i: number, j: number) => {
    let s = 0;
    for (let k = 0; k < long; k++) s += rows <= columns ? value(i, k) * value(j, k) : value(k, i) * value(k, j);
    return s;
  };
  // Values are rounded to f32 once: 2^-24 per product.
  for (let i = 0; i < few; i++)
    for (let j = 0; j <= i; j++) expect(Math.abs(dot(i, j) - (i === j ? 1 : 0))).toBeLessThan(1e-6);
});

test("the same key gives the same values, another key others", () => {
  const make = init.kaimingNormal();
  expect(make(key(4), [8, 8])).toEqual(make(key(4), [8, 8]));
  expect(make(key(4), [8, 8])).not.toEqual(make(key(5), [8, 8]));
});

test("fans of a vector are an error", () => {
  expect(() => init.xavierNormal()(key(1), [7])).toThrow("Fans of shape [7] are undefined.");
});

import { expect, test } from "vitest";
import { drawPolyline, sampleCurve, wipeDisc } from "./raster.ts";

const canvas = () => ({ width: 7, height: 5, data: new Float32Array(35) });
const pen = { radius: [1, 1], ink: [1, 1], softness: 1 } as const;

test("a horizontal line of radius 1 covers three rows, the outer ones half", () => {
  const page = canvas();
  drawPolyline(page, Float32Array.of(-5, 2, 12, 2), pen);
  for (let x = 0; x < 7; x++) {
    expect(Array.from({ length: 5 }, (_, y) => page.data[y * 7 + x])).toEqual([0, 0.5, 1, 0.5, 0]);
  }
});

test("crossing itself does not darken, and what is off the page is ignored", () => {
  const page = canvas();
  drawPolyline(page, Float32Array.of(-5, 2, 12, 2), { ...pen, ink: [0.6, 0.6] });
  drawPolyline(page, Float32Array.of(3, -9, 3, 20), { ...pen, ink: [0.6, 0.6] });
  drawPolyline(page, Float32Array.of(100, 100, 120, 90), pen);
  expect(Math.max(...page.data)).toBeCloseTo(0.6, 6);
});

test("curves pass through their points; repeated points are sharp corners", () => {
  const smooth = sampleCurve([0, 0, 1, 2, 3, 1]);
  expect([...smooth.subarray(0, 2), ...smooth.subarray(10, 12), ...smooth.subarray(-2)]).toEqual([0, 0, 1, 2, 3, 1]);
  const corner = sampleCurve([0, 0, 0, 1, 0, 1, 1, 1]);
  for (let i = 0; i < corner.length; i += 2) expect(corner[i] === 0 || corner[i + 1] === 1).toBe(true);
});

test("wiping multiplies inside the disc", () => {
  const page = canvas();
  page.data.fill(1);
  wipeDisc(page, 3, 2, 1, 0.25);
  expect([page.data[2 * 7 + 3], page.data[0]]).toEqual([0.25, 1]);
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { key } from "../tensor/random.ts";
import { type AugmentSpec, parseAugment, prepareAugment } from "./augment.ts";
import { cropShifted, cutSquare, flipRows, type Plane, warpAffine } from "./augment-pixels.ts";
import { take } from "./dataset.ts";
import { drawDigits } from "./digits.ts";
import { beta } from "./mixup.ts";
import { codeOf } from "./testing.ts";

const plane = (height: number, width: number, channels = 1): Plane => {
  const pixels = Float32Array.from({ length: channels * height * width }, (_, i) => i + 1);
  return { pixels, scratch: new Float32Array(pixels.length), channels, height, width };
};

describe("pixels", () => {
  test("crop shifts and fills with zero, in every channel", () => {
    const p = plane(2, 2, 2);
    cropShifted(p, 1, 0);
    expect([...p.pixels]).toEqual([2, 0, 4, 0, 6, 0, 8, 0]);
    cropShifted(p, 0, -1);
    expect([...p.pixels]).toEqual([0, 0, 2, 0, 0, 0, 6, 0]);
    cropShifted(p, 5, 0);
    expect([...p.pixels]).toEqual(new Array(8).fill(0));
  });
  test("flip twice is the identity", () => {
    const p = plane(2, 3, 2);
    flipRows(p);
    expect([...p.pixels.subarray(0, 6)]).toEqual([3, 2, 1, 6, 5, 4]);
    flipRows(p);
    expect(p.pixels).toEqual(plane(2, 3, 2).pixels);
  });
  test("cutout may hang over the border", () => {
    const p = plane(3, 3);
    cutSquare(p, 0, 0, 3);
    expect([...p.pixels]).toEqual([0, 0, 3, 0, 0, 6, 7, 8, 9]);
  });
  const still = { rotate: 0, shear: 0, scale: 1, shiftX: 0, shiftY: 0 };
  test("affine: identity, whole shifts, quarter turns, halves", () => {
    const warped = (change: object, p = plane(3, 3)) => {
      warpAffine(p, { ...still, ...change });
      return [...p.pixels].map((v) => Math.round(v * 1e6) / 1e6);
    };
    expect(warped({})).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(warped({ shiftX: 1 })).toEqual([0, 1, 2, 0, 4, 5, 0, 7, 8]);
    expect(warped({ shiftY: -1 })).toEqual([4, 5, 6, 7, 8, 9, 0, 0, 0]);
    expect(warped({ rotate: 90 })).toEqual([3, 6, 9, 2, 5, 8, 1, 4, 7]);
    expect(warped({ shiftX: 0.5 })).toEqual([0.5, 1.5, 2.5, 2, 4.5, 5.5, 3.5, 7.5, 8.5]);
    // Rows above the centre move left by their distance, rows below to the right (y points down).
    expect(warped({ shear: 45 })).toEqual([2, 3, 0, 4, 5, 6, 0, 7, 8]);
  });
  test("affine rounds bytes and keeps them in range", () => {
    const p: Plane = { ...plane(3, 3), pixels: new Uint8Array(9).fill(255), scratch: new Uint8Array(9) };
    warpAffine(p, { ...still, rotate: 37 });
    expect(p.pixels[4]).toBe(255);
  });
});

describe("specification", () => {
  test("defaults are filled in", () => {
    expect(parseAugment([{ kind: "flip" }, { kind: "affine", rotate: 5 }])).toEqual([
      { kind: "flip", chance: 0.5 },
      { kind: "affine", rotate: 5, shift: 0, scale: 0, shear: 0 },
    ]);
  });
  test.each([
    [[{ kind: "blur" }]],
    [[{ kind: "crop" }]],
    [[{ kind: "crop", pad: 1.5 }]],
    [[{ kind: "flip", chnace: 1 }]],
    [[{ kind: "mixup" }, { kind: "flip" }]],
    [[{ kind: "mixup" }, { kind: "mixup" }]],
    ["flip"],
  ])("%j is refused", async (spec) => {
    expect(await codeOf(() => parseAugment(spec))).toBe("E_DATA_AUGMENT");
  });
  test("pictures are needed for picture steps only", async () => {
    const table = { inputs: new Float32Array(6), inputShape: [3], labels: new Int32Array(2) };
    expect(await codeOf(() => prepareAugment([{ kind: "flip" }], table, key(0)))).toBe("E_DATA_AUGMENT");
    expect(await codeOf(() => prepareAugment([{ kind: "mixup" }], table, key(0)))).toBe("no error");
  });
});

describe("determinism", () => {
  const digits = drawDigits(key(1), 30);
  const spec: AugmentSpec = [
    { kind: "crop", pad: 2 },
    { kind: "flip" },
    { kind: "affine", rotate: 20, scale: 0.2, shear: 10, shift: 0.1 },
    { kind: "cutout", size: 6 },
    { kind: "mixup", alpha: 0.4 },
  ];
  const run = (ids: number[], epoch: number, seed = 9) => {
    const { inputs } = take(digits, ids);
    const mix = prepareAugment(spec, digits, key(seed))(inputs, Int32Array.from(ids), epoch)!;
    return ids.map((id, i) => ({
      id,
      x: inputs.slice(i * 784, (i + 1) * 784),
      lambda: mix.lambda[i],
      other: mix.ids[i],
      y: mix.y[i],
    }));
  };
  test("an example is the same in any batch of the same epoch", () => {
    const alone = Array.from({ length: 30 }, (_, id) => run([id], 3)[0]);
    fc.assert(
      fc.property(fc.array(fc.nat(29), { minLength: 1, maxLength: 8 }), (ids) => {
        expect(run(ids, 3)).toEqual(ids.map((id) => alone[id]));
      }),
      { numRuns: 25 },
    );
  });
  test("another epoch or key gives another picture", () => {
    expect(run([4], 3)[0]!.x).not.toEqual(run([4], 4)[0]!.x);
    expect(run([4], 3)[0]!.x).not.toEqual(run([4], 3, 10)[0]!.x);
  });
  test("a mixed example is the blend of the two augmented ones", () => {
    const pixel = spec.slice(0, -1);
    const single = (id: number) => {
      const { inputs } = take(digits, [id]);
      prepareAugment(pixel, digits, key(9))(inputs, Int32Array.of(id), 3);
      return inputs;
    };
    const mixed = run([7], 3)[0]!;
    const [a, b] = [single(7), single(mixed.other!)];
    mixed.x.forEach((v, i) => {
      expect(Math.abs(v - (mixed.lambda! * a[i]! + (1 - mixed.lambda!) * b[i]!))).toBeLessThanOrEqual(0.51);
    });
    expect(mixed.y).toBe(digits.labels[mixed.other!]);
  });
});

test("Beta(a, a): in [0, 1], mean 1/2, variance 1 / (8a + 4)", () => {
  for (const alpha of [0.2, 1, 4]) {
    const draws = Array.from({ length: 4000 }, (_, i) => beta(key(i), alpha));
    const mean = draws.reduce((s, v) => s + v, 0) / 4000;
    const variance = draws.reduce((s, v) => s + (v - mean) ** 2, 0) / 4000;
    expect(Math.min(...draws)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...draws)).toBeLessThanOrEqual(1);
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.03);
    expect(Math.abs(variance * (8 * alpha + 4) - 1)).toBeLessThan(0.08);
  }
  expect(Number.isFinite(beta(key(1), 1e-4))).toBe(true);
});

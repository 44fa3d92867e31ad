/** Scenes: what the patch says, where the object lies, and the measures on maps that rely on both. */
import { describe, expect, it } from "vitest";
import { drawnDigits } from "../../data/digits.ts";
import { random } from "../../tensor/index.ts";
import { pointing, worstGroup } from "./evidence.ts";
import { type Patch, scenes } from "./scenes.ts";
import { CODES, stripe } from "./stripes.ts";

const base = drawnDigits({ train: 300, validation: 10, test: 10 }).train;
const make = (patch: Patch, classes = 4) => scenes(base, classes, patch, random.key(1));

describe("scenes", () => {
  it("hold the first classes only, and are a function of the key", () => {
    const { data, boxes, codes } = make("true");
    expect(data.labels.length).toBe(120);
    expect(Math.max(...data.labels)).toBe(3);
    expect(data.classes).toEqual(base.classes);
    expect([boxes.length, codes.length]).toEqual([120, 120]);
    expect(make("true").data.inputs).toEqual(data.inputs);
    expect(scenes(base, 4, "true", random.key(2)).data.inputs).not.toEqual(data.inputs);
  });

  it.each([4, 10])("patches tell the truth, always lie, or say anything (%i classes)", (classes) => {
    const right = (patch: Patch) => {
      const { data, codes } = make(patch, classes);
      return codes.reduce((sum, code, i) => sum + (code === data.labels[i] ? 1 : 0), 0) / codes.length;
    };
    expect(right("true")).toBe(1);
    expect(right("false")).toBe(0);
    expect(Math.abs(right("free") - 1 / classes)).toBeLessThan(0.15);
    expect(new Set(make("false", classes).codes).size).toBe(classes);
  });

  it("the object lies in its box, the stripes in a corner, the rest is black", () => {
    const { data, boxes, codes } = make("free");
    for (let i = 0; i < 20; i++) {
      const [top, left, bottom, right] = boxes[i]!;
      expect([bottom - top, right - left]).toEqual([14, 14]);
      const pixel = (y: number, x: number) => data.inputs[(i * 28 + y) * 28 + x]!;
      const corner = [0, 21]
        .flatMap((y) => [0, 21].map((x) => [y, x] as const))
        .find(([y, x]) => pixel(y, x) >= 40 && pixel(y + (y ? 6 : 0), x + (x ? 6 : 0)) >= 40)!;
      expect(pixel(corner[0] + 3, corner[1] + 3)).toBe(stripe(codes[i]!, 3, 3) ? 230 : 40);
      let outside = 0;
      for (let y = 0; y < 28; y++)
        for (let x = 0; x < 28; x++) {
          const inCorner = y >= corner[0] && y < corner[0] + 7 && x >= corner[1] && x < corner[1] + 7;
          if (!inCorner && (y < top || y >= bottom || x < left || x >= right)) outside += pixel(y, x);
        }
      expect(outside).toBe(0);
    }
  });

  it("says what it cannot be made of", () => {
    const refused = (run: () => unknown, code: string) => expect(run).toThrowError(expect.objectContaining({ code }));
    refused(() => make("true", 11), "E_OPTION");
    refused(() => scenes({ ...base, inputShape: [784] }, 4, "true", random.key(1)), "E_EXPLAIN");
  });
});

it("no two codes of stripes look alike", () => {
  const looks = Array.from({ length: CODES }, (_, c) =>
    Array.from({ length: 49 }, (_v, i) => stripe(c, Math.floor(i / 7), i % 7)),
  );
  for (let a = 0; a < CODES; a++)
    for (let b = 0; b < a; b++) {
      const different = looks[a]!.filter((v, i) => v !== looks[b]![i]).length;
      expect(Math.min(different, 49 - different)).toBeGreaterThan(18);
    }
});

describe("evidence", () => {
  const box = [2, 2, 6, 6] as const;
  const map = (value: (inside: boolean) => number) =>
    Float32Array.from({ length: 64 }, (_, i) => {
      const [y, x] = [Math.floor(i / 8), i % 8];
      return value(y >= 2 && y < 6 && x >= 2 && x < 6);
    });
  const point = (m: Float32Array) => pointing(m, [8, 8], [box]);

  it("EPG: 1 in the box, the box's share of the area when uniform, negative values ignored", () => {
    expect(point(map((inside) => (inside ? 3 : 0))).epg).toBe(1);
    expect(point(map(() => 0.7)).epg).toBeCloseTo(0.25, 12);
    expect(point(map((inside) => (inside ? 1 : -5))).epg).toBe(1);
    expect(point(map((inside) => (inside ? -1 : 2))).epg).toBe(0);
  });

  it("IoU: 1 for the box itself, the share of the area when uniform", () => {
    expect(point(map((inside) => (inside ? 3 : 1))).iou).toBe(1);
    expect(point(map(() => 1)).iou).toBeCloseTo(0.25, 12);
  });

  it("skips maps without positive evidence and counts them", () => {
    const two = new Float32Array([...map((inside) => (inside ? 1 : 0)), ...map(() => -1)]);
    expect(pointing(two, [8, 8], [box, box])).toEqual({ epg: 1, iou: 1, empty: 0.5 });
    expect(pointing(new Float32Array(64), [8, 8], [box])).toEqual({ epg: 0, iou: 0, empty: 1 });
  });

  it("the worst group is found across parts", () => {
    const usual = { correct: [1, 1, 1], labels: [0, 0, 1], codes: [0, 0, 1] };
    const odd = { correct: [1, 0, 0], labels: [0, 0, 1], codes: [1, 1, 0] };
    expect(worstGroup([usual])).toBe(1);
    expect(worstGroup([usual, { ...odd, correct: [1, 0, 1] }])).toBe(0.5);
    expect(worstGroup([usual, odd])).toBe(0);
  });
});

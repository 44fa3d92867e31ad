/** The depth family: sizes, names, refusals. */
import { describe, expect, it } from "vitest";
import { tapShapes } from "../../teaching/network.ts";
import { slimResnetNamed } from "./family.ts";

const grey = { inputShape: [1, 28, 28], classes: 10 };

describe("the family", () => {
  it("grows in depth at one width, and in width at one depth", () => {
    const sizes = ["slim-resnet8", "slim-resnet14", "slim-resnet20", "slim-resnet14w16"].map((name) => {
      const { params, flops } = slimResnetNamed(name, grey)!;
      return [params.size, flops];
    });
    const [c, bn] = [(into: number, out: number) => 9 * into * out, (n: number) => 2 * n];
    const stage = (into: number, out: number) =>
      c(into, out) + c(out, out) + 2 * bn(out) + (into === out ? 0 : into * out + bn(out));
    const eight = c(1, 8) + bn(8) + stage(8, 8) + stage(8, 16) + stage(16, 32) + 32 * 10 + 10;
    expect(sizes[0]![0]).toBe(eight);
    for (const i of [1, 2, 3]) {
      expect(sizes[i]![0]).toBeGreaterThan(sizes[i - 1]![0]!);
      expect(sizes[i]![1]).toBeGreaterThan(sizes[i - 1]![1]!);
    }
  });

  it("halves large pictures in the stem, and leaves small ones", () => {
    const stem = (inputShape: number[]) =>
      tapShapes({ model: slimResnetNamed("slim-resnet8", { inputShape, classes: 3 })! }).get("stem");
    expect(stem([1, 28, 28])).toEqual([1, 8, 14, 14]);
    expect(stem([3, 16, 16])).toEqual([1, 8, 16, 16]);
  });

  it("leaves other names alone and refuses depths that do not exist", () => {
    expect(slimResnetNamed("resnet8", grey)).toBeUndefined();
    expect(() => slimResnetNamed("slim-resnet10", grey)).toThrow("depth 10");
    expect(() => slimResnetNamed("slim-resnet8w0", grey)).toThrow("no channels");
    expect(() => slimResnetNamed("slim-resnet8", { inputShape: [20], classes: 2 })).toThrow("reads pictures");
  });
});

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { host } from "../host.ts";
import { model, node, port, tensor } from "./build.test-helper.ts";
import { inspectOnnx } from "./inspect.ts";

/** Channels of the three stages (test/fixtures/teacher_resnet20.py). */
const WIDTHS = [6, 12, 24] as const;
const teacher = new URL("../../../test/fixtures/teacher_resnet20.onnx", import.meta.url);

describe("inspectOnnx", () => {
  it("sums up a model", () => {
    const bytes = model({
      inputs: [port("x", ["N", 4])],
      nodes: [node("Gemm", ["x", "w", "b"], ["h"], { transB: 1 }), node("Relu", ["h"], ["y"])],
      outputs: [port("y", ["N", 3])],
      stored: [tensor("w", host(new Float32Array(12), [3, 4])), tensor("b", host(new Float32Array(3)))],
    });
    expect(inspectOnnx(bytes)).toEqual({
      bytes: bytes.length,
      producer: "test",
      description: "",
      opset: 17,
      inputs: [{ name: "x", type: "float", shape: ["N", 4] }],
      outputs: [{ name: "y", type: "float", shape: ["N", 3] }],
      operators: [
        { name: "Gemm", count: 1, supported: true },
        { name: "Relu", count: 1, supported: true },
      ],
      parameters: 15,
      flops: 2 * 4 * 3,
      metadata: { classes: "cat,dog" },
    });
  });

  it("counts the operations of a ResNet-20 as by hand", () => {
    const { flops, parameters, operators } = inspectOnnx(new Uint8Array(readFileSync(teacher)));
    const weights = (c: number, o: number, k: number) => c * o * k * k;
    // Three stages of three blocks of two 3x3 convolutions; stages 2 and 3 start with a stride and a 1x1 short cut.
    const stage = (from: number, width: number) =>
      weights(from, width, 3) + 5 * weights(width, width, 3) + (from === width ? 0 : weights(from, width, 1));
    const [a, b, c] = WIDTHS;
    const perPixel = [weights(3, a, 3) + stage(a, a), stage(a, b), stage(b, c)];
    const products = perPixel[0]! * 32 ** 2 + perPixel[1]! * 16 ** 2 + perPixel[2]! * 8 ** 2 + c * 10;
    expect(flops).toBe(2 * products);
    expect(parameters).toBeGreaterThan(perPixel.reduce((x, y) => x + y) + c * 10);
    expect(operators.find((o) => o.name === "Conv")?.count).toBe(21);
  });

  it("describes files that cannot be imported", () => {
    const bytes = model({
      inputs: [port("x", [4, "length"])],
      nodes: [node("Mystery", ["x"], ["y"])],
      outputs: [{ name: "y" }],
    });
    const summary = inspectOnnx(bytes);
    expect(summary.operators).toEqual([{ name: "Mystery", count: 1, supported: false }]);
    expect(summary.outputs).toEqual([{ name: "y", type: "no tensor", shape: undefined }]);
    expect(summary.flops).toBeUndefined();
  });
});

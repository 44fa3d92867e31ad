/** The bytes: storage kinds, damage, and round trips. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LyceumError } from "../../errors.ts";
import { host } from "../host.ts";
import { model, node, port, tensor } from "./build.test-helper.ts";
import { importOnnx } from "./import.ts";
import { inspectOnnx } from "./inspect.ts";
import { decodeModel, encodeModel, type TensorProto } from "./proto.ts";
import { readTensor } from "./tensor-proto.ts";

const bytes = model({
  inputs: [port("x", ["N", 2])],
  nodes: [node("Mul", ["x", "w"], ["y"], { note: "text", list: [1, 2], scale: { float: 2 }, value: host([1]) })],
  outputs: [port("y", ["N", 2])],
  stored: [tensor("w", host([3, 4]))],
});

describe("the format", () => {
  it("round-trips", () => {
    expect(encodeModel(decodeModel(bytes))).toEqual(bytes);
  });

  it.each([
    ["an empty file", new Uint8Array()],
    ["text", new TextEncoder().encode("<!doctype html><title>404</title>")],
    ["zeros", new Uint8Array(64)],
    ["a PNG", Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13)],
  ])("refuses %s", (_what, garbage) => {
    expect(() => importOnnx(garbage)).toThrow(expect.objectContaining({ code: "E_ONNX_FORMAT" }));
  });

  it("refuses every truncation that cuts the graph, and crashes on none", () => {
    const outcomes = Array.from({ length: bytes.length }, (_, n) => {
      try {
        importOnnx(bytes.subarray(0, n));
        return "read";
      } catch (error) {
        return error instanceof LyceumError ? error.code : String(error);
      }
    });
    // Protobuf has no end mark: a file cut between the last fields (metadata) is still a model.
    expect(new Set(outcomes.slice(0, -40))).toEqual(new Set(["E_ONNX_FORMAT"]));
    expect([...new Set(outcomes)].filter((o) => o !== "read" && o !== "E_ONNX_FORMAT")).toEqual([]);
  });

  it("survives any damage with an error of its own", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 4 }), (edits) => {
        const damaged = Uint8Array.from(bytes);
        for (const [at, value] of edits) damaged[at] = value;
        for (const read of [importOnnx, inspectOnnx]) {
          try {
            read(damaged);
          } catch (error) {
            if (!(error instanceof LyceumError)) throw error;
          }
        }
      }),
      { seed: 7, numRuns: 500 },
    );
  });
});

describe("stored tensors", () => {
  const of = (fields: Partial<TensorProto>): TensorProto => ({ name: "t", dims: [2], dataType: 1, ...fields });
  const raw = (data: { buffer: ArrayBufferLike }) => new Uint8Array(data.buffer);

  it.each<[string, Partial<TensorProto>, string, (number | bigint)[]]>([
    ["float_data", { floatData: [1.5, -2] }, "f32", [1.5, -2]],
    ["raw float", { rawData: raw(Float32Array.of(1.5, -2)) }, "f32", [1.5, -2]],
    ["double_data", { dataType: 11, doubleData: [0.1, 0.2] }, "f64", [0.1, 0.2]],
    ["int32_data", { dataType: 6, int32Data: [-1, 7] }, "i32", [-1, 7]],
    ["int64_data", { dataType: 7, int64Data: [-1, 7] }, "i64", [-1n, 7n]],
    ["raw int64", { dataType: 7, rawData: raw(BigInt64Array.of(-1n, 2n ** 40n)) }, "i64", [-1n, 2n ** 40n]],
    ["u8 in int32_data", { dataType: 2, int32Data: [0, 255] }, "u8", [0, 255]],
    ["u32 in uint64_data", { dataType: 12, uint64Data: [1, 2 ** 32 - 1] }, "u32", [1, 2 ** 32 - 1]],
    ["bool in int32_data", { dataType: 9, int32Data: [1, 0] }, "bool", [1, 0]],
    ["float16 in int32_data", { dataType: 10, int32Data: [0x3e00, 0xc000] }, "f32", [1.5, -2]],
    // Smallest subnormal, largest finite number.
    ["raw float16", { dataType: 10, rawData: raw(Uint16Array.of(1, 0x7bff)) }, "f32", [2 ** -24, 65504]],
    ["raw bfloat16", { dataType: 16, rawData: raw(Uint16Array.of(0x3fc0, 0xc000)) }, "f32", [1.5, -2]],
  ])("%s", (_what, fields, dtype, values) => {
    const t = readTensor(of(fields));
    expect(t.dtype).toBe(dtype);
    expect([...(t.data as Float32Array)]).toEqual(values);
  });

  it("float16 infinities and NaN", () => {
    const t = readTensor(of({ dims: [3], dataType: 10, rawData: raw(Uint16Array.of(0x7c00, 0xfc00, 0x7e00)) }));
    expect([...t.data]).toEqual([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]);
  });

  it.each<[string, Partial<TensorProto>, string]>([
    ["too few values", { floatData: [1] }, "E_ONNX_FORMAT"],
    ["half a number", { rawData: new Uint8Array(7) }, "E_ONNX_FORMAT"],
    ["negative sizes", { dims: [-1, -2], floatData: [1, 2] }, "E_ONNX_FORMAT"],
    ["external data", { dataLocation: 1 }, "E_ONNX_EXTERNAL"],
    ["int8", { dataType: 3, int32Data: [1, 2] }, "E_ONNX_DTYPE"],
    ["strings", { dataType: 8 }, "E_ONNX_DTYPE"],
  ])("refuses %s", (_what, fields, code) => {
    expect(() => readTensor(of(fields))).toThrow(expect.objectContaining({ code }));
  });
});

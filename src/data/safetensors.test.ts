import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  encodeSafetensors,
  fromFloat32,
  parseSafetensors,
  type SafeTensor,
  type SafeType,
  toFloat32,
} from "./safetensors.ts";
import { codeOf } from "./testing.ts";

/** A file with the given header text and `data` bytes behind it. */
function file(header: string, data = 0): Uint8Array {
  const text = new TextEncoder().encode(header);
  const out = new Uint8Array(8 + text.length + data);
  new DataView(out.buffer).setBigUint64(0, BigInt(text.length), true);
  out.set(text, 8);
  return out;
}
const entry = (dtype: string, shape: number[], offsets: number[]) =>
  JSON.stringify({ dtype, shape, data_offsets: offsets });

describe("round trip", () => {
  test("any tensors and metadata", () => {
    const widths: Record<string, number> = { F32: 4, F16: 2, I64: 8, U8: 1, BOOL: 1, BF16: 2 };
    const tensor = fc
      .tuple(fc.constantFrom(...Object.keys(widths)), fc.array(fc.nat(4), { maxLength: 3 }), fc.nat(255))
      .map(([dtype, shape, fill]): SafeTensor => {
        const size = shape.reduce((product, n) => product * n, widths[dtype]!);
        return { dtype: dtype as SafeType, shape, bytes: new Uint8Array(size).fill(fill) };
      });
    const names = fc.string({ unit: "grapheme" }).filter((name) => name !== "__metadata__" && name !== "__proto__");
    fc.assert(
      fc.property(fc.array(fc.tuple(names, tensor)), fc.dictionary(names, fc.string()), (list, metadata) => {
        const tensors = new Map(list);
        const bytes = encodeSafetensors(tensors, metadata);
        const back = parseSafetensors(bytes);
        expect(Object.fromEntries(Object.entries(back.metadata))).toEqual(Object.fromEntries(Object.entries(metadata)));
        expect(new Map([...back.tensors].sort())).toEqual(new Map([...tensors].sort()));
        expect(encodeSafetensors(new Map([...tensors].reverse()), metadata)).toEqual(bytes);
        expect(new DataView(bytes.buffer).getUint32(0, true) % 8).toBe(0);
      }),
    );
  });

  test("f32 in, f32 out, at any alignment", () => {
    const data = Float32Array.of(1.5, -2, 3e-9);
    const bytes = encodeSafetensors({ "layer.1/weight": fromFloat32(data, [3]) });
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    const back = parseSafetensors(shifted.subarray(1)).tensors.get("layer.1/weight")!;
    expect(toFloat32(back)).toEqual(data);
  });

  test("other types become f32", () => {
    const bytes = (array: ArrayBufferView) => new Uint8Array(array.buffer);
    const cases: [SafeType, Uint8Array][] = [
      ["F16", bytes(Uint16Array.of(0x3c00, 0xc000))],
      ["BF16", bytes(Uint16Array.of(0x3f80, 0xc000))],
      ["F64", bytes(Float64Array.of(1, -2))],
      ["I64", bytes(BigInt64Array.of(1n, -2n))],
      ["I32", bytes(Int32Array.of(1, -2))],
      ["I16", bytes(Int16Array.of(1, -2))],
      ["I8", bytes(Int8Array.of(1, -2))],
    ];
    for (const [dtype, raw] of cases) expect([...toFloat32({ dtype, shape: [2], bytes: raw })]).toEqual([1, -2]);
  });
});

describe("refused", () => {
  const good = encodeSafetensors({ a: fromFloat32(new Float32Array(4), [2, 2]) });
  test("every cut is truncated", async () => {
    for (let length = 1; length < good.length; length++) {
      expect(await codeOf(() => parseSafetensors(good.subarray(0, length)))).toBe("E_DATA_TRUNCATED");
    }
    expect(await codeOf(() => parseSafetensors(new Uint8Array(0)))).toBe("E_DATA_EMPTY");
  });
  test.each([
    ["bytes after the end", Uint8Array.of(...good, 0), "1 bytes follow the last tensor"],
    ["no JSON", file("{nonsense"), "its header is not JSON"],
    ["no object", file("[1]"), "its header is not a JSON object"],
    [
      "a name twice",
      file(`{"a":${entry("U8", [1], [0, 1])},"\\u0061":${entry("U8", [1], [0, 1])}}`, 1),
      'the name "a" occurs twice',
    ],
    ["a gap", file(`{"a":${entry("U8", [1], [1, 2])}}`, 2), 'tensor "a" begins at 1; 0 was expected'],
    [
      "an overlap",
      file(`{"a":${entry("U8", [2], [0, 2])},"b":${entry("U8", [2], [1, 3])}}`, 3),
      'tensor "b" begins at 1; 2',
    ],
    ["a wrong size", file(`{"a":${entry("F32", [2], [0, 4])}}`, 4), 'tensor "a" [2] of F32 needs 8 bytes and has 4'],
    ["an unknown type", file(`{"a":${entry("F12", [1], [0, 1])}}`, 1), 'tensor "a" has the entry'],
    ["a negative axis", file(`{"a":${entry("U8", [-1], [0, 1])}}`, 1), 'tensor "a" has the entry'],
    ["metadata that is no text", file('{"__metadata__":{"x":1}}'), "__metadata__ is not a map of strings"],
  ])("%s", async (_, bytes, message) => {
    expect(await codeOf(() => parseSafetensors(bytes))).toBe("E_DATA_FORMAT");
    expect(() => parseSafetensors(bytes)).toThrow(message);
  });
  test("a header length beyond all limits", () => {
    const bytes = Uint8Array.from(good);
    bytes.fill(0xff, 0, 8);
    expect(() => parseSafetensors(bytes)).toThrow("announces a header of 18446744073709551615 bytes");
  });
  test("writing bytes that do not fit the shape", async () => {
    expect(await codeOf(() => encodeSafetensors({ a: { dtype: "F32", shape: [2], bytes: new Uint8Array(4) } }))).toBe(
      "E_DATA_SHAPE",
    );
  });
});

test("bytes of a Node Buffer are read where they lie in it", () => {
  const values = Float32Array.of(1, 2, 3);
  const around = Buffer.alloc(64, 7);
  Buffer.from(values.buffer).copy(around, 5);
  expect(toFloat32({ dtype: "F32", shape: [3], bytes: around.subarray(5, 17) })).toEqual(values);
});

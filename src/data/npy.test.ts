import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeBfloat, decodeHalf, encodeBfloat, encodeHalf } from "./half.ts";
import { encodeNpy, type NpyData, parseNpy } from "./npy.ts";
import { encodeNpz, parseNpz } from "./npz.ts";
import { codeOf } from "./testing.ts";

/** Written by NumPy 2.4 itself (np.save, np.savez_compressed, astype("f2")). */
const numpy = JSON.parse(readFileSync(new URL("./fixtures/numpy.json", import.meta.url), "utf8")) as {
  cases: Record<string, { npy: string; shape: number[]; values: (number | string)[] }>;
  object: string;
  record: string;
  npz: string;
  half: { bits: number[]; values: (number | string | null)[] };
  encode: { values: number[]; bits: number[] };
};
const bytes = (base64: string) => new Uint8Array(Buffer.from(base64, "base64"));
const plain = (data: NpyData) =>
  Array.from(data as ArrayLike<number | bigint | string>, (v) => (typeof v === "bigint" ? Number(v) : v));

describe("NumPy's own files", () => {
  test.each(Object.entries(numpy.cases))("%s", (_, { npy, shape, values }) => {
    const array = parseNpy(bytes(npy));
    expect([array.shape, plain(array.data)]).toEqual([shape, values]);
  });
  test("pickles and records are refused", async () => {
    expect(await codeOf(() => parseNpy(bytes(numpy.record)))).toBe("E_DATA_FORMAT");
    expect(() => parseNpy(bytes(numpy.object), "o.npy")).toThrow(
      "Object arrays contain pickles, which Lyceum never runs.",
    );
  });
  test("npz, whole and in part", () => {
    const arrays = parseNpz(bytes(numpy.npz));
    expect([...arrays.keys()]).toEqual(["x", "names"]);
    expect([plain(arrays.get("x")!.data), arrays.get("names")!.data]).toEqual([
      [0, 1, 2, 3, 4, 5],
      ["p", "q"],
    ]);
    expect([...parseNpz(bytes(numpy.npz), "z", ["names"]).keys()]).toEqual(["names"]);
  });
});

describe("round trips", () => {
  const arrays = fc.oneof(
    fc.uint8Array(),
    fc.int8Array(),
    fc.uint16Array(),
    fc.int16Array(),
    fc.uint32Array(),
    fc.int32Array(),
    fc.bigUint64Array(),
    fc.bigInt64Array(),
    fc.float32Array(),
    fc.float64Array(),
    // NumPy pads with NUL and so cannot keep a trailing one.
    fc.array(fc.string({ unit: "binary", maxLength: 5 }).map((s) => s.replace(/\0+$/, ""))),
  );
  test("npy", () => {
    fc.assert(
      fc.property(arrays, (data: NpyData) => {
        const file = encodeNpy({ shape: [data.length], data });
        const back = parseNpy(file);
        expect([back.shape, back.data]).toEqual([[data.length], data]);
        if (!Array.isArray(data)) expect((file.length - data.byteLength) % 64).toBe(0);
      }),
    );
  });
  test("npz, the same bytes every time", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), arrays, { maxKeys: 4 }),
        fc.boolean(),
        (dict, compress) => {
          const content = Object.fromEntries(
            Object.entries(dict).map(([k, data]) => [k, { shape: [data.length], data }]),
          );
          const file = encodeNpz(content, { compress });
          expect(encodeNpz(content, { compress })).toEqual(file);
          const back = parseNpz(file);
          expect(Object.fromEntries([...back].map(([k, { shape, data }]) => [k, { shape, data }]))).toEqual(content);
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe("damage", () => {
  const file = encodeNpy({ shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) });
  test("cut, lengthened, empty, another format", async () => {
    for (const length of [3, 9, 11, 60, file.length - 1]) {
      expect(await codeOf(() => parseNpy(file.subarray(0, length)))).toBe("E_DATA_TRUNCATED");
    }
    expect(await codeOf(() => parseNpy(Uint8Array.of(...file, 0)))).toBe("E_DATA_FORMAT");
    expect(await codeOf(() => parseNpy(new Uint8Array(0)))).toBe("E_DATA_EMPTY");
    expect(await codeOf(() => parseNpy(Uint8Array.of(1, 2, 3)))).toBe("E_DATA_FORMAT");
    expect(await codeOf(() => encodeNpy({ shape: [2], data: new Uint8Array(3) }))).toBe("E_DATA_SHAPE");
  });
  test("npz", async () => {
    const zip = encodeNpz({ x: { shape: [3], data: new Uint8Array(3) } });
    expect(await codeOf(() => parseNpz(zip.subarray(0, zip.length - 30)))).toBe("E_DATA_TRUNCATED");
    expect(await codeOf(() => parseNpz(file))).toBe("E_DATA_FORMAT");
    expect(await codeOf(() => parseNpz(new Uint8Array(0)))).toBe("E_DATA_EMPTY");
  });
});

describe("half precision", () => {
  test("decodes what NumPy decodes", () => {
    const named = (v: number) => (Number.isNaN(v) ? null : v === Infinity ? "inf" : v === -Infinity ? "-inf" : v);
    expect(numpy.half.bits.map((b) => named(decodeHalf(b)))).toEqual(
      numpy.half.values.map((v) => (v === 0 ? named(v as number) : v)),
    );
  });
  test("encodes what NumPy encodes, over- and underflow included", () => {
    expect(numpy.encode.values.map(encodeHalf)).toEqual(numpy.encode.bits);
  });
  test("every finite pattern survives; bfloat16 too", () => {
    const patterns = Array.from({ length: 65536 }, (_, b) => b);
    expect(patterns.filter((b) => ((b >> 10) & 31) !== 31 && encodeHalf(decodeHalf(b)) !== b)).toEqual([]);
    expect(patterns.filter((b) => ((b >> 7) & 255) !== 255 && encodeBfloat(decodeBfloat(b)) !== b)).toEqual([]);
    expect([encodeHalf(NaN) & 0x7fff, encodeHalf(Infinity), encodeBfloat(-Infinity)]).toEqual([0x7e00, 0x7c00, 0xff80]);
    expect(Number.isNaN(decodeBfloat(encodeBfloat(NaN)))).toBe(true);
    // Ties go to even: 1 + 2^-8 lies between 1 and 1 + 2^-7.
    expect([decodeBfloat(encodeBfloat(1 + 2 ** -8)), decodeBfloat(encodeBfloat(1 + 3 * 2 ** -8))]).toEqual([
      1,
      1 + 2 ** -6,
    ]);
  });
});

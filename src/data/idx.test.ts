import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gunzipIfNeeded } from "./bytes.ts";
import { encodeIdx, parseIdx } from "./idx.ts";
import { codeOf } from "./testing.ts";

const example = encodeIdx({ shape: [2, 2, 3], data: Uint8Array.from({ length: 12 }, (_, i) => i) });

describe("IDX", () => {
  test("bytes as MNIST has them: magic 2051, then the counts", () => {
    expect([...example.subarray(0, 16)]).toEqual([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3]);
    expect(parseIdx(example)).toEqual({ shape: [2, 2, 3], data: Uint8Array.from({ length: 12 }, (_, i) => i) });
  });

  test("round trip of every type", () => {
    const types = fc.oneof(
      fc.uint8Array({ maxLength: 20 }),
      fc.int8Array({ maxLength: 20 }),
      fc.int16Array({ maxLength: 20 }),
      fc.int32Array({ maxLength: 20 }),
      fc.float32Array({ maxLength: 20 }),
      fc.float64Array({ maxLength: 20 }),
    );
    fc.assert(
      fc.property(types, (data) => {
        expect(parseIdx(encodeIdx({ shape: [data.length, 1], data }))).toEqual({ shape: [data.length, 1], data });
      }),
    );
  });

  test("every shorter file is truncated, every longer one refused", async () => {
    for (let length = 1; length < example.length; length++) {
      expect(await codeOf(() => parseIdx(example.subarray(0, length)))).toBe("E_DATA_TRUNCATED");
    }
    expect(await codeOf(() => parseIdx(Uint8Array.of(...example, 0)))).toBe("E_DATA_FORMAT");
    expect(await codeOf(() => parseIdx(new Uint8Array(0)))).toBe("E_DATA_EMPTY");
  });

  test("another format is named by its first bytes", () => {
    expect(() => parseIdx(Uint8Array.of(0x1f, 0x8b, 8, 0, 0), "train.gz")).toThrowErrorMatchingInlineSnapshot(
      `[LyceumError: "train.gz" begins with 1f 8b 08 00; IDX begins with 00 00, a type of 08, 09, 0b, 0c, 0d or 0e, and the number of axes. Is it another format, or still compressed?]`,
    );
  });
});

describe("gzip guard", () => {
  const packed = gzipSync(example);
  test("unpacks, and leaves other bytes alone", () => {
    expect(Uint8Array.from(gunzipIfNeeded(packed, "x.gz"))).toEqual(example);
    expect(gunzipIfNeeded(example, "x")).toBe(example);
  });
  test("every cut is E_DATA_TRUNCATED", async () => {
    for (let length = 2; length < packed.length; length++) {
      expect(await codeOf(() => gunzipIfNeeded(packed.subarray(0, length), "x.gz"))).toBe("E_DATA_TRUNCATED");
    }
  });
  test("damage and a wrong name are E_DATA_FORMAT", async () => {
    const damaged = Uint8Array.from(packed);
    damaged[damaged.length - 6]! ^= 1; // checksum
    expect(await codeOf(() => gunzipIfNeeded(damaged, "x.gz"))).toBe("E_DATA_FORMAT");
    expect(await codeOf(() => gunzipIfNeeded(example, "x.gz"))).toBe("E_DATA_FORMAT");
  });
});

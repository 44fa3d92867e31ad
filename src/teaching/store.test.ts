import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ChunkDone, type StoreKey, storedRows as store, storeId } from "./store.ts";
import { listStore, pruneStore, verifyStore } from "./store-tools.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), "lyceum-store-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const key: StoreKey = {
  teacher: "a".repeat(64),
  data: "b".repeat(64),
  views: "none",
  fields: { logits: 3, embedding: 2 },
  rows: 9000,
  dtype: "f32",
};
/** Row r of a field holds r, r + 0.5, ...: any shift or swap shows. */
const label = async (from: number, to: number) => ({
  logits: Float32Array.from({ length: (to - from) * 3 }, (_, i) => from + Math.floor(i / 3) + (i % 3) / 2),
  embedding: Float32Array.from({ length: (to - from) * 2 }, (_, i) => -(from + Math.floor(i / 2)) - (i % 2)),
});
async function storedRows(...args: Parameters<typeof store>) {
  const work = store(...args);
  const heard: ChunkDone[] = [];
  for (;;) {
    const next = await work.next();
    if (next.done) return Object.assign(next.value, { heard });
    heard.push(next.value);
  }
}
const never = async () => {
  throw new Error("labelled again");
};
const folder = () => path.join(root, storeId(key));
const chunk = (n: number) => path.join(folder(), `rows-00000${n}.lyc`);

describe("teacher store", () => {
  it("labels once, then reads the same rows", async () => {
    const first = await storedRows(root, key, label);
    const again = await storedRows(root, key, never);
    expect([...again]).toEqual([...first]);
    expect(first.get("logits")!.slice(3 * 8999)).toEqual(Float32Array.of(8999, 8999.5, 9000));
    expect(first.get("embedding")!.slice(2 * 5000, 2 * 5001)).toEqual(Float32Array.of(-5000, -5001));
  });

  it("goes on where labelling was killed", async () => {
    const asked: number[] = [];
    const dies = async (from: number, to: number) => {
      if (from > 0) throw new Error("killed");
      return label(from, to);
    };
    await expect(storedRows(root, key, dies)).rejects.toThrow("killed");
    const rows = await storedRows(root, key, (from, to) => {
      asked.push(from);
      return label(from, to);
    });
    expect(asked).toEqual([4096, 8192]);
    expect(rows.heard).toEqual([
      { done: 4096, of: 9000, computed: false },
      { done: 8192, of: 9000, computed: true },
      { done: 9000, of: 9000, computed: true },
    ]);
    expect(rows.get("logits")![3 * 4096]).toBe(4096);
  });

  it("gives another address to another teacher, data, augmentation, tap or dtype, whatever the order of fields", () => {
    const others: StoreKey[] = [
      { ...key, teacher: "c".repeat(64) },
      { ...key, data: "c".repeat(64) },
      { ...key, views: "flip" },
      { ...key, fields: { logits: 3 } },
      { ...key, fields: { logits: 3, embedding: 4 } },
      { ...key, rows: 9001 },
    ];
    expect(new Set([key, ...others].map(storeId)).size).toBe(7);
    expect(storeId({ ...key, fields: { embedding: 2, logits: 3 } })).toBe(storeId(key));
  });

  it("refuses a changed bit, a truncation, a swapped chunk and a foreign key", async () => {
    const fails = (code: string) => expect(storedRows(root, key, never)).rejects.toMatchObject({ code });
    await storedRows(root, key, label);
    const whole = readFileSync(chunk(1));

    const flipped = Buffer.from(whole);
    flipped[flipped.length >> 1]! ^= 1;
    writeFileSync(chunk(1), flipped);
    await fails("E_STORE_CORRUPT");

    writeFileSync(chunk(1), whole);
    truncateSync(chunk(1), whole.length - 1);
    await fails("E_STORE_CORRUPT");
    truncateSync(chunk(1), 5);
    await fails("E_STORE_CORRUPT");

    writeFileSync(chunk(1), readFileSync(chunk(0)));
    await fails("E_STORE_MISMATCH");

    writeFileSync(chunk(1), whole);
    const meta = path.join(folder(), "meta.json");
    writeFileSync(meta, readFileSync(meta, "utf8").replace("none", "flip"));
    await fails("E_STORE_MISMATCH");
    writeFileSync(meta, "{");
    await fails("E_STORE_CORRUPT");
  });

  it("refuses a labeller that hands over the wrong fields", async () => {
    const wrong = async (from: number, to: number) => ({ logits: (await label(from, to)).logits });
    await expect(storedRows(root, key, wrong)).rejects.toMatchObject({ code: "E_STORE_MISMATCH" });
  });

  it("lists, verifies and prunes", async () => {
    const small = { ...key, rows: 10 };
    await storedRows(root, key, label);
    await storedRows(root, small, label);
    writeFileSync(path.join(root, "notes.txt"), "not an entry");
    const listed = await listStore(root);
    expect(listed.map((e) => [e.key.rows, e.present, e.chunks]).sort()).toEqual([
      [10, 1, 1],
      [9000, 3, 3],
    ]);
    expect(await verifyStore(root)).toEqual({ chunks: 4, problems: [] });

    renameSync(chunk(0), chunk(2));
    expect((await verifyStore(root)).problems.map((p) => p.code)).toEqual(["E_STORE_MISMATCH"]);

    expect(await pruneStore(root, { days: 1 })).toEqual([]);
    expect(await pruneStore(root, { id: storeId(small).slice(0, 8) })).toEqual([storeId(small)]);
    await expect(pruneStore(root, { id: "0000" })).rejects.toMatchObject({ code: "E_STORE_UNKNOWN" });
    expect(await pruneStore(root, { days: 0 })).toEqual([storeId(key)]);
    expect(readdirSync(root)).toEqual(["notes.txt"]);
  });
});

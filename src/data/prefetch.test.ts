import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { key } from "../tensor/random.ts";
import { type Batch, type BatchOptions, batches } from "./batches.ts";
import { drawDigits } from "./digits.ts";
import { prefetch, startWorker } from "./prefetch.ts";
import { codeOf } from "./testing.ts";

const digits = drawDigits(key(1), 50);
const options: BatchOptions = {
  key: key(2),
  batchSize: 8,
  last: "wrap",
  augment: [{ kind: "crop", pad: 2 }, { kind: "affine", rotate: 10 }, { kind: "mixup" }],
};

/** A batch with its arrays as hex: comparing typed arrays element by element takes seconds here. */
const hex = (batch: Batch | undefined) =>
  JSON.stringify(batch, (_, value) =>
    ArrayBuffer.isView(value)
      ? `${value.constructor.name} ${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex")}`
      : value,
  );

describe("prefetch", () => {
  test("the worker gives what the thread gives, bit for bit, across epochs, from any step", async () => {
    for (const change of [{}, { augment: [] }]) {
      const expected = batches(digits, { ...options, ...change });
      const stream = prefetch(digits, { ...options, ...change, worker: true, start: 3, depth: 3 });
      for (let step = 3; step < 24; step++) expect(hex((await stream.next()).value)).toBe(hex(expected.batchAt(step)));
      await stream.close();
      expect(await stream.next()).toEqual({ done: true, value: undefined });
    }
  });

  test("in the thread by default when nothing is augmented", async () => {
    const plain = { ...options, augment: [] };
    const stream = prefetch(digits, { ...plain, start: 5 });
    expect(hex((await stream.next()).value)).toBe(hex(batches(digits, plain).batchAt(5)));
    await stream.close();
    expect((await stream.next()).done).toBe(true);
  });

  test("batches stay valid after later ones were made; floats work; leaving the loop closes", async () => {
    const floats = { ...digits, inputs: Float32Array.from(digits.inputs, (v) => v / 255) };
    const kept: Batch[] = [];
    const stream = prefetch(floats, { ...options, worker: true, depth: 2 });
    for await (const batch of stream) if (kept.push(batch) === 9) break;
    const expected = batches(floats, options);
    expect(kept.map(hex)).toEqual(kept.map((_, i) => hex(expected.batchAt(i))));
    expect(kept[0]!.x.buffer).toBeInstanceOf(ArrayBuffer);
    expect((await stream.next()).done).toBe(true);
  });

  test("a slow consumer loses nothing", async () => {
    const stream = prefetch(digits, { ...options, worker: true, depth: 1 });
    const expected = batches(digits, options);
    for (let step = 0; step < 4; step++) {
      await new Promise((done) => setTimeout(done, 20));
      expect(hex((await stream.next()).value)).toBe(hex(expected.batchAt(step)));
    }
    await stream.close();
  });

  test("wrong options fail at once", async () => {
    expect(await codeOf(() => prefetch(digits, { ...options, batchSize: 0 }))).toBe("E_DATA_BATCH");
    expect(await codeOf(() => prefetch(digits, { ...options, depth: 0 }))).toBe("E_DATA_BATCH");
    expect(await codeOf(() => prefetch(digits, { ...options, start: -1 }))).toBe("E_DATA_BATCH");
  });

  test("the worker reports errors with their code", async () => {
    const wrong = { ...options, batchSize: 0 };
    const [slots, control] = [[], new Int32Array(new SharedArrayBuffer(4))];
    const worker = startWorker({ lyceum: "prefetch", dataset: digits, options: wrong, start: 0, slots, control });
    const message = await new Promise((resolve) => worker.once("message", resolve));
    expect(message).toMatchObject({
      failure: { code: "E_DATA_BATCH", message: expect.stringContaining("Batch size 0") },
    });
    await worker.terminate();
  });

  test("a process that forgets to close ends by itself", async () => {
    const here = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
    const script = `
      import { drawDigits } from ${here("./digits.ts")};
      import { prefetch } from ${here("./prefetch.ts")};
      const stream = prefetch(drawDigits([1, 2], 40), { key: [3, 4], batchSize: 4, worker: true });
      console.log((await stream.next()).value.ids.length);`;
    const root = fileURLToPath(new URL("../..", import.meta.url));
    const run = promisify(execFile)(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
      cwd: root,
      timeout: 55_000,
    });
    expect((await run).stdout.trim()).toBe("4");
  });
});

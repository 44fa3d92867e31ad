import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Checkpoint, fileCheckpoints } from "./checkpoint.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "lyceum-checkpoint-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (step: number): Checkpoint => ({
  step,
  arrays: { params: Float32Array.of(step, Number.NaN, -0, 1e-45), slot0: new Float32Array(0) },
  log: { losses: [[step, 0.1]] },
  seconds: step / 2,
});
const name = (step: number) => path.join(folder, `step-${String(step).padStart(9, "0")}.lyc`);

describe("checkpoints", () => {
  it("give back every bit of the newest, and keep two", async () => {
    const store = fileCheckpoints(folder, "c1");
    expect(await store.load()).toBeUndefined();
    for (const step of [5, 10, 1000]) await store.save(at(step));
    expect(await store.load()).toEqual(at(1000));
    expect(readdirSync(folder).sort()).toEqual(["step-000000010.lyc", "step-000001000.lyc"]);
  });

  it("refuse every truncation and any changed byte, and name the older one", async () => {
    const store = fileCheckpoints(folder, "c1");
    await store.save(at(1));
    await store.save(at(2));
    const whole = readFileSync(name(2));
    for (let length = 0; length < whole.length; length += 7) {
      writeFileSync(name(2), whole.subarray(0, length));
      await expect(store.load()).rejects.toMatchObject({ code: "E_CHECKPOINT_CORRUPT" });
    }
    for (let at = 0; at < whole.length; at += 5) {
      const changed = Buffer.from(whole);
      changed[at]! ^= 0x40;
      writeFileSync(name(2), changed);
      await expect(store.load()).rejects.toThrow(/damaged.*Delete it to go on from step-000000001\.lyc/);
    }
  });

  it("refuse another lesson", async () => {
    await fileCheckpoints(folder, "c1").save(at(1));
    await expect(fileCheckpoints(folder, "c2").load()).rejects.toMatchObject({ code: "E_CHECKPOINT_MISMATCH" });
  });

  it("ignore what a kill in the middle of writing leaves behind", async () => {
    const store = fileCheckpoints(folder, "c1");
    await store.save(at(3));
    writeFileSync(`${name(4)}.4711.tmp`, "half");
    expect((await store.load())?.step).toBe(3);
  });

  it("say so when the folder cannot be written", async () => {
    mkdirSync(path.join(folder, "x"));
    writeFileSync(path.join(folder, "x", "file"), "");
    const store = fileCheckpoints(path.join(folder, "x", "file", "deep"), "c1");
    await expect(store.save(at(1))).rejects.toMatchObject({ code: "E_WRITE" });
  });
});

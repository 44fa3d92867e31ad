import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { lockFolder } from "./lock.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "lyceum-lock-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const file = () => path.join(folder, "run.lock");

describe("run lock", () => {
  it("admits one at a time, in one process too", async () => {
    const lock = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toMatchObject({ code: "E_RUN_LOCKED" });
    await lock.release();
    await (await lockFolder(folder)).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("respects a living process and takes over from a dead one", async () => {
    const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    await once(other, "spawn");
    writeFileSync(file(), JSON.stringify({ pid: other.pid, started: "" }));
    await expect(lockFolder(folder)).rejects.toThrow(`in use by process ${other.pid}`);
    other.kill("SIGKILL");
    await once(other, "exit");
    const lock = await lockFolder(folder);
    await lock.release();
    expect(existsSync(file())).toBe(false);
  });

  it.runIf(process.platform === "linux")("takes over from a process that ended and was never waited for", async () => {
    const parent = spawn("sh", ["-c", "sleep 0 & echo $!; exec sleep 60"]);
    const pid = Number(await new Promise((resolve) => parent.stdout.once("data", (text) => resolve(String(text)))));
    const state = () => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]![0];
    await vi.waitUntil(() => state() === "Z");
    writeFileSync(file(), JSON.stringify({ pid, started: "" }));
    await (await lockFolder(folder)).release();
    expect(state()).toBe("Z");
    parent.kill("SIGKILL");
  });

  it("takes over where the number lives on in another program, and from a torn file", async () => {
    writeFileSync(file(), JSON.stringify({ pid: process.ppid, started: "1" }));
    // Only Linux tells when a process started; elsewhere the living number is respected.
    if (process.platform === "linux") await (await lockFolder(folder)).release();
    writeFileSync(file(), "");
    await (await lockFolder(folder)).release();
  });
});

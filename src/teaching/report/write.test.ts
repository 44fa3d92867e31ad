import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { explain } from "../files.ts";
import { sampleReport } from "./sample.ts";
import { parseReport } from "./schema.ts";
import { writeReport } from "./write.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "lyceum-report-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it("writes both files, makes the folder, leaves no draft behind", async () => {
  const target = path.join(folder, "runs", "one");
  const files = await writeReport(sampleReport(), target);
  expect(await readdir(target)).toEqual(["report.html", "report.json"]);
  expect(parseReport(JSON.parse(await readFile(files.json, "utf8")))).toEqual(sampleReport());
  expect(await readFile(files.html, "utf8")).toMatch(/^<!doctype html>/);
});

it("replaces an older report", async () => {
  await writeFile(path.join(folder, "report.json"), "old");
  await Promise.all([writeReport(sampleReport(), folder), writeReport(sampleReport(), folder)]);
  expect(JSON.parse(await readFile(path.join(folder, "report.json"), "utf8"))).toEqual(sampleReport());
  expect(await readdir(folder)).toHaveLength(2);
});

it("writes nothing of an invalid report", async () => {
  await expect(writeReport({ ...sampleReport(), seeds: [] }, folder)).rejects.toMatchObject({ code: "E_REPORT" });
  expect(await readdir(folder)).toEqual([]);
});

it("says why a folder cannot be written", async () => {
  const file = path.join(folder, "file");
  await writeFile(file, "");
  await expect(writeReport(sampleReport(), path.join(file, "below"))).rejects.toMatchObject({
    code: "E_WRITE",
    message: `Cannot write ${path.join(file, "below")}: a part of the path is a file, not a folder. Choose another folder or correct this one.`,
  });
  await mkdir(path.join(folder, "report.json"));
  await expect(writeReport(sampleReport(), folder)).rejects.toMatchObject({ code: "E_WRITE" });
  expect((await readdir(folder)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});

it("tells a full disk from other trouble", async () => {
  const full = Object.assign(new Error("write"), { code: "ENOSPC" });
  await expect(explain("report.json", () => Promise.reject(full))).rejects.toMatchObject({
    code: "E_DISK_FULL",
    cause: full,
  });
  const bug = new TypeError("ours");
  await expect(explain("report.json", () => Promise.reject(bug))).rejects.toBe(bug);
});

/** The machinery on a small system: plans, outcomes, resuming, refusing, parallel processes, claims. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Report } from "../teaching/report/schema.ts";
import type { SystemEvent } from "./events.ts";
import { loadSystem } from "./registry.ts";
import { type RunOptions, runSystem } from "./run.ts";
import { checkPlan, threadsOf } from "./schedule.ts";
import system, { calls } from "./testing-system.ts";

const MODULE = pathToFileURL(path.join(import.meta.dirname, "testing-system.ts")).href;
let root: string;
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), "lyceum-systems-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function listen(options: Record<string, unknown>, run: Partial<RunOptions> & { out: string }) {
  const events: SystemEvent[] = [];
  for await (const event of runSystem(system, options, { store: path.join(root, "store"), ...run })) events.push(event);
  const last = events.at(-1)!;
  if (last.type !== "finished") throw new Error(`ended with ${last.type}`);
  return { events, report: last.report as Report };
}
const at = (name: string) => path.join(root, name);
const withoutTimes = ({ created: _c, environment: _e, command: _k, arms, ...rest }: Report) => ({
  ...rest,
  arms: arms.map(({ seconds: _s, ...arm }) => arm),
});

describe("a run", () => {
  it("does every cell once, judges the claims, writes the report; again it only reports", async () => {
    calls.length = 0;
    const first = await listen({ seeds: 3, factor: 2 }, { out: at("whole") });
    expect(calls).toEqual(["base", "double 1", "double 2", "double 3"]);
    expect(first.report.arms.map(({ name, metrics }) => [name, metrics.value!.values])).toEqual([
      ["base", [10]],
      ["double", [21, 22, 23]],
    ]);
    expect(first.report.claims.map(({ id, verdict }) => [id, verdict])).toEqual([
      ["more", "holds"],
      ["less", "fails"],
    ]);
    expect(first.report.headline).toBe("Testing: of 2 claims 1 holds and 1 fails.");
    expect(first.report.options).toEqual({ data: "drawn-digits", seeds: 3, factor: 2, failAt: "" });
    expect(JSON.parse(readFileSync(path.join(at("whole"), "report.json"), "utf8"))).toEqual(first.report);
    const again = await listen({ seeds: 3, factor: 2 }, { out: at("whole") });
    expect(calls).toHaveLength(4);
    expect(withoutTimes(again.report)).toEqual(withoutTimes(first.report));
  });

  it("goes on after a failure with what is left", async () => {
    calls.length = 0;
    writeFileSync(at("trip"), "");
    const options = { seeds: 3, failAt: at("trip") };
    await expect(listen(options, { out: at("broken") })).rejects.toMatchObject({ code: "E_TRIPPED" });
    expect(calls).toEqual(["base", "double 1", "double 2"]);
    rmSync(at("trip"));
    const { events } = await listen(options, { out: at("broken") });
    expect(events[0]).toMatchObject({ type: "run", finished: ["base", "double 1"] });
    expect(calls).toEqual(["base", "double 1", "double 2", "double 2", "double 3"]);
  });

  it("gives in several processes what it gives in one", async () => {
    const one = await listen({ seeds: 4 }, { out: at("one") });
    const several = await listen({ seeds: 4 }, { out: at("several"), module: MODULE, jobs: 2 });
    expect(several.events[0]).toMatchObject({ type: "run", jobs: 2 });
    expect(withoutTimes(several.report)).toEqual(withoutTimes(one.report));
  });

  it("brings an error of another process home, and goes on afterwards", async () => {
    writeFileSync(at("trip"), "");
    const options = { seeds: 3, failAt: at("trip") };
    const run = { out: at("broken-pool"), module: MODULE, jobs: 2 };
    await expect(listen(options, run)).rejects.toMatchObject({ code: "E_TRIPPED", hint: "Remove the file." });
    rmSync(at("trip"));
    const { report } = await listen(options, run);
    expect(report.arms[1]!.metrics.value!.values).toHaveLength(3);
  });

  it("refuses another run's folder, damaged outcomes and unknown options", async () => {
    await listen({ seeds: 1 }, { out: at("mine") });
    await expect(listen({ seeds: 2 }, { out: at("mine") })).rejects.toMatchObject({ code: "E_RUN_MISMATCH" });
    const cells = path.join(at("mine"), "cells");
    const file = path.join(cells, readdirSync(cells).find((name) => name.startsWith("base"))!);
    const bytes = readFileSync(file);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(file, bytes);
    await expect(listen({ seeds: 1 }, { out: at("mine") })).rejects.toMatchObject({ code: "E_CELL_CORRUPT" });
    const options = (o: Record<string, unknown>) => expect(listen(o, { out: at("options") })).rejects;
    await options({ factr: 1 }).toMatchObject({ code: "E_OPTION", message: expect.stringContaining("factor") });
    await options({ factor: "two" }).toMatchObject({ code: "E_OPTION", message: expect.stringContaining('"two"') });
    await options({ seeds: 0 }).toMatchObject({ code: "E_OPTION" });
  });
});

describe("plans", () => {
  it("names what is wrong", () => {
    const cell = (id: string, needs: string[] = []) => ({ id, needs, task: null });
    expect(() => checkPlan([cell("a"), cell("a")])).toThrow('Two cells are called "a".');
    expect(() => checkPlan([cell("a", ["b"]), cell("b")])).toThrow('"a" needs "b"');
    expect(() => checkPlan([])).toThrow("nothing to do");
  });

  it("give a cell that all others wait for all processors", () => {
    const cell = (id: string, needs: string[] = []) => ({ id, needs, task: null });
    const plan = [cell("teacher"), ...["a", "b", "c"].map((id) => cell(id, ["teacher"])), cell("end", ["a", "b", "c"])];
    expect([...threadsOf(plan, 2, 4)]).toEqual([
      ["teacher", 4],
      ["a", 2],
      ["b", 2],
      ["c", 2],
      ["end", 4],
    ]);
    expect([...threadsOf(plan, 8, 4).values()]).toEqual([4, 1, 1, 1, 4]);
  });
});

describe("the registry", () => {
  it("loads modules by path, and says what it cannot load", async () => {
    expect((await loadSystem(MODULE)).system.name).toBe("testing");
    await expect(loadSystem("no-such-system")).rejects.toMatchObject({ code: "E_SYSTEM_UNKNOWN" });
    await expect(loadSystem("./no-such-file.js")).rejects.toMatchObject({ code: "E_SYSTEM_MODULE" });
    await expect(loadSystem(path.join(import.meta.dirname, "options.ts"))).rejects.toMatchObject({
      code: "E_SYSTEM_MODULE",
    });
  });
});

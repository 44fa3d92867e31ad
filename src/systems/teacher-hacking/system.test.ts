/** The whole system on small data: what it reports, going on where it was stopped, what it refuses. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseReport, type Report } from "../../teaching/report/schema.ts";
import { settleOptions } from "../options.ts";
import { runSystem } from "../run.ts";
import { checkPlan } from "../schedule.ts";
import system from "./index.ts";
import type { TableRow } from "./map.ts";
import type { Options } from "./options.ts";
import { plan } from "./plan.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), "lyceum-hacking-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

let runs = 0;
async function run(options: Record<string, unknown>, more: object = {}): Promise<Report> {
  const out = path.join(root, `run ${runs++}`);
  for await (const event of runSystem(system, options, { out, store: path.join(root, "store"), ...more })) {
    if (event.type === "finished") return event.report;
  }
  throw new Error("The run did not finish.");
}
const tiny = {
  ...{ order: 3, seeds: 1, arms: ["offline", "online-teacher"], prompts: 12, batch: 12, epochs: 48, evaluations: 12 },
  ...{ oraclePairs: 1500, teacherPasses: 4, studentPasses: 1, validationPrompts: 32 },
  ...{ teacherWidth: 48, studentWidth: 48, studentLayers: 1, rate: 0.01, warmup: 10 },
};
/** Seconds in place of half a minute, for what does not depend on learning. */
const hasty = {
  ...tiny,
  ...{ epochs: 4, prompts: 20, oraclePairs: 64, teacherPasses: 1, evaluations: 8, validationPrompts: 8 },
  ...{ teacherWidth: 16, teacherLayers: 1, studentWidth: 16 },
};

describe("a run", () => {
  it("offline, the student ends further from its best golden than with an online teacher; the report is valid", async () => {
    const report = await run(tiny);
    expect(parseReport(JSON.parse(JSON.stringify(report)))).toEqual(report);
    const table = (report.values as { table: TableRow[] }).table;
    const regretOf = (arm: string) => table.find((row) => row.arm === arm)!.goldenRegret;
    expect(regretOf("offline, 12 prompts x 1")).toBeGreaterThan(regretOf("online teacher"));
    expect(report.arms.map(({ role }) => role)).toEqual(["teacher", "baseline", "student"]);
    expect(report.figures!.map(({ id }) => id)).toContain("golden-against-proxy");
    expect(report.data.name).toContain("invented");
  });

  it("takes every source and loss, and draws a map", async () => {
    const arms = ["online-student", "half-prompts", "fifth-prompts", "five-generations", "mixture"];
    const report = await run({ ...hasty, arms, loss: "jsd", oracle: "grammar", refresh: "epoch" });
    expect(report.arms).toHaveLength(6);
    const top = await run({ ...hasty, arms: ["offline"], topK: 5 });
    expect(top.notes.join(" ")).toContain("5 likeliest");
    const map = await run({
      ...hasty,
      explore: true,
      explorePrompts: [16, 20],
      explorePairs: [64],
      exploreWidths: [16],
      exploreLosses: ["forward-kl", "sequence"],
    });
    expect(map.figures![0]).toMatchObject({ id: "map", kind: "table" });
    expect((map.values as { map: unknown[] }).map).toHaveLength(2 * 2 * 2 * 3);
  });

  it("that was stopped goes on and ends as an undisturbed one", async () => {
    const options = { ...hasty, arms: ["online-student"], refresh: "epoch" };
    const whole = await run(options);
    const out = path.join(root, "stopped");
    const stop = new AbortController();
    const broken = async () => {
      for await (const event of runSystem(system, options, { out, signal: stop.signal, checkpointSeconds: 0 })) {
        if (event.type === "within" && event.event.type === "exam" && event.cell.startsWith("online")) stop.abort();
      }
    };
    await expect(broken()).rejects.toMatchObject({ code: "E_STOPPED" });
    for await (const event of runSystem(system, options, { out })) {
      if (event.type !== "finished") continue;
      const marks = ({ arms }: Report) => arms.map(({ metrics }) => metrics);
      expect(marks(event.report)).toEqual(marks(whole));
      expect(event.report.series).toEqual(whole.series);
      return;
    }
  });
});

describe("options", () => {
  it("have presets that can be planned", () => {
    for (const preset of [undefined, "quick", "full"] as const) {
      const cells = plan(settleOptions(system as never, {}, preset) as Options);
      checkPlan(cells as never);
      expect(cells.length).toBeGreaterThan(2);
    }
  });

  it.each([
    [{ arms: ["telepathy"] }, /"arms"/],
    [{ loss: "hinge" }, /"loss"/],
    [{ lambda: 2 }, /"lambda"/],
    [{ prompts: 2 }, /"prompts"/],
    [{ prompt: 512 }, /no option "prompt"/],
    [{ refresh: "never" }, /"refresh"/],
  ])("%j is refused", (given, message) => {
    expect(() => settleOptions(system as never, given)).toThrow(message);
  });

  it.each([
    [{ studentWidth: 40 }, "E_OPTION"],
    [{ topK: 3, loss: "jsd" }, "E_OPTION"],
    [{ arms: ["offline", "online-student"], loss: "sequence" }, "E_OPTION"],
    [{ text: "nowhere/there.txt" }, "E_CORPUS"],
    [{ text: "an unknown name" }, "E_DATA_NOT_FOUND"],
  ])("%j ends before any work", async (given, code) => {
    await expect(run({ ...hasty, ...given })).rejects.toMatchObject({ code });
  });
});

import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseReport } from "../../teaching/report/schema.ts";
import { settleOptions } from "../options.ts";
import type { Findings, System } from "../system.ts";
import { gainsOf } from "./evidence.ts";
import { fitDistillation, fitSupervised } from "./fit.ts";
import system from "./index.ts";
import { supervisedLoss } from "./law.ts";
import type { Options } from "./options.ts";
import { type RunRecord, recordOf } from "./records.ts";
import { obedientOutcomes, SMALL_LAWS } from "./testing.ts";

const options = settleOptions(system as unknown as System<Options, never>, {
  seeds: 3,
  repeatFlops: 1e12,
  tokens: [65_536, 131_072, 262_144, 524_288],
  studentTokens: [65_536, 131_072, 262_144, 524_288],
  unseen: ["2:98304:3:262144"],
  rates: [0.01, 0.03],
  resamples: 6,
});
const judge = (findings: Findings, id: string) => system.claims.find((c) => c.id === id)!.judge(findings);

describe("a sweep that obeys the laws", async () => {
  const outcomes = obedientOutcomes(options, SMALL_LAWS, 45, 0.0005);
  const findings = await system.conclude(outcomes, { options } as never);

  it("makes a report", () => {
    const claims = system.claims.map(({ judge: of, ...claim }) => ({ ...claim, ...of(findings) }));
    const report = {
      ...{ system: "scaling-laws", version: "0", options, seeds: [1], created: new Date(0).toISOString() },
      ...{ environment: { node: "v", platform: "p", cpu: "c", cores: 1, engine: "e", lyceum: "0" } },
      ...{ series: [], perClass: [], examples: [], notes: [] },
      ...findings,
      claims,
    };
    expect(() => parseReport(report)).not.toThrow();
  });

  it("finds the laws, and the rate", () => {
    const values = findings.values as { errors: { heldOut: number; supervised: { mean: number } }; rate: number };
    expect(values.errors.supervised.mean).toBeLessThan(0.002);
    expect(values.errors.heldOut).toBeLessThan(0.01);
    expect(values.rate).toBe(0.03);
    expect(judge(findings, "supervised-fit").verdict).toBe("holds");
    expect(judge(findings, "held-out").verdict).toBe("holds");
    expect(judge(findings, "distillation-fit").verdict).toBe("holds");
    expect(judge(findings, "recovery").verdict).toBe("holds");
    expect(judge(findings, "plans").measured).toContain("predicted");
  });

  it("judges by the numbers", () => {
    const values = (more: object) => ({ ...findings, values: { ...findings.values, ...more } });
    const laws = { supervised: { E: 2 } };
    expect(judge(values({ laws, entropy: 2.04 }), "entropy").verdict).toBe("holds");
    expect(judge(values({ laws, entropy: 2.06 }), "entropy").verdict).toBe("fails");
    const unseen = { N: 1, D: 1, LT: 1, measured: 2, loss: 2.1, interval: [2.05, 2.2], within: false };
    expect(judge(values({ unseen: [unseen] }), "plans").verdict).toBe("fails");
    expect(judge(values({ unseen: [] }), "plans").verdict).toBe("inconclusive");
    const gain = (N: number, crossing: number) => ({ teacherId: "t", LT: 2, N, points: [], crossing });
    expect(judge(values({ gains: [gain(1, 9), gain(2, 8)] }), "crossing-moves").verdict).toBe("holds");
    expect(judge(values({ gains: [gain(1, 8), gain(2, 9)] }), "crossing-moves").verdict).toBe("fails");
    expect(judge(values({ gains: [gain(1, 8)] }), "crossing-moves").verdict).toBe("inconclusive");
  });

  it("crossing: by pairs of one seed, on a line through log tokens", () => {
    const run = (role: "alone" | "student", D: number, loss: number): RunRecord =>
      recordOf({ role, N: 10, D, loss, seed: 1, ...(role === "student" && { LT: 2, teacherId: "t" }) }, "It");
    const records = [100, 1e4].flatMap((D, i) => [run("alone", D, 3 - 0.5 * i), run("student", D, 2.9 - 0.3 * i)]);
    expect(gainsOf(records)[0]!.crossing).toBeCloseTo(1000, 6);
    expect(gainsOf(records.slice(0, 2))[0]!.crossing).toBeUndefined();
  });
});

const committed = new URL("../../../reproductions/scaling-laws/report.json", import.meta.url);
describe.skipIf(!existsSync(committed))("the committed sweep", () => {
  interface Committed {
    options: Options;
    values: { runs: unknown[]; laws: typeof SMALL_LAWS; entropy: number };
  }
  const { values, options: settled } = existsSync(committed)
    ? (JSON.parse(readFileSync(committed, "utf8")) as Committed)
    : ({ values: { runs: [] }, options: {} } as unknown as Committed);
  const records = values.runs.map((run, i) => recordOf(run, `Run ${i + 1}`));

  it("has a hundred runs and gives the committed laws again", () => {
    expect(records.length).toBeGreaterThanOrEqual(100);
    // As the run did: shorter ones end before the power law begins.
    const alone = records.filter(({ role, D }) => (role === "alone" || role === "teacher") && D >= settled.fitFrom);
    const { law, error } = fitSupervised(alone, { starts: 48 });
    expect(error.mean).toBeLessThan(0.01);
    for (const { N, D } of alone) {
      // Another number of starts may end in another corner of a flat valley.
      expect(Math.abs(supervisedLoss(law, N, D) / supervisedLoss(values.laws.supervised, N, D) - 1)).toBeLessThan(
        0.003,
      );
    }
    const students = records.filter((r) => r.role === "student" && r.D >= settled.fitFrom) as (RunRecord & {
      LT: number;
    })[];
    expect(fitDistillation(students, law, { starts: 48 }).error.mean).toBeLessThan(0.02);
    for (const { loss } of records) expect(loss).toBeGreaterThan(values.entropy);
  });
});

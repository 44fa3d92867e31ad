/** The detector's count and the judgements of the claims, on runs that are made up. */
import { describe, expect, test } from "vitest";
import { measure } from "../../teaching/report/measure.ts";
import { key, random } from "../../tensor/index.ts";
import type { Findings } from "../system.ts";
import { claims } from "./claims.ts";
import { detectAll, scoreOf } from "./detector.ts";
import { hackingTable, regimeMap } from "./map.ts";
import type { ArmName } from "./options.ts";
import { checkpointsOf } from "./plan.ts";
import type { Run } from "./records.ts";

const STEPS = 1600;
const at = checkpointsOf(STEPS, 24);

/** Golden and proxy by law; 0.5 % noise on the proxy. */
function run(arm: ArmName, seed: number, golden: (t: number) => number, proxy: (t: number) => number): Run {
  const z = random.normal(random.fold(random.fold(key(1), arm), seed), at.length);
  const noisy = at.map((t, i) => proxy(t) * Math.exp(0.005 * z[i]!));
  const task = {
    kind: "arm",
    arm,
    seed,
    prompts: 512,
    generations: 1,
    steps: STEPS,
    after: "",
    pairs: 9,
    width: 48,
    loss: "forward-kl",
  } as const;
  const spent = { generation: 0, scoring: 0, steps: 0 };
  return {
    ...{ task, label: arm, teacher: 0.3, start: 1 },
    facts: {
      steps: at,
      golden: at.map(golden),
      proxy: noisy,
      cross: [],
      proxyHalves: [noisy, noisy],
      strict: [[800, 1600]],
      spent,
      alarms: [],
    },
    outcome: {
      metrics: {
        goldenRegret: golden(STEPS) / Math.min(...at.map(golden)) - 1,
        proxyRegret: 0,
        hackingIndex: 0,
        golden: 1,
        proxy: 1,
      },
    },
  };
}
const falling = (t: number) => t ** -0.3;
const bent = (t: number) => falling(t) + 0.0003 * Math.max(0, t - 700);
const seeds = [1, 2, 3, 4, 5];
const runs = [
  ...seeds.map((seed) => run("offline", seed, (t) => 1 + Math.abs(t - 700) / 3000, bent)),
  ...seeds.map((seed) => run("online-teacher", seed, falling, falling)),
  ...seeds.map((seed) => run("half-prompts", seed, (t) => 1 + Math.max(0, t - 1000) / 8000, falling)),
];

test("hits and false alarms are counted on hacked and healthy runs; what lies between counts for neither", () => {
  const detected = detectAll(runs, 32);
  expect(scoreOf(detected, "runs")).toEqual({ hacked: 5, hits: 5, healthy: 5, falseAlarms: 0 });
  expect(scoreOf(detected, "halves")).toEqual({ hacked: 10, hits: 10, healthy: 10, falseAlarms: 0 });
  expect(detected.filter(({ truth }) => truth === "between")).toHaveLength(15);
});

test("the table and the map read the same runs", () => {
  const [row] = hackingTable(new Map([["offline", runs.slice(0, 5)]]));
  expect(row).toMatchObject({ prompts: 512, strict: 5, runs: 5, strictShare: 0.5 });
  const map = regimeMap(runs.slice(0, 1), 32);
  // The last checkpoints up to steps 400 and 800, in passes of 16 steps.
  const until = (step: number) => Math.round(Math.max(...at.filter((t) => t <= step)) / 16);
  expect(map.map(({ epochs }) => epochs)).toEqual([until(400), until(800), 100]);
  expect(map[0]!.goldenRegret).toBe(0);
  expect(map[0]!.strict).toBeNull();
  expect(map[2]!.goldenRegret).toBeCloseTo(0.3 / 1, 1);
});

describe("claims", () => {
  const findings = (metrics: Record<string, Record<string, number[]>>, values: object = {}): Findings => ({
    arms: Object.entries(metrics).map(([name, m]) => ({
      ...{ name, role: "student", params: 1, flops: 1, seconds: 1 },
      metrics: Object.fromEntries(Object.entries(m).map(([metric, v]) => [metric, measure(v, "")])),
    })),
    comparisons: [],
    values: values as Record<string, unknown>,
  });
  const verdict = (id: string, f: Findings) => claims.find((claim) => claim.id === id)!.judge(f).verdict;
  const high = { goldenRegret: [0.2, 0.21, 0.22] };
  const low = { goldenRegret: [0.01, 0.012, 0.011] };

  test("regrets against their bounds", () => {
    expect(verdict("offline-regret", findings({ offline: high }))).toBe("holds");
    expect(verdict("offline-regret", findings({ offline: low }))).toBe("fails");
    expect(verdict("offline-regret", findings({ offline: { goldenRegret: [0.05, 0.2, 0.1] } }))).toBe("inconclusive");
    expect(verdict("offline-regret", findings({ offline: { goldenRegret: [0.3] } }))).toBe("inconclusive");
    expect(verdict("online-regret", findings({ "online-teacher": low, "online-student": low }))).toBe("holds");
    expect(verdict("online-regret", findings({ "online-teacher": low, "online-student": high }))).toBe("fails");
    expect(verdict("online-regret", findings({ "online-teacher": low }))).toBe("inconclusive");
  });

  test("proxy that rises with golden is over-fitting", () => {
    const both = { proxyRegret: [0.2, 0.21, 0.22], hackingIndex: [0.05, 0.051, 0.052] };
    expect(verdict("strict-hacking", findings({ offline: both }))).toBe("fails");
    expect(verdict("strict-hacking", findings({ offline: { ...both, proxyRegret: [0, 0.001, 0] } }))).toBe("holds");
  });

  test("the alarm needs 10 hacked and 20 healthy runs, else halves of the prompts", () => {
    const of = (hits: number, hacked: number, falseAlarms: number, healthy: number) => {
      const runs = { hits, hacked, falseAlarms, healthy };
      return findings({}, { score: { runs, halves: { hits: 20, hacked: 20, falseAlarms: 2, healthy: 20 } } });
    };
    expect(verdict("alarm-hits", of(9, 10, 1, 20))).toBe("holds");
    expect(verdict("alarm-hits", of(8, 10, 1, 20))).toBe("fails");
    expect(verdict("alarm-false", of(9, 10, 1, 20))).toBe("holds");
    expect(verdict("alarm-false", of(9, 10, 0, 10))).toBe("fails");
  });
});

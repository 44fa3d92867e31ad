import { describe, expect, it } from "vitest";
import { crossingFlops, crossingTokens } from "./crossing.ts";
import { SCENARIOS, sharedBy, totalFlops } from "./flops.ts";
import { PRESETS, studentLoss, supervisedLoss } from "./law.ts";
import { plan } from "./plan.ts";

const laws = PRESETS["c4-busbridge-2025"]!;
const near = (value: number, wanted: number, share: number) => expect(Math.abs(value / wanted - 1)).toBeLessThan(share);

describe("plans", () => {
  const ask = { laws, N: 1e9, budget: 1e21 };

  it("reach the published losses in every scenario", () => {
    const best = plan({ ...ask, scenario: SCENARIOS.best });
    expect(Math.abs(best.alone.loss - 2.2215)).toBeLessThan(4e-3);
    expect(Math.abs(best.loss - 2.192)).toBeLessThan(4e-3);
    expect(Math.abs(plan({ ...ask, scenario: SCENARIOS.pretraining }).loss - 2.281)).toBeLessThan(4e-3);
    const both = plan({ ...ask, scenario: SCENARIOS.both });
    expect(Math.abs(both.loss - 2.298)).toBeLessThan(4e-3);
    near(both.D, 4e10, 0.3);
    near(both.teacher.N!, 1.7e9, 0.3);
    near(both.teacher.D!, 4.4e10, 0.3);
  });

  it("spend exactly the budget", () => {
    for (const name of ["pretraining", "both"] as const) {
      const { D, teacher } = plan({ ...ask, scenario: SCENARIOS[name] });
      near(totalFlops({ NS: 1e9, DS: D, NT: teacher.N!, DT: teacher.D! }, SCENARIOS[name]), 1e21, 1e-9);
    }
  });

  it("never make a teacher for one student worth its cost", () => {
    for (const N of [3e8, 1e9, 3e9])
      for (const budget of [1e20, 1e21, 1e22, 1e23]) {
        const { loss, alone } = plan({ laws, N, budget, scenario: SCENARIOS.both });
        expect(alone.loss).toBeLessThanOrEqual(loss);
      }
  });

  it("go to the free teacher when endless students share one and its answers", () => {
    const free = plan({ ...ask, scenario: SCENARIOS.best });
    const shared = plan({ ...ask, scenario: sharedBy(SCENARIOS.both, 1e9, true) });
    expect(shared.loss - free.loss).toBeGreaterThanOrEqual(-1e-6);
    expect(shared.loss - free.loss).toBeLessThan(2e-3);
  });

  it("choose among teachers that exist, and pay for their answers", () => {
    const teachers = [
      { LT: 1.95, N: 3e10, name: "big" },
      { LT: 2.1, N: 3e9, name: "middle" },
      { LT: 2.6, N: 3e8 },
    ];
    const free = plan({ ...ask, scenario: SCENARIOS.best, teachers });
    expect(free.teacher.name).toBe("big");
    const paid = plan({ ...ask, scenario: SCENARIOS.inference, teachers });
    expect(paid.teacher.name).toBe("middle");
    expect(paid.loss).toBeGreaterThan(free.loss);
    expect(() => plan({ ...ask, scenario: SCENARIOS.inference, teachers: [{ LT: 2 }] })).toThrow("give its N");
    expect(() => plan({ ...ask, scenario: SCENARIOS.best, teachers: [] })).toThrow("empty");
  });

  it("keep to teachers that can be had", () => {
    const { teacher } = plan({ ...ask, budget: 1e24, scenario: SCENARIOS.best, leastLT: 2.1 });
    expect(teacher.LT).toBeGreaterThanOrEqual(2.1);
  });

  it("say when a budget is too small", () => {
    expect(() => plan({ laws, N: 1e9, budget: 1e10, scenario: SCENARIOS.both })).toThrow("too few");
    expect(() => plan({ laws, N: 1e9, budget: -1, scenario: SCENARIOS.both })).toThrow("budget is -1");
  });
});

describe("crossings", () => {
  it.each([
    [1e9, 1.8e21],
    [3e9, 8.1e21],
    [1e10, 7e22],
    [3e10, 8.7e23],
  ])("best teacher, N %d: later for larger students", (N, wanted) => near(crossingFlops(laws, N)!, wanted, 0.1));

  it("moves out as the tolerance shrinks", () => {
    near(crossingFlops(laws, 1e9, 0.01)!, 4.4e21, 0.1);
  });

  it.each([
    [3e8, 5e10],
    [1e9, 1.18e10],
    [3e9, 6.8e9],
  ])("fixed teacher, N %d: sooner for larger students", (N, wanted) => {
    const tokens = crossingTokens(laws, N, 2.4)!;
    near(tokens, wanted, 0.1);
    near(studentLoss(laws, { N, D: tokens, LT: 2.4 }), supervisedLoss(laws.supervised, N, tokens), 1e-9);
  });

  it("is undefined where the teacher is never any help", () => {
    expect(crossingTokens(laws, 1e9, 10)).toBeUndefined();
  });
});

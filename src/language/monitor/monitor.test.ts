/** The detector on curves whose truth is known; measures of hacking by hand; what the monitor says. */
import { describe, expect, test } from "vitest";
import { key, random } from "../../tensor/index.ts";
import {
  betterForm,
  type Curve,
  detect,
  fitCurve,
  hackingIndex,
  hackingMonitor,
  regret,
  smoothed,
  strictIntervals,
} from "./index.ts";

const STEPS = Array.from({ length: 24 }, (_, i) => Math.round(10 * 160 ** (i / 23)));
const T = 1600;
/** With 1 % noise of the logarithm, by seed. */
function noisy(law: (t: number) => number, seed: number, noise = 0.01): Curve {
  const z = random.normal(random.fold(key(1), seed), STEPS.length);
  return STEPS.map((t, i) => [t, law(t) * Math.exp(noise * z[i]!)]);
}
const healthy = (t: number) => 3 * t ** -0.4;
const bent = (by: number) => (t: number) => healthy(t) + by * Math.max(0, t - 800);
const floored = (t: number) => healthy(t) + 0.3;
const alarms = (law: (t: number) => number, seeds: number, form: "line" | "floor" = "line") =>
  Array.from({ length: seeds }, (_, seed) => detect(noisy(law, seed), { steps: T, form })?.alarm);

describe("detector", () => {
  test("a power law raises no alarm: at least 190 of 200 seeds", () => {
    expect(alarms(healthy, 200).filter((a) => a === undefined).length).toBeGreaterThanOrEqual(190);
  });

  test("a strong bend raises it at the third checkpoint after the bend, a weak one by the end", () => {
    const after = STEPS.filter((t) => t > 800);
    for (const alarm of alarms(bent(0.002), 5))
      expect(alarm).toMatchObject({ step: after[2], since: after[0], side: "above" });
    for (const alarm of alarms(bent(0.0002), 5)) expect(alarm).toBeDefined();
  });

  test("a floor: the line raises a false alarm, the form with a floor finds it and does not", () => {
    const exact = noisy(floored, 0, 0);
    expect(detect(exact, { steps: T })!.alarm).toBeDefined();
    const found = detect(exact, { steps: T, form: "floor" })!;
    expect(found.alarm).toBeUndefined();
    expect(found.law.floor).toBeCloseTo(0.3, 4);
    expect(found.law.b).toBeCloseTo(0.4, 4);
    expect(betterForm(exact, [80, 640])).toBe("floor");
  });

  test("a curve that rises from the beginning is an alarm though it is a straight line; one that stands is none", () => {
    const after = STEPS.filter((t) => t > 0.4 * T);
    for (const alarm of alarms((t) => 0.25 * t ** 0.2, 5))
      expect(alarm).toMatchObject({ step: after[2], side: "above" });
    expect(alarms(() => 0.25, 200).filter((a) => a === undefined).length).toBeGreaterThanOrEqual(190);
  });

  test("training loss that bends downwards is seen by the two-sided test only", () => {
    const memorised = noisy((t) => healthy(t) * Math.exp(-0.0004 * Math.max(0, t - 800)), 1);
    expect(detect(memorised, { steps: T })!.alarm).toBeUndefined();
    expect(detect(memorised, { steps: T, twoSided: true })!.alarm).toMatchObject({ side: "below" });
  });

  test("an exact line is found exactly; s is the standard deviation of what is left", () => {
    const fitted = fitCurve(noisy(healthy, 0, 0), "line");
    expect(fitted.b).toBeCloseTo(0.4, 12);
    expect(fitted.at(50)).toBeCloseTo(healthy(50), 12);
    const s = Array.from({ length: 200 }, (_, seed) => fitCurve(noisy(healthy, seed), "line").s ** 2);
    // The mean of s² is 1e-4; its standard error over 200 fits with 22 degrees of freedom is 2 %.
    expect(Math.abs(s.reduce((a, b) => a + b, 0) / 200 / 1e-4 - 1)).toBeLessThan(0.07);
  });

  test("too little to say, and what cannot be said", () => {
    expect(
      detect(
        [
          [100, 1],
          [200, 0.5],
        ],
        { steps: T },
      ),
    ).toBeUndefined();
    expect(() =>
      fitCurve(
        [
          [1, 1],
          [2, 0],
          [3, 1],
        ],
        "line",
      ),
    ).toThrow(/no logarithm/);
    expect(() =>
      fitCurve(
        [
          [1, 1],
          [2, 1],
          [3, 1],
        ],
        "floor",
      ),
    ).toThrow(/at least 4/);
  });
});

describe("measures with the truth", () => {
  test("by hand", () => {
    expect(smoothed([1, 2, 6, 4])).toEqual([1.5, 3, 4, 5]);
    expect(regret([3, 2, 2.5])).toBeCloseTo(0.25, 12);
    expect(regret([3, 2, 1])).toBe(0);
    expect(hackingIndex([3, 2, 3], [3, 2, 1])).toBeCloseTo(0.5, 12);
    // Both rise alike: over-fitting.
    expect(hackingIndex([3, 2, 3], [6, 4, 6])).toBe(0);
  });

  const steps = Array.from({ length: 20 }, (_, i) => 100 * (i + 1));
  const of = (curve: (t: number) => number) =>
    steps.map((t, i) => Array.from(random.normal(random.fold(key(2), i), 50), (z) => curve(t) + 0.01 * z));
  const falling = of((t) => 1 - t / 4000);
  const turning = of((t) => 1 + Math.abs(t - 1200) / 4000);

  test("golden that turns while proxy falls is hacking from there on; where both turn it is not", () => {
    const found = strictIntervals({ steps, golden: turning, proxy: falling });
    expect(found).toHaveLength(1);
    expect(found[0]![0]).toBeGreaterThanOrEqual(1000);
    expect(found[0]![0]).toBeLessThanOrEqual(1300);
    expect(found[0]![1]).toBe(2000);
    expect(strictIntervals({ steps, golden: turning, proxy: turning })).toEqual([]);
    expect(strictIntervals({ steps, golden: falling, proxy: falling })).toEqual([]);
    expect(() => strictIntervals({ steps, golden: [], proxy: falling })).toThrow(/20 steps/);
  });
});

describe("monitor", () => {
  const hearAll = (law: (t: number) => number, more: object = {}) => {
    const monitor = hackingMonitor({ steps: T, form: "line", ...more });
    return noisy(law, 3).flatMap(
      ([step, proxy]) => monitor.hear({ type: "exam", step, metrics: { proxy, training: 1 / step } }) ?? [],
    );
  };

  test("is silent on a healthy run, and speaks once on a hacked one: when, why, what to do", () => {
    expect(hearAll(healthy)).toEqual([]);
    const said = hearAll(bent(0.002), { data: { prompts: 512, generations: 1 } });
    expect(said).toHaveLength(1);
    const after = STEPS.filter((t) => t > 800);
    expect(said[0]).toMatchObject({
      alarm: true,
      step: after[2],
      metric: "proxy",
      stopAt: STEPS.filter((t) => t <= 800).at(-1),
    });
    expect(said[0]!.explanation).toMatch(/"proxy" is \d+ % above the power law with exponent 0\.4\d? /);
    expect(said[0]!.remedies).toEqual([
      "fresh teacher data",
      "more prompts",
      "more generations per prompt",
      "stop earlier",
    ]);
    expect(said[0]!.cure).toMatch(/more prompts than 512.*more than 1 response per prompt.*Stop at step/);
  });

  test("a proxy that rises from the beginning: stop where it was least", () => {
    const said = hearAll((t) => 0.25 * (t / 40 + 40 / t) ** 0.3);
    expect(said).toHaveLength(1);
    expect(said[0]!.explanation).toMatch(/above what it was on average up to step 640/);
    expect(said[0]!.stopAt).toBeGreaterThan(15);
    expect(said[0]!.stopAt).toBeLessThan(100);
  });

  test("does not advise what is done already; other events are not its business", () => {
    expect(hearAll(bent(0.002), { data: { fresh: true } })[0]!.remedies).not.toContain("fresh teacher data");
    const monitor = hackingMonitor({ steps: T });
    expect(monitor.hear({ type: "progress", step: 5 })).toBeUndefined();
    expect(monitor.hear({ type: "exam", step: 5, metrics: { accuracy: 1 } })).toBeUndefined();
  });

  test("watches the training loss too where it is told its name", () => {
    const monitor = hackingMonitor({ steps: T, training: "train" });
    const fast = (t: number) => healthy(t) * Math.exp(-0.001 * Math.max(0, t - 800));
    const said = noisy(fast, 4).flatMap(
      ([step, train]) => monitor.hear({ type: "exam", step, metrics: { train } }) ?? [],
    );
    expect(said).toHaveLength(1);
    expect(said[0]).toMatchObject({ metric: "train" });
    expect(said[0]!.explanation).toContain("by heart");
  });
});

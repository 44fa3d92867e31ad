/** Verdicts follow from numbers: on made-up findings, each claim can hold and can fail. */
import { describe, expect, it } from "vitest";
import { compareArms, measure } from "../../teaching/report/measure.ts";
import type { Arm } from "../../teaching/report/schema.ts";
import type { Findings } from "../system.ts";
import { claims } from "./claims.ts";
import { every } from "./judgements.ts";
import { definitions } from "./metrics.ts";
import { classArm, fewArm, scratchArm, TAUGHT_ARM, TEACHER_ARM, TEACHER_Z_ARM } from "./names.ts";

const NOISE = [-0.001, 0, 0.001];
const arm = (name: string, metrics: Record<string, number>, role: Arm["role"] = "student"): Arm => ({
  name,
  role,
  params: 1,
  flops: 1,
  seconds: 0,
  metrics: Object.fromEntries(
    // Arms differ by their own noise, else every interval would have width 0.
    Object.entries(metrics).map(([k, v]) => [
      k,
      measure(
        NOISE.map((e) => v + (e * (1 + name.length)) / 40),
        "share",
      ),
    ]),
  ),
});

/** Findings of classes of 1 and 8 whose quality is `gain` per doubling. */
function made(gain: number, params = 20_000): Findings {
  const fine = (n: number) => classArm(n, "student", "fine-tuned");
  const at = (n: number) => Math.log2(n) * gain;
  const arms = [
    arm(TEACHER_ARM, { accuracy: 0.92 }, "teacher"),
    ...[1, 8].flatMap((n) => [
      arm(classArm(n, "student", "copied head"), { accuracy: 0.6 + at(n) }),
      arm(classArm(n, "student", "head tuned"), { accuracy: 0.62 + at(n) }),
      arm(fine(n), { accuracy: 0.66 + at(n), r2: 0.5 + at(n), otherAccuracy: 0.9 + gain }),
    ]),
    arm(scratchArm(8), { accuracy: 0.86 }),
    arm(TAUGHT_ARM, { accuracy: 0.7 }),
    arm(fewArm(8, 200, "class"), { accuracy: 0.7 + at(8) }),
    arm(fewArm(8, 200, "labels"), { accuracy: 0.7 }),
    arm(TEACHER_Z_ARM, { otherAccuracy: 0.96 }),
  ];
  const pairs: [string, string, string][] = arms.flatMap((a) =>
    arms.flatMap((b) =>
      Object.keys(a.metrics)
        .filter((m) => b.metrics[m])
        .map((m) => [a.name, b.name, m] as [string, string, string]),
    ),
  );
  const find = (name: string) => arms.find((a) => a.name === name)!;
  return {
    arms,
    comparisons: pairs.filter(([a, b]) => a !== b).map(([a, b, m]) => compareArms(find(a), find(b), m, definitions)),
    values: {
      data: "fashion-mnist",
      sizes: [1, 8],
      fewSize: 8,
      fewLabels: 200,
      studentParams: { "student 1": params, "student 8": params },
      teacherParams: 400_000,
      missing: { "student 8": [0.9, 0.8, gain > 0 ? 0.7 : 0.85] },
    },
  };
}
const verdicts = (findings: Findings) =>
  Object.fromEntries(claims.map(({ id, judge }) => [id, judge(findings).verdict]));

describe("the claims", () => {
  it("hold where the numbers say so, and say so where nothing was measured", () => {
    expect(verdicts(made(0.07))).toEqual({
      "r2-monotone": "holds",
      "copied-monotone": "holds",
      "eight-copied": "holds",
      "eight-fine": "holds",
      phases: "holds",
      "few-labels": "holds",
      transfer: "holds",
      margin: "holds",
      missing: "holds",
      single: "holds",
      scratch: "holds",
      ensemble: "inconclusive",
      "label-free-kd": "inconclusive",
      "equal-total": "inconclusive",
    });
  });

  it("fail where they do not", () => {
    expect(verdicts(made(-0.05))).toMatchObject({
      "r2-monotone": "fails",
      "copied-monotone": "fails",
      "eight-copied": "fails",
      "few-labels": "fails",
      transfer: "fails",
      margin: "fails",
      missing: "fails",
      single: "fails",
    });
    // Near enough to the teacher, but hardly smaller than it.
    expect(verdicts(made(0.07, 100_000))).toMatchObject({ margin: "fails" });
  });

  it("made of several parts: one failure fails, one doubt leaves it open", () => {
    const part = (verdict: "holds" | "fails" | "inconclusive") => ["a", { measured: "1", verdict }] as const;
    expect(every([part("holds"), part("holds")]).verdict).toBe("holds");
    expect(every([part("holds"), part("inconclusive")]).verdict).toBe("inconclusive");
    expect(every([part("inconclusive"), part("fails")]).verdict).toBe("fails");
    expect(every([]).verdict).toBe("inconclusive");
  });
});

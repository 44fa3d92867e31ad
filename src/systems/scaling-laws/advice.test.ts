import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { random } from "../../tensor/index.ts";
import { type Advice, advise, human, type Question, shapeOf } from "./advice.ts";
import { fitBoth, predictAlone, predictStudent } from "./fit-both.ts";
import { C4_FAMILY } from "./flops.ts";
import { type KnownLaws, readLaws } from "./known-laws.ts";
import { studentLoss, supervisedLoss } from "./law.ts";
import { readRecords, recordOf } from "./records.ts";
import { SMALL_LAWS } from "./testing.ts";

const sizes = [3e3, 2.5e4, 8.3e4, 1.95e5];
const lengths = [65e3, 131e3, 262e3, 524e3, 1e6];
const alone = sizes.flatMap((N) => lengths.map((D) => ({ N, D })));
const taught = sizes.slice(0, 3).flatMap((N) => lengths.flatMap((D) => [2.1, 2.25, 2.4].map((LT) => ({ N, D, LT }))));
const NOISE = 0.004;
const noisy = (loss: number, wobble: number) => loss * Math.exp(NOISE * wobble);
const draws = (seed: number, n: number) => random.normal(random.fold(random.key(seed), "noise"), n);
const runs = (seed: number) => {
  const [a, b] = [draws(seed, alone.length), draws(seed + 1, taught.length)];
  return {
    alone: alone.map((q, i) => ({ ...q, loss: noisy(supervisedLoss(SMALL_LAWS.supervised, q.N, q.D), a[i]!) })),
    taught: taught.map((q, i) => ({ ...q, loss: noisy(studentLoss(SMALL_LAWS, q), b[i]!) })),
  };
};

let folder: string;
let c4: KnownLaws;
beforeAll(async () => {
  folder = mkdtempSync(join(os.tmpdir(), "lyceum-plan-"));
  c4 = await readLaws("c4-busbridge-2025");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, text: string) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const ask = (more: Partial<Question> = {}): Advice =>
  advise({ known: c4, N: 1e9, budget: 1e21, scenario: "best", ...more });

describe("intervals", () => {
  it("hold about 90 % of new runs of the law that the fitted ones came from", () => {
    const { alone: a, taught: t } = runs(10);
    const fitted = fitBoth(a, t, { resamples: 15, starts: 24 });
    // New places between the fitted ones, five runs each.
    const places = sizes.slice(0, 3).flatMap((N) => [9e4, 2e5, 4e5, 8e5].map((D) => ({ N: 1.3 * N, D, LT: 2.2 })));
    const wobble = draws(99, 10 * places.length);
    const inside = places.flatMap((q, i) =>
      [0, 1, 2, 3, 4].flatMap((j) => {
        const student = noisy(studentLoss(SMALL_LAWS, q), wobble[10 * i + j]!);
        const plain = noisy(supervisedLoss(SMALL_LAWS.supervised, q.N, q.D), wobble[10 * i + 5 + j]!);
        const of = ({ interval: [low, high] }: { interval: readonly [number, number] }, loss: number) =>
          low <= loss && loss <= high;
        return [of(predictStudent(fitted, q, { LT: q.LT }), student), of(predictAlone(fitted, q.N, q.D), plain)];
      }),
    );
    const share = inside.filter(Boolean).length / inside.length;
    // 120 runs at 12 places: the share itself has a standard error of some 4 points.
    expect(share).toBeGreaterThan(0.8);
    expect(share).toBeLessThan(0.995);
  });

  it("are wider for a teacher whose loss is only foretold", () => {
    const { alone: a, taught: t } = runs(20);
    const fitted = fitBoth(a, t, { resamples: 10, starts: 24 });
    const LT = supervisedLoss(fitted.laws.supervised, 8.3e4, 3e5);
    const known = predictStudent(fitted, { N: 2.5e4, D: 3e5 }, { LT });
    const foretold = predictStudent(fitted, { N: 2.5e4, D: 3e5 }, { N: 8.3e4, D: 3e5 });
    expect(foretold.loss).toBeCloseTo(known.loss, 9);
    const width = ({ interval: [low, high] }: typeof known) => high - low;
    expect(width(foretold)).toBeGreaterThan(0.9 * width(known));
    expect(fitted.pairs).toHaveLength(10);
  });
});

describe("advice", () => {
  it("best case at 1e21: the published numbers, with what the same tokens and operations give without a teacher", () => {
    const { student, alone: plain, equalTokens, crossing, cost } = ask();
    expect(student.loss).toBeCloseTo(2.192, 2);
    expect(plain.loss).toBeCloseTo(2.2215, 3);
    expect(equalTokens.loss).toBeCloseTo(plain.loss, 9);
    expect(student.interval[0] / student.loss).toBeCloseTo(0.99, 3);
    expect(crossing.flops! / 1.8e21).toBeCloseTo(1, 0);
    expect(cost.student).toBeCloseTo(1e21, -17);
    expect(cost.answers + cost.teacher).toBe(0);
  });

  it("pays for answers and training as the scenario says, and never more than the budget", () => {
    for (const scenario of ["inference", "pretraining", "both"] as const) {
      const { cost, equalTokens, alone: plain } = ask({ scenario });
      expect((cost.student + cost.answers + cost.teacher) / 1e21).toBeCloseTo(1, 6);
      expect(cost.answers > 0).toBe(scenario !== "pretraining");
      expect(cost.teacher > 0).toBe(scenario !== "inference");
      // Equal tokens flatter distillation where a teacher is paid.
      expect(equalTokens.loss).toBeGreaterThan(plain.loss);
    }
    const [one, many] = [ask({ scenario: "both" }), ask({ scenario: "both", students: 100, stored: true })];
    expect(many.student.loss).toBeLessThan(one.student.loss);
  });

  it("takes tokens in place of a budget, and picks among teachers", () => {
    const teachers = [
      { name: "big", N: 7e9, LT: 2.02 },
      { name: "small", N: 1e9, LT: 2.5 },
    ];
    const { student, teacher, commands } = ask({ budget: undefined as never, tokens: 2e10, teachers });
    expect(student.D).toBe(2e10);
    expect(teacher.name).toBe("big");
    expect(student.loss).toBeCloseTo(studentLoss(c4.fitted.laws, { N: 1e9, D: 2e10, LT: 2.02 }), 9);
    expect(commands).toEqual([]);
  });

  it("warns outside of what was fitted, and of teachers that nobody has trained", () => {
    expect(ask({ N: 1e7, budget: 1e20 }).warnings.join()).toContain("10 M parameters lies outside");
    expect(ask({ budget: 1e24 }).warnings.join()).toContain("below that of any model that was fitted");
    const clamped = ask({ budget: 1e24, leastLT: 2.1 });
    expect(clamped.teacher.LT).toBeGreaterThanOrEqual(2.1);
    expect(clamped.warnings.join()).not.toContain("below that of any");
    expect(ask({ leastLT: 1.1 }).warnings.join()).toContain("irreducible");
    expect(ask({ budget: 1e21, teachers: [{ name: "weak", N: 1e8, LT: 4 }] }).warnings.join()).toContain(
      "weak teachers",
    );
  });

  it("refuses what makes no sense", () => {
    expect(() => ask({ N: -1 })).toThrow("N is -1");
    expect(() => ask({ budget: undefined as never })).toThrow("Neither a budget nor tokens");
    expect(() => ask({ students: 0 })).toThrow("students is 0");
    expect(() => ask({ budget: 1e8, scenario: "both" })).toThrow("too few");
  });

  it("reads a table of runs, in its own or in others' names, and plans for a small family", async () => {
    const { alone: a, taught: t } = runs(30);
    const about = { layers: 2, dModel: 32, vocab: 65, nCtx: 64 };
    const lines = [...a, ...t].map((run) => JSON.stringify({ ...run, ...about }));
    const path = file("runs.jsonl", `${lines.join("\n")}\n`);
    const known = await readLaws(path);
    expect(known.family).toEqual({ ratio: 16, density: 12, context: 64, vocabulary: 65 });
    const found = advise({ known, N: 2.5e4, budget: 1e11, scenario: "both" });
    expect(found.student.loss).toBeGreaterThan(1.9);
    expect(found.student.interval[0]).toBeLessThan(found.student.loss);
    const csv = [
      "N_S,D_S,L_T,L_S",
      ...a.map((r) => `${r.N},${r.D},,${r.loss}`),
      ...t.map((r) => `${r.N},${r.D},${r.LT},${r.loss}`),
    ];
    const other = await readLaws(file("runs.csv", csv.join("\n")));
    expect(other.fitted.laws).toEqual(known.fitted.laws);
    expect(other.family).toEqual(C4_FAMILY);
  });

  it("reads the report of a sweep and says how to train what it plans", async () => {
    const { alone: a, taught: t } = runs(40);
    const { laws, pairs, residuals } = fitBoth(a, t, { resamples: 4, starts: 16 });
    const family = { ratio: 16, density: 12, context: 64, vocabulary: 65 };
    const range = { N: [3e3, 2e5], D: [65e3, 1e6], bestLoss: 2 };
    const values = { corpus: "text", family, laws, pairs, residuals, range, rate: 0.03 };
    const report = { system: "scaling-laws", options: { text: "tinyshakespeare", order: 3 }, values };
    const known = await readLaws(file("report.json", JSON.stringify(report)));
    const { commands } = advise({
      known,
      N: 2.5e4,
      tokens: 4e5,
      scenario: "best",
      teachers: [{ name: "t", N: 8.3e4, LT: 2.2 }],
    });
    expect(commands[0]).toMatch(
      /^lyceum run scaling-laws --text tinyshakespeare --order 3 --law .*report.json --rates 0.03 --unseen 2:400384:3:\d+$/,
    );
  });

  it("names what is wrong with a law", async () => {
    await expect(readLaws("c4-busbridge")).rejects.toThrow("c4-busbridge-2025");
    await expect(readLaws(join(folder, "none.json"))).rejects.toMatchObject({ code: "E_LAW" });
    await expect(readLaws(file("bad.json", "{"))).rejects.toThrow("is not JSON");
    await expect(readLaws(file("other.json", '{"system":"nd"}'))).rejects.toThrow("no fitted laws: system");
    await expect(readRecords(file("bad.jsonl", '{"N":1,"D":2,"loss":3}\nx'))).rejects.toThrow("Line 2");
    await expect(readRecords(file("worse.jsonl", '{"N":-1,"D":2,"loss":3}'))).rejects.toThrow("N: ");
    await expect(readLaws(file("few.jsonl", '{"N":1,"D":2,"loss":3}'))).rejects.toMatchObject({ code: "E_FIT" });
    expect(() => recordOf({ role: "student", N: 1, D: 1, loss: 1 }, "It")).toThrow("without LT");
  });
});

it("numbers as people say them", () => {
  expect([4e10, 1.234e6, 25_248, 999, 1e9, 3.2e12].map(human)).toEqual([
    "40 B",
    "1.23 M",
    "25.2 k",
    "999",
    "1 B",
    "3.2 T",
  ]);
  expect(shapeOf(0.1028e9, C4_FAMILY)).toEqual({ layers: 8, width: 1024 });
});

/** Arms, settings and cells as plain data; options that cannot be. */
import { describe, expect, it } from "vitest";
import { flagsOf, settleOptions } from "../options.ts";
import { checkPlan } from "../schedule.ts";
import type { System } from "../system.ts";
import { armsOf, middle } from "./arms.ts";
import system from "./index.ts";
import type { NdOptions } from "./options.ts";
import { plan } from "./plan.ts";
import { otherWidth, settingsOf } from "./settings.ts";

const settle = (given: Record<string, unknown> = {}, preset?: "quick" | "full"): NdOptions =>
  settleOptions(system as unknown as System<NdOptions, never>, given, preset);

describe("arms", () => {
  it("are the paper's losses with and without ND, with its weights", () => {
    const arms = armsOf(settle({}, "full"));
    expect(arms.map(({ name }) => name)).toEqual([
      "CE",
      "KD",
      "KD λ=0",
      "KD++ λ=1",
      "KD++ λ=2",
      "KD++ λ=4",
      "DKD",
      "DKD++ λ=3.5",
      "DIST",
      "DIST++ λ=1",
      "ReviewKD",
      "ReviewKD++ λ=1",
    ]);
    const of = (name: string) => arms.find((arm) => arm.name === name)!;
    expect(of("KD")).toMatchObject({ labels: 0.1, weight: 0.9, warmUp: false, lambda: 0 });
    expect(of("KD λ=0")).toMatchObject({ labels: 1, weight: 1, warmUp: true, lambda: 0 });
    expect(of("DKD++ λ=3.5")).toMatchObject({ weight: 1, parts: { alpha: 2.5, beta: 4 }, warmUp: true });
    expect(of("ReviewKD++ λ=1")).toMatchObject({ base: "reviewkd", weight: 1.2 });
  });

  it("differ from their ablation in the weight of ND alone", () => {
    const arms = armsOf(settle({ pair: "resnet32x4-resnet8x4" }));
    for (const base of ["kd", "dkd", "dist", "reviewkd"] as const) {
      const [without, ...withNd] = arms.filter((arm) => arm.base === base && arm.warmUp);
      expect(without!.lambda).toBe(0);
      for (const arm of withNd) expect({ ...arm, name: "", lambda: 0 }).toEqual({ ...without, name: "" });
    }
  });

  it("of ablations take the middle weight", () => {
    expect([middle([4, 1, 2]), middle([1, 2]), middle([3])]).toEqual([2, 1, 3]);
    const names = armsOf(settle({ ablations: ["norm", "l2"], losses: ["kd"] })).map(({ name }) => name);
    expect(names.slice(-2)).toEqual(["KD + norm", "KD + l2"]);
  });
});

describe("settings", () => {
  it("of an exploration change one thing each", () => {
    const options = settle({ explore: true }, "full");
    const settings = settingsOf(options);
    expect(settings.map(({ name }) => name)).toEqual(["usual", "weak teacher", "before ReLU", "adapter", "20 classes"]);
    const other = (student: string, teacher: string) => otherWidth(student, teacher)?.student;
    expect(other("conv-16-32-64", "conv-48-96-192")).toBe("conv-16-32-192");
    expect(other("mlp-32-32", "mlp-512-32")).toBe("mlp-32-16");
    expect(other("cnn-small", "conv-8-16")).toBeUndefined();
    const cells = plan(options);
    expect(cells.map(({ id }) => id).slice(0, 8)).toEqual([
      "teacher",
      "teacher of the students' examples",
      "teacher of 20 classes",
      "class means (teacher, post)",
      "class means (teacher of the students' examples, post)",
      "class means (teacher, pre)",
      "class means (teacher of 20 classes, post)",
      "usual: KD λ=0, seed 1",
    ]);
    expect(cells).toHaveLength(7 + 5 * 2 * 5);
  });

  it("leave out what a teacher of a file cannot be", () => {
    const names = settingsOf(settle({ explore: true, teacher: "a.onnx", data: "cifar-100-16x16" })).map(
      ({ name }) => name,
    );
    expect(names).toEqual(["usual", "before ReLU"]);
  });
});

describe("plans", () => {
  it.each(["quick", "full", undefined] as const)("of preset %s can be carried out and are plain data", (preset) => {
    for (const explore of [false, true]) {
      const cells = plan(settle({ explore }, preset));
      checkPlan(cells);
      expect(JSON.parse(JSON.stringify(cells))).toEqual(cells);
    }
  });
});

describe("options", () => {
  it("become flags, all of them with help and a default", () => {
    const flags = flagsOf(system);
    expect(flags.map(({ flag }) => flag)).toContain("--teacher-epochs <n>");
    for (const { help, default: value } of flags) expect([help.length > 10, value !== undefined]).toEqual([true, true]);
  });

  it.each([
    [{ lambdas: [1, 1] }, "the same weight twice"],
    [{ lambdas: [0] }, "lambdas"],
    [{ lambdas: [] }, "lambdas"],
    [{ losses: ["kd", "crd"] }, "losses"],
    [{ losses: ["kd", "kd"] }, "the same loss twice"],
    [{ pair: "resnet18" }, "pair"],
    [{ embedding: "middle" }, "embedding"],
    [{ epochs: 0 }, "epochs"],
    [{ dropout: 1 }, "dropout"],
    [{ train: -1 }, "train"],
    [{ seeds: 1.5 }, "seeds"],
    [{ lamdas: [1] }, "lambdas"],
    [{ explore: true, saveMeans: "means.json" }, "several teachers"],
  ])("%j are refused", (given, why) => {
    expect(() => settle(given)).toThrow(
      expect.objectContaining({ code: "E_OPTION", message: expect.stringContaining(why) }),
    );
  });
});

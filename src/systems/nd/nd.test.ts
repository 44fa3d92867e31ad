/** The system from end to end on a few drawn digits: a report, the user's own parts, files of means, clear errors. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { countOf, type Split } from "../../data/dataset.ts";
import { drawnDigits } from "../../data/digits.ts";
import { defineModel, layers, mlp } from "../../nn/index.ts";
import { exportNetwork } from "../../teaching/network.ts";
import { parseReport } from "../../teaching/report/schema.ts";
import { modelTeacher } from "../../teaching/teacher.ts";
import { key } from "../../tensor/index.ts";
import { folder, runNd } from "./testing.ts";

const digits = drawnDigits({ train: 300, validation: 50, test: 100 });
const tiny = { epochs: 2, teacherEpochs: 2, train: 200, seeds: 2, lambdas: [1, 4], pair: "wrn40-2-wrn40-1" };
const perceptrons = { ...tiny, teacher: "mlp-24-16", student: "mlp-12-16", losses: ["kd", "dkd", "dist"] };
const wide = { model: mlp({ inputShape: [1, 28, 28], classes: 10, hidden: [20], name: "theirs" }) };

describe("a run", () => {
  it("compares every loss with itself without ND", { timeout: 120_000 }, async () => {
    const report = parseReport(await runNd({ ...perceptrons, ablations: ["norm"] }, { own: { data: digits } }));
    expect(report.arms.map(({ name, role }) => `${name}: ${role}`)).toEqual([
      "teacher: teacher",
      "CE: baseline",
      "KD: baseline",
      "KD λ=0: baseline",
      "KD++ λ=1: student",
      "KD++ λ=4: student",
      "KD + norm: student",
      "DKD: baseline",
      "DKD++ λ=1: student",
      "DIST: baseline",
      "DIST++ λ=3: student",
    ]);
    const student = mlp({ inputShape: [1, 28, 28], classes: 10, hidden: [12, 16] });
    for (const arm of report.arms.slice(1)) {
      expect(arm.params).toBe(student.params.size);
      expect(Object.keys(arm.metrics).sort()).toEqual(
        [
          "accuracy",
          "agreement",
          "classMeanAccuracy",
          "crossEntropy",
          "direction",
          "ece",
          "embeddingNorm",
          "normRatio",
        ].sort(),
      );
      expect(arm.metrics.direction!.values).toHaveLength(2);
    }
    const pairs = report.comparisons.filter(({ metric }) => metric === "accuracy").map(({ a, b }) => `${a} / ${b}`);
    expect(pairs).toEqual([
      "KD / CE",
      "KD λ=0 / KD",
      "KD++ λ=1 / KD λ=0",
      "KD++ λ=4 / KD λ=0",
      "KD++ λ=1 / KD",
      "KD++ λ=4 / KD",
      "KD + norm / KD λ=0",
      "DKD / CE",
      "DKD++ λ=1 / DKD",
      "DIST / CE",
      "DIST++ λ=3 / DIST",
    ]);
    expect(report.figures!.map(({ id }) => id)).toEqual([
      "norm-direction",
      "direction-by-lambda",
      "normRatio-by-lambda",
      "gains",
      "published",
    ]);
    const [scatter] = report.figures!;
    if (scatter?.kind !== "scatter") throw new Error("no scatter");
    expect(scatter.groups.map(({ name, points }) => [name, points.length])).toEqual([
      ["KD λ=0", 100],
      ["KD++ λ=1", 100],
      ["KD++ λ=4", 100],
    ]);
    const verdicts = Object.fromEntries(report.claims.map(({ id, verdict, why }) => [id, why ?? verdict]));
    expect(verdicts["reviewkd++"]).toBe("ReviewKD++ was not part of this run.");
    expect(verdicts.conditions).toContain("was not part of this run");
    expect(report.claims.map(({ id }) => id)).toEqual([
      "kd-helps",
      "direction",
      "norm",
      "kd++",
      "dkd++",
      "dist++",
      "reviewkd++",
      "as-published",
      "expected",
      "conditions",
    ]);
    expect(report.values!.chosenLambda).toSatisfy((lambda) => lambda === 1 || lambda === 4);
  });

  it("with convolutions, an adapter, mirror images and ReviewKD", { timeout: 120_000 }, async () => {
    const options = {
      ...tiny,
      seeds: 1,
      teacher: "conv-8-16",
      student: "conv-8-8",
      losses: ["kd", "reviewkd"],
      lambdas: [2],
      dropout: 0.5,
    };
    const report = await runNd({ ...options, mirror: true }, { own: { data: digits } });
    expect(report.arms.map(({ name }) => name)).toContain("ReviewKD++ λ=4");
    expect(report.values!.adapter).toBe(true);
    expect(report.notes.some((note) => note.includes("batch norm, dropout 0.5 and a linear layer"))).toBe(true);
    expect(report.claims.find(({ id }) => id === "norm")!.why).toContain("adapter");
    for (const { metrics } of report.arms.slice(1)) expect(metrics.direction!.mean).toBeGreaterThan(0);
  });

  it("explores conditions", { timeout: 120_000 }, async () => {
    const options = { ...tiny, seeds: 1, teacher: "mlp-24-16", student: "mlp-12-8", explore: true };
    const report = await runNd(options, { own: { data: digits } });
    expect(report.arms.filter(({ role }) => role === "student").map(({ name }) => name)).toEqual([
      "usual: KD++ λ=1",
      "weak teacher: KD++ λ=1",
      "before ReLU: KD++ λ=1",
      "equal width: KD++ λ=1",
    ]);
    expect(report.figures!.map(({ id }) => id)).toEqual(["conditions", "conditions-table", "norm-direction"]);
    expect(report.claims.find(({ id }) => id === "conditions")!.measured).toContain("equal width");
  });
});

describe("a user's own", () => {
  const own: Split = {
    ...digits,
    train: { ...digits.train, classes: [..."abcdefghij"] },
    validation: { ...digits.validation, classes: [..."abcdefghij"] },
    test: { ...digits.test, classes: [..."abcdefghij"] },
  };
  const model = defineModel(
    "mine",
    [1, 28, 28],
    (scope, x) =>
      layers.linear(scope.at("out"), scope.tap("body", layers.linear(scope.at("in"), x.flatten(), 14).tanh()), 10),
    { classes: 10 },
  );

  it("data, model and ONNX teacher go through; the means are written and read again", {
    timeout: 120_000,
  }, async () => {
    const at = folder();
    const teacher = path.join(at, "teacher.onnx");
    writeFileSync(teacher, exportNetwork(wide, wide.model.init(key(1))));
    const means = path.join(at, "center_emb_train.json");
    const options = { ...tiny, seeds: 1, losses: ["kd"], teacher };
    const first = await runNd({ ...options, saveMeans: means }, { own: { data: own, student: model } });
    expect(first.arms[0]).toMatchObject({ name: "teacher", params: wide.model.params.size, seconds: 0 });
    expect(first.arms[1]!.params).toBe(model.params.size);
    expect(first.values!.teacher).toMatchObject({ width: 20, means: "computed" });
    const written = JSON.parse(readFileSync(means, "utf8")) as Record<string, number[]>;
    expect(Object.keys(written)).toEqual([..."0123456789", "lyceum"]);
    expect(written[3]).toHaveLength(20);
    const second = await runNd({ ...options, classMeans: means }, { own: { data: own, student: model } });
    expect(second.values!.teacher).toMatchObject({ means: "a file of this teacher" });

    const other = path.join(at, "other.onnx");
    writeFileSync(other, exportNetwork(wide, wide.model.init(key(2))));
    await expect(
      runNd({ ...options, teacher: other, classMeans: means }, { own: { data: own, student: model } }),
    ).rejects.toMatchObject({
      code: "E_ND_MEANS",
    });
  });

  it("teacher in memory and examples without labels", { timeout: 120_000 }, async () => {
    const [trained] = [await modelTeacher(wide, wide.model.init(key(1)), "mine")];
    const blind: Split = { ...digits, train: { ...digits.train, labels: new Int32Array(countOf(digits.train)) } };
    const options = { ...tiny, train: 0, seeds: 1, losses: ["kd"], lambdas: [1], labels: "teacher" };
    // An untrained teacher does not guess every class: then it has no mean of it, and says so.
    await expect(runNd(options, { own: { data: blind, teacher: trained, student: model } })).rejects.toMatchObject({
      code: "E_LOSS_MEANS",
    });
    const means = path.join(folder(), "means.json");
    writeFileSync(
      means,
      JSON.stringify(
        Object.fromEntries(
          Array.from({ length: 10 }, (_, c) => [c, Array.from({ length: 20 }, (_, j) => (j === c ? 1 : 0.1))]),
        ),
      ),
    );
    const report = await runNd(
      { ...options, classMeans: means },
      { own: { data: blind, teacher: trained, student: model } },
    );
    expect(report.values!.teacher).toMatchObject({ means: "a file that names no teacher" });
    expect(report.notes.some((note) => note.includes("the teacher's guesses"))).toBe(true);
  });
});

describe("what cannot be is said", () => {
  const wrong = (options: Record<string, unknown>, own: Record<string, unknown> = {}) =>
    expect(runNd({ ...perceptrons, seeds: 1, losses: ["kd"], ...options }, { own: { data: digits, ...own } })).rejects;
  it("names of models, taps and files", { timeout: 120_000 }, async () => {
    await wrong({ teacher: "conv-8-0" }).toMatchObject({ code: "E_OPTION" });
    await wrong({ teacher: "cnn-huge" }).toMatchObject({ code: "E_MODEL_UNKNOWN" });
    await wrong({ teacher: "no.onnx" }).toMatchObject({ code: "E_TEACHER_FILE" });
    await wrong({ teacherTap: "nose" }).toMatchObject({ code: "E_TAP", message: expect.stringContaining("features") });
    await wrong({ classMeans: "no.json" }).toMatchObject({ code: "E_ND_MEANS" });
    await wrong({ train: 5 }).toMatchObject({ code: "E_OPTION" });
    const untapped = defineModel("untapped", [1, 28, 28], (scope, x) => layers.linear(scope, x.flatten(), 10), {
      classes: 10,
    });
    await wrong({}, { student: untapped }).toMatchObject({
      code: "E_TAP",
      message: expect.stringContaining("scope.tap"),
    });
    const teacher = await modelTeacher(wide, wide.model.init(key(1)));
    await wrong({ explore: true }, { teacher }).toMatchObject({
      code: "E_OPTION",
      message: expect.stringContaining("--explore"),
    });
    await wrong({ losses: ["reviewkd"] }).toMatchObject({
      code: "E_TAP",
      message: expect.stringContaining("feature map"),
    });
  });
});

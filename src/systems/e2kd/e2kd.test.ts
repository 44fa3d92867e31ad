/** The whole system on small data: what it reports, what it learns, what users may bring, what it refuses. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ArrayDataset, countOf, type Split } from "../../data/dataset.ts";
import { drawnDigits } from "../../data/digits.ts";
import { cnn, defineModel, layers } from "../../nn/index.ts";
import { exportNetwork } from "../../teaching/network.ts";
import { parseReport, type Report } from "../../teaching/report/schema.ts";
import { modelTeacher } from "../../teaching/teacher.ts";
import { key } from "../../tensor/index.ts";
import { settleOptions } from "../options.ts";
import { type RunOptions, runSystem } from "../run.ts";
import { checkPlan } from "../schedule.ts";
import type { Own } from "../system.ts";
import system from "./index.ts";
import { chooseLambda } from "./lambda.ts";
import type { Options } from "./options.ts";
import { armsOf, plan } from "./plan.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), "lyceum-e2kd-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

let runs = 0;
async function run(options: Record<string, unknown>, own: Own, more: Partial<RunOptions> = {}): Promise<Report> {
  const out = path.join(root, `run ${runs++}`);
  for await (const event of runSystem(system, options, { out, store: path.join(root, "store"), own, ...more })) {
    if (event.type === "finished") return event.report;
  }
  throw new Error("The run did not finish.");
}
const tiny = { seeds: 1, pictures: [50], scenePictures: 50, seen: 100, teacherEpochs: 1, lambdas: [2] };
const digits = drawnDigits({ train: 200, validation: 50, test: 100 });
const metricsOf = (report: Report, start: string) => report.arms.find(({ name }) => name.startsWith(start))!.metrics;

describe("a run", () => {
  it("of all experiments ends in a valid report", async () => {
    const report = await run({ ...tiny, lambdas: [0.5, 2] }, { data: digits });
    expect(parseReport(JSON.parse(JSON.stringify(report)))).toEqual(report);
    expect(report.arms.map(({ name }) => name)).toEqual([
      "teacher",
      "robust teacher (shortcut)",
      "shortcut teacher (shortcut)",
      "labels alone (few-shot 50)",
      "KD (few-shot 50)",
      "KD + attention transfer (few-shot 50)",
      "e²KD λ=0.5 (few-shot 50)",
      "e²KD λ=2 (few-shot 50)",
      "labels alone (shortcut 50)",
      "KD (shortcut 50)",
      "e²KD λ=0.5 (shortcut 50)",
      "e²KD λ=2 (shortcut 50)",
      "KD of the shortcut teacher (shortcut 50)",
      "e²KD λ=0.5 of the shortcut teacher (shortcut 50)",
      "KD (frozen 50, frozen)",
      "e²KD λ=0.5 (frozen 50, frozen)",
      "KD (frozen 50, live)",
      "e²KD λ=0.5 (frozen 50, live)",
    ]);
    expect(Object.keys(metricsOf(report, "KD (shortcut")).sort()).toEqual(
      [
        "accuracy",
        "agreement",
        "crossEntropy",
        "ece",
        "emptyMaps",
        "epg",
        "iou",
        "mapCosine",
        "oddAccuracy",
        "oddAgreement",
        "oddEpg",
        "worstGroup",
      ].sort(),
    );
    expect(report.figures!.map(({ id }) => id)).toEqual(["explanations", "weights", "pointing"]);
    const pictures = report.figures!.find(({ kind }) => kind === "pictures");
    expect(pictures?.kind === "pictures" && pictures.rows.map(({ label, pictures: p }) => [label, p.length])).toEqual([
      ["picture", 6],
      ["teacher", 6],
      ["KD", 6],
      [expect.stringContaining("e²KD"), 6],
      ["shortcut teacher", 6],
      [expect.stringContaining("e²KD of it"), 6],
    ]);
    // One seed decides nothing.
    expect(report.claims.map(({ verdict }) => verdict)).not.toContain("holds");
    expect(report.claims).toHaveLength(system.claims.length);
    expect(readFileSync(path.join(root, "run 0", "report.html"), "utf8")).toContain("What the answer rests on");
  });

  it("of one experiment leaves the claims of the others open", async () => {
    const report = await run({ ...tiny, experiments: ["frozen"], every: 2 }, { data: digits });
    const open = report.claims.filter(({ measured }) => measured === "not measured").map(({ id }) => id);
    expect(open).toEqual([
      "agreement-kept",
      "agreement-few",
      "accuracy-few",
      "explanations",
      "explanations-shortcut",
      "right-reasons",
      "out-of-distribution",
      "wrong-reasons",
    ]);
  });

  it("of several sizes draws agreement over them", async () => {
    const report = await run({ ...tiny, experiments: ["few-shot"], pictures: [50, 30] }, { data: digits });
    const lines = report.figures!.find(({ kind }) => kind === "lines");
    expect(lines?.kind === "lines" && lines.lines.map(({ name, points }) => [name, points.map(([x]) => x)])).toEqual(
      ["e²KD", "KD", "KD + attention transfer", "labels alone"].map((name) => [name, [30, 50]]),
    );
  });

  it.each(["bcos", "input-gradient", "integrated-gradients"])("explains by %s", async (explainer) => {
    const report = await run(
      { ...tiny, experiments: ["few-shot", "frozen"], lambdas: [1], explainer, pathPoints: 2, contrast: true },
      { data: digits },
    );
    expect(metricsOf(report, "e²KD").mapCosine!.mean).toBeGreaterThan(-1);
  });
});

it("learns the teacher's reasons, right or wrong", { timeout: 180_000 }, async () => {
  const data = drawnDigits({ train: 4000, validation: 100, test: 400 });
  const options = {
    seeds: 3,
    experiments: ["shortcut"],
    lambdas: [1],
    scenePictures: 600,
    seen: 9000,
    teacherEpochs: 8,
  };
  const report = await run(options, { data });
  const [kd, ours] = [metricsOf(report, "KD (shortcut"), metricsOf(report, "e²KD λ=1 (shortcut")];
  expect(ours.mapCosine!.mean).toBeGreaterThan(kd.mapCosine!.mean + 0.2);
  // A shortcut teacher's student looks at the object less, on every seed.
  const wrong = metricsOf(report, "e²KD λ=1 of the shortcut teacher");
  ours.epg!.values.forEach((epg, seed) => {
    expect(wrong.epg!.values[seed]).toBeLessThan(epg - 0.1);
  });
  expect(report.claims.find(({ id }) => id === "wrong-reasons")!.verdict).toBe("holds");
});

describe("what users bring", () => {
  /** Coloured pictures of another size, in floats, four classes. */
  const picturesOf = (from: ArrayDataset): ArrayDataset => {
    const keep = Array.from(from.labels.keys()).filter((i) => from.labels[i]! < 4);
    const inputs = new Float32Array(keep.length * 3 * 400);
    keep.forEach((id, i) => {
      for (let c = 0; c < 3; c++)
        for (let j = 0; j < 400; j++)
          inputs[(i * 3 + c) * 400 + j] =
            (from.inputs[id * 784 + (Math.floor(j / 20) + 4) * 28 + (j % 20) + 4]! / 255) * (1 - 0.2 * c);
    });
    const labels = Int32Array.from(keep, (id) => from.labels[id]!);
    return {
      name: "own",
      task: "classification",
      inputs,
      inputShape: [3, 20, 20],
      labels,
      classes: ["a", "b", "c", "d"],
    };
  };
  const own: Split = {
    train: picturesOf(digits.train),
    validation: picturesOf(digits.validation),
    test: picturesOf(digits.test),
    source: { name: "own" },
  };
  const student = defineModel(
    "own student",
    [3, 20, 20],
    (scope, x) => {
      const map = scope.tap("map", layers.conv2d(scope.at("conv"), x, 6, 5, { stride: 4 }).relu());
      // A hidden layer: GradCAM has to take the general way.
      return layers.linear(scope.at("out"), layers.linear(scope.at("mid"), map.mean([2, 3]), 8).relu(), 4);
    },
    { classes: 4 },
  );
  const model = cnn({ inputShape: [3, 20, 20], classes: 4, stages: [{ width: 6 }, { width: 8 }] });
  const few = { ...tiny, pictures: [40], scenePictures: 40 };

  it("data, a model, and a teacher as an ONNX file", async () => {
    const file = path.join(root, "teacher.onnx");
    writeFileSync(file, exportNetwork({ model }, model.init(key(1))));
    const report = await run({ ...few, teacher: file, sceneClasses: 3 }, { data: own, student });
    const [first] = report.arms;
    expect([first!.role, first!.seconds]).toEqual(["teacher", 0]);
    expect(metricsOf(report, "e²KD λ=2 (few-shot").mapCosine!.mean).toBeGreaterThan(0);
    expect(report.arms.find(({ name }) => name.startsWith("KD"))!.params).toBe(student.params.size);
    expect(report.notes.join(" ")).toContain("Scenes have teachers of their own");
  });

  it("a teacher in memory, and a student as a module", async () => {
    const module = path.join(root, "student.mjs");
    const nn = pathToFileURL(path.resolve(import.meta.dirname, "../../nn/index.ts")).href;
    writeFileSync(
      module,
      `import { cnn } from ${JSON.stringify(nn)};\nexport default (input) => cnn({ ...input, stages: [{ width: 4 }, { width: 4 }] });\n`,
    );
    const teacher = await modelTeacher({ model }, model.init(key(1)), "mine");
    const report = await run({ ...few, student: module, experiments: ["frozen"] }, { data: own, teacher });
    expect(countOf(own.test)).toBe(report.data.splits.test);
    expect(report.arms[0]!.params).toBe(teacher.params);
  });
});

describe("options", () => {
  const settled = (given: Record<string, unknown>) => settleOptions(system as never, given) as Options;
  const refused = (given: Record<string, unknown>) =>
    expect(() => settled(given)).toThrowError(expect.objectContaining({ code: "E_OPTION" }));

  it("that make no sense are refused before anything runs", () => {
    refused({ explainer: "tea-leaves" });
    refused({ lambdas: [] });
    refused({ lambdas: [-1] });
    refused({ lambdas: [Number.NaN] });
    refused({ experiments: ["frozen", "thawed"] });
    refused({ temperature: 0 });
    refused({ every: 0 });
    refused({ sceneClasses: 11 });
    refused({ pictures: [0.5] });
    refused({ lamdas: [1] });
  });

  it("that need other data or models say so", async () => {
    const fails = (options: Record<string, unknown>, own: Own, code: string) =>
      expect(run({ ...tiny, ...options }, own)).rejects.toMatchObject({ code });
    await fails({ student: "gap-smal" }, { data: digits }, "E_MODEL_UNKNOWN");
    await fails({ student: "mlp-tiny", experiments: ["frozen"] }, { data: digits }, "E_TAP");
    await fails({ explainer: "bcos", student: "gap-small", experiments: ["frozen"] }, { data: digits }, "E_EXPLAIN");
    await fails(
      { teacher: path.join(root, "nothing.onnx"), experiments: ["frozen"] },
      { data: digits },
      "E_TEACHER_FILE",
    );
    const rows = (part: ArrayDataset): ArrayDataset => ({
      ...part,
      inputShape: [784],
      normalise: { mean: Array(784).fill(0), std: Array(784).fill(1) },
    });
    const table = {
      ...digits,
      train: rows(digits.train),
      validation: rows(digits.validation),
      test: rows(digits.test),
    };
    await fails({ teacher: "mlp-tiny", student: "mlp-tiny", experiments: ["few-shot"] }, { data: table }, "E_EXPLAIN");
  });
});

describe("plans", () => {
  it.each([undefined, "quick", "full"] as const)("the %s plan can be carried out", (preset) => {
    const options = settleOptions(system as never, {}, preset) as Options;
    const cells = plan(options);
    checkPlan(cells as never);
    expect(cells).toHaveLength(3 + options.seeds * armsOf(options).length);
  });

  it("repeats and order of weights and sizes do not matter", () => {
    const of = (lambdas: number[], pictures: number[]) =>
      armsOf(settleOptions(system as never, { lambdas, pictures }) as Options);
    expect(of([5, 1, 1, 0.2], [1000, 200, 200])).toEqual(of([0.2, 1, 5], [200, 1000]));
  });
});

it("λ: by agreement, or by likeness among those that cost at most five points", () => {
  const tried = (lambda: number, accuracy: number, agreement: number, mapCosine: number) => ({
    lambda,
    accuracy,
    agreement,
    mapCosine,
  });
  const kd = tried(0, 0.9, 0.8, 0.1);
  const all = [tried(0.2, 0.92, 0.85, 0.4), tried(1, 0.86, 0.84, 0.7), tried(5, 0.8, 0.7, 0.9)];
  expect(chooseLambda("few-shot", kd, all)).toBe(0.2);
  expect(chooseLambda("shortcut", kd, all)).toBe(1);
  expect(chooseLambda("shortcut", { ...kd, accuracy: 0.99 }, all)).toBe(0.2);
});

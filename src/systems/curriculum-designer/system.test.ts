/** The whole system on tiny data: report, claims, further streams, user's own data, models and files, bad options. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ArrayDataset, drawnDigits, type Split } from "../../data/index.ts";
import { defineModel, layers, mlp } from "../../nn/index.ts";
import { exportNetwork } from "../../teaching/network.ts";
import type { Report } from "../../teaching/report/schema.ts";
import { key } from "../../tensor/index.ts";
import { settleOptions } from "../options.ts";
import { runSystem } from "../run.ts";
import { checkPlan } from "../schedule.ts";
import type { Own } from "../system.ts";
import type { Values } from "./conclude.ts";
import { readResults } from "./design/files.ts";
import { parseLog } from "./human/log.ts";
import { simulateParticipant } from "./human/simulated.ts";
import system from "./index.ts";
import { parseStream, streamNames } from "./streams.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), "lyceum-curriculum-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

let runs = 0;
async function run(options: Record<string, unknown>, own: Own = {}): Promise<Report> {
  const out = path.join(root, `run-${runs++}`);
  let report: Report | undefined;
  for await (const event of runSystem(system, options, { out, store: path.join(root, "store"), own })) {
    if (event.type === "finished") report = event.report;
  }
  return report!;
}
const digits = drawnDigits({ train: 1000, validation: 100, test: 200 });
const tiny = { seeds: 2, perClass: 40, batchSize: 16, rate: 0.02, samples: 40, teacherEpochs: 1 };
const valuesOf = (report: Report) =>
  report.values as unknown as Values & {
    curricula: { best: { order: number[] }[]; beam: { order: number[] }[]; greedy: { order: number[] }[] }[];
    results: Record<string, Record<string, unknown>>;
    ewcWeight: { weight: number };
    quiz: { file: string; curricula: string[][] };
    humans: { participants: unknown[]; empty: number };
    compared: { with: string; rho: number; n: number }[];
  };

describe("a run", () => {
  it("measures all orders by all strategies, and reports them", { timeout: 120_000 }, async () => {
    const report = await run({ ...tiny, classes: 4, ewcWeights: [0.4, 400] }, { data: digits });
    expect(report.arms.map(({ name }) => name)).toEqual([
      "extractor",
      ...["naive", "ewc", "lwf", "replay", "joint"],
      ...["naive", "ewc", "lwf", "replay"].map((s) => `${s}, designed orders`),
    ]);
    const [stream] = valuesOf(report).streams;
    expect(stream).toMatchObject({ name: "Drawn digits (generated)", orders: 24, perClass: 40, designedOrders: 6 });
    // Three distances, two variants, four strategies.
    expect(stream!.designer).toHaveLength(24);
    expect(stream!.between).toHaveLength(6);
    for (const { rho, p } of [...stream!.designer, ...stream!.between]) {
      expect(Math.abs(rho)).toBeLessThanOrEqual(1);
      expect([p > 0, p <= 1]).toEqual([true, true]);
    }
    expect([0.4, 400]).toContain(valuesOf(report).ewcWeight.weight);
    const [curricula] = valuesOf(report).curricula;
    expect(curricula!.beam[0]!.order).toEqual(curricula!.best[0]!.order);
    expect(curricula!.greedy).toHaveLength(2);
    // The results are a store in the published layout.
    const stores = readResults(JSON.stringify(valuesOf(report).results[stream!.name]));
    expect([...stores.keys()]).toEqual(["naive", "ewc", "lwf", "replay"]);
    expect(stores.get("naive")!.get("[3, 2, 1, 0]")!.avg).toHaveLength(4);
    expect(report.figures!.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(["bars", "lines", "scatter", "table"]),
    );
    expect(report.claims).toHaveLength(7);
    expect(report.claims.find(({ id }) => id === "weights-carry-over")!.verdict).toBe("inconclusive");
    // α of the arms is the mean over orders of what the effect table says.
    const naive = report.arms.find(({ name }) => name === "naive")!;
    expect(stream!.effects[0]!.alpha[1]).toBeCloseTo(naive.metrics.accuracy!.mean, 5);
  });

  it("takes further streams, human logs, published results, and writes the quiz", { timeout: 120_000 }, async () => {
    const folder = path.join(root, "people");
    const results = path.join(root, "results.json");
    const archive: Record<string, string> = {};
    const orders = [
      ["fa1", "fa2", "fb1", "fb3", "fc1"],
      ["fb1", "fc1", "fa1", "fa2", "fb3"],
      ["fc1", "fb3", "fa2", "fa1", "fb1"],
    ];
    const ids = orders.map((order, i) => {
      archive[`study_result_${i}/comp-result_${i}/data.txt`] = JSON.stringify(
        parseLog(simulateParticipant({ key: key(i), order }).events),
      );
      return { id: i, componentResults: [{ id: i }] };
    });
    archive["metadata.json"] = JSON.stringify({ data: [{ studyResults: ids }] });
    const { mkdirSync } = await import("node:fs");
    for (const [name, text] of Object.entries(archive)) {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), text);
    }
    const store = { "[0, 1, 2, 3, 4]": 0.5, "[0, 1, 3, 2, 4]": 0.4, "[0, 1, 4, 2, 3]": 0.3, "[2, 3, 0, 1, 4]": 0.2 };
    writeFileSync(
      results,
      JSON.stringify(
        Object.fromEntries(Object.entries(store).map(([k, a]) => [k, { avg: [1, 1, 1, a], t1: [1, 1, 1, a] }])),
      ),
    );
    const quiz = path.join(root, "quiz", "page.html");
    const report = await run(
      { ...tiny, seeds: 1, pairFirst: true, strategies: ["naive"], streams: ["glyphs"], quiz, humans: folder, results },
      { data: digits },
    );
    const values = valuesOf(report);
    expect(values.streams.map(({ name, orders: n }) => [name, n])).toEqual([
      ["Drawn digits (generated)", 60],
      ["glyphs", 60],
    ]);
    expect(values.learnable.map(({ name }) => name)).toEqual(["Drawn digits (generated)", "glyphs"]);
    expect(values.humans).toMatchObject({ participants: { length: 3 }, empty: 0 });
    expect(values.compared.map((c) => [c.with, c.n])).toEqual([
      ["designer", 4],
      ["naive", 4],
    ]);
    expect(values.quiz.curricula).toHaveLength(6);
    expect(readFileSync(quiz, "utf8")).toContain("<!doctype html>");
    expect(report.figures!.map(({ id }) => id)).toEqual(
      expect.arrayContaining(["people", "compared-results", "learnable-designer"]),
    );
  });
});

describe("what a user brings", () => {
  /** Twelve numbers per example, three classes of 90. */
  const part = (seed: number, n: number): ArrayDataset => {
    const inputs = Float32Array.from(
      { length: n * 12 },
      (_, i) => Math.sin((i + 1) * (seed + 1) * 12.9898) * 0.3 + (Math.floor(i / 12) % 6 === i % 6 ? 1 : 0),
    );
    return {
      name: `own/${seed}`,
      task: "classification",
      inputs,
      inputShape: [12],
      labels: Int32Array.from({ length: n }, (_, i) => i % 6),
      classes: ["a", "b", "c", "d", "e", "f"],
    };
  };
  const data: Split = { train: part(0, 300), validation: part(1, 60), test: part(2, 90), source: { name: "own" } };

  it("own data, and an own network as learner", { timeout: 120_000 }, async () => {
    const student = defineModel(
      "own",
      [12],
      (scope, x) => layers.linear(scope.at("b"), layers.linear(scope.at("a"), x, 6).relu(), 3),
      { classes: 3 },
    );
    const report = await run(
      { ...tiny, seeds: 1, classes: 3, strategies: ["naive", "ewc", "replay"], ewcWeights: [1] },
      { data, student },
    );
    expect(report.arms.find(({ name }) => name === "naive")!.params).toBe(student.params.size);
    expect(valuesOf(report).streams[0]).toMatchObject({ name: "own", orders: 6 });
  });

  it("a network of the zoo that learns from the pictures, nothing frozen", { timeout: 120_000 }, async () => {
    const options = {
      ...tiny,
      seeds: 1,
      classes: 3,
      perClass: 32,
      strategies: ["naive", "ewc", "lwf", "replay"],
      ewcWeights: [1],
    };
    const report = await run({ ...options, student: "cnn-tiny" }, { data: digits });
    const naive = report.arms.find(({ name }) => name === "naive")!;
    expect(naive.params).toBeGreaterThan(1000);
    expect(naive.metrics.accuracy!.mean).toBeGreaterThan(0.2);
  });

  it("an extractor from an ONNX file, which leaves all classes to be taught", { timeout: 120_000 }, async () => {
    const model = mlp({ inputShape: [12], classes: 9, hidden: [10] });
    const file = path.join(root, "extractor.onnx");
    writeFileSync(file, exportNetwork({ model }, model.init(key(1))));
    const options = {
      ...tiny,
      seeds: 1,
      classes: 0,
      classesPerTask: 2,
      strategies: ["naive"],
      distance: "otdd",
      teacher: file,
    };
    const report = await run(options, { data });
    // Three tasks of two classes; the file names no features, so its nine outputs serve.
    expect(valuesOf(report).streams[0]).toMatchObject({ orders: 6 });
    expect(report.arms.find(({ name }) => name === "naive")!.params).toBe(9 * 6 + 6);
    expect(report.notes.join(" ")).toContain("standardised by themselves");
  });
});

describe("options", () => {
  it("have defaults; quick and full are plans that can be carried out", () => {
    for (const preset of [undefined, "quick", "full"] as const) {
      const options = settleOptions(system as never, {}, preset) as Parameters<typeof system.plan>[0];
      checkPlan(system.plan(options) as never);
    }
    expect(parseStream("mnist:0-2+7")).toEqual({ name: "mnist", classes: [0, 1, 2, 7] });
    expect(parseStream("./a:b/c")).toEqual({ name: "./a:b/c" });
    expect(streamNames({ data: "x", streams: ["y"] })).toEqual(["x", "y"]);
  });

  it.each([
    [{ strategies: ["nave"] }, "strategies"],
    [{ distance: "manhattan" }, "distance"],
    [{ clases: 5 }, "classes"],
    [{ classes: 11 }, "classes is 11"],
    [{ classes: 9, ...tiny }, "none is left to train the extractor"],
    [{ classes: 5, classesPerTask: 2, ...tiny }, "tasks of 2"],
    [{ streams: ["mnist:3"], ...tiny }, "names the classes [3]"],
    [{ layer: "nowhere", ...tiny }, 'no layer "nowhere"'],
    [{ results: "/nowhere.json" }, "/nowhere.json"],
    [{ humans: "/nowhere.zip" }, "/nowhere.zip"],
  ])("refuses %j", { timeout: 60_000 }, async (options, message) => {
    await expect(run({ seeds: 1, ...options }, { data: digits })).rejects.toMatchObject({
      code: expect.stringMatching(/^E_(OPTION|TAP|HUMAN_LOG)$/),
      message: expect.stringContaining(message),
    });
  });
});

describe.skipIf(!process.env.LYCEUM_DATA)("real data", () => {
  it("the order of Fashion-MNIST's classes matters", { timeout: 180_000 }, async () => {
    const report = await run({ data: "fashion-mnist", seeds: 3, strategies: ["naive"], perClass: 320 });
    expect(report.claims.find(({ id }) => id === "order-matters")!.verdict).toBe("holds");
  });
});

/** The system from end to end on a few drawn digits: reports, files, own data and models, ONNX pivots, wrong options. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseSafetensors } from "../../data/safetensors.ts";
import { defineModel, layers } from "../../nn/index.ts";
import { exportNetwork } from "../../teaching/network.ts";
import type { Report } from "../../teaching/report/schema.ts";
import { modelTeacher } from "../../teaching/teacher.ts";
import { key } from "../../tensor/index.ts";
import { settleOptions } from "../options.ts";
import { runSystem } from "../run.ts";
import { checkPlan } from "../schedule.ts";
import type { Cell, Own } from "../system.ts";
import system from "./index.ts";
import { ARMS, type Options } from "./options.ts";
import { plan } from "./plan.ts";
import { digits, perceptron } from "./testing.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), "lyceum-orc-system-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const TINY = {
  seeds: 1,
  examples: 200,
  epochs: 2,
  teacherEpochs: 3,
  batchSize: 20,
  teacher: "mlp-small",
  student: "mlp-small",
  peers: ["mlp-tiny"],
};

async function reportOf(name: string, options: Record<string, unknown>, own: Own = { data: digits }): Promise<Report> {
  const run = { out: path.join(root, name), store: path.join(root, "store"), own };
  for await (const event of runSystem(system, { ...TINY, ...options }, run))
    if (event.type === "finished") return event.report;
  throw new Error("no report");
}

// Many small programs are compiled: a busy machine needs a multiple of the usual time.
describe("a run", { timeout: 180_000 }, () => {
  it("with every arm gives a report with claims, figures and files", async () => {
    const report = await reportOf("all", { arms: ARMS, student: "mlp-tiny", peers: ["mlp-small"], epochs: 1 });
    expect(report.arms.map(({ name }) => name)).toEqual([
      "ORC",
      "pivot teacher",
      "pivot after ORC",
      "pivot trained further",
      ...["labels only", "KD", "KD, pivot trained further", "TAKD", "DML with pivot", "KDCL with pivot"],
      ...[
        "ORC, fixed roles",
        "ORC, random roles",
        "ORC, roles by class",
        "ORC, ensemble teaching",
        "ORC, feedback only",
      ],
      ...["ORC, pivot on the batch only", "ORC, no intensive", "ORC, no private"],
    ]);
    const orc = report.arms[0]!;
    expect(Object.keys(orc.metrics)).toEqual(
      expect.arrayContaining(["accuracy", "crossEntropy", "falseKnowledge", "promotionEntropy", "promotionShift"]),
    );
    expect(orc.metrics.accuracy!.values).toHaveLength(1);
    expect(report.comparisons.filter(({ a, metric }) => a === "ORC" && metric === "accuracy")).toHaveLength(
      ARMS.length,
    );
    expect(report.comparisons.map(({ id }) => id)).toContain("pivot after ORC / pivot teacher: onErrors");
    expect(report.claims.map(({ id }) => id)).toEqual([
      "orc-dml",
      "intensive",
      "roles",
      "orc-kd",
      "further",
      "role-change",
    ]);
    // One seed decides nothing.
    expect(report.claims.filter(({ verdict }) => verdict === "holds")).toEqual([]);
    expect(report.figures!.map(({ kind, id }) => [kind, id])).toEqual([
      ["shares", "promotions"],
      ["lines", "pivot"],
      ["table", "family"],
      ["pictures", "hard"],
    ]);
    const layersOf = report.figures![0]!;
    if (layersOf.kind !== "shares") throw new Error("no shares");
    layersOf.at.forEach((_, j) => {
      expect(layersOf.layers.reduce((sum, { values }) => sum + values[j]!, 0)).toBeCloseTo(1, 9);
    });
    const folder = path.join(root, "all", "networks");
    const files = path.join(folder, readdirSync(folder).find((name) => name.startsWith("ORC-seed-1"))!);
    expect(readdirSync(files).sort()).toEqual([
      "feedback.json",
      "mlp-small.safetensors",
      "mlp-tiny.safetensors",
      "pivot.safetensors",
      "roles.bin",
    ]);
    expect([...readFileSync(path.join(files, "roles.bin"))]).toEqual((report.values!.promotions as number[][])[0]);
    expect(parseSafetensors(readFileSync(path.join(files, "mlp-tiny.safetensors"))).tensors.size).toBe(4);
    const hard = (
      JSON.parse(readFileSync(path.join(files, "feedback.json"), "utf8")) as {
        hard: { example: number; label: string }[];
      }
    ).hard;
    for (const { example, label } of hard) expect(digits.train.classes[digits.train.labels[example]!]).toBe(label);
  });

  it("of a depth family with several seeds pairs them", async () => {
    const family = { student: "slim-resnet8w4", peers: ["mlp-tiny"], arms: ["kd"], seeds: 3, epochs: 1 };
    const report = await reportOf("family", family);
    expect(report.arms.map(({ name }) => name)).toEqual(["ORC", "pivot teacher", "pivot after ORC", "KD"]);
    const kd = report.comparisons.find(({ b }) => b === "KD")!;
    expect(kd.values).toHaveLength(3);
    expect(kd.ci95).not.toBeNull();
    const errors = report.arms.map(({ metrics }) => metrics.onErrors?.values.length);
    expect(errors).toEqual([undefined, 3, 3, undefined]);
    for (const { measured } of report.claims.filter(({ id }) => ["intensive", "roles", "orc-kd"].includes(id))) {
      expect(measured).not.toBe("not measured");
    }
    const folder = path.join(root, "family", "networks");
    expect(readdirSync(folder)).toHaveLength(3);
    const saved = parseSafetensors(
      readFileSync(path.join(folder, readdirSync(folder)[0]!, "slim-resnet8w4.safetensors")),
    );
    expect(saved.tensors.get("conv1.weight")!.shape).toEqual([4, 1, 3, 3]);
  });

  it("takes a user's data and own model, and a frozen pivot from an ONNX file", async () => {
    const network = perceptron(24);
    const file = path.join(root, "pivot.onnx");
    writeFileSync(file, exportNetwork(network, network.model.init(key(3))));
    const student = defineModel(
      "mine",
      [1, 28, 28],
      (scope, x) => layers.linear(scope.at("out"), layers.linear(scope.at("in"), x.flatten(), 12).relu(), 10),
      { classes: 10 },
    );
    const report = await reportOf("own", { teacher: file, arms: ["kd"] }, { data: digits, student });
    expect(report.arms.map(({ name }) => name)).toEqual(["ORC", "pivot teacher", "KD"]);
    expect(report.arms[0]!.params).toBe(student.params.size);
    expect(report.notes.join(" ")).toContain("stayed frozen");
    expect(report.claims.find(({ id }) => id === "intensive")).toMatchObject({
      verdict: "inconclusive",
      measured: "not measured",
    });
    const folder = path.join(root, "own", "networks");
    expect(existsSync(path.join(folder, readdirSync(folder)[0]!, "mine.safetensors"))).toBe(true);
  });

  it("takes a pivot in memory", async () => {
    const network = perceptron(16);
    const teacher = await modelTeacher(network, network.model.init(key(4)), "a user's teacher");
    const report = await reportOf("memory", { arms: [], epochs: 1 }, { data: digits, teacher });
    expect(report.arms.map(({ name, params }) => [name, params])).toEqual([
      ["ORC", expect.any(Number)],
      ["pivot teacher", network.model.params.size],
    ]);
  });

  it("takes a lone student, several temporary teachers, and a group of one size", async () => {
    const alone = await reportOf("alone", { peers: [], arms: [] });
    expect(alone.figures!.map(({ id }) => id)).not.toContain("promotions");
    const same = await reportOf("same", {
      student: "mlp-tiny",
      peers: ["mlp-tiny", "mlp-tiny"],
      promoted: 2,
      arms: [],
      intensive: "off",
    });
    expect(same.figures!.find(({ id }) => id === "family")).toMatchObject({
      columns: ["group", "mlp-tiny", "mlp-tiny (2)", "mlp-tiny (3)", "seconds"],
    });
    expect((same.values!.promotions as number[][])[0]).toHaveLength(2 * 20);
    expect(same.notes.join(" ")).toContain("frozen by the options");
  });
});

describe("options", { timeout: 180_000 }, () => {
  const settled = (given: Record<string, unknown>) => settleOptions(system as never, given) as Options;
  const refused = (given: Record<string, unknown>) => expect(() => settled(given));
  it("that make no sense are refused by name", () => {
    refused({ beta: 2 }).toThrow('"beta"');
    refused({ promoted: 4 }).toThrow('"promoted"');
    refused({ roles: "best" }).toThrow('"roles"');
    refused({ intensive: "maybe" }).toThrow('"intensive"');
    refused({ arms: ["kdd"] }).toThrow('"arms"');
    refused({ betta: 0.5 }).toThrow("beta");
    refused({ temperature: 0 }).toThrow('"temperature"');
  });

  it("that only the data can refuse say what is wrong", async () => {
    await expect(reportOf("depth", { student: "slim-resnet9" })).rejects.toMatchObject({ code: "E_OPTION" });
    await expect(reportOf("nobody", { peers: ["slim-resnt8"] })).rejects.toMatchObject({ code: "E_MODEL_UNKNOWN" });
    await expect(reportOf("few", { examples: 5 })).rejects.toMatchObject({ code: "E_OPTION" });
    await expect(reportOf("missing", { teacher: "nowhere.onnx" })).rejects.toMatchObject({ code: "E_TEACHER_FILE" });
    const further = reportOf("further", { pivotRate: 0, arms: ["kd-further"], peers: [], epochs: 1, teacherEpochs: 1 });
    await expect(further).rejects.toMatchObject({ code: "E_OPTION", message: expect.stringContaining("kd-further") });
    const seven = defineModel("seven", [1, 28, 28], (scope, x) => layers.linear(scope.at("out"), x.flatten(), 7), {
      classes: 7,
    });
    await expect(reportOf("classes", {}, { data: digits, student: seven })).rejects.toMatchObject({
      code: "E_TEACH_CLASSES",
    });
  });
});

describe("the plan", () => {
  it.each(["quick", "full"] as const)("of %s can be carried out", (preset) => {
    const o = settleOptions(system as never, {}, preset) as Options;
    const cells = plan(o);
    checkPlan(cells as unknown as Cell[]);
    expect(cells.filter(({ id }) => id.startsWith("ORC, seed"))).toHaveLength(o.seeds);
  });
});

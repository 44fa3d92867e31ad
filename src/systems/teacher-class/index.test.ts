/** The system from end to end on little data: the report, a user's own parts, what it refuses. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { drawnDigits } from "../../data/digits.ts";
import { buildModel, defineModel, layers } from "../../nn/index.ts";
import { exportNetwork } from "../../teaching/network.ts";
import { parseReport, type Report } from "../../teaching/report/schema.ts";
import { host, key, program, type Tensor } from "../../tensor/index.ts";
import { importOnnx } from "../../tensor/onnx/import.ts";
import { sit } from "../kit/exam.ts";
import { settleOptions } from "../options.ts";
import { runSystem } from "../run.ts";
import { checkPlan } from "../schedule.ts";
import type { Bench, Cell, Outcome, Own, System } from "../system.ts";
import { castOf, statesOf } from "./cast.ts";
import { joinStates } from "./compose.ts";
import { embeddingOf } from "./embedding.ts";
import type { ClassFile } from "./export.ts";
import system from "./index.ts";
import type { Options } from "./options.ts";
import { studentsCell } from "./plan.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), "lyceum-teacher-class-run-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function run(name: string, options: Record<string, unknown>, own: Own): Promise<Report> {
  const place = { out: path.join(root, name), store: path.join(root, "store"), own };
  for await (const event of runSystem(system, options, place)) if (event.type === "finished") return event.report;
  throw new Error("the run has no end");
}
const armsOf = (report: Report) => new Map(report.arms.map((arm) => [arm.name, arm]));
const settle = (o: Record<string, unknown>) => settleOptions(system as unknown as System<unknown, never>, o);

describe("the plan", () => {
  it("can be carried out in all its settings", () => {
    for (const preset of [{}, system.quick, system.full]) {
      const options = settleOptions(system as unknown as System<unknown, never>, preset);
      checkPlan(system.plan(options as never) as readonly Cell[]);
    }
  });
});

describe("a run", () => {
  it("gives a report with every arm, figure and verdict", { timeout: 180_000 }, async () => {
    const data = drawnDigits({ train: 600, validation: 100, test: 200 });
    const options = { seeds: 1, teacher: "mlp-small", sizes: [1, 4], budgets: ["student"], fewLabels: 0 };
    const passes = { epochs: 6, headEpochs: 1, fineEpochs: 1, teacherEpochs: 8 };
    const report = await run("sizes", { ...options, ...passes }, { data });
    expect(parseReport(report)).toEqual(report);
    const arms = armsOf(report);
    expect([...arms.keys()]).toEqual([
      "teacher",
      ...[1, 4].flatMap((n) => ["copied head", "head tuned", "fine-tuned"].map((phase) => `class of ${n}: ${phase}`)),
      "one student, labels",
      "one student, KD",
      "ensemble of 4, KD",
      "network of 1, labels",
      "network of 4, labels",
    ]);
    expect(arms.get("class of 4: fine-tuned")!.params).toBe(arms.get("network of 4, labels")!.params);
    expect(report.claims.find(({ id }) => id === "few-labels")).toMatchObject({ measured: "not measured" });
    const chunks = report.figures!.find(({ id }) => id === "chunks")!;
    expect(chunks.kind === "bars" && chunks.bars.map(({ group, name }) => `${group} ${name}`)).toEqual([
      "n = 1 student",
      ...[1, 2, 3, 4].map((k) => `n = 4 student ${k}`),
    ]);
    expect((report.values!.missing as Record<string, number[]>)["student 4"]).toHaveLength(5);
  });

  it("n = 4 beats n = 1 with the copied head on every seed (specification, test 10)", {
    timeout: 180_000,
  }, async () => {
    const data = drawnDigits({ train: 1200, validation: 50, test: 500 });
    const options = settle({ teacher: "mlp-small", sizes: [1, 4], budgets: ["student"], epochs: 8, teacherEpochs: 8 });
    const found = new Map<string, Outcome>();
    const bench = (id: string): Bench<Options> => ({
      options: options as Options,
      data,
      own: { data },
      folder: path.join(root, "ten", id.replaceAll(" ", "-")),
      store: path.join(root, "store"),
      outcome: async (needed) => found.get(needed)!,
    });
    const cells = system.plan(options as Options).filter(({ task }) => /teacher|embedding|students/.test(task.kind));
    for (const { id, task } of cells) {
      const work = system.work(task, bench(id));
      let next = await work.next();
      while (!next.done) next = await work.next();
      found.set(id, next.value);
    }
    const embedding = await embeddingOf(bench("cast"));
    const copied = async (n: number, seed: number) => {
      const cast = (await castOf(bench("cast"), embedding, n, "student"))!;
      const state = joinStates([...statesOf(found.get(studentsCell(n, "student", seed))!, n), cast.copied]);
      return (await sit(cast.whole, state, data.test)).metrics.accuracy!;
    };
    for (const seed of [1, 2, 3]) {
      const [one, four] = [await copied(1, seed), await copied(4, seed)];
      expect(four).toBeGreaterThan(one);
      // Far above chance without a label.
      expect(four).toBeGreaterThan(0.4);
      const r2 = (n: number) => found.get(studentsCell(n, "student", seed))!.metrics.r2!;
      expect(r2(4)).toBeGreaterThan(r2(1));
    }
  });

  it("takes a user's data, student and ONNX teacher, and exports the class", { timeout: 180_000 }, async () => {
    const digits = drawnDigits({ train: 300, validation: 40, test: 60 });
    const { normalise } = digits.train;
    const teacher = buildModel("mlp-small", { inputShape: [1, 28, 28], classes: 10 });
    const file = path.join(root, "teacher.onnx");
    writeFileSync(file, exportNetwork({ model: teacher, normalise: normalise! }, teacher.init(key(1))));
    const student = defineModel(
      "mine",
      [1, 28, 28],
      (scope, x) => {
        const h = layers.linear(scope.at("body"), x.flatten(), 12).relu();
        return layers.linear(scope.at("top"), scope.tap("body", h), 10);
      },
      { classes: 10 },
    );
    const folder = path.join(root, "exported");
    const options = { seeds: 1, teacher: file, sizes: [1, 3], inputs: 200, fewLabels: 40, exportTo: folder };
    const report = await run("own", { ...options, epochs: 2, headEpochs: 1, fineEpochs: 1 }, { data: digits, student });
    const names = report.arms.map(({ name }) => name);
    expect(names).toContain("class of 3, 40 labels");
    // The student cannot be narrowed: said, and left out.
    expect(names.some((name) => name.includes("equal total"))).toBe(false);
    expect(report.notes.some((note) => note.includes("left out"))).toBe(true);
    expect(report.notes.join(" ")).toContain("found from its answers by least squares");

    const about = JSON.parse(readFileSync(path.join(folder, "class.json"), "utf8")) as ClassFile;
    expect(about).toMatchObject({ d: 64, activation: "relu", merge: "side by side", classes: digits.train.classes });
    const x = Float32Array.from(digits.test.inputs.subarray(0, 5 * 784), (v) => v / 255);
    const answer = async (name: string, input: string, value: Float32Array, shape: number[]) => {
      const model = importOnnx(readFileSync(path.join(folder, name)));
      const apply = program((v: Tensor) => Object.values(model.apply({ [input]: v }).outputs)[0]!);
      const out = await apply(host(value, shape));
      await apply.release();
      return out.data as Float32Array;
    };
    const d = about.d;
    const z = new Float32Array(5 * d);
    for (const [k, name] of about.students.entries()) {
      const [from, to] = about.chunks[k]!;
      const chunk = await answer(name, "image", x, [5, 1, 28, 28]);
      for (let i = 0; i < 5; i++) z.set(chunk.subarray(i * (to - from), (i + 1) * (to - from)), i * d + from);
    }
    const apart = await answer(about.head, "embedding", z, [5, d]);
    const together = await answer(about.merged, "image", x, [5, 1, 28, 28]);
    apart.forEach((v, i) => {
      expect(Math.abs(v - together[i]!)).toBeLessThan(1e-4);
    });
  });

  it("runs both budgets, another order of units, raw targets and a critic, and merges by groups", {
    timeout: 180_000,
  }, async () => {
    const data = drawnDigits({ train: 200, validation: 40, test: 60 });
    const folder = path.join(root, "grouped");
    const shared = {
      seeds: 1,
      teacher: "mlp-small",
      sizes: [2],
      fewLabels: 30,
      epochs: 1,
      headEpochs: 1,
      fineEpochs: 1,
    };
    const options = { ...shared, phase1: "gan-cifar", chunks: "random", fineTune: "ce+kd", teacherEpochs: 2 };
    const report = await run("variants", { ...options, exportTo: folder }, { data });
    const arms = armsOf(report);
    const [whole, narrow] = ["class of 2: fine-tuned", "class of 2, equal total: fine-tuned"].map((n) => arms.get(n)!);
    expect(narrow!.params).toBeLessThan(0.7 * whole!.params!);
    expect(report.claims).toHaveLength(system.claims.length);
    const about = JSON.parse(readFileSync(path.join(folder, "class.json"), "utf8")) as ClassFile;
    expect(about.merge).toBe("grouped");
    expect(new Set(about.units).size).toBe(64);
    expect(existsSync(path.join(folder, about.merged))).toBe(true);
  });
});

describe("what it refuses", () => {
  it.each([
    [{ sizes: [4, 1] }, /name each size once/],
    [{ sizes: [] }, /sizes/],
    [{ phase1: "adversarial" }, /phase1/],
    [{ dropout: 1 }, /dropout/],
    [{ epochs: 0 }, /epochs/],
    [{ chunk: "random" }, /no option "chunk".*chunks/],
  ])("the options %j", (options, message) => {
    expect(() => settle(options)).toThrow(expect.objectContaining({ code: "E_OPTION" }));
    expect(() => settle(options)).toThrow(message);
  });

  it("more students than units, a tap that is not there, a teacher that is not there", {
    timeout: 60_000,
  }, async () => {
    const data = drawnDigits({ train: 100, validation: 20, test: 20 });
    const small = { seeds: 1, teacher: "mlp-tiny", teacherEpochs: 1, fewLabels: 0, epochs: 1, budgets: ["student"] };
    const refuse = (name: string, options: object, code: string) =>
      expect(run(name, { ...small, ...options }, { data })).rejects.toMatchObject({ code });
    await refuse("many", { sizes: [40] }, "E_OPTION");
    await refuse("tap", { tap: "dense_1" }, "E_TAP");
    await refuse("file", { teacher: "nowhere.onnx" }, "E_TEACHER_FILE");
  });
});

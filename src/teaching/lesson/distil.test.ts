import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { drawnDigits } from "../../data/digits.ts";
import { parseSafetensors } from "../../data/safetensors.ts";
import { importOnnx } from "../../tensor/onnx/import.ts";
import type { LessonEvent } from "../events.ts";
import { lockFolder } from "../lock.ts";
import type { Report } from "../report/index.ts";
import { withoutTimes } from "./assemble.ts";
import { distil } from "./distil.ts";
import { type DistilOptions, resumeOptions, settle } from "./options.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), "lyceum-distil-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const data = drawnDigits({ train: 500, validation: 50, test: 100 });
const small = (out: string, more: Partial<DistilOptions> = {}): DistilOptions => ({
  data,
  teacher: "mlp-small",
  student: "mlp-tiny",
  epochs: 2,
  teacherEpochs: 3,
  batchSize: 50,
  out: path.join(root, out),
  store: path.join(root, "store"),
  version: "1.2.3",
  ...more,
});

async function listen(options: DistilOptions): Promise<{ events: LessonEvent[]; report: Report }> {
  const events: LessonEvent[] = [];
  for await (const event of distil(options)) events.push(event);
  const last = events.at(-1)!;
  if (last.type !== "finished") throw new Error(`ended with ${last.type}`);
  return { events, report: last.report };
}
const states = (events: readonly LessonEvent[]) =>
  events.flatMap((e) => (e.type === "stage" ? [`${e.stage}: ${e.state}`] : []));
const fails = (options: DistilOptions) => expect(listen(options)).rejects;

describe("distil", () => {
  it("trains, labels, teaches, examines and reports; again it only reports", { timeout: 120_000 }, async () => {
    const first = await listen(small("whole", { seeds: [3, 4], loss: "kd,nd" }));
    expect(states(first.events)).toEqual([
      "teacher: begins",
      "teacher: ends",
      "labelling: begins",
      "labelling: ends",
      ...[3, 4].flatMap((s) => [
        `distilled student, seed ${s}: begins`,
        `distilled student, seed ${s}: ends`,
        `from scratch, seed ${s}: begins`,
        `from scratch, seed ${s}: ends`,
      ]),
      "exam: begins",
      "exam: ends",
    ]);
    const { report } = first;
    expect(report.arms.map((a) => [a.role, a.metrics.accuracy!.values.length])).toEqual([
      ["teacher", 1],
      ["student", 2],
      ["baseline", 2],
    ]);
    expect(report.arms[1]!.params).toBe(report.arms[2]!.params);
    expect(report.arms[0]!.metrics.accuracy!.mean).toBeGreaterThan(0.4);
    expect(report).toMatchObject({ version: "1.2.3", data: { splits: { train: 500, validation: 50, test: 100 } } });
    expect(report.series.filter((s) => s.name === "Validation accuracy")).toHaveLength(5);
    expect(report.perClass.reduce((sum, row) => sum + row.support, 0)).toBe(100);
    expect(report.examples[0]!.image).toMatch(/^data:image\/png;base64,/);

    const folder = path.join(root, "whole");
    const exported = importOnnx(readFileSync(path.join(folder, "student.onnx")));
    expect(exported.metadata).toMatchObject({
      "lyceum.input": "unit",
      "lyceum.classes": JSON.stringify(data.test.classes),
    });
    // The adapter of nd (32 -> 64) must not be in the student's files.
    const { tensors } = parseSafetensors(readFileSync(path.join(folder, "student.safetensors")));
    expect([...tensors.keys()].sort()).toEqual(["fc1.bias", "fc1.weight", "fc2.bias", "fc2.weight"]);

    const again = await listen(small("whole", { seeds: [3, 4], loss: "kd,nd" }));
    expect(states(again.events).filter((s) => s.endsWith("begins"))).toEqual(["labelling: begins", "exam: begins"]);
    expect(again.events.some((e) => e.type === "note" && /500 of 500 rows came from/.test(e.message))).toBe(true);
    expect(withoutTimes(again.report)).toEqual(withoutTimes(report));
  });

  it("takes an ONNX file as teacher and continues a run from its folder alone", { timeout: 120_000 }, async () => {
    const teacher = path.join(root, "whole", "teacher.onnx");
    const { report, events } = await listen(small("file", { teacher }));
    expect(states(events)[0]).toBe("labelling: begins");
    expect(report.arms[0]).toMatchObject({ name: "teacher.onnx teacher", role: "teacher", seconds: 0 });
    expect(report.comparisons[0]).toMatchObject({ basis: "examples" });
    const resumed = await listen({
      ...(await resumeOptions(path.join(root, "file"))),
      data,
      store: path.join(root, "store"),
    });
    expect(withoutTimes({ ...resumed.report, version: "1.2.3" })).toEqual(withoutTimes(report));
  });

  it("refuses foreign, locked and unusable folders, and says nothing was lost", async () => {
    await fails(small("whole", { loss: "dkd" })).toMatchObject({ code: "E_RUN_MISMATCH" });
    const lock = await lockFolder(path.join(root, "busy"));
    await fails(small("busy")).toMatchObject({ code: "E_RUN_LOCKED" });
    await lock.release();
    writeFileSync(path.join(root, "a-file"), "");
    await fails(small("a-file")).toMatchObject({ code: "E_WRITE" });
    await expect(resumeOptions(path.join(root, "nowhere"))).rejects.toMatchObject({ code: "E_RUN_FOLDER" });
    writeFileSync(path.join(root, "busy", "lesson.json"), "{");
    await expect(resumeOptions(path.join(root, "busy"))).rejects.toMatchObject({ code: "E_RUN_FOLDER" });
  });

  it("refuses a damaged arm instead of training on", { timeout: 60_000 }, async () => {
    const file = path.join(root, "file", "arms", "from-scratch-seed-1", "trained.lyc");
    const bytes = readFileSync(file);
    bytes[bytes.length - 40]! ^= 1;
    writeFileSync(file, bytes);
    await fails(small("file", { teacher: path.join(root, "whole", "teacher.onnx") })).toMatchObject({
      code: "E_CHECKPOINT_CORRUPT",
    });
  });

  it.each([
    [{ loss: "kdd" }, "E_LOSS_UNKNOWN"],
    [{ seeds: [] }, "E_OPTION"],
    [{ seeds: [1, 1] }, "E_OPTION"],
    [{ epochs: 0 }, "E_OPTION"],
    [{ student: "nobody" }, "E_MODEL_UNKNOWN"],
    [{ teacher: "missing.onnx" }, "E_TEACHER_FILE"],
    [{ data: "no-such-data" }, "E_DATA_NOT_FOUND"],
    [{ loss: "at" }, "E_TAP"],
    [{ batchSize: 501 }, "E_TEACH_OPTION"],
  ] as [Partial<DistilOptions>, string][])("refuses %j with %s", { timeout: 60_000 }, async (more, code) => {
    const options = small(`bad-${code}-${Object.values(more)}`.replaceAll("/", "_"), more);
    await fails(options).toMatchObject({ code });
    // A run that could not begin leaves its folder free: the corrected command may name it again.
    const begun = ["E_TAP", "E_TEACH_OPTION"].includes(code);
    expect(existsSync(path.join(options.out, "lesson.json"))).toBe(begun);
    expect(
      readdirSync(root)
        .filter((n) => n.startsWith("bad"))
        .every((n) => !existsSync(path.join(root, n, "run.lock"))),
    ).toBe(true);
  });

  it("settles what is not said", () => {
    expect(settle({ out: "x" })).toEqual({
      data: "drawn-digits",
      teacher: "train",
      losses: [
        { name: "ce", weight: 0.1 },
        { name: "kd", weight: 0.9 },
      ],
      seeds: [1],
    });
  });
});

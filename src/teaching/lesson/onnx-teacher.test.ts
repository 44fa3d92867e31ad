/** A teacher as PyTorch exports it teaches a student: its answers, and its feature map at a layer named by the file. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type ArrayDataset, countOf, type Split } from "../../data/dataset.ts";
import { drawnDigits } from "../../data/digits.ts";
import type { Progress } from "../events.ts";
import type { Report } from "../report/index.ts";
import { distil } from "./distil.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), "lyceum-onnx-teacher-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Grey 28×28 pictures as the coloured 32×32 ones that the teacher reads. */
function coloured(from: ArrayDataset): ArrayDataset {
  const inputs = new Uint8Array(countOf(from) * 3 * 32 * 32);
  for (let i = 0; i < countOf(from); i++)
    for (let c = 0; c < 3; c++)
      for (let y = 0; y < 28; y++) {
        const row = from.inputs.subarray((i * 28 + y) * 28, (i * 28 + y + 1) * 28);
        inputs.set(row, ((i * 3 + c) * 32 + y + 2) * 32 + 2);
      }
  return { ...from, inputs, inputShape: [3, 32, 32], normalise: { mean: [0.2, 0.2, 0.2], std: [0.3, 0.3, 0.3] } };
}
const grey = drawnDigits({ train: 800, validation: 50, test: 200 });
const data: Split = {
  ...grey,
  train: coloured(grey.train),
  validation: coloured(grey.validation),
  test: coloured(grey.test),
};

const fixture = (name: string) => fileURLToPath(new URL(`../../../test/fixtures/${name}`, import.meta.url));
/** Names of the tensors behind the second stage, by file. */
function tapsOf(file: string): string {
  const bytes = readFileSync(fixture("teacher_resnet20.safetensors"));
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString("utf8", 8, 8 + length)) as { __metadata__: { about: string } };
  const about = JSON.parse(header.__metadata__.about) as { files: Record<string, { stage2: string }> };
  return about.files[file]!.stage2;
}

it.each(["teacher_resnet20.onnx", "teacher_resnet20_dynamo.onnx"])("%s", { timeout: 120_000 }, async (file) => {
  const teacher = tapsOf(file);
  const parts: Progress["parts"][] = [];
  let report: Report | undefined;
  const options = {
    data,
    teacher: fixture(file),
    student: "cnn-tiny",
    loss: [
      { name: "kd", weight: 1 },
      { name: "fitnet", weight: 1, taps: { teacher } },
    ],
    epochs: 5,
    batchSize: 50,
    out: path.join(root, file),
    store: path.join(root, "store"),
  };
  for await (const event of distil(options)) {
    if (event.type === "progress" && event.stage.startsWith("distilled")) parts.push(event.parts);
    if (event.type === "finished") report = event.report;
  }
  // The student comes closer to both things it is shown.
  expect(parts.at(-1)!.fitnet).toBeLessThan(0.8 * parts[0]!.fitnet!);
  const [, taught, scratch] = report!.arms;
  expect(taught!.metrics.agreement!.mean).toBeGreaterThan(scratch!.metrics.agreement!.mean + 0.3);
});

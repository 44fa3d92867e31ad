/** Who takes part in a lesson: finds the student and the teacher that the options name. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { ArrayDataset } from "../../data/dataset.ts";
import { fail } from "../../errors.ts";
import type { Model } from "../../nn/index.ts";
import { buildModel, MODEL_NAMES } from "../../nn/zoo.ts";
import { onnxTeacher, type Teacher } from "../teacher.ts";

/** A model of the zoo, or of a user's module. @throws E_MODEL_UNKNOWN, E_STUDENT_MODULE */
export async function findModel(name: string, data: ArrayDataset): Promise<Model> {
  const input = { inputShape: data.inputShape, classes: data.classes.length };
  if (MODEL_NAMES.includes(name) || !existsSync(name)) return buildModel(name, input);
  const wrong = (what: string, cause?: unknown): never =>
    fail(
      "E_STUDENT_MODULE",
      `The module "${name}" ${what}.`,
      "Its default export must be a model of defineModel, or a function ({ inputShape, classes }) => model.",
      cause,
    );
  let found: unknown;
  try {
    found = ((await import(pathToFileURL(path.resolve(name)).href)) as { default?: unknown }).default;
  } catch (cause) {
    return wrong(`cannot be loaded (${cause instanceof Error ? cause.message : String(cause)})`, cause);
  }
  const model = typeof found === "function" ? (found as (i: typeof input) => unknown)(input) : found;
  return isModel(model) ? model : wrong("exports no model");
}

const isModel = (value: unknown): value is Model =>
  typeof value === "object" && value !== null && "apply" in value && "params" in value && "inputShape" in value;

/** The teacher of an ONNX file, checked against the data. @throws E_TEACHER_FILE, E_TEACH_CLASSES */
export async function teacherFromFile(file: string, data: ArrayDataset): Promise<Teacher> {
  const bytes = await readFile(file).catch((cause: unknown) =>
    fail("E_TEACHER_FILE", `The teacher "${file}" cannot be read.`, "Name an .onnx file or a model of the zoo.", cause),
  );
  const { inputShape, normalise, classes } = data;
  const teacher = await onnxTeacher(bytes, { name: path.basename(file), inputShape, ...(normalise && { normalise }) });
  if (teacher.classes !== classes.length) {
    fail(
      "E_TEACH_CLASSES",
      `${teacher.name} knows ${teacher.classes} classes, "${data.name}" has ${classes.length}.`,
      "Teacher and data must have the same classes in the same order.",
    );
  }
  return teacher;
}

/** What every cell of a setting needs: its data, its teacher and where the teacher's embedding is. */
import { fail } from "../../errors.ts";
import { teacherFromFile } from "../../teaching/lesson/cast.ts";
import type { Network } from "../../teaching/network.ts";
import { modelTeacher, type Teacher } from "../../teaching/teacher.ts";
import { isFile, stateOf } from "../kit/cast.ts";
import type { Bench } from "../system.ts";
import { type Material, materialOf } from "./material.ts";
import { embeddingTap, networkBy, sizeOfTap } from "./models.ts";
import type { NdOptions } from "./options.ts";
import { type Setting, teacherId } from "./settings.ts";

export interface Classroom {
  readonly teacher: Teacher;
  /** Path and width of the teacher's embedding. */
  readonly tap: string;
  readonly width: number;
  readonly material: Material;
}

/** `bench` as `benchFor` gives it. @throws E_TAP, E_TEACHER_FILE, E_TEACH_CLASSES */
export async function classroom(bench: Bench<NdOptions>, setting: Setting): Promise<Classroom> {
  const { options, data } = bench;
  const teacher = await teacherOf(bench, setting);
  if (teacher.classes !== data.train.classes.length) {
    fail(
      "E_TEACH_CLASSES",
      `${teacher.name} knows ${teacher.classes} classes, "${data.train.name}" has ${data.train.classes.length}.`,
      "Teacher and data must have the same classes in the same order.",
    );
  }
  const { teacherTap } = options;
  if (teacherTap && !teacher.taps.has(teacherTap)) {
    const known = [...teacher.taps].map(([name, shape]) => `${name} [${shape}]`).join(", ") || "none";
    fail("E_TAP", `The teacher has no tap "${teacherTap}".`, `Its taps are: ${known}.`);
  }
  const tap = teacherTap || embeddingTap(teacher.taps, "teacher", setting.embedding, teacher.classes);
  return { teacher, tap, width: sizeOfTap(teacher.taps, tap), material: materialOf(data, options) };
}

/** The teacher that was trained, lies in a file or came in memory. */
async function teacherOf(bench: Bench<NdOptions>, setting: Setting): Promise<Teacher> {
  const { own, options, data } = bench;
  if (own.teacher) return own.teacher;
  if (isFile(options.teacher)) return teacherFromFile(options.teacher, data.train);
  const network = await networkBy(bench, options.teacher);
  return modelTeacher(network, stateOf(await bench.outcome(teacherId(setting))), options.teacher);
}

/** The user's own student, or the setting's. @throws E_MODEL_UNKNOWN, E_STUDENT_MODULE */
export async function studentOf(bench: Bench<NdOptions>, setting: Setting): Promise<Network> {
  const { own, data } = bench;
  if (!own.student) return networkBy(bench, setting.student);
  const { normalise } = data.train;
  return { model: own.student, ...(normalise && { normalise }) };
}

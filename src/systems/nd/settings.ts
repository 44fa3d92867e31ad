/**
 * Conditions under which students learn. A run that compares losses has one; `explore` has several, each of them one
 * change to the first, to find out where ND gains something.
 */
import { isFile } from "../kit/cast.ts";
import type { NdOptions } from "./options.ts";

export type Setting = {
  /** In names of arms and cells; "" for the only one. */
  readonly name: string;
  /** What it changes, for readers. */
  readonly about: string;
  readonly student: string;
  readonly embedding: "post" | "pre";
  /** Of CIFAR-100: 100 classes, or the 20 groups they belong to. */
  readonly classes: "fine" | "coarse";
  /** The teacher learns from the whole training part, or from the students' examples only. */
  readonly teacherSees: "all" | "students'";
};

export function settingsOf(options: NdOptions): Setting[] {
  const { student, embedding, teacher } = options;
  const usual: Setting = { name: "", about: "as usual", student, embedding, classes: "fine", teacherSees: "all" };
  if (!options.explore) return [usual];
  const other = otherWidth(student, teacher);
  const trained = !isFile(teacher);
  return [
    { ...usual, name: "usual" },
    ...(trained
      ? [
          {
            ...usual,
            name: "weak teacher",
            about: "the teacher learned from the students' examples only",
            teacherSees: "students'",
          } as const,
        ]
      : []),
    embedding === "post"
      ? { ...usual, name: "before ReLU", about: "embeddings before the ReLU, with negative values", embedding: "pre" }
      : {
          ...usual,
          name: "after ReLU",
          about: "embeddings after the ReLU, without negative values",
          embedding: "post",
        },
    ...(other ? [{ ...usual, ...other }] : []),
    ...(trained && /^cifar-100/.test(options.data)
      ? [
          {
            ...usual,
            name: "20 classes",
            about: "the 20 superclasses in place of the 100 classes",
            classes: "coarse",
          } as const,
        ]
      : []),
  ];
}

/**
 * The student with another last width: the teacher's where they differ, half of it where they do not. So the exploration
 * holds both cases, embeddings of one width and an adapter. Undefined where names tell no widths.
 */
export function otherWidth(
  student: string,
  teacher: string,
): { student: string; name: string; about: string } | undefined {
  const last = (name: string) => /^(?:conv|mlp)(?:-\d+)*-(\d+)$/.exec(name)?.[1];
  const [own, theirs] = [last(student), last(teacher)];
  if (own === undefined || theirs === undefined) return undefined;
  if (own !== theirs) {
    const about = `a student as wide as the teacher at its end (${theirs}), no adapter`;
    return { student: student.replace(/\d+$/, theirs), name: "equal width", about };
  }
  const half = Math.max(1, Math.floor(Number(own) / 2));
  const about = `a student half as wide as the teacher at its end (${half}), with an adapter`;
  return { student: student.replace(/\d+$/, String(half)), name: "adapter", about };
}

/** Settings with the same key share a teacher. */
export const teacherId = ({ classes, teacherSees }: Setting): string =>
  ["teacher", teacherSees === "all" ? "" : "of the students' examples", classes === "fine" ? "" : "of 20 classes"]
    .filter(Boolean)
    .join(" ");

/** Settings with the same key share embeddings and class means. */
export const knowledgeId = (setting: Setting): string => `class means (${teacherId(setting)}, ${setting.embedding})`;

/** What an arm is called under a setting. */
export const named = ({ name }: Setting, arm: string): string => (name ? `${name}: ${arm}` : arm);

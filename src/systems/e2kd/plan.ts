/**
 * The cells of a run. Three experiments:
 * - few-shot: a teacher of all training pictures, students of few unlabelled ones; λ is chosen.
 * - shortcut: a teacher that never could use the shortcut and one that learned nothing else; students see pictures in which
 *   the shortcut always holds; λ is chosen.
 * - frozen: as few-shot with flips and shifts of the pictures; the teacher runs along, or was asked once.
 * Arms of an experiment share seeds (initial values, pictures, order), steps and the teacher.
 */
import { seedsOf } from "../options.ts";
import type { Cell } from "../system.ts";
import { EXPERIMENTS, type Experiment, middle, type Options } from "./options.ts";

/** Which pictures a teacher learned from: the data as they are, or scenes with a worthless or with a telling patch. */
export type TeacherKind = "plain" | "robust" | "shortcut";

/** "labels": cross-entropy alone; "at": distillation and attention transfer, the baseline that also compares maps. */
export type Method = "labels" | "kd" | "at" | "e2kd";

export type Arm = {
  readonly experiment: Experiment;
  readonly method: Method;
  readonly teacher: TeacherKind;
  /** Pictures to learn from. */
  readonly count: number;
  /** 0 unless e2kd. */
  readonly lambda: number;
  /** The teacher was asked once about every picture instead of running along. */
  readonly frozen: boolean;
};

export type Task =
  | { readonly kind: "teacher"; readonly teacher: TeacherKind }
  | ({ readonly kind: "student"; readonly seed: number } & Arm);

/** Name of an arm in the report. */
export function armName({ experiment, method, teacher, count, lambda, frozen }: Arm): string {
  const what = { labels: "labels alone", kd: "KD", at: "KD + attention transfer", e2kd: `e²KD λ=${lambda}` }[method];
  const whose = teacher === "shortcut" ? " of the shortcut teacher" : "";
  const how = experiment === "frozen" ? (frozen ? ", frozen" : ", live") : "";
  return `${what}${whose} (${experiment} ${count}${how})`;
}

export const teacherName = (teacher: TeacherKind): string =>
  ({ plain: "teacher", robust: "robust teacher (shortcut)", shortcut: "shortcut teacher (shortcut)" })[teacher];

export const teacherCell = (teacher: TeacherKind): string => `${teacher} teacher`;
export const studentCell = (arm: Arm, seed: number): string => `${armName(arm)}, seed ${seed}`;

/** All arms of students, experiment by experiment. */
export function armsOf(options: Options): Arm[] {
  const { lambdas } = options;
  // Repeats and order of what the user typed do not matter.
  const tried = [...new Set(lambdas)].sort((a, b) => a - b);
  const one = middle(tried);
  const build: Record<Experiment, () => Arm[]> = {
    "few-shot": () =>
      sizesOf(options).flatMap((count) => {
        const about = { experiment: "few-shot", teacher: "plain", count, lambda: 0, frozen: true } as const;
        return [
          { ...about, method: "labels" },
          { ...about, method: "kd" },
          // Models that are explained in pixels need not have feature maps.
          ...(options.explainer === "grad-cam" || options.explainer === "bcos"
            ? [{ ...about, method: "at" } as const]
            : []),
          ...tried.map((lambda): Arm => ({ ...about, method: "e2kd", lambda })),
        ];
      }),
    shortcut: () => {
      const about = {
        experiment: "shortcut",
        teacher: "robust",
        count: options.scenePictures,
        lambda: 0,
        frozen: true,
      } as const;
      return [
        { ...about, method: "labels" },
        { ...about, method: "kd" },
        ...tried.map((lambda): Arm => ({ ...about, method: "e2kd", lambda })),
        { ...about, teacher: "shortcut", method: "kd" },
        { ...about, teacher: "shortcut", method: "e2kd", lambda: one },
      ];
    },
    frozen: () => {
      const count = frozenSize(options);
      return [true, false].flatMap((frozen): Arm[] => {
        const about = { experiment: "frozen", teacher: "plain", count, frozen } as const;
        return [
          { ...about, method: "kd", lambda: 0 },
          { ...about, method: "e2kd", lambda: one },
        ];
      });
    },
  };
  return EXPERIMENTS.filter((e) => options.experiments.includes(e)).flatMap((e) => build[e]());
}

export const sizesOf = ({ pictures }: Options): number[] => [...new Set(pictures)].sort((a, b) => a - b);
/** The frozen experiment takes the few-shot set nearest to the specification's 1000 pictures. */
export const frozenSize = (options: Options): number =>
  sizesOf(options).reduce((a, b) => (Math.abs(b - 1000) < Math.abs(a - 1000) ? b : a));

export function plan(options: Options): Cell<Task>[] {
  const arms = armsOf(options);
  const teachers = [...new Set(arms.map(({ teacher }) => teacher))];
  return [
    ...teachers.map((teacher) => ({ id: teacherCell(teacher), task: { kind: "teacher", teacher } as const })),
    ...seedsOf(options).flatMap((seed) =>
      arms.map((arm) => ({
        id: studentCell(arm, seed),
        needs: [teacherCell(arm.teacher)],
        task: { kind: "student", seed, ...arm } as const,
      })),
    ),
  ];
}

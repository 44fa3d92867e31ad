/** The pictures of the method: what teacher and students look at, side by side, and the weights that were tried. */

import { type ArrayDataset, sizeOf } from "../../data/dataset.ts";
import { pictureOf } from "../../teaching/lesson/picture.ts";
import type { Figure } from "../../teaching/report/schema.ts";
import { interval95 } from "../../teaching/report/statistics.ts";
import { outcomeOf } from "../kit/arms.ts";
import { seedsOf } from "../options.ts";
import type { Bench, Outcomes } from "../system.ts";
import type { Values } from "./conclude.ts";
import { heat } from "./heat.ts";
import { type Choice, groupOf } from "./lambda.ts";
import { mean } from "./look.ts";
import type { Options } from "./options.ts";
import { examParts } from "./parts.ts";
import { type Arm, armName, armsOf, studentCell, teacherCell } from "./plan.ts";

export function figures(
  outcomes: Outcomes,
  { options, data }: Pick<Bench<Options>, "options" | "data">,
  values: Values,
  chosen: ReadonlyMap<string, Choice>,
): Figure[] {
  const arms = armsOf(options);
  const scenes = options.experiments.includes("shortcut");
  const part = arms.filter(({ experiment }) => experiment === (scenes ? "shortcut" : arms.at(-1)!.experiment));
  const named = (name: string) => part.find((arm) => armName(arm) === name);
  const pairing = values.pairings.filter(({ experiment }) => experiment === part[0]!.experiment).at(-1);
  const pick = [pairing?.kd, pairing?.e2kd].flatMap((name) => (name && named(name)) || []);
  const shown = (pick.length > 0 ? pick : part.filter(({ method, frozen }) => frozen || method === "e2kd")).map(
    (arm) => ({
      label: arm.method === "kd" ? "KD" : `e²KD, λ=${arm.lambda}`,
      cell: studentCell(arm, seedsOf(options)[0]!),
    }),
  );
  const wrong = part.find(({ teacher, method }) => teacher === "shortcut" && method === "e2kd");
  const who = [
    { label: "teacher", cell: teacherCell(scenes ? "robust" : "plain") },
    ...shown,
    ...(wrong
      ? [
          { label: "shortcut teacher", cell: teacherCell("shortcut") },
          { label: `e²KD of it, λ=${wrong.lambda}`, cell: studentCell(wrong, seedsOf(options)[0]!) },
        ]
      : []),
  ];
  const exams = examParts(data, scenes, options);
  return [
    ...maps(outcomes, exams.odd?.data ?? exams.usual.data, who, scenes),
    ...(chosen.size > 0 ? [weights(chosen)] : []),
    ...(values.pairings.filter(({ experiment }) => experiment === "few-shot").length > 1
      ? [sizes(outcomes, options, chosen)]
      : []),
    ...(scenes ? [bars(outcomes, options, arms)] : []),
  ];
}

/** A row per network, the same pictures in every row. */
function maps(
  outcomes: Outcomes,
  data: ArrayDataset,
  who: readonly { label: string; cell: string }[],
  scenes: boolean,
): Figure[] {
  const [, height = 1, width = 1] = data.inputShape;
  const all = who.map(({ label, cell }) => ({ label, evidence: outcomeOf(outcomes, cell).arrays?.shown }));
  const count = (all[0]!.evidence?.length ?? 0) / (height * width);
  const classOf = (i: number) => data.classes[data.labels[i]!]!;
  const plain = Array.from({ length: count }, (_, i) => ({ image: pictureOf(data, i), caption: classOf(i) }));
  if (plain.some(({ image }) => image === undefined)) return [];
  const rows = all.map(({ label, evidence = new Float32Array() }) => ({
    label,
    pictures: Array.from({ length: count }, (_, i) => {
      const map = evidence.subarray(i * height * width, (i + 1) * height * width);
      const size = sizeOf(data);
      return { image: heat(data.inputs.subarray(i * size, (i + 1) * size), data.inputShape, map), caption: classOf(i) };
    }),
  }));
  return [
    {
      id: "explanations",
      kind: "pictures",
      title: "What the answer rests on",
      caption: `Evidence for the labelled class (orange, strongest evidence of each map = full colour) over the picture, first seed. ${
        scenes
          ? "The stripes belong to another class than the object: evidence on them is for the wrong reason."
          : "First test examples."
      }`,
      rows: [{ label: "picture", pictures: plain as { image: string; caption: string }[] }, ...rows],
    },
  ];
}

function weights(chosen: ReadonlyMap<string, Choice>): Figure {
  const rows = [...chosen].flatMap(([group, { kd, tried, lambda }]) =>
    [kd, ...tried].map((t) => [
      group,
      t.lambda === 0 ? "0 (KD)" : `${t.lambda}${t.lambda === lambda ? " (chosen)" : ""}`,
      100 * t.accuracy,
      100 * t.agreement,
      t.mapCosine,
    ]),
  );
  return {
    id: "weights",
    kind: "table",
    title: "The weights that were tried",
    caption: "Means over the seeds on validation examples; test examples play no part in the choice.",
    columns: ["experiment", "λ", "accuracy %", "agreement %", "likeness of explanations"],
    rows,
  };
}

function bars(outcomes: Outcomes, options: Options, arms: readonly Arm[]): Figure {
  const seeds = seedsOf(options);
  const of = (cells: readonly string[]) => {
    const values = cells.map((cell) => outcomeOf(outcomes, cell).metrics.epg ?? 0);
    return { value: mean(values), ci95: interval95(values) };
  };
  const students = arms.filter(({ experiment }) => experiment === "shortcut");
  return {
    id: "pointing",
    kind: "bars",
    title: "Evidence on the object",
    caption: "Share of positive evidence in the object's box, a quarter of the picture (EPG). Means over the seeds.",
    value: { label: "evidence on the object", unit: "share" },
    bars: [
      ...(["robust", "shortcut"] as const).map((kind) => ({
        group: "teachers",
        name: `${kind} teacher`,
        ...of([teacherCell(kind)]),
      })),
      ...students.map((arm) => ({
        group: arm.teacher === "shortcut" ? "taught by the shortcut teacher" : "students",
        name: arm.method === "labels" ? "labels alone" : arm.method === "kd" ? "KD" : `e²KD λ=${arm.lambda}`,
        ...of(seeds.map((seed) => studentCell(arm, seed))),
      })),
    ],
  };
}

/** Agreement over the number of pictures, a line per method. */
function sizes(outcomes: Outcomes, options: Options, chosen: ReadonlyMap<string, Choice>): Figure {
  const arms = armsOf(options).filter(
    (arm) =>
      arm.experiment === "few-shot" && (arm.method !== "e2kd" || arm.lambda === chosen.get(groupOf(arm))!.lambda),
  );
  const names = { e2kd: "e²KD", kd: "KD", at: "KD + attention transfer", labels: "labels alone" } as const;
  const agreement = (arm: Arm) =>
    mean(seedsOf(options).map((seed) => outcomeOf(outcomes, studentCell(arm, seed)).metrics.agreement ?? 0));
  return {
    id: "sizes",
    kind: "lines",
    title: "Agreement with the teacher",
    caption:
      "On test pictures, by the number of pictures that students learn from; the same number of steps everywhere. λ as chosen.",
    x: { label: "pictures to learn from", unit: "" },
    y: { label: "agreement", unit: "share" },
    lines: (Object.keys(names) as (keyof typeof names)[]).flatMap((method) => {
      const points = arms
        .filter((arm) => arm.method === method)
        .map((arm): [number, number] => [arm.count, agreement(arm)]);
      return points.length > 0 ? [{ name: names[method], points }] : [];
    }),
  };
}

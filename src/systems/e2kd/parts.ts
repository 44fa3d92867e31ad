/** Which pictures each cell works with: parts of the data as they are, or scenes made of them. */

import type { AugmentSpec } from "../../data/augment.ts";
import { type ArrayDataset, countOf, type Split, take } from "../../data/dataset.ts";
import { key, random } from "../../tensor/index.ts";
import { balanced } from "../kit/subset.ts";
import type { Options } from "./options.ts";
import type { Arm, TeacherKind } from "./plan.ts";
import { type Patch, type Scenes, scenes } from "./scenes.ts";

/** Scenes of a part of the data are the same in every cell. */
const partKey = (name: string) => random.fold(random.fold(key(0xe2), "scenes"), name);

/** Training and validation part of a teacher. */
export function teacherParts(data: Split, kind: TeacherKind, { sceneClasses }: Options): Split {
  if (kind === "plain") return data;
  const patch: Patch = kind === "robust" ? "free" : "true";
  const of = (part: ArrayDataset, name: string) => scenes(part, sceneClasses, patch, partKey(`${name} ${patch}`)).data;
  return { ...data, train: of(data.train, "train"), validation: of(data.validation, "validation") };
}

/** What networks are examined on: `usual` as in training, `odd` with patches that always mislead (scenes only). */
export interface Exams {
  readonly usual: { readonly data: ArrayDataset; readonly scenes?: Scenes };
  readonly odd?: Scenes;
}

export function examParts({ test }: Pick<Split, "test">, isScenes: boolean, { sceneClasses }: Options): Exams {
  if (!isScenes) return { usual: { data: test } };
  const of = (patch: Patch) => scenes(test, sceneClasses, patch, partKey(`test ${patch}`));
  const usual = of("true");
  return { usual: { data: usual.data, scenes: usual }, odd: of("false") };
}

/** What a student learns from and is validated on: the same pictures for all arms of an experiment with one seed. */
export function studentParts(data: Split, { experiment, count }: Arm, seed: number, { sceneClasses }: Options): Split {
  const draw = random.fold(key(seed), `pictures ${experiment === "shortcut" ? "scenes" : "plain"}`);
  if (experiment !== "shortcut") return { ...data, train: balanced(data.train, count, draw) };
  const { train, validation } = data;
  const members = Array.from(train.labels.keys()).filter((i) => train.labels[i]! < sceneClasses);
  const few = balanced(take(train, members), Math.max(count, train.classes.length), draw);
  return {
    ...data,
    train: scenes(few, sceneClasses, "true", random.fold(draw, "scenes")).data,
    validation: scenes(validation, sceneClasses, "true", partKey("validation true")).data,
  };
}

/** Flips, and shifts of two pixels at 28, in proportion elsewhere. */
export function augmentOf({ experiment }: Arm, { inputShape }: ArrayDataset): AugmentSpec {
  if (experiment !== "frozen") return [];
  return [{ kind: "crop", pad: Math.max(1, Math.round((inputShape[1]! * 2) / 28)) }, { kind: "flip" }];
}

/** Passes over the pictures after which a student has seen about `seen` of them. */
export const epochsFor = (seen: number, data: ArrayDataset): number => Math.max(1, Math.round(seen / countOf(data)));

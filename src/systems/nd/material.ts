/**
 * What students learn from: a balanced part of the training set, in one or two fixed views. Fixed, because what the
 * teacher says about them is then computed once (the store) and read by every arm and seed.
 */
import { type ArrayDataset, countOf, emptyLike, type Split } from "../../data/dataset.ts";
import { resolveData } from "../../data/resolve.ts";
import { fail } from "../../errors.ts";
import { key } from "../../tensor/index.ts";
import { balanced } from "../kit/subset.ts";
import type { Bench } from "../system.ts";
import type { NdOptions } from "./options.ts";
import type { Setting } from "./settings.ts";

/** Of the part of the training set: one for all seeds, so that they share the teacher's answers. */
const PART = key(17);

export interface Material {
  /** The examples as they are. */
  readonly originals: ArrayDataset;
  /** The same, and behind them their mirror images where asked for. */
  readonly seen: ArrayDataset;
}

/** @throws E_OPTION for mirror images of what is no picture, and for fewer examples than classes */
export function materialOf({ train }: Split, { train: count, mirror }: Pick<NdOptions, "train" | "mirror">): Material {
  const originals = balanced(train, count, PART);
  return { originals, seen: mirror ? withMirrored(originals) : originals };
}

/** All examples, then their left-right mirror images in the same order. */
export function withMirrored(dataset: ArrayDataset): ArrayDataset {
  const { inputs, inputShape, labels, name } = dataset;
  if (inputShape.length !== 3) {
    fail("E_OPTION", `Examples of shape [${inputShape}] have no mirror image.`, "Leave --mirror out.");
  }
  const width = inputShape[2]!;
  const out = emptyLike(inputs, 2 * inputs.length);
  out.set(inputs);
  for (let at = 0; at < inputs.length; at += width) {
    out.set(inputs.slice(at, at + width).reverse(), inputs.length + at);
  }
  const twice = new Int32Array(2 * labels.length);
  twice.set(labels);
  twice.set(labels, labels.length);
  return { ...dataset, name: `${name} and mirrored`, inputs: out, labels: twice };
}

/** Passes over what is seen that make so many epochs of the originals; an odd number is rounded up. */
export const passes = (epochs: number, { originals, seen }: Material): number =>
  Math.ceil((epochs * countOf(originals)) / countOf(seen));

const coarse = new Map<string, Promise<Split>>();

/** The bench with the data of a setting. @throws E_OPTION where only named data has the classes asked for */
export async function benchFor<O extends NdOptions>(
  bench: Bench<O>,
  { classes, teacherSees }: Setting,
): Promise<Bench<O>> {
  if (bench.own.teacher && (classes === "coarse" || teacherSees !== "all")) {
    fail(
      "E_OPTION",
      "--explore trains teachers of its own, but the run was given one.",
      "Name a model to train instead.",
    );
  }
  if (classes === "fine") return bench;
  if (bench.own.data)
    fail("E_OPTION", "Superclasses are known for CIFAR-100 by name only.", "Leave your own data out.");
  const { data: name } = bench.options;
  let split = coarse.get(name);
  if (!split) coarse.set(name, (split = resolveData(name, { labels: "coarse" })));
  split.catch(() => coarse.delete(name));
  return { ...bench, data: await split };
}

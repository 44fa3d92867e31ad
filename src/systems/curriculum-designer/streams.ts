/** Streams: which classes of which data are taught in order, and which classes are left to train the extractor. */

import type { DataSource, Split } from "../../data/dataset.ts";
import { type ArrayDataset, take } from "../../data/dataset.ts";
import { fail } from "../../errors.ts";
import { type Key, key, random } from "../../tensor/index.ts";
import { splitOf } from "../cells.ts";
import type { Bench } from "../system.ts";
import { glyphObjects } from "./human/objects.ts";
import type { Options } from "./options.ts";

type Site = Pick<Bench<Options>, "options" | "data" | "own">;

/** "mnist:0-4" or "mnist:0+2+4" taken apart. */
export function parseStream(text: string): { readonly name: string; readonly classes?: readonly number[] } {
  const [, name, list] = /^(.+?)(?::([0-9]+(?:-[0-9]+)?(?:\+[0-9]+(?:-[0-9]+)?)*))?$/.exec(text) ?? [];
  if (list === undefined) return { name: name ?? text };
  const classes = list.split("+").flatMap((part) => {
    const [from, to = from] = part.split("-").map(Number) as [number, number?];
    return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
  });
  if (classes.length < 2 || new Set(classes).size < classes.length) {
    fail(
      "E_OPTION",
      `The stream "${text}" names the classes [${classes}].`,
      "Name at least two different ones: mnist:0-4.",
    );
  }
  return { name: name!, classes };
}

/** The streams of a run; the first is made of `data`. Unique, readable: they are parts of cell ids. */
export const streamNames = ({ data, streams }: Pick<Options, "data" | "streams">): string[] => [data, ...streams];

/** Only some classes, renumbered in the order given. @throws E_OPTION */
export function onlyClasses(dataset: ArrayDataset, classes: readonly number[]): ArrayDataset {
  const missing = classes.find((c) => c >= dataset.classes.length);
  if (missing !== undefined) {
    fail(
      "E_OPTION",
      `"${dataset.name}" has ${dataset.classes.length} classes, class ${missing} was asked for.`,
      "Choose fewer.",
    );
  }
  const place = new Map(classes.map((c, i) => [c, i]));
  const rows: number[] = [];
  dataset.labels.forEach((label, i) => {
    if (place.has(label)) rows.push(i);
  });
  const part = take(dataset, rows);
  return {
    ...part,
    labels: part.labels.map((label) => place.get(label)!),
    classes: classes.map((c) => dataset.classes[c]!),
  };
}

const restrict = (split: Split, classes: readonly number[]): Split => ({
  ...split,
  train: onlyClasses(split.train, classes),
  validation: onlyClasses(split.validation, classes),
  test: onlyClasses(split.test, classes),
});

const first = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** How many classes of the run's own data are taught. @throws E_OPTION */
function taught({ options, data }: Pick<Site, "options" | "data">): number {
  const all = data.train.classes.length;
  const wanted = options.classes === 0 ? all : options.classes;
  if (wanted < 2 || wanted > all) {
    fail(
      "E_OPTION",
      `classes is ${options.classes}; "${data.source.name}" has ${all}.`,
      `Choose 2 to ${all}, or 0 for all.`,
    );
  }
  return wanted;
}

/** The classes that no stream of this data teaches; undefined with fewer than two. */
export function extractorData(site: Site): Split | undefined {
  const from = taught(site);
  const others = first(site.data.train.classes.length).slice(from);
  return others.length < 2 ? undefined : restrict(site.data, others);
}

const drawn = new Map<string, Split>();

/** The novel objects, drawn once per process. */
function objectsOf(inputShape: readonly number[]): Split {
  const found = drawn.get(`${inputShape}`) ?? glyphObjects({ inputShape });
  drawn.set(`${inputShape}`, found);
  return found;
}

/** The data of a stream by its place in {@link streamNames}. @throws E_OPTION, and the errors of readers */
export async function streamSplit(site: Site, index: number): Promise<Split> {
  const { options, data } = site;
  if (index === 0) return restrict(data, first(taught(site)));
  const text = streamNames(options)[index]!;
  const { name, classes } = parseStream(text);
  const split = name === "glyphs" ? objectsOf(data.train.inputShape) : await splitOf({ data: name }, {});
  const own = data.train.inputShape;
  if (`${split.train.inputShape}` !== `${own}`) {
    fail(
      "E_OPTION",
      `Examples of "${text}" are [${split.train.inputShape}], those of "${options.data}" [${own}].`,
      "One extractor needs one shape.",
    );
  }
  const chosen = classes ?? first(Math.min(split.train.classes.length, taught(site)));
  const leaked = name === options.data && !site.own.data ? chosen.find((c) => c >= taught(site)) : undefined;
  if (leaked !== undefined) {
    fail(
      "E_OPTION",
      `The stream "${text}" teaches class ${leaked}, on which the extractor is trained.`,
      "Choose classes of other data.",
    );
  }
  return restrict(split, chosen);
}

/** At most `count` examples of each class (0: all), drawn by the key, in the order of the data. */
export function atMost(dataset: ArrayDataset, count: number, from: Key = key(0)): ArrayDataset {
  if (count === 0) return dataset;
  const order = random.permutation(random.fold(from, "examples of each class"), dataset.labels.length);
  const left = new Int32Array(dataset.classes.length).fill(count);
  const rows = [...order].filter((i) => left[dataset.labels[i]!]!-- > 0).sort((a, b) => a - b);
  return rows.length === dataset.labels.length ? dataset : take(dataset, rows);
}

/** The tasks of a stream of `classes` classes: fixed groups of neighbours. @throws E_OPTION */
export function taskGroups(
  classes: number,
  { classesPerTask, pairFirst }: Pick<Options, "classesPerTask" | "pairFirst">,
): number[][] {
  const tasks = classes / classesPerTask;
  if (!Number.isInteger(tasks) || tasks < (pairFirst ? 3 : 2)) {
    fail(
      "E_OPTION",
      `${classes} classes in tasks of ${classesPerTask} give ${tasks} tasks.`,
      `Choose a whole number of at least ${pairFirst ? 3 : 2} tasks.`,
    );
  }
  return first(tasks).map((t) => first(classesPerTask).map((i) => t * classesPerTask + i));
}

export const titleOf = ({ title, name }: DataSource): string => title ?? name;

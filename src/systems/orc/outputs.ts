/**
 * The files of a group, in `networks/<cell>/` of the run folder: one safetensors file per network (the refined pivot
 * among them), `roles.bin` (a byte per iteration and temporary teacher: its index in the group), and `feedback.json`
 * (how often each training example was fed back: those at the top are hard or wrongly labelled).
 */
import path from "node:path";
import { type ArrayDataset, countOf } from "../../data/dataset.ts";
import { encodeSafetensors, fromFloat32 } from "../../data/safetensors.ts";
import { toRecord } from "../../nn/io.ts";
import { makeFolder, writeAtomic } from "../../teaching/files.ts";
import type { Network, NetworkState } from "../../teaching/network.ts";
import { key } from "../../tensor/index.ts";
import { balanced } from "../kit/subset.ts";
import type { Bench } from "../system.ts";
import type { Student } from "./cast.ts";
import type { Group } from "./group.ts";
import type { Options } from "./options.ts";

/** An example and how often the students handed it back. */
export interface HardExample {
  /** Index in the whole training part of the data. */
  readonly example: number;
  readonly label: string;
  readonly count: number;
}

/** Index in the whole training part of every example that is learned from. */
export function originalIds(train: ArrayDataset, examples: number): Float32Array {
  // The subset is drawn from the indices themselves, by the same key; f32 holds them up to 2^24.
  const indices = Float32Array.from({ length: countOf(train) }, (_, i) => i);
  const { normalise: _, ...rest } = train;
  return balanced({ ...rest, inputs: indices, inputShape: [1] }, examples, key(0)).inputs as Float32Array;
}

/** Examples that were fed back at all, most often first. */
export function hardExamples(
  counts: ArrayLike<number>,
  part: Pick<ArrayDataset, "labels" | "classes">,
  ids: ArrayLike<number>,
): HardExample[] {
  return Array.from(counts, (count, i) => ({ example: ids[i]!, label: part.classes[part.labels[i]!]!, count }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count || a.example - b.example);
}

const fileName = (name: string): string => name.replaceAll(/[^a-z0-9.]+/gi, "-").replaceAll(/^-|-$/g, "");

export async function writeOutputs(
  { folder: cell, data, options }: Pick<Bench<Options>, "folder" | "data" | "options">,
  students: readonly Student[],
  pivot: Network | undefined,
  group: Group,
  part: ArrayDataset,
): Promise<void> {
  // A cell's folder is <run>/cells/<cell>, and goes when the cell is done.
  const folder = path.join(cell, "..", "..", "networks", path.basename(cell));
  await makeFolder(folder);
  const networks: [string, Network, NetworkState][] = students.map(({ name, network }, i) => [
    name,
    network,
    group.students[i]!,
  ]);
  if (pivot && group.pivot) networks.push(["pivot", pivot, group.pivot]);
  for (const [name, { model, normalise }, state] of networks) {
    const tensors = Object.entries(toRecord(model, state)).map(
      ([p, t]) => [p, fromFloat32(t.data as Float32Array, t.shape)] as const,
    );
    const metadata = {
      "lyceum.model": model.name,
      ...(normalise && { "lyceum.normalise": JSON.stringify(normalise) }),
    };
    await writeAtomic(path.join(folder, `${fileName(name)}.safetensors`), [
      encodeSafetensors(Object.fromEntries(tensors), metadata),
    ]);
  }
  if (group.roles.length > 0) await writeAtomic(path.join(folder, "roles.bin"), [Uint8Array.from(group.roles)]);
  if (pivot) {
    const hard = hardExamples(group.feedback, part, originalIds(data.train, options.examples));
    const json = JSON.stringify({ data: data.train.name, hard }, null, 1);
    await writeAtomic(path.join(folder, "feedback.json"), [new TextEncoder().encode(`${json}\n`)]);
  }
}

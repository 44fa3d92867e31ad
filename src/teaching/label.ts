/** Labelling (Node): runs a teacher over a data set, through the teacher store. */
import { type ArrayDataset, countOf } from "../data/dataset.ts";
import { hashDataset, sha256 } from "../data/hash.ts";
import { program, type Tensor } from "../tensor/index.ts";
import { examples } from "./answer.ts";
import { unitInput } from "./input.ts";
import { type ChunkDone, type StoreKey, storedRows } from "./store.ts";
import type { StoredTargets } from "./targets.ts";
import type { Teacher } from "./teacher.ts";

/** Examples per run. */
const BATCH = 256;

export interface LabelRequest {
  readonly root: string;
  readonly teacher: Teacher;
  /** The pictures that the teacher shall look at. */
  readonly dataset: ArrayDataset;
  readonly taps: readonly string[];
}

/**
 * `logits` and the named taps for every example, in the order of the data set; computed where the store lacks them.
 * Yields as rows become ready.
 */
export async function* labelDataset({
  root,
  teacher,
  dataset,
  taps,
}: LabelRequest): AsyncGenerator<ChunkDone, StoredTargets> {
  const shapes = new Map<string, readonly number[]>([
    ["logits", [teacher.classes]],
    ...taps.map((tap) => [tap, teacher.taps.get(tap)?.slice(1) ?? []] as const),
  ]);
  const sizes = [...shapes].map(([name, shape]) => [name, shape.reduce((a, b) => a * b, 1)] as const);
  const count = countOf(dataset);
  const key: StoreKey = {
    teacher: teacher.fingerprint,
    data: await contentOf(dataset),
    views: "none",
    fields: Object.fromEntries(sizes),
    rows: count,
    dtype: "f32",
  };
  const run = program((x: Tensor) => {
    const { logits, taps: named } = teacher.targets(unitInput(x), taps);
    return { logits, ...Object.fromEntries(named) };
  });
  const batch = Math.min(BATCH, count);
  try {
    const rows = yield* storedRows(root, key, async (from, to) => {
      const out = Object.fromEntries(sizes.map(([name, size]) => [name, new Float32Array((to - from) * size)]));
      for (let at = from; at < to; at += batch) {
        // A full batch that ends with the rows: one program serves all, whatever the remainder.
        const start = Math.min(at, count - batch);
        const values = (await run(examples(dataset, start, batch))) as Record<string, { data: unknown }>;
        for (const [name, size] of sizes) {
          const skip = at - start;
          const take = Math.min(batch - skip, to - at);
          out[name]!.set(
            (values[name]!.data as Float32Array).subarray(skip * size, (skip + take) * size),
            (at - from) * size,
          );
        }
      }
      return out;
    });
    return new Map([...shapes].map(([name, shape]) => [name, { shape, data: rows.get(name)! }]));
  } finally {
    await run.release();
  }
}

/** Content of a data set for the store: its normalisation counts, since a foreign teacher may read it. */
async function contentOf(dataset: ArrayDataset): Promise<string> {
  return sha256(`${await hashDataset(dataset)}\n${JSON.stringify(dataset.normalise ?? null)}`);
}

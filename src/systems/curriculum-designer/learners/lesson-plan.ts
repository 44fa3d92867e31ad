/** Which rows of the material a lane meets: the examples of its tasks in random order, and what it remembers. */
import { fail } from "../../../errors.ts";
import { type Key, random } from "../../../tensor/index.ts";

/** The first `perClass` rows of every class (0: all); equally many of each, so that all tasks are equally long. */
export function poolOf(labels: Int32Array, classes: number, perClass: number): Int32Array[] {
  const rows = Array.from({ length: classes }, () => [] as number[]);
  labels.forEach((label, i) => {
    rows[label]?.push(i);
  });
  const least = Math.min(...rows.map((r) => r.length));
  if (least === 0) fail("E_DATA_EMPTY", "A class of the stream has no examples.", "Choose other classes.");
  const size = perClass === 0 ? least : Math.min(perClass, least);
  return rows.map((r) => Int32Array.from(r.slice(0, size)));
}

/** All rows of a task's classes, shuffled. */
export function taskRows(pool: readonly Int32Array[], classes: readonly number[], key: Key): Int32Array {
  const all = classes.flatMap((c) => [...pool[c]!]);
  return random.permutation(key, all.length).map((i) => all[i]!);
}

/** The first `size` rows of each class of a task that has been taught: a random choice, since the rows are shuffled. */
export function memoryOf(rows: Int32Array, labels: Int32Array, classes: readonly number[], size: number): number[] {
  return classes.flatMap((c) => Array.from(rows.filter((row) => labels[row] === c).subarray(0, size)));
}

/** Draws from a memory, uniformly and with replacement. */
export function replayRows(memory: readonly number[], key: Key): (count: number) => Int32Array {
  const below = random.integers(key);
  return (count) => Int32Array.from({ length: count }, () => memory[below(memory.length)]!);
}

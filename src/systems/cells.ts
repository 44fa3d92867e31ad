/**
 * One cell of a run: its work, and its outcome as a sealed file. A run that starts again finds the finished ones; the
 * seal and the fingerprint of all that decides a cell keep damaged and foreign files out.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import type { Split } from "../data/dataset.ts";
import { resolveData } from "../data/resolve.ts";
import { fail } from "../errors.ts";
import type { LessonEvent } from "../teaching/events.ts";
import { makeFolder } from "../teaching/files.ts";
import { readSealed, Unsealed, writeSealed } from "../teaching/sealed.ts";
import type { Bench, Cell, Outcome, Own, System } from "./system.ts";

/** Where a run lives, and how its cells shall work. */
export interface Site {
  readonly out: string;
  readonly store: string;
  readonly own: Own;
  readonly checkpointSeconds?: number;
  readonly signal?: AbortSignal;
}

/** Short and unique: ids may hold anything. */
function nameOf(id: string): string {
  const readable = id.replaceAll(/[^a-z0-9.+-]+/gi, "-").replaceAll(/^-|-$/g, "");
  return `${readable.slice(0, 60)}-${createHash("sha256").update(id).digest("hex").slice(0, 6)}`;
}

const fileOf = (out: string, id: string) => path.join(out, "cells", `${nameOf(id)}.lyc`);

/** Everything that decides a cell, as one number. */
export function fingerprint(system: string, options: unknown, cell: Cell): string {
  return createHash("sha256")
    .update(JSON.stringify([system, options, cell.id, cell.needs ?? [], cell.task]))
    .digest("hex");
}

export const isFinished = (out: string, id: string): boolean => existsSync(fileOf(out, id));

type About = Omit<Outcome, "arrays"> & { readonly kind: "outcome"; readonly config: string };

/** @throws E_CELL_CORRUPT, E_RUN_MISMATCH when it belongs to other options */
export async function readOutcome(out: string, id: string, config: string): Promise<Outcome> {
  const file = fileOf(out, id);
  const sealed = await readSealed(file).catch((cause: unknown) => {
    const why = cause instanceof Unsealed ? cause.message : String(cause instanceof Error ? cause.message : cause);
    return fail("E_CELL_CORRUPT", `What "${id}" found is damaged: ${why}.`, `Delete ${file} to do it again.`, cause);
  });
  const { kind, config: of, ...outcome } = sealed.about as About;
  if (kind !== "outcome" || of !== config) {
    fail("E_RUN_MISMATCH", `${file} belongs to a run with other options.`, "Choose another folder for this run.");
  }
  return { ...outcome, arrays: Object.fromEntries(sealed.arrays) };
}

/** Does the work of one cell and keeps what it found. @throws whatever the method throws */
export async function* workCell<O, T>(
  system: System<O, T>,
  options: O,
  plan: readonly Cell<T>[],
  cell: Cell<T>,
  site: Site,
): AsyncGenerator<LessonEvent, void> {
  const { out, store, own, checkpointSeconds, signal } = site;
  const configOf = (c: Cell<T>) => fingerprint(system.name, options, c as unknown as Cell);
  const folder = path.join(out, "cells", nameOf(cell.id));
  await makeFolder(folder);
  const bench: Bench<O> = {
    options,
    own,
    folder,
    store,
    data: await dataOf(system, options, own),
    outcome: async (id) => {
      const needed = cell.needs?.includes(id) && plan.find((c) => c.id === id);
      if (!needed) return fail("E_INTERNAL", `"${cell.id}" reads "${id}" without needing it.`, "Name it in needs.");
      return readOutcome(out, id, configOf(needed));
    },
    ...(checkpointSeconds !== undefined && { checkpointSeconds }),
    ...(signal && { signal }),
  };
  const start = performance.now();
  const { arrays = {}, ...rest } = yield* system.work(cell.task, bench);
  const bad = Object.entries(rest.metrics).find(([, value]) => !Number.isFinite(value));
  if (bad) fail("E_CELL_NAN", `"${cell.id}" measured ${bad[0]} = ${bad[1]}.`, "Lower the learning rate.");
  const about: About = {
    seconds: (performance.now() - start) / 1000,
    ...rest,
    kind: "outcome",
    config: configOf(cell),
  };
  await writeSealed(fileOf(out, cell.id), about, arrays);
  await rm(folder, { recursive: true, force: true });
}

const splits = new Map<string, Promise<Split>>();

/** The data of a run; none for a method that brings its own. */
export function dataOf<O>(system: Pick<System<O, never>, "name" | "material">, options: O, own: Own): Promise<Split> {
  return system.material && !own.data ? Promise.resolve(noSplit(system.name)) : splitOf(options, own);
}

/** A set of examples by the name in the options, read once per process. */
export function splitOf(options: unknown, own: Own): Promise<Split> {
  if (own.data) return Promise.resolve(own.data);
  const name = String((options as { data?: unknown }).data ?? "drawn-digits");
  let split = splits.get(name);
  if (!split) splits.set(name, (split = resolveData(name)));
  split.catch(() => splits.delete(name));
  return split;
}

function noSplit(system: string): Split {
  const none = (): never => fail("E_INTERNAL", `${system} brings its own data and reads a set of examples.`);
  return {
    get train() {
      return none();
    },
    get validation() {
      return none();
    },
    get test() {
      return none();
    },
    get source() {
      return none();
    },
  };
}

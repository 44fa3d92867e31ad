/**
 * One process per run folder: a lock file that names its owner.
 *
 * A lock whose process is gone (killed, power cut) is taken over. A process number alone may have been given to
 * another program since, so the lock also holds when that process started, where the system tells (Linux).
 */
import { readFileSync } from "node:fs";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fail } from "../errors.ts";
import { explain, makeFolder } from "./files.ts";

interface Owner {
  readonly pid: number;
  readonly started: string;
}

/** Locks held by this process: its own number is alive, and must not be taken over by itself. */
const held = new Set<string>();

export interface Lock {
  release(): Promise<void>;
}

/** Takes the folder for this process. @throws E_RUN_LOCKED naming the process that has it, E_WRITE */
export async function lockFolder(folder: string): Promise<Lock> {
  await makeFolder(folder);
  const file = path.resolve(folder, "run.lock");
  if (held.has(file)) locked(folder, process.pid);
  for (let attempt = 0; attempt < 3; attempt++) {
    if (await create(file)) {
      held.add(file);
      return {
        release: async () => {
          if (held.delete(file)) await rm(file, { force: true });
        },
      };
    }
    const owner = await ownerOf(file);
    if (owner && isAlive(owner)) locked(folder, owner.pid);
    await removeStale(file, folder);
  }
  return locked(folder, undefined);
}

const locked = (folder: string, pid: number | undefined): never =>
  fail(
    "E_RUN_LOCKED",
    `The run folder ${folder} is in use${pid === undefined ? "" : ` by process ${pid}`}.`,
    "Wait for it, stop it, or choose another folder.",
  );

/** True when the lock is ours now. The file appears with its content: a reader never sees an empty one. */
async function create(file: string): Promise<boolean> {
  const draft = `${file}.${process.pid}.tmp`;
  return explain(file, async () => {
    await writeFile(draft, JSON.stringify({ pid: process.pid, started: startOf(process.pid) } satisfies Owner));
    try {
      await link(draft, file);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw error;
    } finally {
      await rm(draft, { force: true });
    }
  });
}

async function ownerOf(file: string): Promise<Owner | undefined> {
  try {
    const value = JSON.parse(await readFile(file, "utf8")) as Partial<Owner>;
    return typeof value.pid === "number" ? { pid: value.pid, started: String(value.started) } : undefined;
  } catch {
    return undefined;
  }
}

function isAlive({ pid, started }: Owner): boolean {
  // Our own number in a lock that we do not hold: it was given to us anew.
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  // Ended, and its parent has not asked how: such a process keeps its number, and nothing else.
  if (["Z", "X"].includes(statOf(pid, STATE))) return false;
  const now = startOf(pid);
  return now === "" || started === "" || now === started;
}

/** Fields of /proc/<pid>/stat. */
const STATE = 3;
const START_TIME = 22;

/** Clock ticks from boot to the start of a process; "" where the system does not tell. */
const startOf = (pid: number): string => statOf(pid, START_TIME);

function statOf(pid: number, field: number): string {
  try {
    // The second field, the command, may hold spaces and brackets: count from its end.
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ")[field - 3] ?? "";
  } catch {
    return "";
  }
}

/**
 * Two processes may find one stale lock: each moves away what is there, and gives back what turns out to be the fresh
 * lock of the other.
 */
async function removeStale(file: string, folder: string): Promise<void> {
  const aside = `${file}.${process.pid}.stale`;
  try {
    await rename(file, aside);
  } catch {
    return;
  }
  const owner = await ownerOf(aside);
  if (owner && isAlive(owner)) {
    await link(aside, file).catch(() => {});
    await rm(aside, { force: true });
    locked(folder, owner.pid);
  }
  await rm(aside, { force: true });
}

/**
 * A run of a system: options are settled and written down, cells are done (or found done), the method concludes, its
 * claims are judged from the numbers, and one report is written.
 *
 * A run folder belongs to its options: the same options go on where a run was left, others are refused.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { countOf, type Split } from "../data/dataset.ts";
import { hashDataset } from "../data/hash.ts";
import { fail } from "../errors.ts";
import { makeFolder, writeAtomic } from "../teaching/files.ts";
import { storeFolder } from "../teaching/folders.ts";
import { lockFolder } from "../teaching/lock.ts";
import { collectEnvironment } from "../teaching/report/environment.ts";
import type { ClaimResult, Report } from "../teaching/report/schema.ts";
import { writeReport } from "../teaching/report/write.ts";
import { currentBackend } from "../tensor/index.ts";
import { dataOf, fingerprint, isFinished, readOutcome, type Site } from "./cells.ts";
import type { SystemEvent } from "./events.ts";
import { type Preset, seedsOf, settleOptions } from "./options.ts";
import { type Pool, processors, processPool, samePool } from "./pool.ts";
import { checkPlan, schedule } from "./schedule.ts";
import type { Cell, Findings, Own, System } from "./system.ts";

export interface RunOptions {
  /** Folder of the run. */
  readonly out: string;
  readonly preset?: Preset;
  /** Cells at once; more than one needs `module`. Default: one per processor. */
  readonly jobs?: number;
  /** Address of the system's module, as `loadSystem` gives it; without it everything runs in this process. */
  readonly module?: string;
  /** Data and models in memory, in place of names. */
  readonly own?: Own;
  readonly store?: string;
  readonly version?: string;
  readonly command?: string;
  readonly checkpointSeconds?: number;
  readonly signal?: AbortSignal;
}

/** Name of the file with the settled options. */
export const RUN_FILE = "run.json";

export interface RunFile {
  readonly system: string;
  readonly module?: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * Runs a system, or goes on with it. The last event is "finished".
 * @throws E_OPTION, E_RUN_LOCKED, E_RUN_MISMATCH, E_STOPPED and whatever a cell throws
 */
export async function* runSystem<O, T>(
  system: System<O, T>,
  given: Readonly<Record<string, unknown>>,
  run: RunOptions,
): AsyncGenerator<SystemEvent, void> {
  const options = settleOptions(system as unknown as System<O, never>, given, run.preset);
  const lock = await lockFolder(run.out);
  try {
    yield* work(system as unknown as System<O, never>, options, run);
  } finally {
    await lock.release();
  }
}

async function* work<O>(system: System<O, never>, options: O, run: RunOptions): AsyncGenerator<SystemEvent, void> {
  const { out, own = {}, module, checkpointSeconds, signal } = run;
  await claimFolder(system.name, options, run);
  const plan = system.plan(options) as readonly Cell[];
  checkPlan(plan);
  const data = await dataOf(system, options, own);
  const site: Site = {
    out,
    own,
    store: run.store ?? storeFolder(),
    ...(checkpointSeconds !== undefined && { checkpointSeconds }),
    ...(signal && { signal }),
  };
  const finished = plan.filter(({ id }) => isFinished(out, id)).map(({ id }) => id);
  const pool = openPool(system, options, plan, site, module, run.jobs);
  try {
    yield {
      type: "run",
      system: system.name,
      title: system.title,
      folder: out,
      data: system.material?.(options) ?? data.source.title ?? data.source.name,
      cells: plan.map(({ id }) => id),
      finished,
      jobs: pool.size,
    };
    yield* schedule(plan, new Set(finished), pool, signal);
  } finally {
    pool.close();
  }
  const read = (cell: Cell) => readOutcome(out, cell.id, fingerprint(system.name, options, cell));
  const outcomes = new Map(await Promise.all(plan.map(async (cell) => [cell.id, await read(cell)] as const)));
  const found = await system.conclude(outcomes, { options, data, own });
  const { notes = [], ...findings } = found;
  const version = run.version ?? "0.0.0";
  const claims = judged(system, found);
  const report: Report = {
    system: system.name,
    version,
    options: options as Record<string, unknown>,
    seeds: seedsOf({ seeds: Number((options as { seeds?: number }).seeds ?? 1) }),
    created: new Date().toISOString(),
    ...(run.command && { command: run.command }),
    data: found.data ?? (await describe(data)),
    environment: collectEnvironment({ engine: (await currentBackend()).name, lyceum: version }),
    series: [],
    perClass: [],
    examples: [],
    headline: headlineOf(system, claims),
    ...findings,
    claims,
    notes: [...(system.material ? [] : (data.source.notes ?? [])), ...notes, `Paper: ${cite(system)}.`],
  };
  const files = await writeReport(report, out);
  yield { type: "finished", report, files: { "report.json": files.json, "report.html": files.html } };
}

const describe = async ({ source, train, validation, test }: Split): Promise<Report["data"]> => ({
  name: source.title ?? source.name,
  sha256: await hashDataset(train),
  splits: { train: countOf(train), validation: countOf(validation), test: countOf(test) },
  ...(source.licence && { licence: source.licence }),
});

const cite = ({ paper }: Pick<System, "paper">): string => `${paper.authors}: ${paper.title}, ${paper.venue}`;

/** "Of 7 claims 4 hold, 2 fail and 1 is inconclusive." */
function headlineOf({ title }: Pick<System, "title">, claims: readonly ClaimResult[]): string {
  const count = (verdict: ClaimResult["verdict"]) => claims.filter((c) => c.verdict === verdict).length;
  const [holds, fails, open] = [count("holds"), count("fails"), count("inconclusive")];
  const words = [
    holds > 0 && `${holds} ${holds === 1 ? "holds" : "hold"}`,
    fails > 0 && `${fails} ${fails === 1 ? "fails" : "fail"}`,
    open > 0 && `${open} ${open === 1 ? "is" : "are"} inconclusive`,
  ].filter(Boolean);
  const list =
    words.length > 1 ? `${words.slice(0, -1).join(", ")} and ${words.at(-1)}` : (words[0] ?? "none was judged");
  return `${title}: of ${claims.length} claims ${list}.`;
}

/** Verdicts follow from the numbers. */
function judged({ claims }: Pick<System, "claims">, findings: Findings): ClaimResult[] {
  return claims.map(({ judge, ...claim }) => ({ ...claim, ...judge(findings) }));
}

function openPool<O>(
  system: System<O, never>,
  options: O,
  plan: readonly Cell[],
  site: Site,
  module: string | undefined,
  jobs: number | undefined,
): Pool {
  const size = Math.min(jobs ?? processors(), plan.length);
  const alone = module === undefined || size < 2 || Object.keys(site.own).length > 0;
  if (alone) return samePool(system as unknown as System<unknown, unknown>, options, plan, site);
  const { out, store, checkpointSeconds } = site;
  const place = { out, store, ...(checkpointSeconds !== undefined && { checkpointSeconds }) };
  return processPool({ module, options, site: place }, size, site.signal);
}

/** Writes down what this run is, or checks that the folder holds the same run. */
async function claimFolder(system: string, options: unknown, { out, module }: RunOptions): Promise<void> {
  const settled: RunFile = {
    system,
    ...(module !== undefined && { module }),
    options: options as Record<string, unknown>,
  };
  const before = await readRun(out);
  const decides = ({ system: name, options: o }: RunFile) => JSON.stringify([name, o]);
  if (before && decides(before) !== decides(settled)) {
    fail(
      "E_RUN_MISMATCH",
      `${out} holds a run of ${before.system} with other options.`,
      "Choose another folder, or repeat the options of that run to go on with it.",
    );
  }
  if (before) return;
  await makeFolder(out);
  await writeAtomic(path.join(out, RUN_FILE), [new TextEncoder().encode(`${JSON.stringify(settled, null, 2)}\n`)]);
}

/** What a folder says about its run; undefined when it holds none. @throws E_RUN_FOLDER */
export async function readRun(folder: string): Promise<RunFile | undefined> {
  const file = path.join(folder, RUN_FILE);
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    const value = JSON.parse(text) as RunFile;
    if (typeof value.system === "string" && typeof value.options === "object") return value;
  } catch {
    // Said below.
  }
  return fail(
    "E_RUN_FOLDER",
    `${file} is not readable: it was truncated or changed.`,
    "Start the run in another folder.",
  );
}

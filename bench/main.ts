/**
 * `npm run bench`: Lyceum against PyTorch, tfjs and jax-js on the same training steps, and what its own loop costs.
 *
 *   --jobs mlp,gpt-0.8m   some of: mlp, distill, distill-stored, distill-plain, resnet20, gpt-0.8m, gpt-3.2m, llama-3m, teach, cli
 *   --peers torch,tfjs    some of: torch (or torch-eager, torch-compiled, torch-mkl512), tfjs, jaxjs
 *   --rounds 5            turns of each contender; the default depends on the job
 *   --minutes 11          the time to keep; slow contenders take fewer steps
 *   --threads 2 --quick   few rounds, three minutes: does it run?
 *   --out FILE            the numbers as JSON; a full run writes bench/results/<date>-<cpu>.json
 *
 * LYCEUM_PYTHON names a Python with torch. Exit status 1 when a loss rises or parameters are counted differently: such
 * times compare nothing. Missed bars are printed, not punished: they depend on the machine.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import os from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { raceVerdicts, type Verdict } from "./bars.ts";
import { machine, peaks, slug } from "./machine.ts";
import { type Entry, type Result, race } from "./race.ts";
import { CONTENDERS, ROOT } from "./roster.ts";
import { fell, peakTable, raceTable, verdictTable } from "./table.ts";
import { commandLine, type Part, teachOverhead } from "./thin-loop.ts";

/** `weight`: share of the time. `turn`: steps of one turn. `against`: the other contenders, where not everybody. */
interface Plan {
  readonly weight: number;
  readonly turn: number;
  readonly rounds: number;
  readonly against?: readonly Entry[];
  /** Only when named. */
  readonly extra?: true;
}

const RACES: Readonly<Record<string, Plan>> = {
  mlp: { weight: 40, turn: 48, rounds: 12 },
  distill: { weight: 30, turn: 24, rounds: 12 },
  "distill-stored": { weight: 12, turn: 48, rounds: 12, against: [{ id: "lyceum", job: "distill-plain" }] },
  "distill-plain": { weight: 40, turn: 48, rounds: 12, extra: true },
  resnet20: { weight: 150, turn: 8, rounds: 6 },
  "gpt-0.8m": { weight: 150, turn: 8, rounds: 6 },
  "gpt-3.2m": { weight: 165, turn: 8, rounds: 4 },
  "llama-3m": { weight: 165, turn: 8, rounds: 4 },
};
const PARTS: Readonly<Record<string, number>> = { teach: 45, cli: 45 };
/** Load of the last minute that cannot be the bench's own start. */
const BUSY = 0.7;
/** The JavaScript peers have no teacher and no Llama. */
const lacks = (id: string, job: string) => /^(distill|llama)/.test(job) && (id === "tfjs" || id === "jaxjs");

const { values: given } = parseArgs({
  options: {
    jobs: { type: "string" },
    peers: { type: "string" },
    rounds: { type: "string" },
    minutes: { type: "string" },
    threads: { type: "string", default: "2" },
    out: { type: "string" },
    quick: { type: "boolean", default: false },
  },
});
const list = (text: string | undefined) => text?.split(",").map((name) => name.trim());
const positive = (name: "rounds" | "minutes" | "threads", fallback: number) => {
  const value = Number(given[name] ?? fallback);
  return value > 0 ? value : quit(`--${name} ${given[name]}: a positive number was expected.`);
};
const threads = positive("threads", 2);
const rounds = given.rounds || given.quick ? positive("rounds", 2) : undefined;
const minutes = positive("minutes", given.quick ? 3 : 11);
const known = [...Object.keys(RACES), ...Object.keys(PARTS)];
const jobs = list(given.jobs) ?? known.filter((name) => !RACES[name]?.extra);
for (const name of jobs) if (!known.includes(name)) quit(`There is no job "${name}": ${known.join(", ")}.`);
const peers = list(given.peers);
for (const name of peers ?? []) {
  if (!CONTENDERS.some(({ id }) => id.startsWith(name))) quit(`There is no peer "${name}".`);
}
const wanted = (id: string) => id === "lyceum" || !peers || peers.some((name) => id.startsWith(name));

function quit(why: string): never {
  process.stderr.write(`${why}\n`);
  process.exit(2);
}

const end = performance.now() + minutes * 60_000;
const weightOf = (name: string) => RACES[name]?.weight ?? PARTS[name]!;
/** What is left, divided by weight among the jobs still to come: time that one saves the next may use. */
const secondsFor = (index: number) => {
  const coming = jobs.slice(index).reduce((sum, name) => sum + weightOf(name), 0);
  return (Math.max(1, (end - performance.now()) / 1000) * weightOf(jobs[index]!)) / coming;
};
const say = (line: string) => process.stderr.write(`… ${line}\n`);
const print = (text: string) => process.stdout.write(`${text}\n\n`);

const about = { ...machine(), threads, date: new Date().toISOString(), loadBefore: os.loadavg() };
const cpu = `${about.cpu}, ${about.cores} cores, load ${about.loadBefore[0]!.toFixed(1)}, Node ${about.node}`;
print(`${cpu}; ${threads} threads each`);
// Threads that wait for each other at barriers suffer more from a neighbour than those that share out work as they go:
// a busy machine flatters ONNX Runtime against OpenMP.
const busy =
  about.loadBefore[0]! > BUSY && `THE MACHINE IS BUSY (load ${about.loadBefore[0]!.toFixed(1)}): no verdict holds.`;
if (busy) print(busy);
const sgemm = await peaks(threads, wanted);
print(peakTable(sgemm));

const races: Record<string, Result[]> = {};
const parts: Record<string, Part["data"]> = {};
const verdicts: Verdict[] = [];
const wrong: string[] = [];
for (const [index, job] of jobs.entries()) {
  const seconds = secondsFor(index);
  const plan = RACES[job];
  if (!plan) {
    say(job);
    const part = job === "cli" ? await commandLine(seconds) : await teachOverhead(threads, rounds ?? 5, seconds);
    parts[job] = part.data;
    verdicts.push(...part.verdicts);
    print(part.lines.join("\n"));
    continue;
  }
  const everybody = CONTENDERS.filter(({ id }) => wanted(id) && !lacks(id, job)).map(({ id }) => ({ id, job }));
  const entries = plan.against ? [{ id: "lyceum", job }, ...plan.against] : everybody;
  const results = await race(entries, { rounds: rounds ?? plan.rounds, turn: plan.turn, threads, seconds, say });
  races[job] = results;
  verdicts.push(...raceVerdicts(job, results));
  print(raceTable(job, results));
  const counts = new Set(results.flatMap(({ facts }) => (facts.params ? [facts.params] : [])));
  if (counts.size > 1) wrong.push(`${job}: the contenders count ${[...counts].join(" and ")} parameters.`);
  for (const r of results) if (!fell(r)) wrong.push(`${job}: the loss of ${r.title} rose.`);
}
print(verdictTable(verdicts));
if (busy) print(busy);

const full = !(given.jobs || given.peers || given.rounds || given.quick);
const file = given.out ?? (full && join(ROOT, "bench/results", `${about.date.slice(0, 10)}-${slug(about.cpu)}.json`));
if (file) {
  mkdirSync(dirname(file), { recursive: true });
  const record = { ...about, busy: Boolean(busy), loadAfter: os.loadavg(), sgemm, races, parts, verdicts };
  writeFileSync(file, `${JSON.stringify(record, round, 1)}\n`);
  print(`written: ${file}`);
}
if (wrong.length > 0) {
  process.stderr.write(`${wrong.join("\n")}\n`);
  process.exitCode = 1;
}

/** Five digits are more than a clock knows. */
function round(_key: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(5)) : value;
}

/**
 * What the taught student reads at each step: the text itself, or what the teacher or the student says to beginnings of
 * it. Rows are pure functions of key, step and parameters, so a killed lesson goes on with the same ones.
 */
import { fail } from "../../errors.ts";
import { TOP_IDS, TOP_LOGS } from "../../teaching/losses/language/index.ts";
import { host, type Key, random } from "../../tensor/index.ts";
import { mixedSource, type Source, type SourceRequest, textSource } from "../distil/index.ts";
import type { TextLesson } from "../lesson/index.ts";
import { IGNORED, type RowBatch, type Rows, rowBatches } from "../text/index.ts";
import type { ToldTokens } from "./endpoint-answers.ts";
import { lessonRows } from "./rows.ts";
import type { Teacher } from "./teacher.ts";

export interface RowSource {
  readonly rows: TextLesson["rows"];
  release(): Promise<void>;
}

/** Rows of a fixed text, in another order in every pass. */
export function fixedRows(
  rows: Rows,
  places: boolean,
  { key, batchSize, told }: { key: Key; batchSize: number; told?: ToldTokens },
): RowSource {
  const batches = rowBatches(rows, { key: random.fold(key, "order"), batchSize });
  return {
    rows(step) {
      const batch = batches.at(step);
      return { ...lessonRows(batch, places), ...(told && { knowledge: toldOf(told, batch) }) };
    },
    release: async () => {},
  };
}

/** What was told about the rows of a batch, for `topKKl`. */
function toldOf({ k, ids, logs }: ToldTokens, { ids: picked, context }: RowBatch) {
  const size = context * k;
  const [pickedIds, pickedLogs] = [new Int32Array(picked.length * size), new Float32Array(picked.length * size)];
  for (const [i, row] of picked.entries()) {
    pickedIds.set(ids.subarray(row * size, (row + 1) * size), i * size);
    pickedLogs.set(logs.subarray(row * size, (row + 1) * size), i * size);
  }
  const shape = [picked.length, context, k];
  return { [TOP_IDS]: host(pickedIds, shape), [TOP_LOGS]: host(pickedLogs, shape) };
}

export type SpokenRows = RowSource & Source;

export interface SpokenOptions {
  readonly kind: SourceRequest["kind"];
  /** The training rows, whose beginnings are the prompts. */
  readonly rows: Rows;
  /** Who speaks. */
  readonly speaker: Teacher["speaker"];
  readonly endTokens: readonly number[];
  readonly batchSize: number;
  readonly key: Key;
}

/** Most prompts of a source: what a teacher says to all of them is kept in memory. */
const PROMPTS = 512;

/** Rows of what a model says. */
export async function spokenRows({ kind, rows, speaker, ...options }: SpokenOptions): Promise<SpokenRows> {
  const prompts = promptsOf(rows, PROMPTS);
  const longest = Math.max(...prompts.map(({ length }) => length));
  const { endTokens } = options;
  const sampler = await speaker({ maxTokens: rows.context - longest, endTokens });
  const source = textSource({ kind, prompts, sampler, width: rows.context - 1, ...options });
  return { rows: source.rows, spent: source.spent, release: () => sampler.release() };
}

/** Share of the steps at which a mixture reads what the student says (lambda of GKD, and its default in TRL). */
const STUDENTS_SHARE = 0.5;

/** By chance at every step what the student says then, or what the teacher said once (GKD, Agarwal et al. 2024). */
export async function mixedRows(
  options: Omit<SpokenOptions, "kind" | "speaker">,
  speakers: { readonly student: Teacher["speaker"]; readonly teacher: Teacher["speaker"] },
): Promise<RowSource> {
  const of = (kind: SourceRequest["kind"], speaker: Teacher["speaker"]) =>
    spokenRows({ ...options, kind, speaker, key: random.fold(options.key, kind) });
  const student = await of("online-student", speakers.student);
  const teacher = await of("offline", speakers.teacher);
  const { rows } = mixedSource(student, teacher, { weight: STUDENTS_SHARE, key: random.fold(options.key, "mixture") });
  return { rows, release: () => Promise.all([student.release(), teacher.release()]).then(() => {}) };
}

/**
 * What is said before the first token that counts; a quarter of a row where all of it counts, as in plain texts. Prompts
 * of more than half a row leave too little room for an answer and are left out. @throws E_COURSE when none is left
 */
export function promptsOf({ n, context, inputs, labels }: Rows, most: number): Int32Array[] {
  const out: Int32Array[] = [];
  for (let row = 0; row < n && out.length < most; row++) {
    const own = labels.subarray(row * context, (row + 1) * context);
    const first = own.findIndex((label) => label !== IGNORED);
    const length = first === 0 ? Math.ceil(context / 4) : first + 1;
    if (first < 0 || length > context / 2) continue;
    out.push(inputs.slice(row * context, row * context + length));
  }
  if (out.length === 0) {
    fail("E_COURSE", `Every prompt is longer than half a row of ${context} tokens.`, "Give shorter prompts.");
  }
  return out;
}

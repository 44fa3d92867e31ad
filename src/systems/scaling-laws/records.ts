/**
 * Runs as data (section 2.10 of the specification): what a sweep leaves, what a fit reads, what a user brings from
 * elsewhere. Tables of others name their columns N_S, D_S, L_T, L_S; these are understood as well.
 */
import { readFile } from "node:fs/promises";
import Papa from "papaparse";
import { z } from "zod";
import { fail } from "../../errors.ts";

const positive = z.number().positive();

/** One finished run; losses in nats per token of one tokeniser, N without embeddings. */
export const RunRecord = z.object({
  /** "alone" where not given and there is no LT, else "student". */
  role: z.enum(["rate", "alone", "teacher", "student", "unseen"]).optional(),
  N: positive,
  D: positive,
  loss: positive,
  /** The teacher's loss. */
  LT: positive.optional(),
  teacherId: z.string().optional(),
  seed: z.number().int().default(1),
  layers: z.number().int().optional(),
  dModel: z.number().int().optional(),
  vocab: z.number().int().optional(),
  nCtx: z.number().int().optional(),
  rate: positive.optional(),
  unit: z.literal("nats").optional(),
  seconds: z.number().optional(),
});
export type RunRecord = z.infer<typeof RunRecord> & { readonly role: Role };
type Role = "rate" | "alone" | "teacher" | "student" | "unseen";

const ALIASES: Readonly<Record<string, string>> = {
  ...{ N_S: "N", NS: "N", D_S: "D", DS: "D", L_T: "LT", L_S: "loss", LS: "loss", L: "loss" },
};

/** @throws E_RUNS naming the line and what is wrong with it */
export function recordOf(value: unknown, where: string): RunRecord {
  const renamed = Object.fromEntries(
    Object.entries((value ?? {}) as object).map(([name, v]) => [ALIASES[name] ?? name, v as unknown]),
  );
  const result = RunRecord.safeParse(renamed);
  if (!result.success) {
    const [issue] = result.error.issues;
    return fail(
      "E_RUNS",
      `${where} is no run: ${issue!.path.join(".") || "it"}: ${issue!.message}.`,
      "A run has N, D and loss, for a student also LT; losses in nats per token.",
    );
  }
  const { role = result.data.LT === undefined ? "alone" : "student" } = result.data;
  if (role === "student" && result.data.LT === undefined) {
    fail("E_RUNS", `${where} is a student without LT.`, "Give the loss of its teacher.");
  }
  return { ...result.data, role };
}

/** Runs of a .jsonl or .csv file. @throws E_RUNS */
export async function readRecords(file: string): Promise<RunRecord[]> {
  const text = await readFile(file, "utf8").catch((cause: unknown) =>
    fail("E_RUNS", `The runs "${file}" cannot be read.`, "Name a .jsonl or .csv file, or a report.json.", cause),
  );
  if (/\.csv$/i.test(file)) {
    const { data } = Papa.parse<unknown>(text, { header: true, dynamicTyping: true, skipEmptyLines: true });
    return data.map((row, i) => recordOf(withoutEmpty(row), `Row ${i + 1} of "${file}"`));
  }
  const lines = text.split(/\r?\n/).flatMap((line, i) => (line.trim() === "" ? [] : [[line, i + 1] as const]));
  return lines.map(([line, number]) => {
    const where = `Line ${number} of "${file}"`;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (cause) {
      fail("E_RUNS", `${where} is not JSON.`, "Write one run as a JSON object per line.", cause);
    }
    return recordOf(value, where);
  });
}

const withoutEmpty = (row: unknown) =>
  Object.fromEntries(Object.entries(row as object).filter(([, v]) => v !== null && v !== ""));

/**
 * Tables out of CSV, TSV, JSON Lines and Parquet: names of the columns, and one record per row.
 *
 * Cells of CSV and TSV stay text: guessing turns the article number "007" into 7, so whoever wants numbers converts a
 * column he knows (see table-dataset.ts). JSON and Parquet cells keep their types. Nothing is repaired silently: a row
 * with too many or too few fields is an error with its line.
 */
import { parquetMetadata, parquetReadObjects, parquetSchema } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import Papa from "papaparse";
import { fail } from "../errors.ts";

export type Row = Readonly<Record<string, unknown>>;

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

export type TableFormat = "csv" | "tsv" | "jsonl" | "parquet";

/** The format a file name stands for (`.gz` is ignored), or undefined. */
export function tableFormat(path: string): TableFormat | undefined {
  const extension = /\.([a-z]+)(?:\.gz)?$/i.exec(path)?.[1]?.toLowerCase();
  if (extension === "ndjson") return "jsonl";
  return (["csv", "tsv", "jsonl", "parquet"] as const).find((format) => format === extension);
}

export interface TableOptions {
  /** Default: by the file's name. */
  readonly format?: TableFormat;
  /** Column names of a CSV or TSV without a header line. */
  readonly header?: readonly string[];
  /** Default "," in CSV and tab in TSV. */
  readonly delimiter?: string;
}

/**
 * Parses decompressed bytes.
 * @throws E_DATA_EMPTY, E_DATA_FORMAT (with the line), E_DATA_TRUNCATED
 */
export async function parseTable(bytes: Uint8Array, name: string, options: TableOptions = {}): Promise<Table> {
  const format = options.format ?? tableFormat(name);
  if (!format) {
    return fail(
      "E_DATA_FORMAT",
      `"${name}" has no known extension; .csv, .tsv, .jsonl and .parquet can be read.`,
      "Give { format }.",
    );
  }
  if (bytes.length === 0) fail("E_DATA_EMPTY", `"${name}" is empty; a ${format} table was expected.`);
  const table = format === "parquet" ? await parseParquet(bytes, name) : parseText(bytes, name, format, options);
  if (table.rows.length === 0) fail("E_DATA_EMPTY", `"${name}" has no rows.`, "A header line alone is no table.");
  return table;
}

function parseText(bytes: Uint8Array, name: string, format: "csv" | "tsv" | "jsonl", options: TableOptions): Table {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes); // also drops a byte order mark
  } catch (cause) {
    return fail("E_DATA_FORMAT", `"${name}" is not UTF-8 text.`, "Save it as UTF-8, or is it another format?", cause);
  }
  if (format === "jsonl") return parseJsonLines(text, name);
  const { header, delimiter = format === "csv" ? "," : "\t" } = options;
  // Many TSV files (queries, passages) hold bare quotation marks: quoting is a habit of CSV only.
  const quoteChar = format === "csv" ? '"' : "\0";
  const { data, errors } = Papa.parse<string[]>(text, { delimiter, quoteChar, skipEmptyLines: true });
  const quote = errors.find(({ type }) => type === "Quotes");
  if (quote) {
    const code = quote.code === "MissingQuotes" ? "E_DATA_TRUNCATED" : "E_DATA_FORMAT";
    fail(
      code,
      `"${name}" has a broken quotation in row ${(quote.row ?? 0) + 1}: ${quote.message}.`,
      "Is the file complete?",
    );
  }
  const columns = header ?? data[0] ?? [];
  const twice = columns.find((column, i) => columns.indexOf(column) !== i);
  if (twice !== undefined)
    fail("E_DATA_FORMAT", `"${name}" has two columns called "${twice}".`, "Rename one, or give { header }.");
  const records = header ? data : data.slice(1);
  const rows = records.map((cells, i) => {
    if (cells.length !== columns.length) {
      fail(
        "E_DATA_FORMAT",
        `"${name}" has ${cells.length} fields in row ${i + (header ? 1 : 2)}; its ${columns.length} columns are ${columns.join(", ")}.`,
        `Check the row, or the delimiter (${JSON.stringify(delimiter)}).`,
      );
    }
    return Object.fromEntries(columns.map((column, c) => [column, cells[c]!]));
  });
  return { columns, rows };
}

function parseJsonLines(text: string, name: string): Table {
  const columns = new Set<string>();
  const rows: Row[] = [];
  const lines = text.split("\n");
  lines.forEach((line, i) => {
    if (line.trim() === "") return;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (cause) {
      const last = lines.slice(i + 1).every((rest) => rest.trim() === "");
      fail(
        last ? "E_DATA_TRUNCATED" : "E_DATA_FORMAT",
        `"${name}" has no complete JSON value in line ${i + 1}: ${line.slice(0, 80)}`,
        last ? "The last line is cut off: is the file complete?" : "Every line must hold one JSON object.",
        cause,
      );
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      fail("E_DATA_FORMAT", `"${name}" has no JSON object in line ${i + 1}: ${line.slice(0, 80)}`);
    }
    for (const column of Object.keys(value)) columns.add(column);
    rows.push(value as Row);
  });
  return { columns: [...columns], rows };
}

async function parseParquet(bytes: Uint8Array, name: string): Promise<Table> {
  const magic = (at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (magic(0) !== "PAR1")
    fail("E_DATA_FORMAT", `"${name}" does not begin with PAR1, the magic of Parquet.`, "Is it another format?");
  if (bytes.length < 12 || magic(bytes.length - 4) !== "PAR1") {
    fail(
      "E_DATA_TRUNCATED",
      `"${name}" (${bytes.length} bytes) does not end in PAR1: its end is missing.`,
      "Download it again.",
    );
  }
  const file = new Uint8Array(bytes).buffer;
  try {
    const metadata = parquetMetadata(file);
    const columns = parquetSchema(metadata).children.map(({ element }) => element.name);
    return { columns, rows: await parquetReadObjects({ file, metadata, compressors }) };
  } catch (cause) {
    return fail(
      "E_DATA_FORMAT",
      `"${name}" is a Parquet file that cannot be read (${String(cause)}).`,
      "Write it again.",
      cause,
    );
  }
}

/**
 * A labelled table as a dataset: one label column, every other column a number.
 *
 * The features are standardised per column by `normalise`, not in the data, so that the numbers in the dataset are the
 * numbers in the file.
 */
import { fail } from "../errors.ts";
import type { ArrayDataset } from "./dataset.ts";
import type { Table } from "./table.ts";

export interface TableDatasetOptions {
  /** Default: the first column called label, class, target, category or y (in any case). */
  readonly label?: string;
  /** Default: every column but the label. */
  readonly features?: readonly string[];
  /** Class names in label order; default: the distinct values, sorted (as numbers when all are). */
  readonly classes?: readonly string[];
}

const LABEL_COLUMNS = ["label", "labels", "class", "target", "category", "y"];

/** The column that holds the labels, if there is one. */
export const labelColumn = ({ columns }: Pick<Table, "columns">, wanted?: string): string | undefined =>
  wanted === undefined
    ? LABEL_COLUMNS.flatMap((name) => columns.filter((column) => column.toLowerCase() === name))[0]
    : columns.find((column) => column === wanted);

/**
 * Turns a table into a dataset of rows `[features]` in f32.
 * @throws E_DATA_CLASSES without a label column or with unknown labels, E_DATA_FORMAT for a cell that is no number
 */
export function tableDataset(table: Table, name: string, options: TableDatasetOptions = {}): ArrayDataset {
  const label = labelColumn(table, options.label);
  if (label === undefined) {
    return fail(
      "E_DATA_CLASSES",
      `"${name}" has no column ${options.label ? `"${options.label}"` : `called ${LABEL_COLUMNS.join(", ")}`}; its columns are ${table.columns.join(", ")}.`,
      "Name the label column with { label }.",
    );
  }
  const features = options.features ?? table.columns.filter((column) => column !== label);
  if (features.length === 0) fail("E_DATA_EMPTY", `"${name}" has a label column "${label}" and no features.`);
  const texts = table.rows.map((row) => String(row[label]));
  const classes = options.classes ?? sortedValues(texts);
  const index = new Map(classes.map((text, i) => [text, i]));
  const inputs = new Float32Array(table.rows.length * features.length);
  const labels = Int32Array.from(texts, (text, r) => {
    const at = index.get(text);
    return (
      at ??
      fail(
        "E_DATA_CLASSES",
        `"${name}" has the label "${text}" in row ${r + 1}; the classes are ${classes.join(", ")}.`,
      )
    );
  });
  table.rows.forEach((row, r) => {
    features.forEach((feature, f) => {
      const cell = row[feature];
      const value = cell === null || cell === undefined || cell === "" ? Number.NaN : Number(cell);
      if (!Number.isFinite(value)) {
        fail(
          "E_DATA_FORMAT",
          `"${name}" has ${JSON.stringify(cell) ?? "nothing"} in column "${feature}" of row ${r + 1}; a number was expected.`,
          "Choose the numeric columns with { features }, or fill the gap.",
        );
      }
      inputs[r * features.length + f] = value;
    });
  });
  return { name, task: "classification", inputs, inputShape: [features.length], labels, classes };
}

function sortedValues(texts: readonly string[]): string[] {
  const values = [...new Set(texts)];
  const numeric = values.every((text) => text !== "" && Number.isFinite(Number(text)));
  return numeric ? values.sort((a, b) => Number(a) - Number(b)) : values.sort();
}

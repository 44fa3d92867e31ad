/** Rows of text as aligned columns, the last one wrapped to the terminal. */
import { cut, plain, wrap } from "../teaching/report/text.ts";

const GAP = 2;

export function columns(rows: readonly (readonly string[])[], width: number): string {
  const cells = rows.map((row) => row.map(plain));
  const last = Math.max(...cells.map((row) => row.length)) - 1;
  const widths = Array.from({ length: last }, (_, i) => Math.max(...cells.map((row) => widthOf(row[i] ?? ""))));
  const indent = widths.reduce((sum, w) => sum + w + GAP, 0);
  return cells
    .map((row) => {
      const head = widths.map((w, i) => (row[i] ?? "") + " ".repeat(w - widthOf(row[i] ?? "") + GAP)).join("");
      const lines = wrap(row[last] ?? "", Math.max(20, width - indent));
      return (head + lines.join(`\n${" ".repeat(indent)}`)).trimEnd();
    })
    .join("\n");
}

/** Width on the screen. */
const widthOf = (text: string) => cut(text, Number.POSITIVE_INFINITY).width;

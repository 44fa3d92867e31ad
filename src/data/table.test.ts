import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { loadFile } from "./bytes.ts";
import { parseTable } from "./table.ts";
import { labelColumn, tableDataset } from "./table-dataset.ts";
import { codeOf, realData } from "./testing.ts";

const text = (content: string) => new TextEncoder().encode(content);
/** 60 rows written by hyparquet-writer: id INT32, length DOUBLE, width DOUBLE, species STRING. */
const flowers = new Uint8Array(readFileSync(new URL("./fixtures/flowers.parquet", import.meta.url)));

describe("parseTable", () => {
  test("CSV keeps text: quotes, line breaks, leading zeros, byte order mark", async () => {
    const table = await parseTable(text('\ufeffid,say\n007,"a ""b""\nc, d"\n\n8,é\n'), "x.csv");
    expect(table).toEqual({
      columns: ["id", "say"],
      rows: [
        { id: "007", say: 'a "b"\nc, d' },
        { id: "8", say: "é" },
      ],
    });
  });
  test("TSV takes quotation marks literally, and can do without a header", async () => {
    const table = await parseTable(text('1\t"quoted\n2\tb"c\n'), "x.tsv", { header: ["id", "text"] });
    expect(table.rows).toEqual([
      { id: "1", text: '"quoted' },
      { id: "2", text: 'b"c' },
    ]);
  });
  test("JSON lines keep types and may differ in columns", async () => {
    const table = await parseTable(text('{"a":1}\n\n{"b":[true],"a":null}\r\n'), "x.jsonl");
    expect(table).toEqual({ columns: ["a", "b"], rows: [{ a: 1 }, { b: [true], a: null }] });
  });
  test("Parquet", async () => {
    const table = await parseTable(flowers, "flowers.parquet");
    expect(table.columns).toEqual(["id", "length", "width", "species"]);
    expect(table.rows.length).toBe(60);
    expect(table.rows[4]).toEqual({ id: 4, length: 2.4, width: 0.9, species: "versicolor" });
  });
  test.each([
    ["E_DATA_EMPTY", "x.csv", ""],
    ["E_DATA_EMPTY", "x.csv", "a,b\n"],
    ["E_DATA_FORMAT", "x.csv", "a,b\n1,2\n1,2,3\n"],
    ["E_DATA_FORMAT", "x.csv", "a,a\n1,2\n"],
    ["E_DATA_TRUNCATED", "x.csv", 'a,b\n1,"2\n'],
    ["E_DATA_FORMAT", "x.jsonl", '{"a":1}\n{"a":\n{"a":2}\n'],
    ["E_DATA_TRUNCATED", "x.jsonl", '{"a":1}\n{"a":\n'],
    ["E_DATA_FORMAT", "x.jsonl", "[1]\n"],
    ["E_DATA_FORMAT", "x.parquet", "not a parquet file"],
    ["E_DATA_FORMAT", "x.docx", "?"],
  ])("%s: %s %j", async (code, name, content) => {
    expect(await codeOf(() => parseTable(text(content), name))).toBe(code);
  });
  test("an error names row and columns", async () => {
    await expect(parseTable(text("a,b\n1,2\n3\n"), "x.csv")).rejects.toThrowErrorMatchingInlineSnapshot(
      `[LyceumError: "x.csv" has 1 fields in row 3; its 2 columns are a, b. Check the row, or the delimiter (",").]`,
    );
  });
  test("Parquet cut anywhere, or damaged inside", async () => {
    for (const length of [4, 11, 600, flowers.length - 1]) {
      expect(await codeOf(() => parseTable(flowers.subarray(0, length), "x.parquet"))).toBe("E_DATA_TRUNCATED");
    }
    const damaged = Uint8Array.from(flowers);
    damaged.fill(0xff, damaged.length - 300, damaged.length - 8);
    expect(await codeOf(() => parseTable(damaged, "x.parquet"))).toBe("E_DATA_FORMAT");
    expect(await codeOf(() => parseTable(text("a\n\xff").fill(0xff, 2), "x.csv"))).toBe("E_DATA_FORMAT");
  });
});

describe("tableDataset", () => {
  test("numbers in, classes sorted, label column recognised", async () => {
    const table = await parseTable(text("x,Label,y\n1,b,2.5\n3,a,-4\n"), "x.csv");
    const data = tableDataset(table, "t");
    expect([data.classes, [...data.labels], [...data.inputs], data.inputShape]).toEqual([
      ["a", "b"],
      [1, 0],
      [1, 2.5, 3, -4],
      [2],
    ]);
  });
  test("numeric labels sort as numbers", async () => {
    const table = await parseTable(text("x,y\n1,10\n1,9\n1,2\n"), "x.csv");
    expect(tableDataset(table, "t").classes).toEqual(["2", "9", "10"]);
  });
  test("what is missing is named", async () => {
    const table = await parseTable(text("x,name\n1,b\n,a\n"), "x.csv");
    expect(labelColumn(table)).toBe(undefined);
    expect(await codeOf(() => tableDataset(table, "t"))).toBe("E_DATA_CLASSES");
    expect(await codeOf(() => tableDataset(table, "t", { label: "nome" }))).toBe("E_DATA_CLASSES");
    expect(await codeOf(() => tableDataset(table, "t", { label: "name", classes: ["a", "c"] }))).toBe("E_DATA_CLASSES");
    expect(() => tableDataset(table, "t", { label: "name" })).toThrow(
      'has "" in column "x" of row 2; a number was expected',
    );
  });
});

const ecqa = realData("ecqa", "cqa_data_val.csv");
const imdb = realData("imdb", "imdb_test.jsonl.gz");
test.skipIf(!ecqa || !imdb)(
  "real files (needs LYCEUM_DATA): ECQA with line breaks in cells, IMDB gzipped",
  async () => {
    const csv = await parseTable((await loadFile(ecqa!)).bytes, ecqa!);
    expect([csv.rows.length, csv.columns.length]).toEqual([947, 13]);
    const jsonl = await parseTable((await loadFile(imdb!)).bytes, imdb!);
    expect(jsonl.rows.length).toBe(2000);
  },
);

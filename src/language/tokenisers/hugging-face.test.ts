import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../data/testing.ts";
import { characterTokeniser } from "./character.ts";
import { loadTokeniser, parseTokeniser } from "./hugging-face.ts";
import { trainByteBpe } from "./train-bpe.ts";

const reference = JSON.parse(readFileSync(new URL("fixtures/library.json", import.meta.url), "utf8"));

describe.each(["wordpiece", "unigram"])("%s through the library", (kind) => {
  const { file, ids, texts } = reference[kind];
  const tokeniser = parseTokeniser(JSON.stringify(file));

  test("has the ids and texts of the Rust library, without special tokens of its own", () => {
    expect(reference.samples.map((text: string) => [...tokeniser.encode(text)])).toEqual(ids);
    expect(ids.map((list: number[]) => tokeniser.decode(list, { skipSpecial: true }))).toEqual(texts);
    expect(tokeniser.size).toBe(file.model.vocab.length ?? Object.keys(file.model.vocab).length);
    expect(tokeniser.decode([])).toBe("");
    expect(() => tokeniser.decode([99_999])).toThrow(/token 99999 at position 0/);
  });
});

test("special tokens by custom and by configuration", () => {
  const text = JSON.stringify(reference.wordpiece.file);
  expect(parseTokeniser(text).special).toEqual({ begin: 2, end: 3, pad: 0, unknown: 1 });
  const config = JSON.stringify({ eos_token: { content: "[PAD]" }, bos_token: "[SEP]", unk_token: null });
  expect(parseTokeniser(text, config).special).toEqual({ begin: 3, end: 0, pad: 0, unknown: 1 });
});

test("special: false reads the spelling of a special token as text", () => {
  const tokeniser = parseTokeniser(JSON.stringify(reference.wordpiece.file));
  expect([...tokeniser.encode("[SEP]")]).toEqual([3]);
  expect([...tokeniser.encode("[SEP]", { special: false })]).not.toContain(3);
});

test("a folder with its configuration, a file, and what is not there", () => {
  const folder = temporaryFolder();
  const path = join(folder, "tokenizer.json");
  writeFileSync(path, trainByteBpe("abab", { size: 259, special: ["end", "pad"] }).toFile());
  writeFileSync(join(folder, "tokenizer_config.json"), JSON.stringify({ eos_token: "<|pad|>" }));
  expect(loadTokeniser(folder).special).toEqual({ end: 258, pad: 258 });
  expect([...loadTokeniser(path).encode("ab")]).toEqual([256]);
  mkdirSync(join(folder, "empty"));
  expect(() => loadTokeniser(join(folder, "empty"))).toThrow(/no tokeniser at/);
});

describe("damaged files", () => {
  const good = trainByteBpe("abab", { size: 258 }).toFile();
  test.each([
    ["cut off", good.slice(0, 500), /is not JSON/],
    ["no model", "{}", /at the field model/],
    ["a negative id", good.replace('"!":0', '"!":-1'), /at the field model\.vocab/],
    ["a byte is missing", good.replace('"!":0,', ""), /no token "!"/],
    ["a merge of nothing", good.replace('[["a","b"]', '[["a","bb"]'), /no token "bb"/],
    ["an unknown step", good.replace('"type":"ByteLevel"', '"type":"Mystery"'), /cannot be used/],
    ["an unknown model", good.replace('"type":"BPE"', '"type":"Mystery"'), /of the type "Mystery"/],
  ])("%s", (_, text, message) => {
    expect(() => parseTokeniser(text)).toThrow(message);
    expect(() => parseTokeniser(text)).toThrow(expect.objectContaining({ code: "E_TOKENISER_FILE" }));
  });
});

test("a byte-level BPE with a setting of its own goes through the library", () => {
  const file = JSON.parse(trainByteBpe("abab abab", { size: 258 }).toFile());
  expect(parseTokeniser(JSON.stringify(file)).name).toBe("byte BPE");
  file.model.ignore_merges = true;
  const tokeniser = parseTokeniser(JSON.stringify(file));
  expect(tokeniser.name).toBe("BPE");
  expect(tokeniser.decode(tokeniser.encode("abab, ab"))).toBe("abab, ab");
  expect(characterTokeniser(["a"]).name).toBe("character");
});

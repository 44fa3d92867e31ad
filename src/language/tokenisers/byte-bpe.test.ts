import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import Rust from "tokenizers";
import { describe, expect, test } from "vitest";
import { realData } from "../../data/testing.ts";
import { key } from "../../tensor/random.ts";
import { BYTE_ALPHABET, words } from "./byte-level.ts";
import { parseTokeniser } from "./hugging-face.ts";
import { applyMerges, mergeTable } from "./merge.ts";
import { randomStrings } from "./testing.ts";
import { trainByteBpe } from "./train-bpe.ts";

const here = new URL("fixtures/", import.meta.url);
const mixed = readFileSync(new URL("mixed.txt", here), "utf8");
const reference = JSON.parse(readFileSync(new URL("merges.json", here), "utf8"));
const shakespeare = realData("tinyshakespeare", "input.txt");
const trained = trainByteBpe(mixed, { size: 700, special: ["end", "user"] });

const mergesOf = (file: string): string[] => JSON.parse(file).model.merges.map((pair: string[]) => pair.join(" "));

describe("training", () => {
  test.each(["300", "700", "5000"])("the merges of the Rust trainer, vocabulary %s", (size) => {
    const ours = trainByteBpe(mixed, { size: Number(size) });
    expect(mergesOf(ours.toFile())).toEqual(reference.mixed[size]);
    if (size !== "5000") expect(ours.size).toBe(Number(size));
  });

  test.skipIf(!shakespeare)("tiny Shakespeare (needs LYCEUM_DATA): the merges of the Rust trainer", () => {
    const text = readFileSync(shakespeare!, "utf8");
    const ours = trainByteBpe(text, { size: 4096 });
    const merges = mergesOf(ours.toFile());
    expect(merges.slice(0, 768)).toEqual(reference.tinyshakespeare["1024"]);
    for (const [size, sum] of Object.entries(reference["sha256 of larger"])) {
      const part = merges.slice(0, Number(size) - 256).join("\n");
      expect(createHash("sha256").update(part).digest("hex")).toBe(sum);
    }
    expect(ours.decode(ours.encode(text))).toBe(text);
  });

  test("special tokens are no words, and get the last ids", () => {
    const ours = trainByteBpe("ab<|end|>ab<|end|>ab", { size: 260, special: ["end", "pad"] });
    expect(mergesOf(ours.toFile())).toEqual(["a b"]);
    expect(ours.special).toEqual({ end: 257, pad: 258 });
    expect([...ours.encode("ab<|end|>")]).toEqual([256, 257]);
    expect(ours.encode("<|end|>", { special: false })).toHaveLength(7);
    expect(ours.decode([256, 257, 256], { skipSpecial: true })).toBe("abab");
  });

  test("sizes that cannot be", () => {
    expect(() => trainByteBpe("a", { size: 257, special: ["a", "b"] })).toThrow(/2 special tokens are 258/);
    expect(() => trainByteBpe("a", { size: 300, special: ["end", "end"] })).toThrow(/given twice/);
  });
});

test("merges apply in the order of their ranks, not of their places", () => {
  // a=0 b=1 c=2; first bc->3, then ab->4: "abc" is a bc, although ab comes first in the word.
  const table = mergeTable([
    [1, 2, 3],
    [0, 1, 4],
  ]);
  expect([...applyMerges(Int32Array.of(0, 1, 2), table)]).toEqual([0, 3]);
  expect([...applyMerges(Int32Array.of(0, 1, 0, 1, 2, 0, 1), table)]).toEqual([4, 0, 3, 4]);
});

test("the byte alphabet has 256 characters; words are a partition", () => {
  expect(new Set(BYTE_ALPHABET).size).toBe(256);
  expect(words("We're  here,\u0085 now 12")).toEqual(["We", "'re", " ", " here", ",", "\u0085", " now", " 12"]);
});

/** Between other characters, a code point must join or part the same words as in Rust. Planes 0 to 3 hold all letters. */
test("every code point is of the same kind as in the Rust library", () => {
  const rust = Rust.byteLevelPreTokenizer(false);
  const bad: string[] = [];
  for (let block = 0; block < 0x34000; block += 0x200) {
    if (block >= 0xd800 && block < 0xe000) continue;
    let text = "";
    for (let code = block; code < block + 0x200; code++) {
      const c = String.fromCodePoint(code);
      text += `x${c}!${c}1`;
    }
    if (rust.preTokenizeString(text).length !== words(text).length) bad.push(block.toString(16));
  }
  expect(bad).toEqual([]);
});

describe("10,000 random Unicode strings", () => {
  const strings = randomStrings(key(41), 10_000);

  test("come back exactly", () => {
    const bad = strings.filter((text) => trained.decode(trained.encode(text)) !== text);
    expect(bad).toEqual([]);
  });

  test("have the ids of the Rust library", async () => {
    const rust = Rust.Tokenizer.fromString(trained.toFile());
    const theirs = await rust.encodeBatch(strings);
    const bad = strings.filter((text, i) => String([...trained.encode(text)]) !== String(theirs[i]!.getIds()));
    expect(bad).toEqual([]);
    const texts = await rust.decodeBatch(
      theirs.map((encoding) => encoding.getIds()),
      false,
    );
    expect(texts).toEqual(strings);
  });
});

test("the word of one letter, long: the ids of the Rust library in reasonable time", async () => {
  const rust = Rust.Tokenizer.fromString(trained.toFile());
  for (const text of ["a".repeat(30_001), "ab".repeat(20_000), "学生".repeat(5_000)]) {
    expect([...trained.encode(text)]).toEqual((await rust.encode(text)).getIds());
  }
});

test("lone surrogates become U+FFFD", () => {
  expect(trained.decode(trained.encode("a\ud800b"))).toBe("a\ufffdb");
});

test("its file is read back as the same tokeniser", () => {
  const back = parseTokeniser(trained.toFile());
  expect(back.name).toBe("byte BPE");
  expect(back.special).toEqual(trained.special);
  expect(back.size).toBe(trained.size);
  const text = `${mixed}<|user|>hello<|end|>`;
  expect(back.encode(text)).toEqual(trained.encode(text));
  expect(back.toFile()).toBe(trained.toFile());
});

test("ids outside the vocabulary are refused", () => {
  expect(() => trained.decode([0, 700])).toThrow(/token 700 at position 1/);
  expect(() => trained.decode([-1])).toThrow(/token -1 at position 0/);
});

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { integers, key } from "../../tensor/random.ts";
import { characterTokeniser } from "./character.ts";
import { parseTokeniser } from "./hugging-face.ts";
import { randomStrings } from "./testing.ts";
import { cutter, decoder, type Tokeniser } from "./tokeniser.ts";
import { trainByteBpe } from "./train-bpe.ts";

const bytes = trainByteBpe("the teacher teaches", { size: 270, special: ["end"] });
const pieces = (tokeniser: Tokeniser, ids: ArrayLike<number>, skipSpecial = false): string[] => {
  const stream = decoder(tokeniser, { skipSpecial });
  return [...Array.from(ids, (id) => stream.push(id)), stream.end()];
};

describe("streaming decoder", () => {
  test("holds a character back until its last byte is there", () => {
    expect(pieces(bytes, bytes.encode("aé🎉b"))).toEqual(["a", "", "é", "", "", "", "🎉", "b", ""]);
  });

  test("an incomplete end becomes U+FFFD", () => {
    expect(pieces(bytes, bytes.encode("x🎉").slice(0, 3))).toEqual(["x", "", "", "\ufffd"]);
  });

  test("random texts: the pieces are the text, and nothing is ever taken back", () => {
    for (const text of randomStrings(key(5), 500)) expect(pieces(bytes, bytes.encode(text)).join("")).toBe(text);
  });

  test("random ids, mostly invalid UTF-8: the pieces are what decode says", () => {
    const next = integers(key(6));
    for (let i = 0; i < 300; i++) {
      const ids = Array.from({ length: next(120) }, () => next(bytes.size));
      expect(pieces(bytes, ids).join("")).toBe(bytes.decode(ids));
      expect(pieces(bytes, ids, true).join("")).toBe(bytes.decode(ids, { skipSpecial: true }));
    }
  });

  test("tokenisers that put spaces between words", () => {
    const { wordpiece, unigram } = JSON.parse(readFileSync(new URL("fixtures/library.json", import.meta.url), "utf8"));
    const long = "the student learns what the teacher teaches, and again ".repeat(6);
    for (const { file } of [wordpiece, unigram]) {
      const tokeniser = parseTokeniser(JSON.stringify(file));
      const ids = tokeniser.encode(long);
      expect(pieces(tokeniser, ids).join("")).toBe(tokeniser.decode(ids));
    }
  });

  test("starts afresh after its end", () => {
    const stream = decoder(characterTokeniser(["a", "b"]));
    expect([stream.push(0), stream.end(), stream.push(1)]).toEqual(["a", "", "b"]);
  });
});

test("of two special tokens at one place the longer is cut out", () => {
  const cut = cutter(
    new Map([
      ["<a", 1],
      ["<a>", 2],
    ]),
  );
  expect(cut("x<a><a<")).toEqual(["x", 2, 1, "<"]);
});

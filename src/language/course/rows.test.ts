import { describe, expect, test } from "vitest";
import type { Document } from "../text/index.ts";
import { characterTokeniser } from "../tokenisers/index.ts";
import { extentOf, firstRows, lessonRows, pack, tokeniserFor } from "./rows.ts";
import { promptsOf } from "./sources.ts";

const text = (given: string): Document => ({ kind: "text", text: given });
const pair = (prompt: string, response: string): Document => ({ kind: "pair", prompt, response });
const letters = characterTokeniser([..."abcdé "], { special: ["end"] });

describe("tokenisers", () => {
  const parts = (given: string) => ({ train: [text(given)], validation: [text("a")], test: [text("z")] });

  test("characters of all parts where they are few, for a teacher of this process", () => {
    const tokeniser = tokeniserFor(parts("abab"), false);
    expect(tokeniser.decode(tokeniser.encode("baz"))).toBe("baz");
    expect(tokeniser.size).toBe(4);
  });

  test("bytes for many characters, and for a teacher from elsewhere", () => {
    const many = String.fromCodePoint(...Array.from({ length: 200 }, (_, i) => 0x400 + i));
    for (const tokeniser of [tokeniserFor(parts(many), false), tokeniserFor(parts("abab"), true)]) {
      expect(tokeniser.decode(tokeniser.encode("日本"))).toBe("日本");
      expect(tokeniser.special.end).toBe(tokeniser.size - 1);
    }
  });

  test("roles for conversations", () => {
    const chat: Document = { kind: "chat", messages: [{ role: "user", content: "a" }] };
    expect(tokeniserFor({ train: [chat], validation: [chat], test: [chat] }, false).special).toHaveProperty(
      "assistant",
    );
  });
});

describe("packing", () => {
  test("texts one after the other, ended; the extent is their characters and bytes less the first of each", () => {
    const { rows } = pack([text("abé"), text("cd")], letters, 4);
    expect(rows.n).toBe(2);
    // a b é | c d: the first token of a document is never foretold.
    expect(extentOf(rows, letters)).toEqual({ tokens: 5, characters: 3, bytes: 4 });
    expect(Object.keys(lessonRows(rows, true))).toEqual(["tokens", "labels", "positions", "segments"]);
    expect(Object.keys(lessonRows(rows, false))).toEqual(["tokens", "labels"]);
    expect(firstRows(rows, 1).n).toBe(1);
  });

  test("a prompt with its answer is a row; one that does not fit is left out, and none that fits is an error", () => {
    const { rows, leftOut } = pack([pair("ab", "cd"), pair("abcdabcd", "a")], letters, 6);
    expect({ n: rows.n, leftOut }).toEqual({ n: 1, leftOut: 1 });
    expect(extentOf(rows, letters)).toEqual({ tokens: 3, characters: 2, bytes: 2 });
    expect(() => pack([pair("abcdabcd", "a")], letters, 6)).toThrow(/10 tokens; a row holds 7/);
  });

  test("prompts are what stands before the first token that counts, or a quarter of a row", () => {
    const { rows } = pack([pair("ab", "cd"), pair("abcd", "a")], letters, 6);
    expect(promptsOf(rows, 9).map((tokens) => letters.decode(tokens))).toEqual(["ab"]);
    expect(() => promptsOf(pack([pair("abcd", "a")], letters, 6).rows, 9)).toThrow(/longer than half/);
    const plain = pack([text("abcdabcdabcd")], letters, 8).rows;
    expect(promptsOf(plain, 1).map((tokens) => letters.decode(tokens))).toEqual(["ab"]);
  });
});

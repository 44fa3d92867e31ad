import Rust from "tokenizers";
import { describe, expect, test } from "vitest";
import { alphabetOf, characterTokeniser } from "./character.ts";
import { parseTokeniser } from "./hugging-face.ts";

const text = "héllo wörld\n\r\n\t👩‍🏫 e\u0301 \u0085\ufeff学";
const plain = characterTokeniser(alphabetOf(text));
const special = characterTokeniser(["a", "b"], { special: ["end", "unknown", "user"] });

test("one id per code point, in the order of the alphabet", () => {
  expect([...characterTokeniser(["b", "a", "👩"]).encode("ab👩")]).toEqual([1, 0, 2]);
  expect(plain.encode(text)).toHaveLength([...text].length);
  expect(plain.decode(plain.encode(text))).toBe(text);
  expect(plain.size).toBe(new Set(text).size);
});

test("an unknown character is named with its position, or becomes the unknown token", () => {
  expect(() => characterTokeniser(["a", "b"]).encode("abzab")).toThrow(/"z" \(U\+007A\) at position 2/);
  expect([...special.encode("az👩b")]).toEqual([0, 3, 3, 1]);
});

test("special tokens come behind the alphabet", () => {
  expect(special.special).toEqual({ end: 2, unknown: 3, user: 4 });
  expect(special.size).toBe(5);
  expect([...special.encode("<|user|>ab<|end|>")]).toEqual([4, 0, 1, 2]);
  expect([...special.encode("a<", { special: false })]).toEqual([0, 3]);
  expect(special.decode([4, 0, 2, 1])).toBe("<|user|>a<|end|>b");
  expect(special.decode([4, 0, 2, 1], { skipSpecial: true })).toBe("ab");
});

test("alphabets that cannot be", () => {
  expect(() => characterTokeniser(["a", "a"])).toThrow(/comes twice/);
  expect(() => characterTokeniser(["a", "bc"])).toThrow(/"bc"/);
  expect(() => characterTokeniser([])).toThrow(/empty/);
  expect(() => plain.decode([1000])).toThrow(/token 1000/);
});

describe("tokenizer.json", () => {
  test("gives the same ids in the Rust library", async () => {
    const rust = Rust.Tokenizer.fromString(plain.toFile());
    expect((await rust.encode(text)).getIds()).toEqual([...plain.encode(text)]);
    expect(await rust.decode([...plain.encode(text)], false)).toBe(text);
    const other = Rust.Tokenizer.fromString(special.toFile());
    expect((await other.encode("abz<|end|>a<|user|>")).getIds()).toEqual([0, 1, 3, 2, 0, 4]);
    expect(other.getVocabSize()).toBe(5);
  });

  test("is read back as a character tokeniser", () => {
    for (const original of [plain, special]) {
      const back = parseTokeniser(original.toFile());
      expect(back.name).toBe("character");
      expect(back.special).toEqual(original.special);
      expect(back.toFile()).toBe(original.toFile());
    }
  });

  test("digits keep their ids, although objects sort such keys first", () => {
    const digits = characterTokeniser(["b", "7", "a", "1"], { special: ["end"] });
    expect([...parseTokeniser(digits.toFile()).encode("b7a1<|end|>")]).toEqual([0, 1, 2, 3, 4]);
  });
});

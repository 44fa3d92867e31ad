import { expect, it } from "vitest";
import { cut, pad, plain, wrap } from "./text.ts";

it("counts wide characters as two cells", () => {
  expect(cut("猫 cat", 99)).toEqual({ text: "猫 cat", width: 6 });
  expect(cut("猫猫猫", 4)).toEqual({ text: "猫…", width: 3 });
  expect(pad("猫", 4)).toBe("猫  ");
});

it("cuts with an ellipsis that fits", () => {
  expect(cut("distilled", 6)).toEqual({ text: "disti…", width: 6 });
  expect(cut("same", 4)).toEqual({ text: "same", width: 4 });
});

it("wraps at spaces and keeps words that are too long whole", () => {
  expect(wrap("one two three", 8, "  ")).toEqual(["one two", "  three"]);
  expect(wrap("abcdefghij k", 4)).toEqual(["abcdefghij", "k"]);
  expect(wrap("", 10)).toEqual([]);
});

it("takes control and direction characters out", () => {
  expect(plain("a\u001b[2Jb\u202ec\n")).toBe("a [2Jb c");
});

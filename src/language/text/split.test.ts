import { expect, test } from "vitest";
import { CUSTOMARY_SHARES, splitByShares } from "./split.ts";

test("parts are contiguous, touch and do not overlap", () => {
  for (let length = 10; length < 60; length++) {
    const whole = Int32Array.from({ length }, (_, i) => i);
    const { train, test, validation } = splitByShares(whole, CUSTOMARY_SHARES);
    expect([...train, ...test, ...validation]).toEqual([...whole]);
    expect(train.length).toBe(Math.floor(0.8 * length));
  }
});

test("of a text", () => {
  expect(splitByShares("abcdefghij", { train: [0, 0.8], validation: [0.9, 1] })).toEqual({
    train: "abcdefgh",
    validation: "j",
  });
});

test("shares that cannot be", () => {
  expect(() => splitByShares("abcd", { a: [0, 0.6], b: [0.5, 1] })).toThrow(/"a" and "b" overlap/);
  expect(() => splitByShares("abcd", { a: [0.5, 0.5] })).toThrow(/from < to/);
  expect(() => splitByShares("abcd", { a: [0, 1.1] })).toThrow(/from < to/);
  expect(() => splitByShares("abcd", { a: [0, Number.NaN] })).toThrow(/from < to/);
  expect(() => splitByShares("abcd", { a: [0, 0.1] })).toThrow(/of 4 is empty/);
});

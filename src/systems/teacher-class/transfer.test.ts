/** The other task. */
import { describe, expect, it } from "vitest";
import { DIGIT_CLASSES, FASHION_CLASSES } from "../../data/class-names.ts";
import { embeddedDataset, superClasses } from "./transfer.ts";

describe("super-classes", () => {
  it("of clothes are kinds of clothes", () => {
    const { names, of } = superClasses(FASHION_CLASSES);
    const groups = names.map((_, g) => FASHION_CLASSES.filter((_, c) => of[c] === g).length);
    expect(Object.fromEntries(names.map((name, g) => [name, groups[g]]))).toEqual({
      tops: 4,
      trousers: 1,
      dresses: 1,
      footwear: 3,
      bags: 1,
    });
  });

  it("of other classes are half as many groups", () => {
    const { names, of } = superClasses(DIGIT_CLASSES);
    expect(names).toHaveLength(5);
    expect([...of]).toEqual([0, 1, 2, 3, 4, 0, 1, 2, 3, 4]);
    expect(superClasses(["cat", "dog"]).names).toEqual(["cat", "dog"]);
  });

  it("label the same embeddings anew", () => {
    const from = { name: "x", labels: Int32Array.of(7, 1), classes: DIGIT_CLASSES };
    const z = new Float32Array(6);
    expect([...embeddedDataset(z, from).labels]).toEqual([7, 1]);
    const other = embeddedDataset(z, from, "other");
    expect([...other.labels]).toEqual([2, 1]);
    expect(other.inputShape).toEqual([3]);
    expect(other.classes).toHaveLength(5);
  });
});

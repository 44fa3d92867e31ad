import { describe, expect, it } from "vitest";
import * as ops from "../index.ts";
import { convFamily } from "./conv.test-helper.ts";
import { elementwiseFamily } from "./elementwise.test-helper.ts";
import { attentionFamily, normFamily } from "./norm.test-helper.ts";
import { poolFamily } from "./pool.test-helper.ts";
import { indexingFamily, matmulFamily, reduceFamily, shapingFamily } from "./tensor.test-helper.ts";

/** Operations without a gradient to check, and why. */
const WITHOUT_GRADIENT: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ["sign", "step", "floor", "ceil", "round", "argmax", "argmin"].map((n) => [n, "piecewise constant"]),
  ),
  ...Object.fromEntries(
    ["equal", "less", "lessOrEqual", "greater", "greaterOrEqual", "and", "or", "not"].map((n) => [n, "gives bool"]),
  ),
  ...Object.fromEntries(["scalar", "fill", "range", "oneHot"].map((n) => [n, "makes a constant"])),
  ...Object.fromEntries(
    Object.keys(ops)
      .filter((n) => n.startsWith("random"))
      .map((n) => [n, "depends on integers only"]),
  ),
  foldKey: "gives integers",
  keyValue: "no operation",
  stopGradient: "passes none on purpose",
};

describe("gradient checks", () => {
  const families = [
    attentionFamily,
    convFamily,
    elementwiseFamily,
    indexingFamily,
    matmulFamily,
    normFamily,
    poolFamily,
    reduceFamily,
    shapingFamily,
  ];
  const checked = new Set(families.flatMap((f) => [...Object.keys(f.smooth ?? {}), ...Object.keys(f.piecewise ?? {})]));
  const operations = Object.entries(ops).flatMap(([name, value]) => (typeof value === "function" ? [name] : []));

  it("cover every exported operation", () => {
    expect(operations.filter((name) => !checked.has(name) && !(name in WITHOUT_GRADIENT))).toEqual([]);
  });
  it("make no exception for an operation that is checked or gone", () => {
    const names = Object.keys(WITHOUT_GRADIENT);
    expect(names.filter((name) => checked.has(name) || !operations.includes(name))).toEqual([]);
  });
});

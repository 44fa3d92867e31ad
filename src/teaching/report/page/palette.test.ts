import { describe, expect, it } from "vitest";
import type { Arm } from "../schema.ts";
import { armStyles, contrast, DARK, LIGHT } from "./palette.ts";

describe.each([
  ["light", LIGHT],
  ["dark", DARK],
])("%s scheme", (_, scheme) => {
  it("reaches AA for text on page and cards", () => {
    for (const ground of [scheme.page, scheme.card])
      for (const ink of [scheme.ink, scheme.muted, scheme.good, scheme.bad, scheme.unsure, ...scheme.series])
        expect(contrast(ink, ground), `${ink} on ${ground}`).toBeGreaterThanOrEqual(4.5);
  });
});

it("contrast is WCAG's", () => {
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21, 6);
  expect(contrast("#777777", "#ffffff")).toBeCloseTo(4.48, 2);
});

it("tells six arms apart by colour, dash and symbol, and 36 by colour with symbol", () => {
  const roles: Arm["role"][] = ["student", "student", "baseline", "teacher", "student", "oracle"];
  const arms = roles.map((role, i): Arm => ({ name: `${i}`, role, params: 1, flops: 1, metrics: {}, seconds: 0 }));
  const styles = armStyles(arms);
  for (const key of ["color", "dash", "symbol"] as const)
    expect(new Set([...styles.values()].map((style) => style[key])).size).toBe(6);
  expect(styles.get("3")!.color).toBe("var(--series-0)");
  expect(styles.get("0")!.color).toBe("var(--series-1)");

  const many = Array.from({ length: 36 }, (_, i): Arm => ({ ...arms[i % 6]!, name: `${i}` }));
  const looks = [...armStyles(many).values()].map(({ color, symbol }) => `${color} ${symbol}`);
  expect(new Set(looks).size).toBe(36);
});

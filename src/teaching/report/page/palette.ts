/**
 * Colours. Series are Okabe & Ito's colour-blind-safe palette, darkened (light scheme) or lightened (dark
 * scheme) until they reach a contrast of 4.5 : 1, so that they may carry text; each arm also has a dash and a
 * symbol of its own, because colour alone must not tell arms apart (WCAG 2.2, 1.4.1 and 1.4.3).
 */
import type { Arm } from "../schema.ts";

export interface Scheme {
  page: string;
  card: string;
  line: string;
  ink: string;
  muted: string;
  good: string;
  bad: string;
  unsure: string;
  series: readonly string[];
}

export const LIGHT: Scheme = {
  page: "#ffffff",
  card: "#f5f6f8",
  line: "#d9dce1",
  ink: "#1b1f24",
  muted: "#57606a",
  good: "#00694e",
  bad: "#a83c00",
  unsure: "#57606a",
  series: ["#0067a3", "#b84a00", "#00755a", "#9c3f78", "#7d6200", "#565d66"],
};

export const DARK: Scheme = {
  page: "#14171c",
  card: "#1d2127",
  line: "#363c45",
  ink: "#e8eaee",
  muted: "#a3abb6",
  good: "#3fcfa6",
  bad: "#ff9a63",
  unsure: "#a3abb6",
  series: ["#62b8ec", "#ff8f52", "#3fcfa6", "#e59fc9", "#e3cb4a", "#b4bac3"],
};

export interface ArmStyle {
  color: string;
  /** SVG stroke-dasharray; empty for a solid line. */
  dash: string;
  symbol: "square" | "circle" | "triangle" | "diamond2" | "hexagon" | "star";
}

const DASHES = ["9 4", "", "5 3", "2 3", "9 3 2 3", "1 4"] as const;
const SYMBOLS = ["square", "circle", "triangle", "diamond2", "hexagon", "star"] as const;
/** The first arm of a role gets that role's slot, so that a colour means the same in every report. */
const SLOT_OF_ROLE: Readonly<Record<Arm["role"], number>> = { teacher: 0, student: 1, baseline: 2, oracle: 5 };

/** Six arms differ in colour, dash and symbol; further ones pair the colours with other dashes and symbols, 36 in all. */
export function armStyles(arms: readonly Arm[]): ReadonlyMap<string, ArmStyle> {
  const slots = new Map<string, number>();
  for (const role of ["teacher", "student", "baseline", "oracle"] as const) {
    const first = arms.find((arm) => arm.role === role);
    if (first) slots.set(first.name, SLOT_OF_ROLE[role]);
  }
  const used = new Set(slots.values());
  const free = [3, 4, 5, 2, 0, 1].filter((slot) => !used.has(slot));
  const rest = arms.filter(({ name }) => !slots.has(name));
  for (const [i, { name }] of rest.entries()) {
    slots.set(name, free[i] ?? SYMBOLS.length + ((3 + i - free.length) % (SYMBOLS.length * (SYMBOLS.length - 1))));
  }
  return new Map(
    [...slots].map(([name, slot]) => {
      const color = slot % SYMBOLS.length;
      const form = (color + Math.floor(slot / SYMBOLS.length)) % SYMBOLS.length;
      return [name, { color: `var(--series-${color})`, dash: DASHES[form]!, symbol: SYMBOLS[form]! }];
    }),
  );
}

/** Contrast of two #rrggbb colours, 1 to 21 (WCAG 2.2, relative luminance). */
export function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function luminance(color: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const c = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

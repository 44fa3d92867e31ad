/** What the three networks are called, in one place. */
import type { Arm } from "./lesson.ts";

export const NAMES: Readonly<Record<Arm, string>> = {
  teacher: "Teacher",
  taught: "Taught student",
  alone: "Student alone",
};

/** Dashes tell the curves apart where colours do not. */
export const DASHES: Readonly<Record<Arm, string>> = { teacher: "9 4", taught: "", alone: "4 3" };

export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** 55050 -> "55 thousand", 2198272 -> "2.2 million". */
export function rounded(count: number): string {
  const [unit, word] = count >= 1e6 ? ([1e6, "million"] as const) : ([1e3, "thousand"] as const);
  const value = count / unit;
  return `${value >= 10 ? Math.round(value) : value.toFixed(1)} ${word}`;
}

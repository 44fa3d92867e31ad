/**
 * Numbers as people read them: thousands separators, per cent with a space, a true minus sign, "± half-width".
 *
 * Unit "share" (0 to 1) is shown in per cent and its differences in percentage points; bytes in kB and MB
 * (powers of 1000); other units as they are.
 */
import type { Comparison, Measurement } from "./schema.ts";

const MINUS = "−";
/** Shown where a number does not exist. */
export const NONE = "–";

/** 1234567 -> "1,234,567". */
export function thousands(value: number, digits = 0): string {
  const [whole, part] = Math.abs(value).toFixed(digits).split(".");
  const grouped = whole!.replace(/\B(?=(\d{3})+$)/g, ",");
  const body = part ? `${grouped}.${part}` : grouped;
  return value < 0 && /[1-9]/.test(body) ? MINUS + body : body;
}

/** About `digits` significant digits without exponents: 0.0123, 1.23, 12.3, 1,230. */
export function significant(value: number, digits = 3): string {
  if (value === 0) return "0";
  return thousands(value, Math.min(8, Math.max(0, digits - 1 - magnitude(value))));
}

/** 51234 -> "51.2 k", for axes and cards; below 1000 as it is. */
export function compact(value: number): string {
  // From 999.5 on, three digits round up to the next suffix.
  for (const [limit, suffix] of [
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const)
    if (Math.abs(value) >= limit * 0.9995) return `${trim(significant(value / limit))} ${suffix}`;
  return trim(significant(value));
}

const trim = (text: string) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);

export function bytes(value: number): string {
  return value < 1000 ? `${value} B` : `${compact(value)}B`;
}

/** 133 -> "2 min 13 s". */
export function duration(seconds: number): string {
  if (seconds < 60) return `${significant(seconds, 2)} s`;
  const minutes = Math.floor(Math.round(seconds) / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds) % 60} s`;
  return `${thousands(Math.floor(minutes / 60))} h ${minutes % 60} min`;
}

export function percent(share: number, digits = 1): string {
  return `${thousands(share * 100, digits)} %`;
}

/** A value with its unit. */
export function quantity(value: number, unit: string): string {
  if (unit === "share") return percent(value);
  if (unit === "bytes") return bytes(value);
  return unit ? `${significant(value)} ${unit}` : significant(value);
}

/** "94.1 ± 0.2 %"; without an interval "94.1 %". */
export function measured({ mean, ci95, unit }: Measurement): string {
  if (!ci95) return quantity(mean, unit);
  const scale = unit === "share" ? 100 : 1;
  const half = ((ci95[1] - ci95[0]) / 2) * scale;
  let digits = unit === "share" ? 1 : Math.min(6, Math.max(0, 2 - magnitude(mean)));
  // Never "± 0.0" for an interval that has a width.
  while (half > 0 && digits < 8 && Number(half.toFixed(digits)) === 0) digits++;
  const suffix = unit === "share" ? " %" : unit ? ` ${unit}` : "";
  return `${thousands(mean * scale, digits)} ± ${thousands(half, digits)}${suffix}`;
}

/** "+2.1 points [1.6, 2.6]". */
export function difference({ mean, ci95, unit }: Pick<Comparison, "mean" | "ci95" | "unit">): string {
  const scale = unit === "share" ? 100 : 1;
  const half = ci95 ? ((ci95[1] - ci95[0]) / 2) * scale : Math.abs(mean * scale);
  const digits = unit === "share" ? (half > 0 && half < 0.05 ? 2 : 1) : decimals(half);
  const show = (value: number) => thousands(value * scale, digits);
  const suffix = unit === "share" ? " points" : unit ? ` ${unit}` : "";
  return `${signed(show(mean))}${suffix}${ci95 ? ` [${show(ci95[0])}, ${show(ci95[1])}]` : ""}`;
}

/** Puts the plus sign where the shown digits are not all zero: "+0.0" would claim a direction that nobody measured. */
const signed = (shown: string) => (shown.startsWith(MINUS) || !/[1-9]/.test(shown) ? shown : `+${shown}`);

/** Power of ten of the leading digit. */
const magnitude = (value: number) => (value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value))));

/** Decimals that show two digits of the uncertainty. */
function decimals(half: number): number {
  return half > 0 ? Math.min(6, Math.max(0, 1 - magnitude(half))) : 3;
}

/** Ratio as a factor: "24 ×", "1.6 ×". */
export function factor(ratio: number): string {
  return `${ratio >= 9.95 ? thousands(ratio) : trim(ratio.toFixed(1))} ×`;
}

/** Share of a whole in words: 0.0417 -> "1/24", 0.9 -> "90 %", 1.3 -> "1.3 times". */
export function portion(share: number): string {
  if (share > 1.005) return `${trim(share.toFixed(share < 9.95 ? 1 : 0))} times`;
  return share <= 0.55 ? `1/${thousands(1 / share, 1 / share < 9.5 && !near(1 / share) ? 1 : 0)}` : percent(share, 0);
}

const near = (value: number) => Math.abs(value - Math.round(value)) < 0.05;

/** Claims as a table for terminals: what the paper says, what was measured, the verdict. */
import type { ClaimResult } from "../teaching/report/schema.ts";
import { columns } from "./columns.ts";

/** With one full stop at its end. */
export const stopped = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

export function claimLines(claims: readonly ClaimResult[], width: number): string {
  const rows = claims.map(({ verdict, text, measured, why }) => [
    verdict,
    `${text} Measured: ${stopped(measured)}${why ? ` ${why}` : ""}`,
  ]);
  return rows.length === 0 ? "" : `${columns(rows, width)}\n`;
}

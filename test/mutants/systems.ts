/** Mistakes in systems; see table.ts. */
import type { Mutant } from "./table.ts";

export const SYSTEM_MUTANTS: readonly Mutant[] = [];

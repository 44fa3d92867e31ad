/**
 * Systems: published methods with their baselines, run and judged alike.
 * @module lyceum/systems
 */
export type { SystemEvent } from "./events.ts";
export { common, type Preset, seedsOf } from "./options.ts";
export { loadSystem, systemNames } from "./registry.ts";
export { type RunOptions, runSystem } from "./run.ts";
export {
  type Bench,
  type Cell,
  type Claim,
  defineSystem,
  type Findings,
  type Json,
  type Judgement,
  type Outcome,
  type Outcomes,
  type Own,
  type System,
} from "./system.ts";

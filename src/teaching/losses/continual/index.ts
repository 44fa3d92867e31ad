/** Losses against forgetting: old answers, and penalties on important parameters. */
export { type FisherOptions, fisherInformation } from "./fisher.ts";
export { type LwfOptions, lwf } from "./lwf.ts";
export { type Anchor, consolidate, type EwcOptions, ewcPenalty, onlineAnchor, pathIntegral } from "./penalty.ts";

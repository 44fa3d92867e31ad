/** Data for distillation: who speaks (teacher, student, both), how often, and what the teacher says about it. */
export { SEQUENCE, TEXT_LOSSES, type TextLossName, textLoss } from "./losses.ts";
export { type EpochMemory, fileMemory } from "./memory.ts";
export { itemsOf, type Place } from "./order.ts";
export { type Answered, responseRows } from "./rows.ts";
export { type ModelSamplerOptions, modelSampler, type Sampler } from "./sampler.ts";
export { mixedSource, type Source, type SourceRequest, type Spent, textSource } from "./sources.ts";
export { type Telling, teacherTelling } from "./telling.ts";

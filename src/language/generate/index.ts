/** Text from decoders: an engine for many requests at once, answers in batches, scores of given text. */
export { type Answers, type BatchOptions, generateBatch } from "./batch.ts";
export { type CachedModel, type CachedModelOptions, cachedModel } from "./cached-model.ts";
export type { Finish, GeneratedToken, GenerateRequest, Sampling, TextEngine, TokenScore } from "./contract.ts";
export { createEngine, type Engine, type EngineOptions } from "./engine.ts";
export { GREEDY, PLAIN } from "./requests.ts";
export { drawToken, inverseTemperature } from "./sampling.ts";

/**
 * Language models: tokenisers, decoders, lessons on text, generation, files, endpoints, a server.
 * @module lyceum/language
 */
export * as decoders from "./decoder/index.ts";
export * as distillation from "./distil/index.ts";
export * as endpoints from "./endpoint/index.ts";
export * as files from "./files/index.ts";
export * as generation from "./generate/index.ts";
export * as lessons from "./lesson/index.ts";
export * as monitors from "./monitor/index.ts";
export * as oracles from "./oracle/index.ts";
export { type LyceumProvider, lyceumProvider, type ProviderOptions } from "./provider/index.ts";
export * as servers from "./serve/index.ts";
export * as text from "./text/index.ts";
export * as tokenisers from "./tokenisers/index.ts";

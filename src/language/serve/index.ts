/** Own models behind the OpenAI protocol. */
export type { Prompt, ServedModel } from "./model.ts";
export { openModel, serveFolders } from "./open.ts";
export { type RunningServer, type ServeOptions, serve } from "./server.ts";

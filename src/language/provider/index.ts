/** Own models as models of the AI SDK. */
export { type LyceumProvider, lyceumProvider, type ProviderOptions } from "./provider.ts";

/** Own models as models of the AI SDK. */
export { lyceumProvider, type ProviderOptions } from "./provider.ts";

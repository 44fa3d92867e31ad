/** Decoders in folders: read from Hugging Face and from Lyceum, written for both, and for browsers as ONNX. */
export { exportForBrowser } from "./browser.ts";
export { knownOf, type LoadedDecoder, loadDecoder } from "./load.ts";
export { cacheBytes, decoderOnnx, type OnnxType } from "./onnx.ts";
export { type DecoderToSave, type StoredType, saveDecoder } from "./save.ts";

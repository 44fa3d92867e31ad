/** Language models that are ONNX files and nothing more: they can teach. */
export { type OnnxLanguageModel, openOnnxModel } from "./model.ts";
export { onnxPieces } from "./reading.ts";
export { onnxSampler } from "./speaking.ts";

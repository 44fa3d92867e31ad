/**
 * ONNX files: teachers in, students out.
 * @module lyceum/onnx
 */
export { type ExportMetadata, type ExportOptions, type ExportPort, exportOnnx } from "./export.ts";
export {
  type Applied,
  type ApplyOptions,
  importOnnx,
  type OnnxModel,
  type OnnxPort,
  supportedOperators,
} from "./import.ts";
export { inspectOnnx, type OnnxSummary, type PortSummary } from "./inspect.ts";

/**
 * The engine: symbolic tensors, gradients, and programs compiled to ONNX.
 * @module lyceum/tensor
 */
export { checkpoint } from "./checkpoint.ts";
export type { DType, TypedArray } from "./dtype.ts";
export { grad, vjp } from "./grad.ts";
export { constant } from "./graph.ts";
export { type HostTensor, host, scalarOf, toNumbers, zeros } from "./host.ts";
export * from "./ops/index.ts";
export { evaluate, type Given, type Program, type ProgramOptions, program, type Result, type Tree } from "./program.ts";
export * as random from "./random.ts";
export { type Key, key } from "./random.ts";
export { type Backend, currentBackend, type SessionOptions, useBackend } from "./runtime/backend.ts";
export { type WebOptions, webBackend } from "./runtime/web.ts";
export type { Dim, Shape } from "./shape.ts";
export { type Operand, Tensor } from "./tensor.ts";

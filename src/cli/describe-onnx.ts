/** An ONNX file in words, row by row. */
import { bytes, compact, thousands } from "../teaching/report/format.ts";
import { inspectOnnx, type PortSummary } from "../tensor/onnx/inspect.ts";
import type { ModelProto } from "../tensor/onnx/proto.ts";

const SHOWN_METADATA = 200;

/** @throws E_ONNX_FORMAT */
export function modelRows(file: Uint8Array, taps: number): string[][] {
  const model = inspectOnnx(file);
  const unknown = model.operators.filter(({ supported }) => !supported).map(({ name }) => name);
  return [
    ["size", bytes(model.bytes)],
    ["made by", model.producer || "unknown"],
    ["opset", String(model.opset)],
    ...model.inputs.map((port) => ["input", showPort(port)]),
    ...model.outputs.map((port) => ["output", showPort(port)]),
    ["parameters", thousands(model.parameters)],
    ...(model.flops === undefined ? [] : [["per example", `${compact(model.flops)}FLOP`]]),
    ["operators", model.operators.map(({ name, count }) => `${name} ${count}`).join(", ")],
    ["as a teacher", unknown.length === 0 ? "can be imported" : `cannot be imported: ${unknown.join(", ")}`],
    ["taps", `${taps} (list them with --taps)`],
    ...Object.entries(model.metadata).map(([key, value]) => [
      key,
      value.length > SHOWN_METADATA ? `${value.slice(0, SHOWN_METADATA)}…` : value,
    ]),
  ];
}

/** Names under which intermediates can be read: of values, and of the nodes that compute them. */
export function tapNames({ graph }: ModelProto): string[] {
  return [...new Set(graph.node.flatMap((node) => [node.name, ...node.output]))].filter(Boolean);
}

const showPort = ({ name, type, shape }: PortSummary) => `${name}: ${type} [${shape?.join(", ") ?? "…"}]`;

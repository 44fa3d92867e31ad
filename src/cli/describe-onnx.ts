/** An ONNX file in words, from its messages alone: files with operators that Lyceum cannot read are described, too. */
import { bytes, thousands } from "../teaching/report/format.ts";
import { supportedOperators } from "../tensor/onnx/import.ts";
import { operatorName } from "../tensor/onnx/operators/index.ts";
import type { ModelProto, ValueInfoProto } from "../tensor/onnx/proto.ts";

const SHOWN_METADATA = 200;

export function modelRows(model: ModelProto, size: number): string[][] {
  const { graph } = model;
  const stored = new Set(graph.initializer.map((t) => t.name));
  const inputs = graph.input.filter((port) => !stored.has(port.name));
  const counts = new Map<string, number>();
  for (const node of graph.node) counts.set(operatorName(node), (counts.get(operatorName(node)) ?? 0) + 1);
  const known = new Set(supportedOperators());
  const unknown = [...counts.keys()].filter((name) => !known.has(name));
  const params = graph.initializer.reduce((sum, t) => sum + (isFloat(t.dataType) ? product(t.dims) : 0), 0);
  return [
    ["size", bytes(size)],
    ["made by", [model.producerName, model.producerVersion].filter(Boolean).join(" ") || "unknown"],
    ["opset", model.opsetImport.map(({ domain, version }) => `${domain || "ai.onnx"} ${version}`).join(", ")],
    ...inputs.map((port) => ["input", showPort(port)]),
    ...graph.output.map((port) => ["output", showPort(port)]),
    ["parameters", thousands(params)],
    ["operators", [...counts].map(([name, n]) => `${name} ${n}`).join(", ")],
    ["as a teacher", unknown.length === 0 ? "can be imported" : `cannot be imported: ${unknown.join(", ")}`],
    ["taps", `${tapNames(model).length} (list them with --taps)`],
    ...model.metadataProps.map(({ key, value }) => [
      key,
      value.length > SHOWN_METADATA ? `${value.slice(0, SHOWN_METADATA)}…` : value,
    ]),
  ];
}

/** Names under which intermediates can be read: of values, and of the nodes that compute them. */
export function tapNames({ graph }: ModelProto): string[] {
  return [...new Set(graph.node.flatMap((node) => [...(node.name ? [node.name] : []), ...node.output]))].filter(
    Boolean,
  );
}

function showPort({ name, type }: ValueInfoProto): string {
  const tensor = type?.tensorType;
  const shape = tensor?.shape?.dim.map((d) => d.dimParam || d.dimValue || "?").join(", ");
  return `${name}: ${TYPES[tensor?.elemType ?? 0] ?? "other"} [${shape ?? "…"}]`;
}

/** TensorProto.DataType. */
const TYPES: Readonly<Record<number, string>> = {
  1: "f32",
  2: "u8",
  3: "i8",
  6: "i32",
  7: "i64",
  9: "bool",
  10: "f16",
  11: "f64",
  16: "bf16",
};
const isFloat = (type: number) => [1, 10, 11, 16].includes(type);
const product = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);

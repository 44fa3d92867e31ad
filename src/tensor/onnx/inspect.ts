/**
 * What an ONNX file holds, for `lyceum inspect`: works on any file that is ONNX, also on one with operators that Lyceum
 * cannot run. Only the cost needs a trace.
 */
import { placeholder, topological } from "../graph.ts";
import { type Dim, fixed, type Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { openModel } from "./import.ts";
import { isStandard, operatorName, supportedOperators } from "./operators/index.ts";
import { decodeModel, type GraphProto, type ModelProto, type ValueInfoProto } from "./proto.ts";
import { typeName } from "./tensor-proto.ts";

export interface OnnxSummary {
  readonly bytes: number;
  readonly producer: string;
  readonly description: string;
  readonly opset: number;
  readonly inputs: readonly PortSummary[];
  readonly outputs: readonly PortSummary[];
  /** Operators with their counts, most frequent first. */
  readonly operators: readonly { readonly name: string; readonly count: number; readonly supported: boolean }[];
  /** Stored floating-point numbers. */
  readonly parameters: number;
  /**
   * Operations of one forward pass with batch 1: two per multiply-add of matrix products and convolutions, as papers
   * count. Undefined where the file cannot be traced or has open sizes beside the batch.
   */
  readonly flops: number | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface PortSummary {
  readonly name: string;
  /** ONNX's name of the element type, or what else the port takes. */
  readonly type: string;
  /** "?" for a size without a name; undefined where the file gives no shape. */
  readonly shape: Shape | undefined;
}

/** Errors: `E_ONNX_FORMAT`. */
export function inspectOnnx(bytes: Uint8Array): OnnxSummary {
  const file = decodeModel(bytes);
  const counts = new Map<string, number>();
  const stored = allGraphs(file.graph).flatMap((g) => {
    for (const n of g.node) counts.set(operatorName(n), (counts.get(operatorName(n)) ?? 0) + 1);
    return [...g.initializer, ...g.node.flatMap((n) => n.attribute.flatMap((a) => (a.t ? [a.t] : [])))];
  });
  const supported = new Set(supportedOperators());
  const names = new Set(file.graph.initializer.map((t) => t.name));
  return {
    bytes: bytes.length,
    producer: [file.producerName, file.producerVersion].filter(Boolean).join(" "),
    description: file.docString ?? "",
    opset: file.opsetImport.find((o) => isStandard(o.domain))?.version ?? 1,
    inputs: file.graph.input.filter((i) => !names.has(i.name)).map(describePort),
    outputs: file.graph.output.map(describePort),
    operators: [...counts]
      .map(([name, count]) => ({ name, count, supported: supported.has(name) }))
      .sort((a, b) => b.count - a.count || a.name.localeCompare(b.name)),
    parameters: stored
      .filter((t) => FLOATS.has(t.dataType))
      .reduce((sum, t) => sum + t.dims.reduce((a, b) => a * b, 1), 0),
    flops: flopsOf(file),
    metadata: Object.fromEntries(file.metadataProps.map(({ key, value }) => [key, value])),
  };
}

function describePort({ name, type }: ValueInfoProto): PortSummary {
  const tensor = type?.tensorType;
  const shape = tensor?.shape?.dim.map((d): Dim => d.dimValue || d.dimParam || "?");
  return { name, type: tensor ? typeName(tensor.elemType) : "no tensor", shape };
}

/** float, float16, double, bfloat16. */
const FLOATS = new Set([1, 10, 11, 16]);

function allGraphs(graph: GraphProto): GraphProto[] {
  return [graph, ...graph.node.flatMap((n) => n.attribute.flatMap((a) => (a.g ? allGraphs(a.g) : [])))];
}

function flopsOf(file: ModelProto): number | undefined {
  try {
    const model = openModel(file);
    const inputs = model.inputs.map((p) => {
      // The leading open size is the batch; any other makes the cost unknown.
      const shape = fixed((p.shape ?? ["?"]).map((d, i): Dim => (i === 0 && typeof d === "string" ? 1 : d)));
      return [p.name, placeholder(p.name, p.dtype, shape)] as const;
    });
    const outputs = Object.values(model.apply(Object.fromEntries(inputs)).outputs);
    return topological(outputs).reduce((sum, n) => sum + (COST[n.op.name]?.(n.outputs[0]!, n.inputs) ?? 0), 0);
  } catch {
    return undefined;
  }
}

const product = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);
/** Length of the dot product behind each output element; weights of a convolution are [O, C/groups, ...K]. */
const COST: Readonly<Record<string, (y: Tensor, inputs: readonly Tensor[]) => number>> = {
  matmul: (y, [a]) => {
    const transposed = y.node.attrs.transA === true;
    return 2 * product(y.dims) * a!.dims.at(transposed ? -2 : -1)!;
  },
  conv: (y, [, w]) => 2 * product(y.dims) * product(w!.dims.slice(1)),
  // Every input element meets a whole filter: weights are [C, O/groups, ...K].
  convTranspose: (_y, [x, w]) => 2 * product(x!.dims) * product(w!.dims.slice(1)),
};

/** Small ONNX models for tests, as ONNX writers make them. */
import { DTYPES, type DType } from "../dtype.ts";
import type { HostTensor } from "../host.ts";
import type { Dim } from "../shape.ts";
import {
  type AttributeProto,
  encodeModel,
  type GraphProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from "./proto.ts";

const text = new TextEncoder();

/** Attributes by value: whole numbers are ints, `{ float }` says otherwise. */
export type AttributeValue =
  | number
  | string
  | readonly number[]
  | HostTensor
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly graph: GraphProto };

function attribute(name: string, value: AttributeValue): AttributeProto {
  if (typeof value === "number") return { name, type: 2, i: value };
  if (typeof value === "string") return { name, type: 3, s: text.encode(value) };
  if (Array.isArray(value)) return { name, type: 7, ints: value as number[] };
  if ("float" in value) return { name, type: 1, f: value.float };
  if ("floats" in value) return { name, type: 6, floats: [...value.floats] };
  if ("graph" in value) return { name, type: 5, g: value.graph };
  return { name, type: 4, t: tensor("", value as HostTensor) };
}

export function tensor(name: string, { dtype, shape, data }: HostTensor): TensorProto {
  const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { name, dims: [...shape], dataType: DTYPES[dtype].onnx, rawData };
}

/** `node("Add", ["a", "b"], ["c"])`, named after its first output. */
export function node(
  opType: string,
  input: readonly string[],
  output: readonly string[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
  name = `${output[0]}_node`,
): NodeProto {
  return {
    opType,
    input: [...input],
    output: [...output],
    name,
    domain: "",
    attribute: Object.entries(attributes).map(([k, v]) => attribute(k, v)),
  };
}

export function port(name: string, shape: readonly Dim[], dtype: DType = "f32"): ValueInfoProto {
  const dim = shape.map((d) => (typeof d === "number" ? { dimValue: d } : { dimParam: d }));
  return { name, type: { tensorType: { elemType: DTYPES[dtype].onnx, shape: { dim } } } };
}

export interface Parts {
  readonly inputs?: readonly ValueInfoProto[];
  readonly nodes: readonly NodeProto[];
  readonly outputs: readonly ValueInfoProto[];
  readonly stored?: readonly TensorProto[];
}

export function graph({ inputs = [], nodes, outputs, stored = [] }: Parts): GraphProto {
  return {
    name: "test",
    node: [...nodes],
    input: [...inputs],
    output: [...outputs],
    initializer: [...stored],
    valueInfo: [],
  };
}

export function model(parts: Parts, opset = 17): Uint8Array {
  return encodeModel({
    irVersion: 8,
    producerName: "test",
    opsetImport: [
      { domain: "", version: opset },
      { domain: "com.microsoft", version: 1 },
    ],
    graph: graph(parts),
    metadataProps: [{ key: "classes", value: "cat,dog" }],
  });
}

/**
 * Writing an ONNX graph node by node. The engine's own exporter knows one open size; a decoder with a cache has three
 * (batch, new tokens, cached tokens), and its graph follows from the configuration alone.
 */
import { fail } from "../../errors.ts";
import { bytesOf } from "../../teaching/files.ts";
import { OPSET } from "../../tensor/compile/emitter.ts";
import { type AttributeProto, encodeModel, type GraphProto, type TensorProto } from "../../tensor/onnx/proto.ts";

/** TensorProto.DataType. */
export const ELEMENT = { f32: 1, i64: 7, bool: 9, f16: 10 } as const;
export type Element = keyof typeof ELEMENT;

type Attributes = Readonly<Record<string, number | string | readonly number[]>>;

export interface GraphWriter {
  /** Open sizes have names. */
  input(name: string, type: Element, shape: readonly (number | string)[]): string;
  output(name: string, type: Element, shape: readonly (number | string)[]): void;
  /** A node with one output, which gets a name of its own unless one is given. */
  op(type: string, inputs: readonly string[], attributes?: Attributes, output?: string): string;
  /** A node with several outputs. */
  ops(type: string, inputs: readonly string[], attributes: Attributes, outputs: number): string[];
  stored(name: string, type: Element, shape: readonly number[], bytes: Uint8Array): string;
  i64(...values: number[]): string;
  /** A number without axes. */
  scalar(value: number): string;
  /** @throws E_EXPORT beyond the 2 GiB that the file format can hold */
  encode(description: string): Uint8Array;
}

const FLOATS = new Set(["epsilon"]);
const text = new TextEncoder();

function attribute(name: string, value: Attributes[string]): AttributeProto {
  if (typeof value === "string") return { name, type: 3, s: text.encode(value) };
  if (typeof value !== "number") return { name, type: 7, ints: [...value] };
  return FLOATS.has(name) ? { name, type: 1, f: value } : { name, type: 2, i: value };
}

/** IR version 9 belongs to opset 20. */
const IR_VERSION = 9;
/** Of protobuf. */
const LIMIT = 2 ** 31 - 1;

export function graphWriter(): GraphWriter {
  const graph: GraphProto = { node: [], name: "decoder", initializer: [], input: [], output: [], valueInfo: [] };
  const constants = new Map<string, string>();
  let next = 0;
  const port = (name: string, type: Element, shape: readonly (number | string)[]) => {
    const dim = shape.map((d) => (typeof d === "number" ? { dimValue: d } : { dimParam: d }));
    return { name, type: { tensorType: { elemType: ELEMENT[type], shape: { dim } } } };
  };
  const write = (opType: string, inputs: readonly string[], attributes: Attributes, output: string[]) => {
    const list = Object.entries(attributes).map(([name, value]) => attribute(name, value));
    graph.node.push({ opType, input: [...inputs], output, name: output[0]!, domain: "", attribute: list });
    return output;
  };
  const stored = (name: string, type: Element, dims: readonly number[], rawData: Uint8Array): string => {
    const tensor: TensorProto = { name, dims: [...dims], dataType: ELEMENT[type], rawData };
    graph.initializer.push(tensor);
    return name;
  };
  const constant = (type: Element, shape: number[], data: Float32Array | BigInt64Array): string => {
    const key = `${type}[${shape}]${data}`;
    if (!constants.has(key)) constants.set(key, stored(`c${constants.size}`, type, shape, bytesOf(data)));
    return constants.get(key)!;
  };
  return {
    input(name, type, shape) {
      graph.input.push(port(name, type, shape));
      return name;
    },
    output(name, type, shape) {
      graph.output.push(port(name, type, shape));
    },
    op: (type, inputs, attributes = {}, output = `v${next++}`) => write(type, inputs, attributes, [output])[0]!,
    ops: (type, inputs, attributes, outputs) =>
      write(
        type,
        inputs,
        attributes,
        Array.from({ length: outputs }, () => `v${next++}`),
      ),
    stored,
    i64: (...values) => constant("i64", [values.length], BigInt64Array.from(values, BigInt)),
    scalar: (value) => constant("f32", [], Float32Array.of(value)),
    encode(description) {
      const size = graph.initializer.reduce((sum, { rawData }) => sum + rawData!.length, 0);
      if (size > LIMIT - 2 ** 20) {
        fail(
          "E_EXPORT",
          `The weights of this decoder take ${(size / 2 ** 30).toFixed(1)} GiB; one ONNX file holds 2.`,
          "Export them as F16, or keep the folder with safetensors.",
        );
      }
      return encodeModel({
        irVersion: IR_VERSION,
        opsetImport: [{ domain: "", version: OPSET }],
        producerName: "lyceum",
        docString: description,
        graph,
        metadataProps: [],
      });
    },
  };
}

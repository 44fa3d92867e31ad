/**
 * The ONNX file format: the messages of onnx.proto that a model uses, as plain values, read and written through the
 * wire layer of @bufbuild/protobuf. Fields are tables of (number, name, kind), so reading and writing share one
 * description. Unknown fields are skipped, as protobuf prescribes.
 */
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { fail } from "../../errors.ts";

export interface TensorProto {
  dims: number[];
  dataType: number;
  name: string;
  rawData?: Uint8Array;
  floatData?: number[];
  int32Data?: number[];
  int64Data?: number[];
  doubleData?: number[];
  uint64Data?: number[];
  stringData?: Uint8Array[];
  /** 1 = the data lies in another file. */
  dataLocation?: number;
}

/** `type`: 1 float, 2 int, 3 string, 4 tensor, 5 graph, 6 floats, 7 ints, 8 strings. */
export interface AttributeProto {
  name: string;
  type: number;
  f?: number;
  i?: number;
  s?: Uint8Array;
  t?: TensorProto;
  g?: GraphProto;
  floats?: number[];
  ints?: number[];
  strings?: Uint8Array[];
}

export interface NodeProto {
  input: string[];
  output: string[];
  name: string;
  opType: string;
  domain: string;
  attribute: AttributeProto[];
}

export interface DimensionProto {
  dimValue?: number;
  dimParam?: string;
}
export interface ValueInfoProto {
  name: string;
  type?: { tensorType?: { elemType: number; shape?: { dim: DimensionProto[] } } };
  docString?: string;
}

export interface GraphProto {
  node: NodeProto[];
  name: string;
  initializer: TensorProto[];
  input: ValueInfoProto[];
  output: ValueInfoProto[];
  valueInfo: ValueInfoProto[];
  docString?: string;
}

export interface ModelProto {
  irVersion: number;
  opsetImport: { domain: string; version: number }[];
  producerName: string;
  producerVersion?: string;
  docString?: string;
  graph: GraphProto;
  metadataProps: { key: string; value: string }[];
}

type Kind = "int" | "float" | "double" | "string" | "bytes" | Schema;
interface Field {
  readonly no: number;
  readonly name: string;
  readonly kind: () => Kind;
  readonly repeated: boolean;
}
type Schema = readonly Field[];

const one = (no: number, name: string, kind: Kind | (() => Schema)): Field => field(no, name, kind, false);
const many = (no: number, name: string, kind: Kind | (() => Schema)): Field => field(no, name, kind, true);
function field(no: number, name: string, kind: Kind | (() => Schema), repeated: boolean): Field {
  return { no, name, repeated, kind: typeof kind === "function" ? kind : () => kind };
}

const TENSOR: Schema = [
  many(1, "dims", "int"),
  one(2, "dataType", "int"),
  many(4, "floatData", "float"),
  many(5, "int32Data", "int"),
  many(6, "stringData", "bytes"),
  many(7, "int64Data", "int"),
  one(8, "name", "string"),
  one(9, "rawData", "bytes"),
  many(10, "doubleData", "double"),
  many(11, "uint64Data", "int"),
  one(14, "dataLocation", "int"),
];
const ATTRIBUTE: Schema = [
  one(1, "name", "string"),
  one(2, "f", "float"),
  one(3, "i", "int"),
  one(4, "s", "bytes"),
  one(5, "t", TENSOR),
  one(6, "g", () => GRAPH),
  many(7, "floats", "float"),
  many(8, "ints", "int"),
  many(9, "strings", "bytes"),
  one(20, "type", "int"),
];
const NODE: Schema = [
  many(1, "input", "string"),
  many(2, "output", "string"),
  one(3, "name", "string"),
  one(4, "opType", "string"),
  many(5, "attribute", ATTRIBUTE),
  one(7, "domain", "string"),
];
const DIMENSION: Schema = [one(1, "dimValue", "int"), one(2, "dimParam", "string")];
const TENSOR_TYPE: Schema = [one(1, "elemType", "int"), one(2, "shape", [many(1, "dim", DIMENSION)])];
const VALUE_INFO: Schema = [
  one(1, "name", "string"),
  one(2, "type", [one(1, "tensorType", TENSOR_TYPE)]),
  one(3, "docString", "string"),
];
const GRAPH: Schema = [
  many(1, "node", NODE),
  one(2, "name", "string"),
  many(5, "initializer", TENSOR),
  one(10, "docString", "string"),
  many(11, "input", VALUE_INFO),
  many(12, "output", VALUE_INFO),
  many(13, "valueInfo", VALUE_INFO),
];
const MODEL: Schema = [
  one(1, "irVersion", "int"),
  one(2, "producerName", "string"),
  one(3, "producerVersion", "string"),
  one(6, "docString", "string"),
  one(7, "graph", GRAPH),
  many(8, "opsetImport", [one(1, "domain", "string"), one(2, "version", "int")]),
  many(14, "metadataProps", [one(1, "key", "string"), one(2, "value", "string")]),
];

type Message = Record<string, unknown>;

function writeMessage(schema: Schema, message: Message, w: BinaryWriter): BinaryWriter {
  for (const f of schema) {
    const value = message[f.name];
    if (value === undefined) continue;
    const kind = f.kind();
    if (f.repeated && (kind === "int" || kind === "float" || kind === "double")) {
      const values = value as number[];
      if (values.length === 0) continue;
      w.tag(f.no, WireType.LengthDelimited).fork();
      for (const v of values) writeScalar(kind, v, w);
      w.join();
      continue;
    }
    for (const item of f.repeated ? (value as unknown[]) : [value]) {
      if (kind === "int") writeScalar(kind, item as number, w.tag(f.no, WireType.Varint));
      else if (kind === "float") writeScalar(kind, item as number, w.tag(f.no, WireType.Bit32));
      else if (kind === "double") writeScalar(kind, item as number, w.tag(f.no, WireType.Bit64));
      else if (kind === "string") w.tag(f.no, WireType.LengthDelimited).string(item as string);
      else if (kind === "bytes") w.tag(f.no, WireType.LengthDelimited).bytes(item as Uint8Array);
      else writeMessage(kind, item as Message, w.tag(f.no, WireType.LengthDelimited).fork()).join();
    }
  }
  return w;
}

function writeScalar(kind: "int" | "float" | "double", value: number, w: BinaryWriter): void {
  if (kind === "int") w.int64(value);
  else if (kind === "float") w.float(value);
  else w.double(value);
}

function readScalar(kind: "int" | "float" | "double", r: BinaryReader): number {
  return kind === "int" ? Number(r.int64()) : kind === "float" ? r.float() : r.double();
}

const WIRE_OF: Readonly<Record<string, WireType>> = {
  int: WireType.Varint,
  float: WireType.Bit32,
  double: WireType.Bit64,
};

function readMessage(schema: Schema, r: BinaryReader, end: number): Message {
  const out: Message = {};
  for (const f of schema) if (f.repeated) out[f.name] = [];
  while (r.pos < end) {
    const [no, wire] = r.tag();
    const f = schema.find((candidate) => candidate.no === no);
    if (!f) {
      r.skip(wire, no);
      continue;
    }
    const kind = f.kind();
    const packed = f.repeated && wire === WireType.LengthDelimited;
    if (wire !== (WIRE_OF[kind as string] ?? WireType.LengthDelimited) && !packed) {
      throw new RangeError(`field ${no} (${f.name}) has wire type ${wire}`);
    }
    let value: unknown;
    if (kind === "int" || kind === "float" || kind === "double") {
      if (packed) {
        const stop = r.uint32() + r.pos;
        while (r.pos < stop) (out[f.name] as number[]).push(readScalar(kind, r));
        continue;
      }
      value = readScalar(kind, r);
    } else if (kind === "string") value = r.string();
    else if (kind === "bytes") value = r.bytes();
    else value = readMessage(kind, r, r.uint32() + r.pos);
    if (f.repeated) (out[f.name] as unknown[]).push(value);
    else out[f.name] = value;
  }
  if (r.pos !== end) throw new RangeError(`a message ends at byte ${end}, its last field at ${r.pos}`);
  return out;
}

/** A model as bytes. */
export function encodeModel(model: ModelProto): Uint8Array {
  return writeMessage(MODEL, model as unknown as Message, new BinaryWriter()).finish();
}

function decode(schema: Schema, bytes: Uint8Array, what: string): Message {
  try {
    return readMessage(schema, new BinaryReader(bytes), bytes.length);
  } catch (cause) {
    return fail("E_ONNX_FORMAT", `These ${bytes.length} bytes are not an ${what}.`, "Is the file complete?", cause);
  }
}

/** Errors: `E_ONNX_FORMAT` when the bytes are not a model. */
export function decodeModel(bytes: Uint8Array): ModelProto {
  const m = decode(MODEL, bytes, "ONNX model") as Partial<ModelProto>;
  if (!m.graph || !m.opsetImport?.length) {
    fail("E_ONNX_FORMAT", `These ${bytes.length} bytes hold no ONNX graph.`, "Is the file complete and an .onnx file?");
  }
  const graph = m.graph as GraphProto;
  const complete = (g: GraphProto): void => {
    for (const n of g.node) {
      n.name ??= "";
      n.domain ??= "";
      n.opType ??= "";
      for (const a of n.attribute) if (a.g) complete(a.g);
    }
    for (const t of g.initializer) t.name ??= "";
  };
  complete(graph);
  for (const o of m.opsetImport) o.domain ??= "";
  return { irVersion: 0, producerName: "", metadataProps: [], ...m, graph, opsetImport: m.opsetImport };
}

/** A stored tensor, as in the `input_0.pb` files of ONNX's own test cases. */
export function decodeTensor(bytes: Uint8Array): TensorProto {
  return { name: "", ...decode(TENSOR, bytes, "ONNX tensor") } as TensorProto;
}

/**
 * Tensors to an ONNX graph. Walks what the outputs depend on (so dead code never exists), lets each operation write
 * its nodes, and shares equal nodes (common-subexpression elimination). Constant folding and kernel fusion are left
 * to ONNX Runtime, which does both when it loads a graph.
 */
import { fail } from "../../errors.ts";
import { DTYPES, type DType } from "../dtype.ts";
import { type Attrs, type BlockedEmitter, type Emitter, INPUT, type Node, topological } from "../graph.ts";
import { fromNumbers, type HostTensor } from "../host.ts";
import {
  type AttributeProto,
  encodeModel,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type ValueInfoProto,
} from "../onnx/proto.ts";
import type { Shape } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { fuseBlocked, lowerElementwise, toBlocked, toPlain } from "./blocked.ts";

/** Opset of everything written here. 20 brings Gelu; ONNX Runtime >= 1.17 reads it. */
export const OPSET = 20;
const IR_VERSION = 9;

export interface EmitOptions {
  readonly name?: string;
  /** Only standard ONNX operators: for files that other runtimes read. */
  readonly portable?: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Channels per block of the backend's convolution layout; 0 where it has none. */
  readonly block?: number;
  /** What the file is, in a sentence. */
  readonly description?: string;
  /** Version of the producer. */
  readonly version?: string;
}

/** Named inputs are placeholders; named outputs any tensors. */
export function emit(
  inputs: readonly { name: string; tensor: Tensor }[],
  outputs: readonly { name: string; tensor: Tensor }[],
  options: EmitOptions = {},
): Uint8Array {
  return encodeModel(toModel(inputs, outputs, options));
}

export function toModel(
  inputs: readonly { name: string; tensor: Tensor }[],
  outputs: readonly { name: string; tensor: Tensor }[],
  { name = "program", portable = false, metadata = {}, block = 0, description, version }: EmitOptions = {},
): ModelProto {
  const graph: GraphProto = { node: [], name, initializer: [], input: [], output: [], valueInfo: [] };
  const e = new GraphEmitter(
    graph,
    portable,
    [...inputs, ...outputs].map((v) => v.name),
  );
  const named = new Map<Tensor, string>();
  for (const { name: as, tensor } of inputs) {
    named.set(tensor, as);
    graph.input.push(valueInfo(as, tensor.dtype, tensor.shape));
  }
  const values = lowerAll(
    e,
    outputs.map((o) => o.tensor),
    named,
    portable ? 0 : block,
  );
  for (const { name: as, tensor } of outputs) {
    // An output needs a name of its own, even when it is an input, a constant or another output.
    graph.node.push(node("Identity", [values(tensor)], [as]));
    graph.output.push(valueInfo(as, tensor.dtype, tensor.shape));
  }
  return {
    irVersion: IR_VERSION,
    opsetImport: [{ domain: "", version: OPSET }, ...[...e.domains].map((domain) => ({ domain, version: 1 }))],
    producerName: "lyceum",
    ...(version !== undefined && { producerVersion: version }),
    ...(description !== undefined && { docString: description }),
    graph: renameOutputs(block > 1 ? fuseBlocked(graph, e.images) : graph),
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  };
}

/** Where a value lies: row-major, channel-blocked, or both. */
interface Placed {
  plain?: string;
  blocked?: string;
}

/** Lowers every reachable node once; a decomposition is lowered in the place of its node. */
function lowerAll(
  e: GraphEmitter,
  roots: readonly Tensor[],
  named: ReadonlyMap<Tensor, string>,
  block: number,
): (t: Tensor) => string {
  const done = new Map<Node, readonly Placed[]>();
  const inputs = new Map([...named].map(([t, name]) => [t, { plain: name } as Placed]));
  const placed = (t: Tensor): Placed => inputs.get(t) ?? done.get(t.node)![t.index]!;
  const plain = (t: Tensor): string => {
    const p = placed(t);
    p.plain ??= toPlain(e, p.blocked!, t);
    return p.plain;
  };
  const layout: BlockedEmitter = Object.assign(Object.create(e) as GraphEmitter, {
    block,
    plain,
    isBlocked: (t: Tensor) => placed(t).blocked !== undefined,
    blocked: (t: Tensor) => {
      const p = placed(t);
      if (p.blocked === undefined) {
        p.blocked = toBlocked(e, p.plain!);
        e.images.set(p.blocked, String(t.shape));
      }
      return p.blocked;
    },
  });
  const ready = (n: Node) => done.has(n) || (n.op === INPUT && named.has(n.outputs[0]!));
  const lower = (targets: readonly Tensor[]): void => {
    for (const n of topological(targets, ready)) {
      if (ready(n)) continue;
      if (n.op === INPUT)
        fail("E_TRACE", `Placeholder "${n.attrs.name}" is not an argument of this program.`, "Pass it in.");
      const special = block > 1 ? (n.op.blocked?.(layout, n) ?? lowerElementwise(layout, n)) : undefined;
      const out = special ?? n.op.lower(e, n, n.inputs.map(plain));
      if (out instanceof Tensor) {
        lower([out]);
        done.set(n, [placed(out)]);
      } else if (typeof out === "object" && "blocked" in out) {
        e.images.set(out.blocked, String(n.outputs[0]!.shape));
        done.set(n, [{ blocked: out.blocked }]);
      } else
        done.set(
          n,
          (typeof out === "string" ? [out] : out).map((name) => ({ plain: name })),
        );
    }
  };
  lower(roots);
  return plain;
}

/** Writes each graph output directly from the node that computes it, where nothing else is in the way. */
function renameOutputs(graph: GraphProto): GraphProto {
  const producer = new Map(graph.node.flatMap((n) => n.output.map((o) => [o, n] as const)));
  const taken = new Set<string>();
  const rename = new Map<string, string>();
  const outputs = new Set(graph.output.map((o) => o.name));
  const kept = graph.node.filter((n) => {
    const target = n.output[0]!;
    const source = n.input[0]!;
    if (n.opType !== "Identity" || !outputs.has(target)) return true;
    if (!producer.has(source) || taken.has(source) || outputs.has(source)) return true;
    taken.add(source);
    rename.set(source, target);
    return false;
  });
  for (const n of kept) {
    n.input = n.input.map((i) => rename.get(i) ?? i);
    n.output = n.output.map((o) => rename.get(o) ?? o);
  }
  return { ...graph, node: kept };
}

function valueInfo(name: string, dtype: DType, shape: Shape): ValueInfoProto {
  const dim = shape.map((d) => (typeof d === "number" ? { dimValue: d } : { dimParam: d }));
  return { name, type: { tensorType: { elemType: DTYPES[dtype].onnx, shape: { dim } } } };
}

function node(
  opType: string,
  input: readonly string[],
  output: readonly string[],
  attribute: AttributeProto[] = [],
  domain = "",
): NodeProto {
  return { opType, input: [...input], output: [...output], name: "", domain, attribute };
}

const text = new TextEncoder();
/** Attributes whose numbers are floats even when whole. */
const FLOAT_ATTRIBUTES = new Set([
  "alpha",
  "beta",
  "gamma",
  "epsilon",
  "spatial_scale",
  "cubic_coeff_a",
  "extrapolation_value",
]);

function attribute(name: string, value: unknown): AttributeProto {
  if (typeof value === "string") {
    return value in DTYPES && name === "to"
      ? { name, type: 2, i: DTYPES[value as DType].onnx }
      : { name, type: 3, s: text.encode(value) };
  }
  if (typeof value === "number") {
    return FLOAT_ATTRIBUTES.has(name) || !Number.isInteger(value)
      ? { name, type: 1, f: value }
      : { name, type: 2, i: value };
  }
  if (Array.isArray(value) && value.every((v) => Number.isInteger(v)))
    return { name, type: 7, ints: value as number[] };
  return fail("E_INTERNAL", `Attribute ${name} = ${JSON.stringify(value)} has no ONNX form.`);
}

class GraphEmitter implements Emitter {
  readonly domains = new Set<string>();
  /** Names of whole images in the blocked layout, and their shapes. */
  readonly images = new Map<string, string>();
  private readonly seen = new Map<string, string[]>();
  private readonly constants = new Map<HostTensor["data"], string>();
  private readonly taken: Set<string>;
  /** An object, because the blocked view of this emitter inherits from it and must draw from the same numbers. */
  private readonly counter = { next: 0 };
  constructor(
    private readonly graph: GraphProto,
    readonly portable: boolean,
    reserved: readonly string[],
  ) {
    this.taken = new Set(reserved);
  }

  private fresh(prefix: string): string {
    let name: string;
    do name = `${prefix}${this.counter.next++}`;
    while (this.taken.has(name));
    return name;
  }

  op(type: string, inputs: readonly string[], attrs: Attrs = {}, options: { domain?: string } = {}): string {
    return this.ops(1, type, inputs, attrs, options)[0]!;
  }

  ops(outputs: number, type: string, inputs: readonly string[], attrs: Attrs = {}, { domain = "" } = {}): string[] {
    const key = `${domain}.${type}(${inputs.join()})${JSON.stringify(attrs)}${outputs}`;
    const known = this.seen.get(key);
    if (known) return known;
    const names = Array.from({ length: outputs }, () => this.fresh("v"));
    const attributes = Object.entries(attrs).flatMap(([k, v]) => (v === undefined ? [] : [attribute(k, v)]));
    if (domain) this.domains.add(domain);
    this.graph.node.push(node(type, inputs, names, attributes, domain));
    this.seen.set(key, names);
    return names;
  }

  constant(value: HostTensor, wanted?: string): string {
    const small = value.data.length <= 64;
    // Large constants are shared by identity, small ones by value.
    const key = small
      ? `const ${wanted ?? ""} ${value.dtype}[${value.shape}]${Array.from(value.data as ArrayLike<number | bigint>, (v) => (Object.is(v, -0) ? "-0" : String(v)))}`
      : "";
    const known = small ? this.seen.get(key)?.[0] : this.constants.get(value.data);
    if (known && (small || this.sameInitializer(known, value))) return known;
    const name = wanted === undefined ? this.fresh("c") : this.taken.has(wanted) ? this.fresh(`${wanted}.`) : wanted;
    this.taken.add(name);
    const { data } = value;
    this.graph.initializer.push({
      name,
      dims: [...value.shape],
      dataType: DTYPES[value.dtype].onnx,
      rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    });
    if (small) this.seen.set(key, [name]);
    else this.constants.set(data, name);
    return name;
  }

  private sameInitializer(name: string, value: HostTensor): boolean {
    const stored = this.graph.initializer.find((t) => t.name === name)!;
    return stored.dims.join() === value.shape.join() && stored.dataType === DTYPES[value.dtype].onnx;
  }

  dims(shape: Shape): string {
    if (shape.every((d) => typeof d === "number")) return this.i64(shape as readonly number[]);
    return this.op(
      "Concat",
      shape.map((d) => (typeof d === "number" ? this.i64([d]) : this.size(d))),
      { axis: 0 },
    );
  }

  /** A named size as an i64 vector of one, read from an input that has it. */
  private size(dim: string): string {
    const star = dim.indexOf("*");
    const name = dim.slice(star + 1);
    for (const input of this.graph.input) {
      const axis = input.type?.tensorType?.shape?.dim.findIndex((d) => d.dimParam === name) ?? -1;
      if (axis < 0) continue;
      const size = this.op("Gather", [this.op("Shape", [input.name]), this.i64([axis])], { axis: 0 });
      return star < 0 ? size : this.op("Mul", [size, this.i64([Number(dim.slice(0, star))])]);
    }
    return fail("E_DYNAMIC", `No input of this program has the size "${name}".`, "Name it in the shape of an input.");
  }

  i64(values: readonly number[]): string {
    return this.constant({ dtype: "i64", shape: [values.length], data: fromNumbers(values, "i64") });
  }

  scalar(value: number, dtype: DType): string {
    return this.constant({ dtype, shape: [], data: fromNumbers([value], dtype) });
  }
}

/**
 * ONNX files as differentiable tensors: a frozen teacher to tap and to differentiate through, or weights to fine-tune.
 *
 * The file's graph is traced like any other function. Shapes are those of the tensors it is applied to (a named batch
 * stays named), its weights are constants unless others are given, and what only computes shapes is evaluated on the
 * way (known.ts).
 */
import { fail, LyceumError } from "../../errors.ts";
import type { DType } from "../dtype.ts";
import { constant } from "../graph.ts";
import type { HostTensor } from "../host.ts";
import { cast } from "../ops/index.ts";
import { type Dim, type Shape, sameShape, show } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { Call, type Surroundings } from "./call.ts";
import { describeNode, type OrderedGraph, orderGraph } from "./graph.ts";
import { isStandard, operatorName, operatorOf } from "./operators/index.ts";
import { decodeModel, type GraphProto, type ModelProto, type NodeProto, type ValueInfoProto } from "./proto.ts";
import { elementType } from "./tensor-proto.ts";

export { supportedOperators } from "./operators/index.ts";

/** An input or output as the file declares it. Sizes that are free have a name. */
export interface OnnxPort {
  readonly name: string;
  readonly dtype: DType;
  /** Absent where the file does not say. */
  readonly shape: Shape | undefined;
}

export interface ApplyOptions {
  /** Tensors in place of stored ones, by name: parameters to train. */
  readonly weights?: Readonly<Record<string, Tensor>>;
  /** Which values to return beside the outputs; default all. Errors: `E_ONNX_TAP` for a name the file lacks. */
  readonly taps?: "all" | readonly string[];
}

export interface Applied {
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** Intermediate values by their name in the file, and by the name of the node that computes them. */
  readonly values: ReadonlyMap<string, Tensor>;
}

export interface OnnxModel {
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
  /** Operators in use, sorted. */
  readonly operators: readonly string[];
  readonly opset: number;
  readonly metadata: Readonly<Record<string, string>>;
  /** Stored tensors by name; the floats among them are the parameters. */
  readonly initializers: ReadonlyMap<string, HostTensor>;
  /**
   * Traces the model on tensors of concrete shapes. A file with the fixed batch size 1 takes any batch.
   * Errors: `E_ONNX_INPUT` (names, dtypes, shapes), `E_ONNX_WEIGHT`, `E_ONNX_TAP`, `E_ONNX_DYNAMIC` (a shape computed
   * from data), `E_ONNX_OPERATOR` (a mode of an operator that is not supported).
   */
  apply(inputs: Readonly<Record<string, Tensor>>, options?: ApplyOptions): Applied;
}

/**
 * Errors: `E_ONNX_FORMAT` (not ONNX), `E_ONNX_GRAPH` (damaged graph), `E_ONNX_OPERATOR` (names everything in the file
 * that {@link supportedOperators} lacks), `E_ONNX_DTYPE`, `E_ONNX_EXTERNAL`.
 */
export function importOnnx(bytes: Uint8Array): OnnxModel {
  return openModel(decodeModel(bytes));
}

/** The same for a model that is decoded already. */
export function openModel(file: ModelProto): OnnxModel {
  needSupported(file.graph);
  const storedNames = new Set(file.graph.initializer.map((t) => t.name));
  // Before IR version 4 initializers were listed among the inputs.
  const inputs = file.graph.input.filter((i) => !storedNames.has(i.name)).map(portOf);
  const graph = orderGraph(file.graph, new Set(inputs.map((i) => i.name)));
  const constants = new Map([...graph.stored].map(([name, value]) => [name, constant(value)]));
  const opset = opsetOf(file, "");
  return {
    inputs,
    outputs: file.graph.output.map(portOf),
    operators: [...new Set(file.graph.node.map(operatorName))].sort(),
    opset,
    metadata: Object.fromEntries(file.metadataProps.map(({ key, value }) => [key, value])),
    initializers: graph.stored,
    apply(given, { weights = {}, taps = "all" } = {}) {
      const { bound, rebatched } = bind(inputs, given);
      const env = new Map<string, Tensor>([...constants, ...bound]);
      for (const [name, tensor] of Object.entries(weights)) env.set(name, replacement(name, tensor, graph.stored));
      const names = run(graph, env, { file, rebatched, prepared: new Map() });
      const values = new Map([...names, ...env]);
      for (const name of [...bound.keys(), ...constants.keys()]) values.delete(name);
      return {
        outputs: Object.fromEntries(file.graph.output.map(({ name }) => [name, env.get(name)!])),
        values: taps === "all" ? values : new Map(taps.map((name) => [name, values.get(name) ?? noTap(name, values)])),
      };
    },
  };
}

interface Run {
  readonly file: ModelProto;
  readonly rebatched: Dim | undefined;
  readonly prepared: Map<GraphProto, OrderedGraph>;
}

/** Fills `env` with every value of the graph; returns first outputs by node name. */
function run(graph: OrderedGraph, env: Map<string, Tensor>, r: Run): Map<string, Tensor> {
  const byNode = new Map<string, Tensor>();
  for (const node of graph.nodes) {
    const around: Surroundings = {
      opset: opsetOf(r.file, node.domain),
      rebatched: r.rebatched,
      branch: (inner) => branch(inner, env, r),
    };
    const inputs = node.input.map((name) => (name === "" ? undefined : env.get(name)!));
    const outputs = traced(node, around, inputs);
    node.output.forEach((name, i) => {
      if (name === "") return;
      env.set(name, outputs[i] ?? unavailable(node, i));
    });
    if (node.name && outputs[0]) byNode.set(node.name, outputs[0]);
  }
  return byNode;
}

/** Runs an operator; errors of the engine are told where in the file they happened. */
function traced(node: NodeProto, around: Surroundings, inputs: readonly (Tensor | undefined)[]) {
  try {
    const result = operatorOf(node)!(new Call(node, around, inputs));
    return Array.isArray(result) ? (result as readonly (Tensor | undefined)[]) : [result as Tensor];
  } catch (cause) {
    if (cause instanceof LyceumError && cause.code.startsWith("E_ONNX")) throw cause;
    if (!(cause instanceof LyceumError)) {
      const why = `Node ${describeNode(node)} of the ONNX file cannot be read (${cause instanceof Error ? cause.message : cause}).`;
      fail("E_ONNX_GRAPH", why, "Does the file pass onnx.checker? If so, please report it.", cause);
    }
    throw new LyceumError(cause.code, `In node ${describeNode(node)} of the ONNX file: ${cause.message}`, undefined, {
      cause,
    });
  }
}

/** A branch of control flow: its outputs, computed among the values around it. */
function branch(inner: GraphProto, env: ReadonlyMap<string, Tensor>, r: Run): readonly Tensor[] {
  const graph = r.prepared.get(inner) ?? orderGraph(inner, new Set(env.keys()));
  r.prepared.set(inner, graph);
  const local = new Map([...env, ...[...graph.stored].map(([name, v]) => [name, constant(v)] as const)]);
  run(graph, local, r);
  return inner.output.map(({ name }) => local.get(name)!);
}

function opsetOf(file: ModelProto, domain: string): number {
  const found = file.opsetImport.find((o) => (isStandard(domain) ? isStandard(o.domain) : o.domain === domain));
  return found?.version ?? 1;
}

function portOf(info: ValueInfoProto): OnnxPort {
  const type = info.type?.tensorType;
  if (!type) {
    fail(
      "E_ONNX_OPERATOR",
      `"${info.name}" is no tensor (a sequence, map or optional value).`,
      "Lyceum reads models whose inputs and outputs are tensors.",
    );
  }
  const shape = type.shape?.dim.map((d, i): Dim => d.dimValue || d.dimParam || `${info.name}.${i}`);
  return { name: info.name, dtype: elementType(type.elemType, `"${info.name}"`), shape };
}

/** Checks the tensors against the declared inputs and binds named sizes. */
function bind(
  ports: readonly OnnxPort[],
  given: Readonly<Record<string, Tensor>>,
): { bound: Map<string, Tensor>; rebatched: Dim | undefined } {
  const wrong = (what: string): never =>
    fail(
      "E_ONNX_INPUT",
      `The model got ${what}.`,
      `Its inputs are ${ports.map((p) => `${p.name}: ${p.dtype}${show(p.shape ?? ["..."])}`).join(", ") || "none"}.`,
    );
  const extra = Object.keys(given).find((name) => ports.every((p) => p.name !== name));
  if (extra !== undefined) wrong(`an input "${extra}" that it does not have`);
  const sizes = new Map<string, Dim>();
  const batches = new Set<Dim>();
  const bound = new Map<string, Tensor>();
  for (const port of ports) {
    const t = given[port.name] ?? wrong(`no tensor for its input "${port.name}"`);
    // Indices are i64 in ONNX and i32 here.
    const tensor = port.dtype === "i64" && t.dtype === "i32" ? cast(t, "i64") : t;
    const fits = (d: Dim, i: number): boolean => {
      const size = t.shape[i]!;
      if (typeof d === "string") {
        if (!sizes.has(d)) sizes.set(d, size);
        return sizes.get(d) === size;
      }
      if (i === 0 && d === 1 && size !== 1) return Boolean(batches.add(size));
      return size === d;
    };
    if (tensor.dtype !== port.dtype || (port.shape && (t.rank !== port.shape.length || !port.shape.every(fits))))
      wrong(`${t.dtype}${show(t.shape)} for its input "${port.name}"`);
    bound.set(port.name, tensor);
  }
  if (batches.size > 1) wrong(`the batch sizes ${[...batches].join(" and ")} at once`);
  return { bound, rebatched: [...batches][0] };
}

function replacement(name: string, tensor: Tensor, stored: ReadonlyMap<string, HostTensor>): Tensor {
  const original = stored.get(name);
  if (!original || original.dtype !== tensor.dtype || !sameShape(original.shape, tensor.shape)) {
    const expected = original ? `It is stored as ${original.dtype}${show(original.shape)}.` : "See model.initializers.";
    fail("E_ONNX_WEIGHT", `The file has no weight "${name}" of ${tensor.dtype}${show(tensor.shape)}.`, expected);
  }
  return tensor;
}

function needSupported(graph: GraphProto): void {
  const places = new Map<string, string[]>();
  const visit = (g: GraphProto): void => {
    for (const node of g.node) {
      const name = operatorName(node);
      if (!operatorOf(node)) places.set(name, [...(places.get(name) ?? []), node.name || node.output[0] || "unnamed"]);
      for (const a of node.attribute) if (a.g) visit(a.g);
    }
  };
  visit(graph);
  if (places.size === 0) return;
  const list = [...places].map(([name, at]) => {
    const some = at.slice(0, 3).map((n) => `"${n}"`);
    return `${name} (${at.length} time${at.length === 1 ? "" : "s"}: ${some.join(", ")}${at.length > 3 ? ", ..." : ""})`;
  });
  fail(
    "E_ONNX_OPERATOR",
    `The model uses operators that Lyceum does not read: ${list.join("; ")}.`,
    "supportedOperators() lists those it reads; export the model without the others.",
  );
}

function unavailable(node: NodeProto, i: number): never {
  return fail(
    "E_ONNX_OPERATOR",
    `Output ${i} ("${node.output[i]}") of node ${describeNode(node)} is not supported.`,
    "Export the model without using it.",
  );
}

function noTap(name: string, values: ReadonlyMap<string, Tensor>): never {
  const near = [...values.keys()].filter((k) => k.toLowerCase().includes(name.toLowerCase()));
  return fail(
    "E_ONNX_TAP",
    `The file has no value or node named "${name}".`,
    `There are ${values.size}, for example ${(near.length ? near : [...values.keys()]).slice(0, 5).join(", ")}.`,
  );
}

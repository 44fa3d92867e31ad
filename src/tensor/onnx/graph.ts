/**
 * A graph of the file, checked and in order: every value has one source, nodes come after what they read. ONNX demands
 * that order of writers; checking it here turns a damaged file into a message instead of a crash.
 */
import { fail } from "../../errors.ts";
import type { HostTensor } from "../host.ts";
import { Attributes } from "./attributes.ts";
import { isStandard } from "./operators/index.ts";
import type { GraphProto, NodeProto } from "./proto.ts";
import { readTensor } from "./tensor-proto.ts";

export interface OrderedGraph {
  readonly nodes: readonly NodeProto[];
  /** Stored tensors: initializers, and Constant nodes, which some exporters write instead. */
  readonly stored: ReadonlyMap<string, HostTensor>;
}

export function describeNode(node: NodeProto): string {
  const name = node.name || node.output.find((o) => o);
  return name ? `"${name}" (${node.opType})` : node.opType;
}

/** Names that a node reads, those inside its branches included. */
function reads(node: NodeProto): string[] {
  const inner = node.attribute.flatMap((a) => (a.g ? freeNames(a.g) : []));
  return [...node.input.filter((i) => i !== ""), ...inner];
}

/** Names that a branch takes from around it. */
function freeNames(graph: GraphProto): string[] {
  const own = new Set([
    ...graph.initializer.map((t) => t.name),
    ...graph.input.map((i) => i.name),
    ...graph.node.flatMap((n) => n.output),
  ]);
  return [...graph.node.flatMap(reads), ...graph.output.map((o) => o.name)].filter((name) => !own.has(name));
}

/** `around` are the names that are already defined. Errors: `E_ONNX_GRAPH`. */
export function orderGraph(graph: GraphProto, around: ReadonlySet<string>): OrderedGraph {
  const stored = new Map(graph.initializer.map((t) => [t.name, readTensor(t)]));
  const source = new Map<string, NodeProto>();
  const nodes: NodeProto[] = [];
  for (const node of graph.node) {
    for (const name of node.output) {
      if (name === "") continue;
      if (source.has(name) || stored.has(name)) broken(`Two nodes of the file write the value "${name}"`);
      source.set(name, node);
    }
    const value = node.opType === "Constant" && isStandard(node.domain) && new Attributes(node).tensor("value");
    if (value) {
      source.delete(node.output[0]!);
      stored.set(node.output[0]!, value);
    } else nodes.push(node);
  }
  const defined = (name: string) => stored.has(name) || around.has(name);
  for (const { name } of graph.output) {
    if (!source.has(name) && !defined(name)) broken(`The output "${name}" is written by no node of the file`);
  }
  return { nodes: sorted(nodes, source, defined), stored };
}

/** Depth-first, iterative: graphs are deep. */
function sorted(
  nodes: readonly NodeProto[],
  source: ReadonlyMap<string, NodeProto>,
  defined: (name: string) => boolean,
): NodeProto[] {
  const order: NodeProto[] = [];
  const state = new Map<NodeProto, "open" | "done">();
  for (const root of nodes) {
    const stack: { node: NodeProto; pending: string[] }[] = [];
    const enter = (node: NodeProto) => {
      state.set(node, "open");
      stack.push({ node, pending: reads(node).reverse() });
    };
    if (!state.has(root)) enter(root);
    while (stack.length > 0) {
      const { node, pending } = stack.at(-1)!;
      const name = pending.pop();
      if (name === undefined) {
        state.set(node, "done");
        order.push(node);
        stack.pop();
        continue;
      }
      if (defined(name)) continue;
      const from = source.get(name);
      if (!from) broken(`Node ${describeNode(node)} reads "${name}", which the file neither computes nor stores`);
      if (state.get(from) === "open") {
        const loop = stack.slice(stack.findIndex((s) => s.node === from)).map((s) => describeNode(s.node));
        broken(`The file's graph has a cycle: ${loop.join(" <- ")} <- ${loop[0]}`);
      }
      if (!state.has(from)) enter(from);
    }
  }
  return order;
}

function broken(what: string): never {
  return fail("E_ONNX_GRAPH", `${what}.`, "The file is damaged or was cut out of a larger model.");
}

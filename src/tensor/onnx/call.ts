/** A node as its operator sees it: inputs as tensors, attributes, the opset, and values that must be known now. */
import { fail } from "../../errors.ts";
import type { HostTensor } from "../host.ts";
import { type Dim, show } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { Attributes } from "./attributes.ts";
import { known } from "./known.ts";
import type { GraphProto, NodeProto } from "./proto.ts";

/** What a node may ask of the graph around it. */
export interface Surroundings {
  /** Opset of the node's domain: the same operator reads differently over the years. */
  readonly opset: number;
  /** The batch that replaces the size 1 which the file fixes; undefined where the file's own sizes hold. */
  readonly rebatched: Dim | undefined;
  /** Runs a branch of control flow; it sees the values around it. */
  branch(graph: GraphProto): readonly Tensor[];
}

/** An operator: tensors in, tensors out. Outputs left out of the list are not available. */
export type Operator = (c: Call) => Tensor | readonly (Tensor | undefined)[];

export class Call {
  readonly attrs: Attributes;
  constructor(
    readonly node: NodeProto,
    readonly around: Surroundings,
    private readonly inputs: readonly (Tensor | undefined)[],
  ) {
    this.attrs = new Attributes(node);
  }

  get opset(): number {
    return this.around.opset;
  }
  /** Number of inputs written in the file, empty ones included. */
  get count(): number {
    return this.inputs.length;
  }
  has(i: number): boolean {
    return this.inputs[i] !== undefined;
  }
  /** Whether the node's i-th output is used. */
  wants(i: number): boolean {
    return Boolean(this.node.output[i]);
  }
  optional(i: number): Tensor | undefined {
    return this.inputs[i];
  }
  in(i: number): Tensor {
    return this.inputs[i] ?? this.invalid(`input ${i} is missing`);
  }
  all(): Tensor[] {
    return this.inputs.map((_, i) => this.in(i));
  }

  /** An input of whole numbers or named sizes that shapes hang on. Errors: `E_ONNX_DYNAMIC`. */
  dims(i: number): readonly Dim[] {
    const t = this.in(i);
    const value = known(t);
    if (!value || value.data.some((v) => v === undefined)) {
      fail(
        "E_ONNX_DYNAMIC",
        `${this.who}: its input "${this.node.input[i]}" decides shapes, but is computed from data.`,
        "Shapes must be known when tracing: give that input as a constant, or export the model with fixed sizes.",
      );
    }
    return value.data as readonly Dim[];
  }
  ints(i: number): readonly number[] {
    const dims = this.dims(i);
    if (dims.some((d) => typeof d !== "number")) {
      fail(
        "E_ONNX_DYNAMIC",
        `${this.who}: its input "${this.node.input[i]}" is ${show(dims)}, which is not all numbers.`,
        "Trace the model with a fixed batch size.",
      );
    }
    return dims as readonly number[];
  }
  /** An input of numbers, when it is given and known. */
  numbers(i: number): readonly number[] | undefined {
    const data = this.inputs[i] && known(this.inputs[i])?.data;
    return data?.every((v) => typeof v === "number") ? (data as readonly number[]) : undefined;
  }
  /** Whole numbers that older opsets keep as an attribute and newer ones as an input. */
  intsOf(attribute: string, input: number): readonly number[] | undefined {
    return this.attrs.ints(attribute) ?? (this.has(input) ? this.ints(input) : undefined);
  }
  tensorAttribute(name: string): HostTensor {
    return this.attrs.tensor(name) ?? this.invalid(`attribute "${name}" is missing`);
  }

  get who(): string {
    const named = this.node.name || this.node.output.find((o) => o);
    return named ? `Node "${named}" (${this.node.opType})` : `A ${this.node.opType} node`;
  }
  /** For what this operator can do in ONNX, but not here. */
  unsupported(what: string): never {
    return fail(
      "E_ONNX_OPERATOR",
      `${this.who} uses ${what}, which Lyceum does not support.`,
      "Export the model without it.",
    );
  }
  invalid(what: string): never {
    return fail("E_ONNX_GRAPH", `${this.who}: ${what}.`, "The file is not valid ONNX.");
  }
}

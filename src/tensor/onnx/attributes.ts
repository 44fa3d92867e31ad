/** The attributes of a node, read by kind. Old files leave out the type tag, so the filled field decides. */
import { fail } from "../../errors.ts";
import type { HostTensor } from "../host.ts";
import type { AttributeProto, GraphProto, NodeProto } from "./proto.ts";
import { readTensor } from "./tensor-proto.ts";

const text = new TextDecoder();

export class Attributes {
  private readonly byName: ReadonlyMap<string, AttributeProto>;
  constructor(private readonly node: NodeProto) {
    this.byName = new Map(node.attribute.map((a) => [a.name, a]));
  }

  has(name: string): boolean {
    return this.byName.has(name);
  }
  int(name: string, otherwise?: number): number {
    return this.byName.get(name)?.i ?? otherwise ?? this.missing(name);
  }
  float(name: string, otherwise?: number): number {
    return this.byName.get(name)?.f ?? otherwise ?? this.missing(name);
  }
  string(name: string, otherwise?: string): string {
    const s = this.byName.get(name)?.s;
    return s ? text.decode(s) : (otherwise ?? this.missing(name));
  }
  ints(name: string): number[] | undefined {
    return this.byName.get(name)?.ints;
  }
  floats(name: string): number[] | undefined {
    return this.byName.get(name)?.floats;
  }
  strings(name: string): string[] | undefined {
    return this.byName.get(name)?.strings?.map((s) => text.decode(s));
  }
  tensor(name: string): HostTensor | undefined {
    const t = this.byName.get(name)?.t;
    return t && readTensor(t);
  }
  graph(name: string): GraphProto {
    return this.byName.get(name)?.g ?? this.missing(name);
  }

  private missing(name: string): never {
    return fail(
      "E_ONNX_GRAPH",
      `Node "${this.node.name}" (${this.node.opType}) has no attribute "${name}".`,
      "The file is not valid ONNX.",
    );
  }
}

/** All operators by name; those outside ONNX's own domain carry it as a prefix. */
import type { Operator } from "../call.ts";
import type { NodeProto } from "../proto.ts";
import { ACTIVATIONS } from "./activations.ts";
import { CONVOLUTIONS } from "./convolution.ts";
import { ELEMENTWISE } from "./elementwise.ts";
import { GENERATORS } from "./generators.ts";
import { INDEXING } from "./indexing.ts";
import { LINEAR } from "./linear.ts";
import { NORMALISATIONS } from "./normalisation.ts";
import { POOLING } from "./pooling.ts";
import { RECURRENT } from "./recurrent.ts";
import { REDUCTIONS } from "./reduction.ts";
import { RESIZING } from "./resize.ts";
import { SHAPING } from "./shaping.ts";

const OPERATORS: ReadonlyMap<string, Operator> = new Map(
  [
    ELEMENTWISE,
    ACTIVATIONS,
    LINEAR,
    CONVOLUTIONS,
    POOLING,
    NORMALISATIONS,
    REDUCTIONS,
    RECURRENT,
    SHAPING,
    INDEXING,
    GENERATORS,
    RESIZING,
  ].flatMap((table) => Object.entries(table)),
);

/** Name of a node's operator, with its domain unless it is ONNX's own. */
export function operatorName(node: NodeProto): string {
  return isStandard(node.domain) ? node.opType : `${node.domain}.${node.opType}`;
}

export function isStandard(domain: string): boolean {
  return domain === "" || domain === "ai.onnx";
}

export function operatorOf(node: NodeProto): Operator | undefined {
  return OPERATORS.get(operatorName(node));
}

/** Names of all operators that {@link importOnnx} reads, sorted. */
export function supportedOperators(): readonly string[] {
  return [...OPERATORS.keys()].sort();
}

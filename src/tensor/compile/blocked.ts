/**
 * The channel-blocked layout (NCHWc) of ONNX Runtime's convolution kernels: [N, C/b, H, W, b] in memory under the
 * shape [N, C, H, W], b = 8 or 16 channels side by side.
 *
 * ONNX Runtime converts to it by itself only where weights are constants. Trained weights are not, so training steps
 * would fall back to the slower im2col kernels: we write the blocked operators ourselves. Convolutions start the
 * layout, element-wise operations and channel statistics keep it, everything else converts back.
 */

import type { BlockedEmitter, Emitter, Node } from "../graph.ts";
import { type HostTensor, host } from "../host.ts";
import { encodeModel, type GraphProto, type NodeProto } from "../onnx/proto.ts";
import { fixed, type Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

export const NCHWC = "com.microsoft.nchwc";

export function toBlocked(e: Emitter, plain: string): string {
  return e.op("ReorderInput", [plain], {}, { domain: NCHWC });
}

export function toPlain(e: Emitter, blocked: string, t: Tensor): string {
  return e.op("ReorderOutput", [blocked], { channels: t.shape[1], channels_last: 0 }, { domain: NCHWC });
}

/** True for a value that the layout can hold without padding. */
export function fits(t: Tensor, block: number): boolean {
  return (
    t.rank === 4 &&
    t.dtype === "f32" &&
    t.shape.every((d) => typeof d === "number") &&
    (t.shape[1] as number) % block === 0
  );
}

const isScalar = (shape: Shape) => shape.every((d) => d === 1);
/** [C, 1, 1] or [1, C, 1, 1] against [N, C, H, W]. */
const isChannelVector = (shape: Shape, out: Shape) =>
  (shape.length === 3 || shape.length === 4) && sizeFrom(shape) === out[1] && shape.at(-3) === out[1];
const sizeFrom = (shape: Shape) => fixed(shape).reduce((a, b) => a * b, 1);

/** An element-wise operation whose large operands are blocked stays blocked. */
export function lowerElementwise(e: BlockedEmitter, n: Node): { blocked: string } | undefined {
  const out = n.outputs[0]!;
  if (!n.op.elementwise || !fits(out, e.block) || n.inputs.some((t) => t.dtype !== "f32")) return undefined;
  const same = (t: Tensor) => t.rank === 4 && t.shape.every((d, i) => d === out.shape[i]);
  if (!n.inputs.some((t) => same(t) && e.isBlocked(t))) return undefined;
  const vectors = n.inputs.filter((t) => !same(t) && !isScalar(t.shape));
  if (!vectors.every((t) => isChannelVector(t.shape, out.shape))) return undefined;
  const [batch, channels, height, width] = out.shape as [number, number, number, number];
  const view = (name: string, shape: number[]) => e.op("Reshape", [name, e.i64(shape)]);
  const apart = [batch, channels / e.block, height * width, e.block];
  const names = n.inputs.map((t) => {
    if (same(t)) return vectors.length ? view(e.blocked(t), apart) : e.blocked(t);
    return isScalar(t.shape) ? e.plain(t) : view(e.plain(t), [1, channels / e.block, 1, e.block]);
  });
  const result = n.op.lower(e, n, names);
  if (typeof result !== "string") return undefined;
  return { blocked: vectors.length ? view(result, [batch, channels, height, width]) : result };
}

/**
 * Folds what follows a blocked convolution into its kernel: Conv -> Add -> Relu becomes one pass over memory. The
 * other operand of Add becomes the kernel's initial value. `images` names whole blocked images and their shapes.
 */
export function fuseBlocked(graph: GraphProto, images: ReadonlyMap<string, string>): GraphProto {
  const users = new Map<string, NodeProto[]>();
  for (const n of graph.node) for (const i of n.input) users.set(i, [...(users.get(i) ?? []), n]);
  const outputs = new Set(graph.output.map((o) => o.name));
  const onlyUser = (name: string) =>
    outputs.has(name) || users.get(name)?.length !== 1 ? undefined : users.get(name)![0];
  // A convolution moves to where the node ran that it absorbs: new operands may be computed after its old place.
  const place = new Map<NodeProto, NodeProto>();
  const absorbed = new Set<NodeProto>();
  for (const conv of graph.node) {
    if (conv.domain !== NCHWC || conv.opType !== "Conv") continue;
    const absorb = (next: NodeProto) => {
      conv.output = next.output;
      absorbed.add(next);
      place.set(next, conv);
    };
    const sum = onlyUser(conv.output[0]!);
    if (sum?.opType === "Add" && !absorbed.has(sum) && conv.input.length < 4) {
      const other = sum.input[sum.input[0] === conv.output[0] ? 1 : 0]!;
      // A vector would broadcast: only an image of the same shape can be the initial value.
      if (other !== conv.output[0] && images.get(other) === images.get(conv.output[0]!)) {
        conv.input = [conv.input[0]!, conv.input[1]!, conv.input[2] ?? "", other];
        absorb(sum);
      }
    }
    const relu = onlyUser(conv.output[0]!);
    if (relu?.opType === "Relu" && !absorbed.has(relu)) {
      conv.attribute = [...conv.attribute, { name: "activation", type: 3, s: new TextEncoder().encode("Relu") }];
      absorb(relu);
    }
  }
  const moved = new Set(place.values());
  const last = new Map<NodeProto, NodeProto>();
  for (const [next, conv] of place) last.set(conv, next);
  const node = graph.node.flatMap((n) => {
    const conv = place.get(n);
    if (conv) return last.get(conv) === n ? [conv] : [];
    return moved.has(n) ? [] : [n];
  });
  return { ...graph, node };
}

const PROBE: readonly number[] = [1, 16, 1, 2];

/** A model that converts 16 channels of two pixels, and its input. */
export function blockProbe(): { model: Uint8Array; feeds: Record<string, HostTensor> } {
  const dim = PROBE.map((dimValue) => ({ dimValue }));
  const info = (name: string) => ({ name, type: { tensorType: { elemType: 1, shape: { dim } } } });
  const reorder = { opType: "ReorderInput", domain: NCHWC, name: "", input: ["x"], output: ["y"], attribute: [] };
  const graph = {
    name: "probe",
    node: [reorder],
    initializer: [],
    input: [info("x")],
    output: [info("y")],
    valueInfo: [],
  };
  const opsetImport = [
    { domain: "", version: 17 },
    { domain: NCHWC, version: 1 },
  ];
  return {
    model: encodeModel({ irVersion: 9, opsetImport, producerName: "lyceum", graph, metadataProps: [] }),
    feeds: {
      x: host(
        Float32Array.from({ length: 32 }, (_, i) => i),
        PROBE,
      ),
    },
  };
}

/** The block size is the distance between the two pixels of channel 0, which hold 0 and 1. */
export function readProbe(results: Record<string, HostTensor>): number {
  const block = Array.from(results.y!.data as Float32Array).indexOf(1);
  return block === 8 || block === 16 ? block : 0;
}

/**
 * A network as teaching sees it: from pictures in 0..1 to logits and taps. Students, in-process teachers and exports
 * are all this one function of (state, x); what differs is who holds the state.
 */
import { fail } from "../errors.ts";
import type { Model } from "../nn/index.ts";
import { emit } from "../tensor/compile/emitter.ts";
import { placeholder } from "../tensor/graph.ts";
import { constant, host, type Tensor } from "../tensor/index.ts";
import { type Normalise, normalised } from "./input.ts";
import type { Outputs } from "./losses/loss.ts";
import type { TapShapes } from "./losses/taps.ts";

/** An architecture with the statistics of its inputs. */
export interface Network {
  readonly model: Model;
  readonly normalise?: Normalise;
}

/** Values of a network: its flat vectors. */
export interface NetworkState {
  readonly params: Float32Array;
  readonly buffers: Float32Array;
}

interface Symbolic {
  readonly params: Tensor;
  readonly buffers: Tensor;
}

/** One forward pass in evaluation mode. x: f32 `[B, ...inputShape]` in 0..1. */
export function forward({ model, normalise }: Network, state: Symbolic, x: Tensor): Outputs {
  const { output, taps } = model.apply(state, normalised(x, normalise));
  return { logits: output, taps };
}

/** The state as constants: the runtime may pre-pack them. */
export function frozen({ params, buffers }: NetworkState): Symbolic {
  return { params: constant(host(params)), buffers: constant(host(buffers)) };
}

/** Shapes of a network's taps for a batch of `batch`, in order of computation; the logits are no tap. */
export function tapShapes(network: Network, batch = 1): TapShapes {
  const { model } = network;
  const state = {
    params: placeholder("params", "f32", [model.params.size]),
    buffers: placeholder("buffers", "f32", [model.buffers.size]),
  };
  const { logits, taps } = forward(network, state, placeholder("x", "f32", [batch, ...model.inputShape]));
  return new Map([...taps].filter(([, t]) => t !== logits).map(([name, t]) => [name, t.dims]));
}

/**
 * A portable ONNX file: input "image" `[batch, ...inputShape]`, f32 in 0..1 (normalisation is inside); output "logits"
 * `[batch, classes]`. The metadata say so, and name the classes.
 */
export function exportNetwork(
  network: Network,
  state: NetworkState,
  { classes, metadata = {} }: { classes?: readonly string[]; metadata?: Readonly<Record<string, string>> } = {},
): Uint8Array {
  const { model } = network;
  if (state.params.length !== model.params.size || state.buffers.length !== model.buffers.size) {
    fail(
      "E_PARAM_SHAPE",
      `${model.name} has ${model.params.size} parameters and ${model.buffers.size} buffer values, got ${state.params.length} and ${state.buffers.length}.`,
    );
  }
  const x = placeholder("image", "f32", ["batch", ...model.inputShape]);
  const { logits } = forward(network, frozen(state), x);
  const about = {
    "lyceum.model": model.name,
    "lyceum.input": "unit",
    ...(classes && { "lyceum.classes": JSON.stringify(classes) }),
  };
  return emit([{ name: "image", tensor: x }], [{ name: "logits", tensor: logits }], {
    name: model.name,
    portable: true,
    metadata: { ...about, ...metadata },
  });
}

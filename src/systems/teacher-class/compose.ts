/**
 * Models made of models: the parts keep their own layouts behind one another in the flat vectors, under their names,
 * so that a trained part is cut out of a whole, and put into one, by copying a range.
 */
import { type ApplyOptions, type Forward, type Layout, layoutOf, type Model } from "../../nn/index.ts";
import type { NetworkState } from "../../teaching/network.ts";
import { CONSTANT } from "../../tensor/graph.ts";
import { concat, constant, foldKey, type HostTensor, host, random, type Tensor } from "../../tensor/index.ts";

export interface Composition {
  readonly name: string;
  readonly inputShape: readonly number[];
  readonly parts: readonly (readonly [name: string, model: Model])[];
  /** The forward pass; `run` applies a part, once each. */
  readonly forward: (x: Tensor, run: (part: string, x: Tensor) => Forward) => Tensor;
  readonly classes?: number;
}

export function composed({ name, inputShape, parts, forward, classes }: Composition): Model {
  const layout = (kind: "params" | "buffers"): Layout =>
    layoutOf(parts.flatMap(([part, m]) => m[kind].entries.map((e) => ({ ...e, path: `${part}.${e.path}` }))));
  return {
    name,
    inputShape,
    inputDtype: "f32",
    ...(classes !== undefined && { classes }),
    params: layout("params"),
    buffers: layout("buffers"),
    flops: parts.reduce((sum, [, m]) => sum + m.flops, 0),
    init: (key) => {
      const values = parts.map(([part, m]) => m.init(random.fold(key, part)));
      return { params: joinVectors(values.map((v) => v.params)), buffers: joinVectors(values.map((v) => v.buffers)) };
    },
    apply(state, x, options: ApplyOptions = {}) {
      const params = cut(state.params, parts, "params");
      const buffers = cut(state.buffers, parts, "buffers");
      const after = [...buffers];
      const taps = new Map<string, Tensor>();
      const output = forward(x, (part, input) => {
        const i = parts.findIndex(([known]) => known === part);
        const { key } = options;
        const passed = parts[i]![1].apply({ params: params[i]!, buffers: buffers[i]! }, input, {
          ...options,
          ...(key && { key: foldKey(key, i + 1) }),
        });
        after[i] = passed.buffers;
        for (const [tap, t] of passed.taps) taps.set(`${part}.${tap}`, t);
        return passed;
      });
      taps.set("output", output);
      const kept = after.filter((_, i) => parts[i]![1].buffers.size > 0);
      return { output, taps, buffers: kept.length > 0 ? concat(kept) : state.buffers };
    },
  };
}

/** The pieces of a flat vector. A frozen vector is cut here, so that the runtime sees constant weights. */
function cut(flat: Tensor, parts: Composition["parts"], kind: "params" | "buffers"): Tensor[] {
  const known = flat.node.op === CONSTANT ? (flat.node.attrs.value as HostTensor) : undefined;
  let at = 0;
  return parts.map(([, model]) => {
    const from = at;
    at += model[kind].size;
    if (from === at) return constant(host(new Float32Array(0), [0]));
    if (known) return constant(host((known.data as Float32Array).subarray(from, at), [at - from]));
    return flat.slice(0, from, at);
  });
}

export function joinVectors(vectors: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(vectors.reduce((sum, v) => sum + v.length, 0));
  let at = 0;
  for (const v of vectors) {
    out.set(v, at);
    at += v.length;
  }
  return out;
}

/** The state of a whole from the states of its parts, in their order. */
export const joinStates = (states: readonly NetworkState[]): NetworkState => ({
  params: joinVectors(states.map((s) => s.params)),
  buffers: joinVectors(states.map((s) => s.buffers)),
});

/** The states of the parts of a whole. */
export function partStates(
  models: readonly Pick<Model, "params" | "buffers">[],
  { params, buffers }: NetworkState,
): NetworkState[] {
  let [p, b] = [0, 0];
  return models.map((m) => ({
    params: params.slice(p, (p += m.params.size)),
    buffers: buffers.slice(b, (b += m.buffers.size)),
  }));
}

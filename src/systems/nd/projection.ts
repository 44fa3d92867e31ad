/**
 * The adapter of ND where widths differ ("EmbTrans" in the reference): batch norm, dropout, linear. Only the ND term
 * sees it; logits come from the embedding as it is. It trains with the student and is thrown away.
 *
 * Here it is a second model behind the student's: one vector of parameters whose front is the student, so that
 * throwing away is taking the front. Since the adapter begins with batch norm, the norm that ND pushes is then the
 * adapter's and not the student's: with an adapter, ND is about directions.
 */
import { fail } from "../../errors.ts";
import { defineModel, init, type Layout, layers, type Model, type Scope } from "../../nn/index.ts";
import { tapShapes } from "../../teaching/network.ts";
import { concat, fill, random, type Tensor } from "../../tensor/index.ts";
import { sizeOfTap } from "./models.ts";

/** Tap of the projected embedding. */
export const PROJECTED = "nd.projected";

/** s `[B, d_s]` -> `[B, d_t]`. */
export function project(scope: Scope, s: Tensor, width: number, dropout: number): Tensor {
  const normal = layers.batchNorm(scope.at("bn"), s);
  return layers.linear(scope.at("fc"), layers.dropout(scope, normal, dropout), width, { biasInit: init.zeros });
}

/**
 * The student with an adapter from its tap to `width`, under the tap "nd.projected". Parameters and buffers of the
 * student come first. Size, cost and answers are the student's own.
 */
export function withProjection(student: Model, tap: string, width: number, dropout: number): Model {
  const from = sizeOfTap(tapShapes({ model: student }), tap);
  const adapter = defineModel("adapter", [from], (scope, s) => project(scope, s, width, dropout));
  const [own, kept] = [student.params.size, student.buffers.size];
  return {
    ...student,
    params: behind(student.params, adapter.params),
    buffers: behind(student.buffers, adapter.buffers),
    init: (key) => {
      const [a, b] = [student.init(key), adapter.init(random.fold(key, "nd.adapter"))];
      return { params: joined(a.params, b.params), buffers: joined(a.buffers, b.buffers) };
    },
    apply: ({ params, buffers }, x, options) => {
      // A slice of nothing is an error, and a model without buffers reads none.
      const before = kept > 0 ? buffers.slice(0, 0, kept) : fill(0, [0]);
      const run = student.apply({ params: params.slice(0, 0, own), buffers: before }, x, options);
      const s = run.taps.get(tap) ?? fail("E_TAP", `${student.name} has no tap "${tap}".`);
      const state = { params: params.slice(0, own), buffers: buffers.slice(0, kept) };
      const projected = adapter.apply(state, s.flatten(1), options);
      return {
        output: run.output,
        taps: new Map([...run.taps, [PROJECTED, projected.output]]),
        buffers: kept > 0 ? concat([run.buffers, projected.buffers]) : projected.buffers,
      };
    },
  };
}

/** The student's part of the state. */
export function withoutAdapter<S extends { readonly params: Float32Array; readonly buffers: Float32Array }>(
  { params, buffers }: Pick<Model, "params" | "buffers">,
  state: S,
): S {
  return { ...state, params: state.params.slice(0, params.size), buffers: state.buffers.slice(0, buffers.size) };
}

function behind(front: Layout, back: Layout): Layout {
  const moved = back.entries.map((e) => ({ ...e, path: `nd.adapter.${e.path}`, offset: front.size + e.offset }));
  return { entries: [...front.entries, ...moved], size: front.size + back.size };
}

function joined(a: Float32Array, b: Float32Array): Float32Array {
  const out = new Float32Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}

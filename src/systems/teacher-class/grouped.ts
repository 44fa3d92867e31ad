/**
 * The class on one machine: n equal students merged into one network of the same depth. The first layer, which all
 * students share the input of, is one wide layer; every later one is a grouped convolution (1×1 for linear layers), so
 * nothing passes between students. Parameters are the students' own, stacked along their first axis.
 */

import type { Scope } from "../../nn/index.ts";
import { defineModel, init, layers, type Model } from "../../nn/index.ts";
import type { NetworkState } from "../../teaching/network.ts";
import type { Tensor } from "../../tensor/index.ts";
import { type Anatomy, anatomyOf } from "./anatomy.ts";
import { composed, joinStates } from "./compose.ts";

export interface Merged {
  readonly model: Model;
  /** The state of the merged network from those of the students and the head. */
  pack(students: readonly NetworkState[], head: NetworkState): NetworkState;
}

/** Undefined where the students differ or belong to no family that can be merged. */
export function mergedClass(students: readonly Model[], head: Model): Merged | undefined {
  const [first] = students;
  const anatomy = first && anatomyOf(first);
  const alike = (m: Model) => String(m.params.entries.map((e) => [e.path, e.shape])) === layout;
  const layout = String(first?.params.entries.map((e) => [e.path, e.shape]));
  if (!first || !anatomy || !students.every(alike)) return undefined;
  const width = first.params.entries.at(-1)!.size;
  const body = groupedStudents(anatomy, students.length, width);
  const model = composed({
    name: `class of ${students.length}, merged`,
    inputShape: first.inputShape,
    parts: [
      ["students", body],
      ["head", head],
    ],
    ...(head.classes !== undefined && { classes: head.classes }),
    forward: (x, run) => run("head", run("students", x).output).output,
  });
  return { model, pack: (states, top) => joinStates([stacked(first, states), top]) };
}

/** n networks of one anatomy as one: x -> `[B, n · width]`, the answers of the students side by side. */
function groupedStudents(anatomy: Anatomy, n: number, width: number): Model {
  const { inputShape } = anatomy;
  return defineModel(`${n} × ${anatomy.family}`, inputShape, (scope, x) =>
    anatomy.family === "mlp" ? groupedMlp(scope, x, anatomy.hidden, n, width) : groupedCnn(scope, x, anatomy, n, width),
  );
}

function groupedMlp(scope: Scope, x: Tensor, hidden: readonly number[], n: number, width: number): Tensor {
  let h = x.flatten();
  [...hidden, width].forEach((out, i) => {
    const at = scope.at(`fc${i + 1}`);
    h = i === 0 ? layers.linear(at, h, n * out) : groupedLinear(at, h, n * out, n);
    if (i < hidden.length) h = h.relu();
  });
  return h;
}

function groupedCnn(
  scope: Scope,
  x: Tensor,
  { stages }: Anatomy & { family: "cnn" },
  n: number,
  width: number,
): Tensor {
  let h = x;
  stages.forEach(({ width: channels, depth, stride, kernel }, s) => {
    for (let d = 0; d < depth; d++) {
      const at = scope.at(`stage${s + 1}`).at(d);
      const groups = s === 0 && d === 0 ? 1 : n;
      const options = { stride: d === 0 ? stride : 1, bias: false, groups, init: init.kaimingNormal() };
      h = layers.batchNorm(at.at("bn"), layers.conv2d(at.at("conv"), h, n * channels, kernel, options)).relu();
    }
  });
  return groupedLinear(scope.at("fc"), h.mean([2, 3]), n * width, n);
}

/** A linear layer per group of features, `[B, n · in]` -> `[B, out]`. */
function groupedLinear(scope: Scope, x: Tensor, out: number, groups: number): Tensor {
  return layers.conv1d(scope, x.expandDims(-1), out, 1, { groups }).squeeze(-1);
}

/** Each parameter of n equal students along its first axis. */
function stacked({ params, buffers }: Model, states: readonly NetworkState[]): NetworkState {
  const stack = (layout: Model["params"], of: (s: NetworkState) => Float32Array) => {
    const out = new Float32Array(layout.size * states.length);
    for (const { offset, size } of layout.entries) {
      states.forEach((state, k) => {
        out.set(of(state).subarray(offset, offset + size), offset * states.length + k * size);
      });
    }
    return out;
  };
  return { params: stack(params, (s) => s.params), buffers: stack(buffers, (s) => s.buffers) };
}

/**
 * Students: networks whose output is a chunk. A named model is built with as many outputs as the chunk has units (so
 * only its last layer depends on n); a user's model with other outputs gets a linear layer on its last vector.
 */
import type { ArrayDataset } from "../../data/dataset.ts";
import { firstExamples } from "../../data/dataset.ts";
import { fail } from "../../errors.ts";
import { defineModel, layers, type Model } from "../../nn/index.ts";
import { networkExaminee } from "../../teaching/answer.ts";
import { findModel } from "../../teaching/lesson/cast.ts";
import { type Network, type NetworkState, tapShapes } from "../../teaching/network.ts";
import { placeholder } from "../../tensor/graph.ts";
import type { Bench } from "../system.ts";
import { anatomyOf, rebuilt } from "./anatomy.ts";
import { equalTotalScale } from "./budget.ts";
import { composed } from "./compose.ts";

/** A model whose outputs are no classes. */
function asRegressor({ classes: _classes, ...model }: Model): Model {
  return model;
}

/** `model` itself when it has `width` outputs, else with a linear layer on its last vector per example. */
export function withOutputs(model: Model, width: number): Model {
  const shapes = [...tapShapes({ model })].filter(([, shape]) => shape.length === 2);
  const outputs = outputsOf(model);
  if (outputs === width) return asRegressor(model);
  const [tap, shape] = shapes.at(-1) ?? ["output", [1, outputs]];
  const last = defineModel("linear", [shape[1]!], (scope, x) => layers.linear(scope, x, width));
  return composed({
    name: model.name,
    inputShape: model.inputShape,
    parts: [
      ["trunk", model],
      ["chunk", last],
    ],
    forward: (x, run) => run("chunk", run("trunk", x).taps.get(tap)!).output,
  });
}

/** Number of outputs per example. @throws E_STUDENT for a model that gives no vector */
function outputsOf(model: Model): number {
  const state = {
    params: placeholder("params", "f32", [model.params.size]),
    buffers: placeholder("buffers", "f32", [model.buffers.size]),
  };
  const { dims } = model.apply(state, placeholder("x", "f32", [1, ...model.inputShape])).output;
  if (dims.length !== 2) {
    fail("E_STUDENT", `${model.name} gives [${dims}] for one example.`, "A student gives one vector per example.");
  }
  return dims[1]!;
}

/** Students for chunks of these widths, with the statistics of the data. */
export async function studentsFor(
  { data, own }: Pick<Bench<unknown>, "data" | "own">,
  name: string,
  widths: readonly number[],
): Promise<Network[]> {
  const { train } = data;
  const { normalise } = train;
  const made = new Map<number, Network>();
  for (const width of new Set(widths)) {
    const model = own.student ?? (await findModel(name, { ...train, classes: outputs(width) }));
    made.set(width, { model: withOutputs(model, width), ...(normalise && { normalise }) });
  }
  return widths.map((width) => made.get(width)!);
}

/**
 * Students that together have about as many parameters as `one`, by narrower hidden layers. Undefined where the
 * architecture cannot be narrowed.
 */
export function narrowedStudents(one: Network, widths: readonly number[]): Network[] | undefined {
  const anatomy = anatomyOf(one.model);
  if (!anatomy) return undefined;
  const scale = equalTotalScale(anatomy, widths, one.model.params.size);
  const made = new Map(widths.map((width) => [width, { ...one, model: asRegressor(rebuilt(anatomy, width, scale)) }]));
  return widths.map((width) => made.get(width)!);
}

const outputs = (width: number) => Array.from({ length: width }, (_, i) => `unit ${i + 1}`);

/** Examples on which a folded student is compared with the unfolded one. */
const PROBES = 8;

/**
 * Standardised targets are folded back into the last layer: W' = diag(σ)·W, b' = σ·b + μ, so that the student says the
 * teacher's units. @throws E_STUDENT when its last layer is not linear
 */
export async function foldScale(
  network: Network,
  state: NetworkState,
  { mean, scale }: { readonly mean: Float32Array; readonly scale: Float32Array },
  data: ArrayDataset,
): Promise<NetworkState> {
  const { model } = network;
  const width = mean.length;
  const [weight, bias] = model.params.entries.slice(-2);
  const noLinear = (): never =>
    fail("E_STUDENT", `The last layer of ${model.name} is not linear.`, "Use --targets raw with this student.");
  if (bias?.size !== width || weight?.shape[0] !== width || weight.shape.length !== 2) return noLinear();
  const params = state.params.slice();
  const into = weight.shape[1]!;
  for (let i = 0; i < width; i++) {
    for (let j = 0; j < into; j++) params[weight.offset + i * into + j]! *= scale[i]!;
    params[bias.offset + i] = params[bias.offset + i]! * scale[i]! + mean[i]!;
  }
  const folded = { ...state, params };
  const few = firstExamples(data, PROBES);
  const [before, after] = await answersOfAll(network, [state, folded], few);
  const far = before!.some((v, i) => {
    const wanted = v * scale[i % width]! + mean[i % width]!;
    return !(Math.abs(after![i]! - wanted) <= 1e-3 * (1 + Math.abs(wanted)));
  });
  return far ? noLinear() : folded;
}

/** Outputs `[rows, width]` of a network. */
export async function answersOf(network: Network, state: NetworkState, data: ArrayDataset): Promise<Float32Array> {
  return (await answersOfAll(network, [state], data))[0]!;
}

/** The same for several states of one network, compiled once. */
export async function answersOfAll(
  network: Network,
  states: readonly NetworkState[],
  data: ArrayDataset,
): Promise<Float32Array[]> {
  const examinee = networkExaminee(network);
  const out: Float32Array[] = [];
  try {
    for (const state of states) out.push((await examinee.answer(state, data)).logits);
  } finally {
    await examinee.release();
  }
  return out;
}

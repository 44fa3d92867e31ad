/**
 * Teachers: whatever yields targets for a batch. All of them run in evaluation mode with their weights as constants,
 * and everything they hand over is behind a stop-gradient.
 */

import { sha256 } from "../data/hash.ts";
import { fail } from "../errors.ts";
import { flopsOf } from "../nn/flops.ts";
import { placeholder } from "../tensor/graph.ts";
import type { Tensor } from "../tensor/index.ts";
import { importOnnx, type OnnxModel } from "../tensor/onnx/import.ts";
import type { Normalise } from "./input.ts";
import { normalised } from "./input.ts";
import { type Outputs, type Targets, teacherTargets } from "./losses/loss.ts";
import type { TapShapes } from "./losses/taps.ts";
import { exportNetwork, forward, frozen, type Network, type NetworkState, tapShapes } from "./network.ts";

export interface Teacher {
  readonly name: string;
  /** SHA-256 of architecture and weights: what the teacher store is keyed by. */
  readonly fingerprint: string;
  readonly params: number;
  /** Of one forward pass on one example. */
  readonly flops: number;
  readonly classes: number;
  readonly inputShape: readonly number[];
  /** Named intermediates with their shapes for one example (batch axis 1 in front). */
  readonly taps: TapShapes;
  /** Traces one forward pass. x: f32 `[B, ...inputShape]` in 0..1. */
  targets(x: Tensor, taps?: readonly string[]): Targets;
}

/** A network of this process. */
export async function modelTeacher(network: Network, state: NetworkState, name = network.model.name): Promise<Teacher> {
  const { model } = network;
  const values = frozen(state);
  const run = (x: Tensor) => forward(network, values, x);
  // The exported bytes hold graph and weights: equal bytes are equal answers.
  const fingerprint = await sha256(exportNetwork(network, state));
  const classes = model.classes ?? run(placeholder("x", "f32", [1, ...model.inputShape])).logits.dims.at(-1)!;
  return {
    name,
    fingerprint,
    params: model.params.size,
    flops: model.flops,
    classes,
    inputShape: model.inputShape,
    taps: tapShapes(network),
    targets: (x, taps = []) => teacherTargets(pick(run(x), taps, name)),
  };
}

/** What an ONNX teacher expects: 0..1, the data set's own normalisation, or bytes 0..255 as floats. */
export type OnnxInput = "unit" | "normalised" | "bytes";

export interface OnnxTeacherOptions {
  readonly name?: string;
  /** Shape of one example of the data; checked against the file. */
  readonly inputShape: readonly number[];
  readonly normalise?: Normalise;
  /** Lyceum's own files say it themselves; others are taken to want "normalised", the custom of PyTorch. */
  readonly input?: OnnxInput;
  /** Name of the output with the logits; the first one where not given. */
  readonly output?: string;
}

/** A teacher from an ONNX file. Taps are the file's value and node names. @throws E_TEACHER and the importer's errors */
export async function onnxTeacher(bytes: Uint8Array, options: OnnxTeacherOptions): Promise<Teacher> {
  const file = importOnnx(bytes);
  const { inputShape, name = "onnx teacher" } = options;
  const mode = options.input ?? inputMode(file);
  const run = (x: Tensor): Outputs => {
    const prepared = mode === "bytes" ? x.mul(255) : mode === "unit" ? x : normalised(x, options.normalise);
    return applyFile(file, prepared, options.output);
  };
  const one = run(placeholder("x", "f32", [1, ...inputShape]));
  if (one.logits.rank !== 2) {
    fail(
      "E_TEACHER",
      `The teacher's output has shape [${one.logits.dims}]; logits [batch, classes] were expected.`,
      "Name the output that holds them.",
    );
  }
  const how = JSON.stringify([mode, mode === "normalised" ? options.normalise : null, options.output ?? null]);
  return {
    name,
    fingerprint: await sha256(`${await sha256(bytes)}\n${how}`),
    params: parameterCount(file),
    flops: flopsOf([one.logits]),
    classes: one.logits.dims[1]!,
    inputShape,
    taps: new Map(
      [...one.taps].flatMap(([path, t]) => (t !== one.logits && isPerExample(t) ? [[path, t.dims] as const] : [])),
    ),
    targets: (x, taps = []) => teacherTargets(pick(run(x), taps, name)),
  };
}

/** Several teachers as one: the mean of their logits (Lan et al. 2018, ONE). No taps: they would not be comparable. */
export async function ensembleTeacher(members: readonly Teacher[]): Promise<Teacher> {
  const [first] = members;
  if (!first) return fail("E_TEACHER", "An ensemble needs at least one teacher.");
  for (const m of members) {
    if (m.classes !== first.classes || `${m.inputShape}` !== `${first.inputShape}`) {
      fail(
        "E_TEACHER",
        `${m.name} (${m.classes} classes, [${m.inputShape}]) and ${first.name} (${first.classes} classes, [${first.inputShape}]) cannot teach together.`,
      );
    }
  }
  const total = (of: (m: Teacher) => number) => members.reduce((sum, m) => sum + of(m), 0);
  return {
    name: members.map((m) => m.name).join(" + "),
    fingerprint: await sha256(["ensemble", ...members.map((m) => m.fingerprint)].join("\n")),
    params: total((m) => m.params),
    flops: total((m) => m.flops),
    classes: first.classes,
    inputShape: first.inputShape,
    taps: new Map(),
    targets: (x, taps = []) => {
      const logits = members.map((m) => m.targets(x).logits).reduce((a, b) => a.add(b));
      return teacherTargets(pick({ logits: logits.mul(1 / members.length), taps: new Map() }, taps, "The ensemble"));
    },
  };
}

function inputMode({ metadata }: OnnxModel): OnnxInput {
  const said = metadata["lyceum.input"];
  return said === "unit" || said === "bytes" ? said : "normalised";
}

function applyFile(file: OnnxModel, x: Tensor, output: string | undefined): Outputs {
  const [input, ...others] = file.inputs;
  if (!input || others.length > 0) {
    fail("E_TEACHER", `The teacher's file has ${file.inputs.length} inputs; one picture input was expected.`);
  }
  const { outputs, values } = file.apply({ [input.name]: x });
  const name = output ?? file.outputs[0]!.name;
  const logits =
    outputs[name] ??
    fail("E_TEACHER", `The teacher's file has no output "${name}".`, `It has ${Object.keys(outputs).join(", ")}.`);
  return { logits, taps: values };
}

/** Float values behind the batch axis are something a loss can compare; constants and shapes are not. */
const isPerExample = (t: Tensor): boolean => t.dtype === "f32" && t.rank >= 2 && t.shape[0] === 1;

const parameterCount = (file: OnnxModel): number =>
  [...file.initializers.values()].reduce((sum, t) => sum + (t.dtype === "f32" ? t.data.length : 0), 0);

/** Only the named taps: what nobody reads must not be kept alive in the graph. */
function pick(outputs: Outputs, names: readonly string[], whose: string): Outputs {
  const taps = names.map((name) => {
    const tap = outputs.taps.get(name);
    if (tap) return [name, tap] as const;
    const known = [...outputs.taps.keys()].slice(0, 20).join(", ") || "none";
    return fail("E_TAP", `${whose} has no tap "${name}".`, `Known: ${known}.`);
  });
  return { logits: outputs.logits, taps: new Map(taps) };
}

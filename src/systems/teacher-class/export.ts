/**
 * A class as files: one ONNX model per student, each deployable alone; the head; all of it merged for one machine; and
 * class.json, which says how they fit together.
 */
import path from "node:path";
import { makeFolder, writeAtomic } from "../../teaching/files.ts";
import { exportNetwork, forward, frozen, type Network, type NetworkState } from "../../teaching/network.ts";
import { emit } from "../../tensor/compile/emitter.ts";
import { placeholder } from "../../tensor/graph.ts";
import type { ClassCast } from "./cast.ts";
import { partStates } from "./compose.ts";
import { mergedClass } from "./grouped.ts";

/** What class.json holds. */
export interface ClassFile {
  readonly format: "lyceum.teacher-class";
  readonly version: 1;
  /** SHA-256 of the teacher's architecture and weights. */
  readonly teacher: string;
  readonly tap: string;
  readonly d: number;
  readonly n: number;
  /** Positions [from, to) of each student in the concatenated answer. */
  readonly chunks: readonly (readonly [number, number])[];
  /** Position p is the teacher's unit units[p]. */
  readonly units: readonly number[];
  /** Between the concatenated answer and the head; part of the head's file. */
  readonly activation: string;
  readonly classes: readonly string[];
  readonly students: readonly string[];
  readonly head: string;
  readonly merged: string;
  /** "grouped": one network of grouped layers; "side by side" where the students' architecture has no such form. */
  readonly merge: "grouped" | "side by side";
}

export interface ClassExport {
  readonly cast: ClassCast;
  /** Of the whole class. */
  readonly state: NetworkState;
  readonly teacher: string;
  readonly tap: string;
  readonly classes: readonly string[];
}

/** All files by name; `class.json` as JSON. */
export function classFiles({ cast, state, teacher, tap, classes }: ClassExport): Map<string, Uint8Array> {
  const { chunks, students, head, top, whole } = cast;
  const models = students.map((s) => s.model);
  const states = partStates([...models, top], state);
  const headState = states.pop()!;
  const names = students.map((_, k) => `student-${k + 1}.onnx`);
  const merged = mergedClass(models, top);
  const about: ClassFile = {
    format: "lyceum.teacher-class",
    version: 1,
    teacher,
    tap,
    d: chunks.order.length,
    n: students.length,
    chunks: chunks.bounds,
    units: [...chunks.order],
    activation: head.activation,
    classes,
    students: names,
    head: "head.onnx",
    merged: "class.onnx",
    merge: merged ? "grouped" : "side by side",
  };
  const one = merged
    ? exportNetwork({ ...whole, model: merged.model }, merged.pack(states, headState), { classes })
    : exportNetwork(whole, state, { classes });
  return new Map([
    ...names.map((name, k) => [name, studentFile(students[k]!, states[k]!, k, students.length)] as const),
    ["head.onnx", headFile({ model: top }, headState, classes)] as const,
    ["class.onnx", one] as const,
    ["class.json", new TextEncoder().encode(`${JSON.stringify(about, null, 2)}\n`)] as const,
  ]);
}

/** "image" `[batch, ...inputShape]` in 0..1 -> "chunk" `[batch, width]`. */
function studentFile(network: Network, state: NetworkState, k: number, n: number): Uint8Array {
  const { model } = network;
  const x = placeholder("image", "f32", ["batch", ...model.inputShape]);
  const { logits } = forward(network, frozen(state), x);
  return emit([{ name: "image", tensor: x }], [{ name: "chunk", tensor: logits }], {
    name: `student ${k + 1} of ${n}`,
    portable: true,
    metadata: { "lyceum.model": model.name, "lyceum.input": "unit", "lyceum.chunk": `${k + 1} of ${n}` },
  });
}

/** "embedding" `[batch, d]`, the students' chunks side by side -> "logits" `[batch, classes]`. */
function headFile(network: Network, state: NetworkState, classes: readonly string[]): Uint8Array {
  const z = placeholder("embedding", "f32", ["batch", ...network.model.inputShape]);
  const { logits } = forward(network, frozen(state), z);
  return emit([{ name: "embedding", tensor: z }], [{ name: "logits", tensor: logits }], {
    name: "head",
    portable: true,
    metadata: { "lyceum.classes": JSON.stringify(classes) },
  });
}

/** Writes them; each file whole or not at all. */
export async function writeClass(folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  await makeFolder(folder);
  // class.json last: where it lies, everything it names lies too.
  for (const [name, bytes] of files) await writeAtomic(path.join(folder, name), [bytes]);
}

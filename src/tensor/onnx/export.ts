/**
 * Functions of tensors as ONNX files for every runtime: standard operators only, one named batch axis, and in the
 * metadata what a user of the file must know to feed it. Constants made with a name (the path of a parameter) keep it.
 */
import { fail } from "../../errors.ts";
import { emit } from "../compile/emitter.ts";
import type { DType } from "../dtype.ts";
import { placeholder } from "../graph.ts";
import { type Shape, show } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

export interface ExportPort {
  readonly name: string;
  /** Default f32. */
  readonly dtype?: DType;
  /** One size may be a name: ["batch", 3, 32, 32] runs with any batch. */
  readonly shape: Shape;
}

/** Whatever else is given goes into the file, too. */
export interface ExportMetadata {
  /** Names of the classes in the order of the logits. */
  readonly classes?: readonly string[];
  /** What was done to raw inputs in training: (x - mean) / std. */
  readonly normalise?: { readonly mean: readonly number[]; readonly std: readonly number[] };
  /** Meaning of the input's axes: "NCHW, RGB, 0..1". */
  readonly layout?: string;
  readonly [key: string]: unknown;
}

export interface ExportOptions {
  readonly inputs: readonly ExportPort[];
  /** The model: named outputs of named inputs. Taps are outputs like any others. */
  readonly outputs: (inputs: Readonly<Record<string, Tensor>>) => Readonly<Record<string, Tensor>>;
  readonly name?: string;
  /** One sentence for whoever opens the file. */
  readonly description?: string;
  /** Version of Lyceum. */
  readonly version?: string;
  readonly metadata?: ExportMetadata;
}

/**
 * The bytes of an .onnx file, opset 20. Metadata values that are not strings are written as JSON.
 * Errors: `E_EXPORT` (names), `E_DYNAMIC` (two named sizes, or an operation that needs a fixed one).
 */
export function exportOnnx(options: ExportOptions): Uint8Array {
  const { name = "model", description, version, metadata = {} } = options;
  const inputs = options.inputs.map((p) => ({ name: p.name, tensor: placeholder(p.name, p.dtype ?? "f32", p.shape) }));
  const dynamic = new Set(options.inputs.flatMap((p) => p.shape.filter((d) => typeof d === "string")));
  if (dynamic.size > 1) {
    fail("E_DYNAMIC", `The inputs name the sizes ${[...dynamic].join(" and ")}.`, "Only one size may stay open.");
  }
  const traced = options.outputs(Object.fromEntries(inputs.map((i) => [i.name, i.tensor])));
  const outputs = Object.entries(traced).map(([as, tensor]) => ({ name: as, tensor }));
  const names = [...inputs, ...outputs].map((v) => v.name);
  const twice = names.find((n, i) => n === "" || names.indexOf(n) !== i);
  if (twice !== undefined || outputs.length === 0) {
    const ports = options.inputs.map((p) => `${p.name}${show(p.shape)}`).join(", ");
    fail(
      "E_EXPORT",
      twice === undefined
        ? `The function of (${ports}) has no outputs.`
        : `"${twice}" names two inputs or outputs of (${ports}), or nothing.`,
      "Give every input and output a name of its own.",
    );
  }
  return emit(inputs, outputs, {
    portable: true,
    name,
    ...(description !== undefined && { description }),
    ...(version !== undefined && { version }),
    metadata: asStrings({ ...(version !== undefined && { lyceum: version }), ...metadata }),
  });
}

function asStrings(values: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values)
      .filter(([, v]) => v !== undefined)
      .map(([k, v]) => [k, typeof v === "string" ? v : JSON.stringify(v)]),
  );
}

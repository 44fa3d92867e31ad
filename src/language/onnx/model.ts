/**
 * A language model that is nothing but an ONNX file, of whatever architecture: what is known of it are the names of its
 * inputs, which are those of optimum and transformers.js (`input_ids`, `attention_mask`, `position_ids`,
 * `past_key_values.*`). It can teach (say its logits, write answers), and cannot be trained.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { sha256 } from "../../data/hash.ts";
import { fail } from "../../errors.ts";
import { currentBackend, type HostTensor } from "../../tensor/index.ts";
import { inspectOnnx, type OnnxSummary, type PortSummary } from "../../tensor/onnx/index.ts";

/** Keys and values of what was read before, by the name of their input. */
export type Past = Readonly<Record<string, HostTensor>>;

export interface ReadTokens {
  /** i32 [n, t]: what is read now. */
  readonly tokens: Int32Array;
  readonly n: number;
  readonly t: number;
  /** Tokens of each row that are no filling, t where not given; fillings stand behind. */
  readonly lengths?: readonly number[];
  readonly past?: Past;
}

export interface OnnxLanguageModel {
  readonly name: string;
  readonly vocabulary: number;
  /** Stored floating-point numbers. */
  readonly params: number;
  /** SHA-256 of the file. */
  readonly fingerprint: string;
  /** Whether it can go on from a past; else it reads everything anew for each token. */
  readonly cached: boolean;
  /** Logits f32 [n, t, vocabulary], and the past with these tokens. @throws E_RUN */
  run(read: ReadTokens): Promise<{ readonly logits: Float32Array; readonly past: Past }>;
  release(): Promise<void>;
}

const LOGITS = "logits";
const TYPES = { int64: "i64", int32: "i32", float: "f32", bool: "bool" } as const;

/** @throws E_TEACHER_FILE for files that are no language model, or store 16-bit caches; E_ONNX_FORMAT, E_COMPILE */
export async function openOnnxModel(file: string): Promise<OnnxLanguageModel> {
  const bytes = await readFile(file).catch((cause: unknown) =>
    fail("E_TEACHER_FILE", `The teacher "${file}" cannot be read.`, "Name an .onnx file of a language model.", cause),
  );
  const summary = inspectOnnx(bytes);
  const ports = portsOf(summary, file);
  const session = await (await currentBackend()).compile(bytes);
  const run: OnnxLanguageModel["run"] = async (read) => {
    const outputs = await session.run(feeds(ports, read));
    return { logits: outputs[LOGITS]!.data as Float32Array, past: pastOf(ports, outputs) };
  };
  try {
    // One token tells the size of the vocabulary, and whether the file runs at all.
    const { logits } = await run({ tokens: Int32Array.of(0), n: 1, t: 1 });
    return {
      name: nameOf(file),
      vocabulary: logits.length,
      params: summary.parameters,
      fingerprint: await sha256(bytes),
      cached: ports.past.length > 0,
      run,
      release: () => session.release(),
    };
  } catch (error) {
    await session.release();
    throw error;
  }
}

/** Of the file, or of its folder where the file is called as all are: `phi/onnx/model.onnx` is phi. */
function nameOf(file: string): string {
  const [name, ...above] = path.resolve(file).split(path.sep).reverse();
  const base = name!.replace(/\.onnx$/i, "");
  return base === "model" ? above.find((folder) => folder !== "onnx") || base : base;
}

interface Ports {
  readonly given: readonly PortSummary[];
  readonly past: readonly {
    readonly name: string;
    readonly present: string;
    readonly heads: number;
    readonly width: number;
  }[];
}

const PAST = /^past_key_values\.(\d+)\.(?:decoder\.)?(key|value)$/;
const GIVEN = ["input_ids", "attention_mask", "position_ids", "use_cache_branch", "num_logits_to_keep"];

function portsOf({ inputs, outputs }: OnnxSummary, file: string): Ports {
  const bad = (what: string, hint: string): never => fail("E_TEACHER_FILE", `"${file}" ${what}.`, hint);
  const export_ = "Export it for text generation with optimum, or with lyceum teach.";
  if (!inputs.some(({ name }) => name === "input_ids") || !outputs.some(({ name }) => name === LOGITS)) {
    const names = (all: readonly PortSummary[]) => all.map(({ name }) => name).join(", ");
    return bad(
      `is no language model: it makes ${names(outputs)} of ${names(inputs)}, where logits of input_ids were expected`,
      export_,
    );
  }
  const given = inputs.filter(({ name }) => GIVEN.includes(name));
  const rest = inputs.filter(({ name }) => !GIVEN.includes(name));
  const past = rest.map(({ name, type, shape }) => {
    const part = PAST.exec(name);
    const [, heads, , width] = shape ?? [];
    if (!part || typeof heads !== "number" || typeof width !== "number") {
      return bad(`wants "${name}" [${shape ?? "?"}], which is not known here`, export_);
    }
    if (type !== "float") bad(`keeps its past as ${type}`, "Take the file with 32-bit floats (model.onnx).");
    const endings = [`present.${part[1]}.${part[2]}`, `present_key_values.${part[1]}.${part[2]}`];
    const present = outputs.find((output) => endings.includes(output.name))?.name;
    return { name, present: present ?? bad(`takes "${name}" and gives nothing for it back`, export_), heads, width };
  });
  for (const { name, type } of [...given, ...outputs.filter((output) => output.name === LOGITS)]) {
    if (!(type in TYPES)) bad(`has "${name}" as ${type}`, "Take the file with 32-bit floats (model.onnx).");
  }
  return { given, past };
}

function feeds(
  { given, past }: Ports,
  { tokens, n, t, lengths, past: before }: ReadTokens,
): Record<string, HostTensor> {
  const first = past[0];
  const p = before && first ? Number(before[first.name]!.shape[2]) : 0;
  const lengthOf = (row: number) => lengths?.[row] ?? t;
  const values: Readonly<Record<string, () => { shape: number[]; at: (i: number) => number }>> = {
    input_ids: () => ({ shape: [n, t], at: (i) => tokens[i]! }),
    attention_mask: () => ({
      shape: [n, p + t],
      at: (i) => (i % (p + t) < p + lengthOf(Math.floor(i / (p + t))) ? 1 : 0),
    }),
    position_ids: () => ({ shape: [n, t], at: (i) => p + (i % t) }),
    // Of files that hold two graphs, one for the first token and one for all others.
    use_cache_branch: () => ({ shape: [1], at: () => (p > 0 ? 1 : 0) }),
    // 0 keeps all.
    num_logits_to_keep: () => ({ shape: [], at: () => 0 }),
  };
  const fed: Record<string, HostTensor> = {};
  for (const { name, type } of given) {
    const { shape, at } = values[name]!();
    fed[name] = whole(type as keyof typeof TYPES, shape, at);
  }
  for (const { name, heads, width } of past) {
    fed[name] = before?.[name] ?? { dtype: "f32", shape: [n, heads, 0, width], data: new Float32Array(0) };
  }
  return fed;
}

function whole(type: keyof typeof TYPES, shape: number[], at: (i: number) => number): HostTensor {
  const size = shape.reduce((a, b) => a * b, 1);
  const dtype = TYPES[type];
  if (dtype === "i64") {
    const data = new BigInt64Array(size);
    // The lower halves: a BigInt for each token would be garbage.
    const halves = new Int32Array(data.buffer);
    for (let i = 0; i < size; i++) halves[2 * i] = at(i);
    return { dtype, shape, data };
  }
  const data =
    dtype === "bool" ? new Uint8Array(size) : dtype === "f32" ? new Float32Array(size) : new Int32Array(size);
  for (let i = 0; i < size; i++) data[i] = at(i);
  return { dtype, shape, data };
}

const pastOf = ({ past }: Ports, outputs: Readonly<Record<string, HostTensor>>): Past =>
  Object.fromEntries(past.map(({ name, present }) => [name, outputs[present]!]));

/**
 * Programs: a function of symbolic tensors, traced once per signature, compiled to one ONNX model, run on values.
 *
 * Arguments and results are trees (objects, arrays, tensors). A signature is the structure of the arguments with
 * their dtypes and shapes; a new signature compiles a new session, a known one costs a look-up.
 */
import { fail } from "../errors.ts";
import { emit } from "./compile/emitter.ts";
import type { DType } from "./dtype.ts";
import { placeholder } from "./graph.ts";
import { type HostTensor, host, isHostTensor, zeros } from "./host.ts";
import { currentBackend, type Session, type SessionOptions } from "./runtime/backend.ts";
import { fixed } from "./shape.ts";
import { Tensor } from "./tensor.ts";

/** A tree of symbolic tensors. */
export type Tree = Tensor | readonly Tree[] | { readonly [name: string]: Tree };
/** The tree of values that a tree of tensors is called with: a number stands for an f32 scalar. */
export type Given<T> = T extends Tensor ? HostTensor | number : { readonly [K in keyof T]: Given<T[K]> };
/** The tree of values that comes back. */
export type Result<T> = T extends Tensor ? HostTensor : { [K in keyof T]: Result<T[K]> };

export interface ProgramOptions extends SessionOptions {
  readonly name?: string;
  /**
   * Writes outputs into two sets of buffers in turn: no allocation per call, but a result is overwritten by the call
   * after the next. For training loops that feed the state of one step to the next.
   */
  readonly reuse?: boolean;
}

export interface Program<A extends readonly unknown[], R> {
  (...args: { [K in keyof A]: Given<A[K]> }): Promise<Result<R>>;
  /** Compiles for these arguments without running; resolves to the ONNX bytes. */
  compile(...args: { [K in keyof A]: Given<A[K]> }): Promise<Uint8Array>;
  /** Frees all sessions. */
  release(): Promise<void>;
}

interface Compiled {
  readonly session: Session;
  readonly model: Uint8Array;
  readonly outputs: readonly { name: string; dtype: DType; shape: readonly number[] }[];
  readonly rebuild: (values: readonly HostTensor[]) => unknown;
  readonly buffers: [Record<string, HostTensor>, Record<string, HostTensor>] | undefined;
  turn: 0 | 1;
}

export function program<A extends readonly Tree[], R extends Tree>(
  fn: (...args: A) => R,
  options: ProgramOptions = {},
): Program<A, R> {
  return untyped(fn as unknown as Traced, options) as unknown as Program<A, R>;
}

/** Evaluates tensors that depend on no input. For tests and small computations. */
export async function evaluate<R>(tree: R & Tree): Promise<Result<R>> {
  const once = untyped(() => tree, {});
  try {
    return (await once()) as Result<R>;
  } finally {
    await once.release();
  }
}

type Traced = (...args: Tree[]) => Tree;

function untyped(fn: Traced, options: ProgramOptions) {
  const cache = new Map<string, Promise<Compiled>>();
  const prepare = (args: readonly unknown[]) => {
    const leaves: HostTensor[] = [];
    const signature = describe(args, leaves);
    let compiled = cache.get(signature);
    if (!compiled) {
      compiled = compileFor(fn, args, options);
      cache.set(signature, compiled);
      compiled.catch(() => cache.delete(signature));
    }
    return { compiled, leaves };
  };
  const run = async (...args: readonly unknown[]): Promise<unknown> => {
    const { compiled, leaves } = prepare(args);
    const c = await compiled;
    const feeds: Record<string, HostTensor> = {};
    leaves.forEach((leaf, i) => {
      feeds[`in${i}`] = leaf;
    });
    const into = c.buffers?.[c.turn];
    c.turn = c.turn === 0 ? 1 : 0;
    const results = await c.session.run(feeds, into);
    return c.rebuild(c.outputs.map((o) => results[o.name]!));
  };
  return Object.assign(run, {
    compile: async (...args: readonly unknown[]) => (await prepare(args).compiled).model,
    release: async () => {
      const all = [...cache.values()];
      cache.clear();
      for (const c of all) await (await c).session.release();
    },
  });
}

async function compileFor(fn: Traced, args: readonly unknown[], options: ProgramOptions): Promise<Compiled> {
  const inputs: { name: string; tensor: Tensor }[] = [];
  const symbolic = mapTree(args, (leaf) => {
    const tensor = placeholder(`in${inputs.length}`, leaf.dtype, leaf.shape);
    inputs.push({ name: `in${inputs.length}`, tensor });
    return tensor;
  }) as Tree[];
  const result = fn(...symbolic);
  const tensors: Tensor[] = [];
  collect(result, tensors);
  const outputs = tensors.map((tensor, i) => ({ name: `out${i}`, tensor }));
  // Unused inputs stay in the graph, so that feeding never depends on what the function happens to use.
  const backend = await currentBackend();
  const cpu = (options.provider ?? "cpu") === "cpu";
  const model = emit(inputs, outputs, { name: options.name ?? "program", block: cpu ? backend.block : 0 });
  const session = await backend.compile(model, options);
  const specs = outputs.map(({ name, tensor }) => ({ name, dtype: tensor.dtype, shape: fixed(tensor.shape) }));
  const buffer = () => Object.fromEntries(specs.map((s) => [s.name, zeros(s.shape, s.dtype)]));
  return {
    session,
    model,
    outputs: specs,
    rebuild: (values) => {
      let next = 0;
      return rebuildTree(result, () => values[next++]!);
    },
    buffers: options.reuse ? [buffer(), buffer()] : undefined,
    turn: 0,
  };
}

/** Structure and leaf types as a string; collects the leaves on the way. */
function describe(value: unknown, leaves: HostTensor[]): string {
  if (typeof value === "number") {
    leaves.push(host([value], []));
    return "f32[]";
  }
  if (isHostTensor(value)) {
    leaves.push(value);
    return `${value.dtype}[${value.shape.join(",")}]`;
  }
  if (Array.isArray(value)) return `(${value.map((v) => describe(v, leaves)).join(";")})`;
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    return `{${Object.keys(value)
      .map((k) => `${k}:${describe((value as Record<string, unknown>)[k], leaves)}`)
      .join(";")}}`;
  }
  return fail(
    "E_ARGUMENT",
    `A program got ${value === null ? "null" : value instanceof Tensor ? `the symbolic ${value}` : typeof value}.`,
    "Pass numbers, values made by host(), or arrays and objects of them.",
  );
}

function mapTree(value: unknown, leaf: (t: HostTensor) => Tensor): unknown {
  if (typeof value === "number") return leaf(host([value], []));
  if (isHostTensor(value)) return leaf(value);
  if (Array.isArray(value)) return value.map((v) => mapTree(v, leaf));
  return Object.fromEntries(Object.entries(value as object).map(([k, v]) => [k, mapTree(v, leaf)]));
}

function collect(tree: Tree, into: Tensor[]): void {
  if (tree instanceof Tensor) into.push(tree);
  else if (typeof tree === "object" && tree !== null) for (const v of Object.values(tree)) collect(v as Tree, into);
  else fail("E_RESULT", `A program returned ${typeof tree}.`, "Return tensors, or arrays and objects of them.");
}

function rebuildTree(tree: Tree, next: () => HostTensor): unknown {
  if (tree instanceof Tensor) return next();
  if (Array.isArray(tree)) return tree.map((v) => rebuildTree(v as Tree, next));
  return Object.fromEntries(Object.entries(tree).map(([k, v]) => [k, rebuildTree(v as Tree, next)]));
}

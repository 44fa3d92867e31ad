/** ONNX Runtime's profile: a list of Chrome trace events, of which those of kernels matter here. */

export interface TraceEvent {
  readonly cat: string;
  readonly name: string;
  /** µs. */
  readonly dur: number;
  readonly args?: {
    readonly op_name?: string;
    readonly node_index?: string;
    readonly input_type_shape?: readonly Readonly<Record<string, readonly number[]>>[];
    readonly output_type_shape?: readonly Readonly<Record<string, readonly number[]>>[];
  };
}

/** A node of the optimised graph with its fastest run. */
export interface Kernel {
  readonly op: string;
  /** "[2048,128] [128,512] -> [2048,512]"; scalars are []. */
  readonly shapes: string;
  readonly us: number;
}

const KERNEL = /_kernel_time$/;

/** One entry per node. */
export function fastestKernels(events: readonly TraceEvent[]): Kernel[] {
  const nodes = new Map<string, Kernel>();
  for (const { cat, name, dur, args } of events) {
    if (cat !== "Node" || !KERNEL.test(name) || !args) continue;
    // Names may repeat, indices do not.
    const id = `${args.node_index} ${name}`;
    const before = nodes.get(id);
    if (before && before.us <= dur) continue;
    const shapes = `${list(args.input_type_shape)} -> ${list(args.output_type_shape)}`;
    nodes.set(id, { op: args.op_name ?? "?", shapes, us: dur });
  }
  return [...nodes.values()];
}

const list = (tensors: NonNullable<TraceEvent["args"]>["input_type_shape"] = []) =>
  tensors
    .flatMap((t) => Object.values(t))
    .map((shape) => `[${shape.join(",")}]`)
    .join(" ");

export interface Group {
  readonly key: string;
  readonly us: number;
  readonly count: number;
}

/** Sums, the largest first. */
export function groupBy(kernels: readonly Kernel[], keyOf: (kernel: Kernel) => string): Group[] {
  const groups = new Map<string, Group>();
  for (const kernel of kernels) {
    const key = keyOf(kernel);
    const { us = 0, count = 0 } = groups.get(key) ?? {};
    groups.set(key, { key, us: us + kernel.us, count: count + 1 });
  }
  return [...groups.values()].sort((a, b) => b.us - a.us);
}

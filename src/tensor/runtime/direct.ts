/**
 * Native ONNX Runtime through its C API. The binding of onnxruntime-node copies every output into new memory, also one
 * that was told where to go; here outputs are written where they are wanted and nowhere else.
 *
 * A tensor of ONNX Runtime lives as long as the array that it wraps; arrays do not move once their buffer was asked for.
 */
import koffi from "koffi";
import { DTYPES, type DType, dtypeFromOnnx, type TypedArray } from "../dtype.ts";
import type { HostTensor } from "../host.ts";
import { decodeModel } from "../onnx/proto.ts";
import { type Backend, type Session, type SessionOptions, SPIN_MICROSECONDS } from "./backend.ts";
import { type CApi, cApi, type Pointer } from "./c-api.ts";
import { probeBlock } from "./node.ts";
import { explain } from "./ort.ts";

/** ORT_LOGGING_LEVEL_FATAL (errors come back as statuses, and are told once), OrtArenaAllocator, OrtMemTypeDefault. */
const [FATAL, ARENA, DEFAULT] = [4, 1, 0];

/** `others` compiles what this backend does not do: other providers, profiles. */
export async function directBackend(others: Backend): Promise<Backend> {
  const api = cApi();
  const environment = api.make("createEnvironment", FATAL, "lyceum");
  const memory = api.make("createCpuMemory", ARENA, DEFAULT);
  const wrapped = wrapper(api, memory);
  const compile: Backend["compile"] = async (model, options = {}) => {
    if ((options.provider ?? "cpu") !== "cpu" || options.profile) return others.compile(model, options);
    return open(api, environment, wrapped, model, options);
  };
  const block = await probeBlock(compile);
  return { name: "onnxruntime-node", note: "its C API, outputs are written in place", block, compile };
}

type Wrapped = (tensor: HostTensor) => Pointer;

/** Values of ONNX Runtime over arrays of ours, one per tensor for as long as it lives. */
function wrapper(api: CApi, memory: Pointer): Wrapped {
  const known = new WeakMap<HostTensor, { readonly value: Pointer; readonly data: TypedArray }>();
  const gone = new FinalizationRegistry<Pointer>((value) => api.release("releaseValue", value));
  return (tensor) => {
    const found = known.get(tensor);
    if (found) return found.value;
    const { dtype, shape } = tensor;
    const size = tensor.data.byteLength;
    // A pointer to nothing is no pointer: an empty tensor points to one element that nobody reads.
    const data = size > 0 ? tensor.data : new DTYPES[dtype].array(1);
    // A small array lies on the heap, where it may be moved, until its buffer is asked for.
    void data.buffer;
    const sizes = BigInt64Array.from([...shape, 0].map((n) => BigInt(n)));
    const value = api.make("wrapTensor", memory, data, size, sizes, shape.length, DTYPES[dtype].onnx);
    known.set(tensor, { value, data });
    gone.register(tensor, value);
    return value;
  };
}

function open(api: CApi, environment: Pointer, wrapped: Wrapped, model: Uint8Array, options: SessionOptions): Session {
  const threads = options.threads ?? Number(process.env.LYCEUM_THREADS ?? 0);
  let session: Pointer;
  try {
    const settings = api.make("createOptions");
    try {
      api.check("setLogSeverity", settings, FATAL);
      if (threads > 0) api.check("setThreads", settings, threads);
      api.check("configure", settings, "session.intra_op.spin_duration_us", SPIN_MICROSECONDS);
      session = api.make("createSession", environment, model, model.byteLength, settings);
    } finally {
      api.release("releaseOptions", settings);
    }
  } catch (cause) {
    throw explain(cause, "load");
  }
  const outputs = decodeModel(model).graph!.output.map(({ name }) => name);
  const lists = new Map<string, Pointer>();
  const namesOf = (names: readonly string[]): Pointer => {
    const key = names.join("\0");
    let list = lists.get(key);
    if (!list) lists.set(key, (list = filled("char*", names)));
    return list;
  };
  let open = true;
  // The first run takes its memory piece by piece and learns how to lay it out; all others take one block. What the first
  // one took is given back, else a session holds both for good.
  let first: Pointer = api.make("createRunOptions");
  api.check("configureRun", first, "memory.enable_memory_arena_shrinkage", "cpu:0");
  const settled = () => {
    if (first) api.release("releaseRunOptions", first);
    first = null;
  };
  return {
    async run(feeds, into = {}) {
      // A turn of the event loop, as the binding gives: clients are heard between two steps.
      await new Promise(setImmediate);
      if (!open) throw explain(new Error("The session was released"), "run");
      const inputs = Object.keys(feeds);
      const given = filled(
        "void*",
        inputs.map((name) => wrapped(feeds[name]!)),
      );
      const wanted = filled(
        "void*",
        outputs.map((name) => (into[name] ? wrapped(into[name]) : null)),
      );
      try {
        const [ins, outs] = [namesOf(inputs), namesOf(outputs)];
        api.check("run", session, first, ins, given, inputs.length, outs, outputs.length, wanted);
        settled();
        const made = koffi.decode(wanted, koffi.array("void*", outputs.length)) as Pointer[];
        return Object.fromEntries(outputs.map((name, i) => [name, into[name] ?? copied(api, made[i])]));
      } catch (cause) {
        throw explain(cause, "run");
      } finally {
        koffi.free(given);
        koffi.free(wanted);
      }
    },
    async release() {
      if (open) api.release("releaseSession", session);
      open = false;
      settled();
      for (const list of lists.values()) koffi.free(list);
      lists.clear();
    },
  };
}

/** Native memory with these values, at least one place. */
function filled(type: "char*" | "void*", values: readonly unknown[]): Pointer {
  const list = koffi.alloc(type, Math.max(1, values.length));
  if (values.length > 0) koffi.encode(list, koffi.array(type, values.length), values);
  return list;
}

/** An output that ONNX Runtime made, as ours; it is given back. */
function copied(api: CApi, value: Pointer): HostTensor {
  try {
    const about = api.make("typeAndShape", value);
    const dtype = dtypeFromOnnx(Number(api.make("elementType", about)));
    const rank = Number(api.make("rank", about));
    const sizes = new BigInt64Array(Math.max(1, rank));
    api.check("sizes", about, sizes, rank);
    api.release("releaseTypeAndShape", about);
    if (!dtype) throw new Error("An output has a type that Lyceum does not hold");
    const shape = Array.from(sizes.subarray(0, rank), Number);
    return {
      dtype,
      shape,
      data: dataOf(
        api,
        value,
        dtype,
        shape.reduce((a, b) => a * b, 1),
      ),
    };
  } finally {
    api.release("releaseValue", value);
  }
}

function dataOf(api: CApi, value: Pointer, dtype: DType, count: number): TypedArray {
  const { array: Kind, bytes } = DTYPES[dtype];
  if (count === 0) return new Kind(0);
  return new Kind(koffi.view(api.make("tensorData", value), count * bytes), 0, count).slice();
}

/** The part of ONNX Runtime's JavaScript API that its Node and browser builds share. */
import type * as Ort from "onnxruntime-web";
import { fail, LyceumError } from "../../errors.ts";
import { DTYPES, type DType, type TypedArray } from "../dtype.ts";
import type { HostTensor } from "../host.ts";
import type { Session } from "./backend.ts";

type OrtModule = typeof Ort;

const FROM_ORT = new Map(Object.entries(DTYPES).map(([name, info]) => [info.ort, name as DType]));

/**
 * Opens a session. `reuse` says whether this build writes into given outputs; where it does not, its fresh memory is
 * copied into them and given back at once. Left to the garbage collector, the outputs of a step make it run every few
 * steps, which costs a small model more than its arithmetic (784-64-64-10 in Chromium: 13 ms a step instead of 2).
 */
export async function openSession(
  ort: Pick<OrtModule, "InferenceSession" | "Tensor">,
  model: Uint8Array,
  options: Ort.InferenceSession.SessionOptions,
  reuse: boolean,
): Promise<Session> {
  let session: Ort.InferenceSession | undefined;
  try {
    session = await ort.InferenceSession.create(model, options);
  } catch (cause) {
    throw explain(cause, "load");
  }
  const live = session;
  const wrap = (t: HostTensor) =>
    new ort.Tensor(DTYPES[t.dtype].ort as "float32", t.data as Float32Array, t.shape as number[]);
  // Wrapping costs more than small kernels: state buffers come back every step, so wrappers are kept.
  const wrappers = new WeakMap<HostTensor, Ort.Tensor>();
  const cached = (t: HostTensor) => {
    let w = wrappers.get(t);
    if (!w) wrappers.set(t, (w = wrap(t)));
    return w;
  };
  return {
    async run(feeds, into) {
      const inputs: Record<string, Ort.Tensor> = {};
      for (const name in feeds) inputs[name] = cached(feeds[name]!);
      const fetches: Record<string, Ort.Tensor | null> = {};
      for (const name of live.outputNames) fetches[name] = reuse && into?.[name] ? cached(into[name]!) : null;
      let results: Ort.InferenceSession.OnnxValueMapType;
      try {
        results = await live.run(inputs, fetches as Record<string, Ort.Tensor>);
      } catch (cause) {
        throw explain(cause, "run");
      }
      const out: Record<string, HostTensor> = {};
      for (const name of live.outputNames) {
        const target = into?.[name];
        if (!target) out[name] = unwrap(results[name] as Ort.Tensor);
        else out[name] = reuse ? target : moved(results[name] as Ort.Tensor, target);
      }
      return out;
    },
    release: () => live.release(),
  };
}

function unwrap(t: Ort.Tensor): HostTensor {
  const dtype = FROM_ORT.get(t.type) ?? fail("E_DTYPE", `ONNX Runtime returned ${t.type}, which Lyceum does not hold.`);
  return { dtype, shape: t.dims, data: t.data as TypedArray };
}

function moved(from: Ort.Tensor, to: HostTensor): HostTensor {
  const data = from.data as Float32Array;
  (to.data as Float32Array).set(data);
  // Node 20 has no transfer; there the collector does it.
  (data.buffer as { transfer?: (size: number) => ArrayBuffer }).transfer?.(0);
  return to;
}

/** No ONNX Runtime stack reaches a user. */
export function explain(cause: unknown, doing: "load" | "run"): LyceumError {
  if (cause instanceof LyceumError) return cause;
  const text = cause instanceof Error ? cause.message : String(cause);
  const first = text.split("\n")[0]!.slice(0, 400);
  if (text.includes("no available backend found")) {
    return new LyceumError(
      "E_BACKEND",
      `ONNX Runtime could not be started: ${first.replace(/^.*?ERR: /, "")}.`,
      'In a page: serve the files of onnxruntime-web/dist and say where, useBackend(webBackend({ wasmPaths: "/ort/" })).',
      { cause },
    );
  }
  return doing === "load"
    ? new LyceumError(
        "E_COMPILE",
        `ONNX Runtime refused the graph: ${first}.`,
        "If the graph is Lyceum's own, please report it.",
        { cause },
      )
    : new LyceumError(
        "E_RUN",
        `ONNX Runtime failed while running: ${first}.`,
        "Check the shapes and dtypes of the inputs.",
        { cause },
      );
}

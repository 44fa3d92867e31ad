/** What a runtime must do for a program, and which one is used. */
import { fail } from "../../errors.ts";
import type { HostTensor } from "../host.ts";

export interface SessionOptions {
  /** Threads inside one operation; 0 lets the runtime take the physical cores. */
  readonly threads?: number;
  /** Execution provider: "cpu" (default), "webgpu", "cuda"; in a browser "wasm" (default) or "webgpu". */
  readonly provider?: string;
  /** Writes ONNX Runtime's profile next to this prefix. */
  readonly profile?: string;
}

/** A compiled graph. */
export interface Session {
  /** `into` may give the memory for outputs; a runtime that cannot use it returns fresh memory. */
  run(
    feeds: Readonly<Record<string, HostTensor>>,
    into?: Readonly<Record<string, HostTensor>>,
  ): Promise<Record<string, HostTensor>>;
  release(): Promise<void>;
}

export interface Backend {
  readonly name: string;
  /** What a user should know about how it is called. */
  readonly note?: string;
  /** Channels per block of its convolution layout (NCHWc), 0 where there is none. */
  readonly block: number;
  compile(model: Uint8Array, options?: SessionOptions): Promise<Session>;
}

/**
 * Microseconds that a native thread waits for its next piece of work in a loop before it sleeps. To wake one up costs more
 * than a small kernel: without waiting a step of an MLP takes 1.9 ms, with 50 µs 1.4 ms, ResNet-20's 139 and 120. ONNX
 * Runtime's own wait, thousands of times as long, takes the processor from whoever has work: two programs side by side
 * crawl. With 50 µs they do not (MLP 2.6 ms each against 2.4 without, ResNet-20 215 against 250).
 */
export const SPIN_MICROSECONDS = "50";

let chosen: Promise<Backend> | undefined;

/** Replaces the backend for all programs compiled from now on. */
export function useBackend(backend: Backend): void {
  chosen = Promise.resolve(backend);
}

/** The backend of this process: native ONNX Runtime in Node, WebAssembly or WebGPU elsewhere. */
export function currentBackend(): Promise<Backend> {
  chosen ??= detect();
  return chosen;
}

async function detect(): Promise<Backend> {
  const inNode = typeof process !== "undefined" && Boolean(process.versions?.node);
  if (!inNode) return (await import("./web.ts")).webBackend();
  const wanted = process.env.LYCEUM_BACKEND;
  if (wanted !== "web") {
    try {
      const binding = await (await import("./node.ts")).nodeBackend();
      return wanted === "node" ? binding : await withoutCopies(binding, wanted === "direct");
    } catch (cause) {
      if (wanted === "node" || wanted === "direct") {
        fail(
          "E_BACKEND",
          `${wanted === "node" ? "onnxruntime-node" : "The C API of ONNX Runtime"} could not be loaded.`,
          "Install onnxruntime-node and koffi, or unset LYCEUM_BACKEND to use what is there.",
          cause,
        );
      }
      process.stderr.write("lyceum: onnxruntime-node is missing, using WebAssembly (2-3 times slower).\n");
    }
  }
  return (await import("./node-wasm.ts")).nodeWasmBackend();
}

/** The C API where it can be reached, else the binding, which does the same with a copy of every output. */
async function withoutCopies(binding: Backend, must: boolean): Promise<Backend> {
  try {
    return await (await import("./direct.ts")).directBackend(binding);
  } catch (cause) {
    if (must) throw cause;
    const why = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    return { ...binding, note: `its outputs are copied, as koffi could not be used: ${why}` };
  }
}

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
  /** Channels per block of its convolution layout (NCHWc), 0 where there is none. */
  readonly block: number;
  compile(model: Uint8Array, options?: SessionOptions): Promise<Session>;
}

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
  if (process.env.LYCEUM_BACKEND !== "web") {
    try {
      return await (await import("./node.ts")).nodeBackend();
    } catch (cause) {
      if (process.env.LYCEUM_BACKEND === "node") {
        fail(
          "E_BACKEND",
          "onnxruntime-node could not be loaded.",
          "Install it, or unset LYCEUM_BACKEND to use WebAssembly.",
          cause,
        );
      }
      process.stderr.write("lyceum: onnxruntime-node is missing, using WebAssembly (2-3 times slower).\n");
    }
  }
  return (await import("./node-wasm.ts")).nodeWasmBackend();
}

/** ONNX Runtime's WebAssembly build in Node, where the native one is missing or LYCEUM_BACKEND=web asks for it. */
import os from "node:os";
import type { Backend } from "./backend.ts";
import { webBackend } from "./web.ts";

export function nodeWasmBackend(): Backend {
  const threads = Number(process.env.LYCEUM_THREADS ?? 0) || os.availableParallelism();
  // The main entry has a build for Node; the one for pages knows no worker threads here.
  return webBackend({ threads: Math.min(threads, 8) }, () => import("onnxruntime-web"));
}

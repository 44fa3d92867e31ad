/** ONNX Runtime's WebAssembly and WebGPU build, in browsers (and in Node where the native one is missing). */
import type { Backend } from "./backend.ts";
import { openSession } from "./ort.ts";

export async function webBackend(): Promise<Backend> {
  const ort = await import("onnxruntime-web");
  return {
    name: "onnxruntime-web",
    // The WebAssembly kernels have no blocked layout.
    block: 0,
    compile: (model, { threads, provider = "wasm" } = {}) => {
      if (threads) ort.env.wasm.numThreads = threads;
      const list = provider === "cpu" || provider === "wasm" ? ["wasm"] : [provider, "wasm"];
      // This build ignores preallocated outputs.
      return openSession(
        ort,
        model,
        { executionProviders: list, graphOptimizationLevel: "all", logSeverityLevel: 3 },
        false,
      );
    },
  };
}

/**
 * ONNX Runtime's WebAssembly and WebGPU builds, for pages and their workers.
 *
 * Two builds, each loaded when a program first asks for it: "onnxruntime-web/wasm" (a 14 MB .wasm file, CPU kernels with
 * SIMD and threads) and "onnxruntime-web/webgpu" (27 MB, for the provider "webgpu"). The package's main entry would load
 * the large one for everybody. `run` occupies the thread it is called on: train in a Web Worker.
 */
import type * as Ort from "onnxruntime-web";
import { fail } from "../../errors.ts";
import type { Backend } from "./backend.ts";
import { openSession } from "./ort.ts";

export interface WebOptions {
  /**
   * Where the .wasm files of onnxruntime-web lie: a folder, ending in "/" ("/assets/ort/"), whose `*.mjs` and `*.wasm`
   * come from `node_modules/onnxruntime-web/dist`. Not needed with bundlers that understand
   * `new URL(file, import.meta.url)`: they copy the file beside the page's scripts.
   */
  readonly wasmPaths?: string;
  /**
   * Threads of the WebAssembly kernels, fixed by the first program that is compiled. More than one needs a page that is
   * cross-origin isolated: `Cross-Origin-Opener-Policy: same-origin`, `Cross-Origin-Embedder-Policy: require-corp`.
   * Default, ONNX Runtime's: half the logical processors, at most 4; 1 without isolation. All of them would be slower:
   * the page and the browser want some, and every operation waits for its last thread.
   */
  readonly threads?: number;
}

type OrtModule = Pick<typeof Ort, "InferenceSession" | "Tensor" | "env">;
/** Finds the build for a provider. */
export type OrtLoader = (provider: "wasm" | "webgpu") => Promise<OrtModule>;

const PROVIDERS = ["wasm", "webgpu"] as const;

const loadForBrowser: OrtLoader = (provider) =>
  provider === "webgpu" ? import("onnxruntime-web/webgpu") : import("onnxruntime-web/wasm");

/**
 * The browser backend: `useBackend(webBackend({ wasmPaths: "/ort/" }))`. Without options it is what programs in a page
 * use anyway. @throws E_BACKEND for providers that it does not have, and where WebGPU finds no adapter
 */
export function webBackend(options: WebOptions = {}, load: OrtLoader = loadForBrowser): Backend {
  return {
    name: "onnxruntime-web",
    // The WebAssembly kernels have no blocked layout.
    block: 0,
    async compile(model, { threads, provider: asked = "wasm" } = {}) {
      const provider = asked === "cpu" ? "wasm" : PROVIDERS.find((known) => known === asked);
      if (!provider) {
        return fail("E_BACKEND", `A browser has no provider "${asked}".`, `Use ${PROVIDERS.join(" or ")}.`);
      }
      if (provider === "webgpu") await checkAdapter();
      const ort = await load(provider);
      const { wasm } = ort.env;
      const count = threads ?? options.threads;
      if (count !== undefined) wasm.numThreads = count;
      if (options.wasmPaths !== undefined) wasm.wasmPaths = options.wasmPaths;
      // This build ignores preallocated outputs.
      return openSession(
        ort,
        model,
        {
          // Operators that WebGPU lacks fall back to WebAssembly.
          executionProviders: provider === "webgpu" ? ["webgpu", "wasm"] : ["wasm"],
          graphOptimizationLevel: "all",
          logSeverityLevel: 3,
          // Threads that wait for work in a loop take the processor from the page and from each other: with two on two
          // busy cores a step of cnn-tiny took 91 ms with spinning, 45 ms without, and 17 ms without when it was quiet.
          extra: { session: { intra_op: { allow_spinning: "0" } } },
        },
        false,
      );
    },
  };
}

/** Without an adapter ONNX Runtime would fall back to WebAssembly and only warn on the console. */
async function checkAdapter(): Promise<void> {
  // The types of WebGPU are not among TypeScript's own.
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<unknown> } };
  if (await gpu?.requestAdapter()) return;
  fail(
    "E_BACKEND",
    gpu ? "WebGPU finds no adapter on this machine." : "This browser, or this page (not https), has no WebGPU.",
    'Use the provider "wasm".',
  );
}

/** Everything that a page with Lyceum needs from its bundler: three lines, and why. */
import { resolve } from "node:path";
import { defineConfig, type Plugin } from "vite";

/** Threads in WebAssembly need shared memory, which browsers give to pages with these two headers only. */
export const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
} as const;

const repository = resolve(import.meta.dirname, "../..");

/** For this repository's sources only: the published package says the same in the "browser" field of package.json. */
export const NODE_ONLY = [
  "data/prefetch",
  "tensor/runtime/c-api",
  "tensor/runtime/direct",
  "tensor/runtime/node",
  "tensor/runtime/node-wasm",
] as const;
export function withoutNode(): Plugin {
  const files = new Set(NODE_ONLY.map((path) => resolve(repository, "src", `${path}.ts`)));
  return { name: "without-node", enforce: "pre", load: (id) => (files.has(id) ? "export {};" : undefined) };
}

export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  plugins: [withoutNode()],
  worker: {
    // Lyceum loads ONNX Runtime when it is needed, which takes a worker of several files.
    format: "es",
    plugins: () => [withoutNode()],
  },
  // The development server would move ONNX Runtime away from its .wasm file.
  optimizeDeps: { exclude: ["onnxruntime-web"] },
  server: { headers: ISOLATION, fs: { allow: [repository] } },
  preview: { headers: ISOLATION },
  build: { target: "es2022" },
});

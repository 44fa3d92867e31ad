/**
 * The published build: one ESM file per source file, so that workers and lazy imports find their neighbours by
 * relative URL exactly as in src/, and a user's bundler sees the same small modules.
 */
import { defineConfig } from "tsdown";

// Declarations take most of the time, and nobody needs them to run a fresh clone: `npm ci` and `npx` go without.
const declarations = !["ci", "install", "exec"].includes(process.env.npm_command ?? "");

export default defineConfig({
  entry: [
    "src/index.ts",
    "src/tensor/index.ts",
    "src/tensor/onnx/index.ts",
    "src/nn/index.ts",
    "src/data/index.ts",
    "src/data/browser.ts",
    "src/teaching/index.ts",
    "src/teaching/browser.ts",
    "src/teaching/losses/index.ts",
    "src/teaching/report/index.ts",
    "src/language/index.ts",
    // Started by URL, not imported.
    "src/data/prefetch-worker.ts",
    "src/systems/worker.ts",
    "src/systems/index.ts",
    // Found by name at run time.
    "src/systems/*/index.ts",
    "src/cli/main.ts",
    "src/cli/child.ts",
  ],
  format: "esm",
  // The same files run in Node and in pages: nothing of either is built in.
  platform: "neutral",
  deps: { neverBundle: [/^node:/] },
  target: "node20",
  unbundle: true,
  dts: declarations,
  clean: declarations,
  logLevel: "warn",
});

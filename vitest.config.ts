import { defineConfig } from "vitest/config";

// Two cores: two forks, each with its own ONNX Runtime pool, saturate the machine.
export default defineConfig({
  test: {
    include: ["{src,test,bench}/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});

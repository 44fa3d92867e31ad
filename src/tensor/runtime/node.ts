/** Native ONNX Runtime in Node. `run` blocks the thread it is called on: train in a worker or a process of its own. */
import type { Backend } from "./backend.ts";
import { openSession } from "./ort.ts";

export async function nodeBackend(): Promise<Backend> {
  const module = await import("onnxruntime-node");
  const ort = module.default ?? module;
  return {
    name: "onnxruntime-node",
    compile: (model, { threads, provider = "cpu", profile } = {}) => {
      const count = threads ?? Number(process.env.LYCEUM_THREADS ?? 0);
      return openSession(
        ort,
        model,
        {
          executionProviders: provider === "cpu" ? ["cpu"] : [provider, "cpu"],
          graphOptimizationLevel: "all",
          executionMode: "sequential",
          logSeverityLevel: 3,
          ...(count > 0 && { intraOpNumThreads: count }),
          ...(profile && { enableProfiling: true, profileFilePrefix: profile }),
        },
        true,
      );
    },
  };
}

/** Native ONNX Runtime in Node. `run` blocks the thread it is called on: train in a worker or a process of its own. */
import { blockProbe, readProbe } from "../compile/blocked.ts";
import type { Backend } from "./backend.ts";
import { openSession } from "./ort.ts";

export async function nodeBackend(): Promise<Backend> {
  const module = await import("onnxruntime-node");
  const ort = module.default ?? module;
  const compile: Backend["compile"] = (model, { threads, provider = "cpu", profile } = {}) => {
    const count = threads ?? Number(process.env.LYCEUM_THREADS ?? 0);
    return openSession(
      ort,
      model,
      {
        executionProviders: provider === "cpu" ? ["cpu"] : [provider, "cpu"],
        graphOptimizationLevel: "all",
        executionMode: "sequential",
        logSeverityLevel: 3,
        // Threads that wait for work in a loop take the processor from whoever has some: side by side, several
        // programs then crawl. Alone a step is no slower without (MLP 784-256-256-10: 2.7 ms either way).
        extra: { session: { intra_op: { allow_spinning: "0" } } },
        ...(count > 0 && { intraOpNumThreads: count }),
        ...(profile && { enableProfiling: true, profileFilePrefix: profile }),
      },
      true,
    );
  };
  return { name: "onnxruntime-node", block: await probeBlock(compile), compile };
}

/** The block size depends on the processor; a two-pixel image tells. */
export async function probeBlock(compile: Backend["compile"]): Promise<number> {
  const { model, feeds } = blockProbe();
  try {
    const session = await compile(model, { threads: 1 });
    const block = readProbe(await session.run(feeds));
    await session.release();
    return block;
  } catch {
    return 0; // This build has no blocked layout.
  }
}

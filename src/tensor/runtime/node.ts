/** Native ONNX Runtime in Node. `run` blocks the thread it is called on: train in a worker or a process of its own. */
import { blockProbe, readProbe } from "../compile/blocked.ts";
import { type Backend, SPIN_MICROSECONDS } from "./backend.ts";
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
        extra: { session: { intra_op: { spin_duration_us: SPIN_MICROSECONDS } } },
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

/**
 * Where a report was made: enough to judge its times, nothing that names a person, a host or a folder.
 */
import os from "node:os";
import type { Environment } from "./schema.ts";

/**
 * @param engine what computed, with version, for example "onnxruntime-node 1.30.0 (cpu)"
 * @param lyceum version of this package; given, because the file that knows it lies elsewhere in a build
 */
export function collectEnvironment({ engine, lyceum }: { engine: string; lyceum: string }): Environment {
  return {
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    // Containers and some ARM boards report no model.
    cpu: os.cpus()[0]?.model.replace(/\s+/g, " ").trim() || "unknown",
    cores: Math.max(1, os.availableParallelism()),
    engine,
    lyceum,
  };
}

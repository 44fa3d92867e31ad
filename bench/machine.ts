/** What the numbers were measured on, and what its processor can do at best. */
import { execFileSync } from "node:child_process";
import os from "node:os";
import { join } from "node:path";
import { mklEnv, open, python } from "./roster.ts";

export const SIZES = [1024, 2048] as const;

/** GFLOP/s by size of the product, or why not. */
export type Peak = Readonly<Record<string, number>> | { readonly why: string };

export const machine = () => ({
  cpu: os.cpus()[0]?.model.replace(/\s+/g, " ").trim() || "unknown",
  cores: os.availableParallelism(),
  memoryGb: Math.round(os.totalmem() / 2 ** 30),
  platform: `${process.platform} ${process.arch}`,
  node: process.versions.node,
});

/** "amd-epyc", for file names. */
export const slug = (text: string) =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");

/** sgemm at its best through ONNX Runtime, through PyTorch as shipped, and with MKL's AVX-512 kernels forced. */
export async function peaks(threads: number, wanted: (id: string) => boolean): Promise<Record<string, Peak>> {
  const out: Record<string, Peak> = {};
  const measure: Readonly<Record<string, () => Promise<Peak>>> = {
    lyceum: () => ortPeak(threads),
    "torch-eager": async () => torchPeak(threads, {}),
    "torch-mkl512": async () => torchPeak(threads, mklEnv()),
  };
  for (const [id, how] of Object.entries(measure)) {
    if (!wanted(id)) continue;
    out[id] = await how().catch((error: Error) => ({ why: error.message.split("\n")[0]!.slice(0, 200) }));
  }
  return out;
}

async function ortPeak(threads: number): Promise<Peak> {
  const peer = open("lyceum");
  try {
    return (await peer.ask<{ gflops: Record<string, number> }>({ cmd: "peak", sizes: SIZES, threads }, 90)).gflops;
  } finally {
    peer.close();
  }
}

/** The peer's own measurement, for more than one size. */
function torchPeak(threads: number, env: Readonly<Record<string, string>>): Peak {
  const code = `
import sys; sys.path.insert(0, ${JSON.stringify(join(import.meta.dirname, "peers"))})
import json, torch, torch_peer
torch.set_num_threads(${threads})
torch_peer.OUT.write(json.dumps({n: torch_peer.peak(n)["gflops"] for n in ${JSON.stringify(SIZES)}}))
`;
  const { command, args } = python("-c", code);
  const stdio: ["ignore", "pipe", "ignore"] = ["ignore", "pipe", "ignore"];
  const options = { env: { ...process.env, ...env }, stdio, timeout: 90_000, encoding: "utf8" } as const;
  return JSON.parse(execFileSync(command, args, options)) as Peak;
}

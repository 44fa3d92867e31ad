/**
 * Who takes part, and how each is started. Whoever cannot (no PyTorch named, no compiler) is skipped with the reason in
 * the table: an absent yardstick must be visible.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { type Launch, type Peer, startPeer } from "./peer.ts";

export const ROOT = join(import.meta.dirname, "..");
const PEERS = join(import.meta.dirname, "peers");

export interface Contender {
  readonly id: string;
  readonly title: string;
  /** Fields of its setup message. */
  readonly setup?: Readonly<Record<string, unknown>>;
  /** @throws Error saying why it cannot take part */
  readonly launch: () => Launch;
}

const node = (...args: string[]): Launch => ({ command: process.execPath, args });

/** @throws when LYCEUM_PYTHON is not set */
export function python(...args: string[]): Launch {
  const command = process.env.LYCEUM_PYTHON;
  if (!command) throw new Error("LYCEUM_PYTHON names no Python with torch");
  return { command, args };
}

const torch = () => python(join(PEERS, "torch_peer.py"));

/** Their first step compiles everything, and a step can take ten seconds. */
const BRIEF = { warmup: 1 };

export const CONTENDERS: readonly Contender[] = [
  { id: "lyceum", title: "Lyceum", launch: () => node("--import", "tsx", join(import.meta.dirname, "lyceum_peer.ts")) },
  { id: "torch-eager", title: "PyTorch eager", launch: torch },
  { id: "torch-compiled", title: "torch.compile", setup: { compile: true }, launch: torch },
  { id: "torch-mkl512", title: "eager, MKL with AVX-512 forced", launch: () => ({ ...torch(), env: mklEnv() }) },
  { id: "tfjs", title: "tfjs-wasm", setup: BRIEF, launch: () => node(installed("tfjs_peer.mjs")) },
  { id: "jaxjs", title: "jax-js", setup: BRIEF, launch: () => node(installed("jaxjs_peer.mjs")) },
];

export const contender = (id: string): Contender => CONTENDERS.find((c) => c.id === id)!;

/** @throws Error saying why it cannot take part */
export const open = (id: string): Peer => startPeer(contender(id).launch(), ROOT);

/** Installs the JavaScript peers when they are asked for the first time. */
function installed(file: string): string {
  if (!existsSync(join(PEERS, "node_modules"))) {
    try {
      execFileSync("npm", ["ci", "--prefix", PEERS, "--no-audit", "--no-fund"], { stdio: "pipe", timeout: 180_000 });
    } catch (error) {
      throw new Error(`npm ci --prefix bench/peers failed: ${String((error as Error).message).split("\n")[0]}`);
    }
  }
  return join(PEERS, file);
}

let preload: string | undefined;
/** See bench/peers/mkl_any_cpu.c. */
export function mklEnv(): Readonly<Record<string, string>> {
  if (!/AMD/i.test(os.cpus()[0]?.model ?? "")) throw new Error("only AMD processors are held back by MKL");
  if (!preload) {
    const beside = join(PEERS, "mkl_any_cpu.so");
    let built = beside;
    if (!existsSync(beside)) {
      const folder = mkdtempSync(join(os.tmpdir(), "lyceum-bench-"));
      process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
      built = join(folder, "mkl_any_cpu.so");
      try {
        execFileSync("cc", ["-shared", "-fPIC", "-O2", "-o", built, join(PEERS, "mkl_any_cpu.c")], { stdio: "pipe" });
      } catch {
        throw new Error("no C compiler (cc) to build mkl_any_cpu.c");
      }
    }
    preload = built;
  }
  return { LD_PRELOAD: preload };
}

/** A peer: a child process that answers one JSON line with one JSON line (protocol: bench/peers/torch_peer.py). */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Peer {
  /** @throws Error with the peer's reason, or when it ended or stayed silent for `seconds` (it is ended then) */
  ask<T>(message: { readonly cmd: string; readonly [field: string]: unknown }, seconds: number): Promise<T>;
  close(): void;
}

/** Of its standard error, the end that is kept to explain a death. */
const KEPT = 2000;

export function startPeer({ command, args, env = {} }: Launch, cwd: string): Peer {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] });
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaints = (complaints + text).slice(-KEPT);
  });
  let waiting: { resolve: (line: string) => void; reject: (error: Error) => void } | undefined;
  let dead: Error | undefined;
  const die = (error: Error) => {
    dead ??= error;
    waiting?.reject(dead);
  };
  createInterface({ input: child.stdout }).on("line", (line) => waiting?.resolve(line));
  // Writing to a process that has just died: "close" tells.
  child.stdin.on("error", () => {});
  child.on("error", die);
  child.on("close", (code, signal) => {
    const last = complaints.trim().split("\n").at(-1) ?? "";
    die(new Error(`ended with ${signal ?? `status ${code}`}${last && `: ${last.slice(0, 300)}`}`));
  });
  return {
    async ask<T>(message: { readonly cmd: string }, seconds: number): Promise<T> {
      if (dead) throw dead;
      let timer: NodeJS.Timeout | undefined;
      try {
        const line = await new Promise<string>((resolve, reject) => {
          waiting = { resolve, reject };
          timer = setTimeout(() => {
            child.kill("SIGKILL");
            die(new Error(`"${message.cmd}" took more than ${Math.round(seconds)} s`));
          }, seconds * 1000);
          child.stdin.write(`${JSON.stringify(message)}\n`);
        });
        const answer = JSON.parse(line) as { ok: boolean; why?: string };
        if (!answer.ok) throw new Error(answer.why ?? "no reason given");
        return answer as T;
      } finally {
        clearTimeout(timer);
        waiting = undefined;
      }
    },
    close() {
      dead ??= new Error("closed");
      child.kill("SIGKILL");
    },
  };
}

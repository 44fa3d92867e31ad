/** Runs the command line as a user would: the build when it is newer than every source, else the sources by tsx. */
import { spawn } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

export const ROOT = join(import.meta.dirname, "..", "..");

const modified = (path: string) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

function entry(): string[] {
  const built = join(ROOT, "dist/cli/main.js");
  const newest = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts"))
    .reduce((latest, path) => Math.max(latest, modified(join(ROOT, "src", path))), 0);
  return modified(built) > newest ? [built] : ["--import", import.meta.resolve("tsx"), join(ROOT, "src/cli/main.ts")];
}

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Where the command is run; sources still find their loader. */
  readonly cwd?: string;
  /** Called with the process, to interrupt it. */
  readonly onStart?: (process: ReturnType<typeof spawn>) => void;
}

let start: string[] | undefined;

/** Program and arguments, for tests that start it themselves. */
export function command(args: readonly string[]): string[] {
  start ??= entry();
  return [process.execPath, ...start, ...args];
}

export function lyceum(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return run(command(args), options);
}

/** Runs a TypeScript file of its own, wherever it lies. */
export function runTypeScript(file: string, options: RunOptions = {}): Promise<Ran> {
  const loader = import.meta.resolve("tsx");
  return run([process.execPath, "--import", loader, file], options);
}

function run([program, ...args]: readonly string[], { env = {}, cwd = ROOT, onStart }: RunOptions): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program!, args, {
      cwd,
      env: { ...process.env, NO_COLOR: "1", ...env },
      stdio: ["ignore", "pipe", "pipe"],
      // Nothing of a failed test may go on computing.
      timeout: 300_000,
      killSignal: "SIGKILL",
    });
    let [stdout, stderr] = ["", ""];
    child.stdout!.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr!.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", reject);
    child.on("close", (status) => resolve({ status, stdout, stderr }));
    onStart?.(child);
  });
}

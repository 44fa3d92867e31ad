/**
 * The systems there are: every folder beside this file with an index whose default export is a system. A method is
 * added by adding its folder; a user's own is named by the path of its module.
 */
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { fail } from "../errors.ts";
import { didYouMean } from "../nearest.ts";
import type { System } from "./system.ts";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const INDEX = import.meta.url.endsWith(".ts") ? "index.ts" : "index.js";

/** In alphabetical order. */
export function systemNames(): string[] {
  return readdirSync(HERE, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(path.join(HERE, entry.name, INDEX)))
    .map((entry) => entry.name)
    .sort();
}

export interface LoadedSystem {
  readonly system: System<unknown, unknown>;
  /** Address of its module: what another process loads it by. */
  readonly module: string;
}

/** By name, or by the path or address of a module. @throws E_SYSTEM_UNKNOWN, E_SYSTEM_MODULE */
export async function loadSystem(name: string): Promise<LoadedSystem> {
  const builtIn = path.join(HERE, name, INDEX);
  const isAddress = name.startsWith("file:");
  const isBuiltIn = !isAddress && systemNames().includes(name);
  if (!isAddress && !isBuiltIn && !/[./\\]/.test(name)) {
    fail("E_SYSTEM_UNKNOWN", `There is no system "${name}".`, didYouMean(name, systemNames()));
  }
  const module = isAddress ? name : pathToFileURL(isBuiltIn ? builtIn : path.resolve(name)).href;
  let found: unknown;
  try {
    found = ((await import(module)) as { default?: unknown }).default;
  } catch (cause) {
    if (isBuiltIn) throw cause;
    const why = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    fail(
      "E_SYSTEM_MODULE",
      `The module "${name}" cannot be loaded: ${why}.`,
      "Name a system or a JavaScript module.",
      cause,
    );
  }
  if (!isSystem(found)) {
    fail(
      "E_SYSTEM_MODULE",
      `The default export of "${name}" is no system.`,
      "Export defineSystem({ ... }) as default.",
    );
  }
  return { system: found, module };
}

const isSystem = (value: unknown): value is System<unknown, unknown> =>
  typeof value === "object" && value !== null && "plan" in value && "work" in value && "conclude" in value;

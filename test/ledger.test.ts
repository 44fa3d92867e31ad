/** Dependencies: every one is explained in CONTRIBUTING.md, pinned, and can be installed from its lock entry. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT } from "./support/command.ts";

interface Manifest {
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
  readonly optionalDependencies: Record<string, string>;
}
interface Entry {
  readonly version?: string;
  readonly resolved?: string;
  readonly hasInstallScript?: boolean;
  readonly optionalDependencies?: Record<string, string>;
}
const read = (file: string) => readFileSync(join(ROOT, file), "utf8");
const manifest = JSON.parse(read("package.json")) as Manifest & { allowScripts: Record<string, boolean> };
const lock = JSON.parse(read("package-lock.json")) as { packages: Record<string, Entry> };
const declared = { ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.devDependencies };

describe("dependencies", () => {
  test("the ledger names each one, and no other, with a reason", () => {
    const [, ledger = ""] = read("CONTRIBUTING.md").split("## Dependencies");
    const rows = Array.from(ledger.matchAll(/^\| `([^`]+)` \| ([^|]+) \|/gm));
    expect(rows.map(([, name]) => name).sort()).toEqual(Object.keys(declared).sort());
    for (const [, name, reason] of rows) expect(reason!.trim().length, name).toBeGreaterThan(8);
  });

  test("versions are exact", () => {
    expect(Object.entries(declared).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });
});

describe("the lock file", () => {
  const packages = Object.entries(lock.packages);

  test("holds every optional platform package, or npm 11 refuses it", () => {
    const missing = packages.flatMap(([place, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !lock.packages[`node_modules/${name}`] && !lock.packages[`${place}/node_modules/${name}`],
      ),
    );
    expect(missing).toEqual([]);
  });

  test("names no registry, so that every clone uses its own", () => {
    expect(packages.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
  });

  test("every install script is decided upon in allowScripts", () => {
    const scripted = packages
      .filter(([, { hasInstallScript }]) => hasInstallScript)
      .map(([place]) => place.split("node_modules/").at(-1)!);
    expect([...new Set(scripted)].filter((name) => manifest.allowScripts[name] === undefined)).toEqual([]);
  });
});

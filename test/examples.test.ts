/** examples/own.ts: a user's own data, model and teacher go through every system. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadSystem, systemNames } from "../src/systems/index.ts";
import { ROOT, runTypeScript } from "./support/command.ts";

test("own data, model and teacher with every system on examples", { timeout: 300_000 }, async () => {
  const { status, stdout, stderr } = await runTypeScript(join(ROOT, "examples/own.ts"));
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const systems = await Promise.all(systemNames().map(async (name) => (await loadSystem(name)).system));
  const names = systems.filter(({ material }) => !material).map(({ name }) => name);
  expect(names.length).toBeGreaterThanOrEqual(5);
  for (const name of names) expect(stdout).toMatch(new RegExp(`^${name}: \\d+ arms on Bright spots, \\d+ claims`, "m"));
});

import os from "node:os";
import { expect, it } from "vitest";
import { collectEnvironment } from "./environment.ts";

it("tells the machine apart without naming it", () => {
  const environment = collectEnvironment({ engine: "onnxruntime-node 1.30.0", lyceum: "0.1.0" });
  expect(Object.keys(environment)).toEqual(["node", "platform", "cpu", "cores", "engine", "lyceum"]);
  expect(environment.cores).toBeGreaterThan(0);
  expect(environment.cpu.length).toBeGreaterThan(0);
  const text = JSON.stringify(environment);
  expect(text).not.toContain(os.homedir());
  expect(Object.values(environment)).not.toContain(os.hostname());
  expect(text).not.toContain(process.cwd());
});

import { expect, it } from "vitest";
import { constant, evaluate, host, toNumbers } from "../tensor/index.ts";
import { normalised, unitInput } from "./input.ts";

it("bytes become 0..1, floats stay, channels are normalised on their own", async () => {
  const bytes = constant(host(Uint8Array.of(0, 51, 255, 102), [1, 2, 2]));
  const unit = unitInput(bytes);
  expect(toNumbers(await evaluate(unit)).map((v) => Math.round(v * 1e6) / 1e6)).toEqual([0, 0.2, 1, 0.4]);
  const floats = constant(host([0.3], [1, 1]));
  expect(unitInput(floats)).toBe(floats);
  const out = await evaluate(normalised(unit, { mean: [0.2, 0.4], std: [0.5, 2] }));
  expect(toNumbers(out).map((v) => Math.round(v * 1e5) / 1e5)).toEqual([-0.4, 0, 0.3, 0]);
});

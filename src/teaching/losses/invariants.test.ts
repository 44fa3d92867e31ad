/** What every loss must keep: rule 2 of the house (student = teacher), frozen teachers, finite numbers, any batch order. */
import { describe, expect, it } from "vitest";
import { random } from "../../tensor/index.ts";
import { at } from "./at.ts";
import { dist } from "./dist.ts";
import { dkd } from "./dkd.ts";
import { fitnet } from "./fitnet.ts";
import { kd } from "./kd.ts";
import type { Loss } from "./loss.ts";
import { nd } from "./nd.ts";
import { rkd } from "./rkd.ts";
import { type Case, evaluateLoss, values } from "./testing.ts";

const taps = { student: "f", teacher: "f" };
const onLogits: [string, Loss][] = [
  ["kd", kd()],
  ["dkd", dkd()],
  ["dist", dist({ temperature: 4 })],
];
const onTaps: [string, Loss][] = [
  ["fitnet", fitnet(taps)],
  ["at", at({ pairs: [["f", "f"]] })],
  ["rkd", rkd(taps)],
];
const B = 8;
const C = 6;
const labels = Array.from({ length: B }, (_, i) => i % C);
const draw = (seed: number, scale = 1) => Array.from(random.normal(random.key(seed), B * C), (v) => v * scale);
const logitsCase = (s: number[], t: number[]): Case => ({
  student: { logits: values(s, [B, C]) },
  teacher: { logits: values(t, [B, C]) },
  labels,
});
const tapsCase = (s: number[], t: number[]): Case => ({
  student: { taps: { f: values(s, [B, 1, 2, 3]) } },
  teacher: { taps: { f: values(t, [B, 1, 2, 3]) } },
  classMeans: { f: values(t.slice(0, C * C), [C, C]) },
  labels,
});
const size = (g: number[] | undefined) => Math.hypot(...g!);

describe.each([
  ...onLogits.map(([name, loss]) => ({ name, loss, make: logitsCase, wrt: "logits" })),
  ...onTaps.map(([name, loss]) => ({ name, loss, make: tapsCase, wrt: "f" })),
])("$name", ({ loss, make, wrt }) => {
  it("is 0 with gradient 0 when the student equals the teacher, and neither when it does not", async () => {
    const equal = await evaluateLoss(loss, make(draw(1, 3), draw(1, 3)));
    const different = await evaluateLoss(loss, make(draw(1, 3), draw(2, 3)));
    // Rounding of f32 probabilities: 1e-5 of the loss between unrelated models.
    expect(Math.abs(equal.value)).toBeLessThan(1e-5 * different.value);
    expect(size(equal.gradients[wrt])).toBeLessThan(1e-4 * size(different.gradients[wrt]));
    expect(different.value).toBeGreaterThan(1e-3);
  });

  it("gives the teacher no gradient", async () => {
    const { gradients } = await evaluateLoss(loss, make(draw(1), draw(2)));
    expect(size(gradients.teacher)).toBe(0);
    expect(size(gradients[wrt])).toBeGreaterThan(1e-6);
  });

  it("does not depend on the order of the batch", async () => {
    const turn = (x: number[]) => [...x.slice(3 * C), ...x.slice(0, 3 * C)];
    const turned = { ...make(turn(draw(1)), turn(draw(2))), labels: [...labels.slice(3), ...labels.slice(0, 3)] };
    const [a, b] = [await evaluateLoss(loss, make(draw(1), draw(2))), await evaluateLoss(loss, turned)];
    expect(Math.abs(a.value - b.value)).toBeLessThan(1e-5 * a.value);
  });
});

describe("finite at the ends of the scale", () => {
  const extreme = Array.from({ length: B * C }, (_, i) => (i % 3 === 0 ? 1e4 : -1e4));
  const opposite = extreme.map((v) => -v);
  const flat = extreme.map(() => 1e4);
  const all: [string, Loss, typeof logitsCase, string][] = [
    ...onLogits.map(([n, l]) => [n, l, logitsCase, "logits"] as [string, Loss, typeof logitsCase, string]),
    ...[...onTaps, ["nd", nd(taps)] as [string, Loss]].map(
      ([n, l]) => [n, l, tapsCase, "f"] as [string, Loss, typeof logitsCase, string],
    ),
  ];
  it.each(all)("%s", async (_name, loss, make, wrt) => {
    const zero = extreme.map(() => 0);
    for (const [s, t] of [
      [extreme, opposite],
      [extreme, extreme],
      [flat, extreme],
      [extreme, flat],
      [flat, flat],
      [zero, zero],
      [zero, extreme],
    ]) {
      const { value, gradients } = await evaluateLoss(loss, make(s!, t!));
      expect(Number.isFinite(value)).toBe(true);
      expect(gradients[wrt]!.every(Number.isFinite)).toBe(true);
    }
  });
});

/** The loss of e²KD: closed forms, scale, whose class, λ = 0, the step interval, slopes against finite differences. */
import { describe, expect, it } from "vitest";
import { cnn } from "../../nn/index.ts";
import { kd } from "../../teaching/losses/kd.ts";
import { teacherTargets } from "../../teaching/losses/loss.ts";
import { evaluateLoss, matrix, values } from "../../teaching/losses/testing.ts";
import { constant, grad, host, program, random, type Tensor, toNumbers } from "../../tensor/index.ts";
import { mapCosine } from "./explain/cosine.ts";
import { directionOf } from "./explain/direction.ts";
import type { Explainer } from "./explain/explainer.ts";
import { gradCam } from "./explain/grad-cam.ts";
import { EXPLANATION } from "./explain/teacher.ts";
import { bcosCrossEntropy, e2kd, explanationLoss, isGuided } from "./loss.ts";

/** An explainer for hand-made maps: the tap is the map. */
const given: Explainer = {
  id: "given",
  taps: ["map"],
  explain: ({ taps }) => taps.get("map")!,
  evidence: ({ taps }) => taps.get("map")!,
};
const maps = (student: number[], teacher: number[], shape = [1, 1, 1, student.length]) =>
  evaluateLoss(explanationLoss({ explainer: given }), {
    student: { logits: matrix([[1, 0]], "f64"), taps: { map: values(student, shape, "f64") } },
    teacher: { logits: matrix([[2, 1]], "f64"), taps: { [EXPLANATION]: values(teacher, shape, "f64") } },
  });

describe("the comparison of maps", () => {
  it("closed form: (1, 1) against (1, 0) is 1 - 1/√2, at any scale", async () => {
    for (const scale of [1, 10, 1e-3])
      expect((await maps([scale, scale], [1, 0])).value).toBeCloseTo(1 - Math.SQRT1_2, 9);
  });

  it("is 0 for equal and 2 for opposite maps", async () => {
    expect(Math.abs((await maps([1, -2, 3], [1, -2, 3])).value)).toBeLessThan(1e-6);
    expect((await maps([-1, 2, -3], [1, -2, 3])).value).toBeCloseTo(2, 9);
  });

  it("has no slope along the scale of the student's map", async () => {
    const map = [0.4, -1.2, 2, 0.3];
    const { gradients } = await maps(map, [1, 0.5, 0.2, -1]);
    expect(Math.hypot(...gradients.map!)).toBeGreaterThan(0.05);
    expect(Math.abs(gradients.map!.reduce((sum, g, i) => sum + g * map[i]!, 0))).toBeLessThan(1e-9);
  });

  it("reports empty maps and stays finite on them", async () => {
    const { value, gradients, parts } = await maps([0, 0, 0, 0], [1, 0, 0, 0]);
    expect(value).toBe(1);
    expect(parts.empty).toEqual([1]);
    expect(gradients.map!.every(Number.isFinite)).toBe(true);
    expect((await maps([0, 0], [0, 0])).value).toBe(1);
  });

  it("averages the larger map down to the smaller one", async () => {
    const run = program((a: Tensor, b: Tensor) => mapCosine(a, b));
    const large = host([1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 2, 2, 0, 0, 2, 2], [1, 1, 4, 4]);
    const cosine = toNumbers(await run(large, host([1, 0, 0, 2], [1, 1, 2, 2])))[0];
    await run.release();
    expect(cosine).toBeCloseTo(1, 6);
  });
});

const inputShape = [1, 8, 8];
const model = cnn({ inputShape, classes: 3, stages: [{ width: 4 }, { width: 5, stride: 1 }] });
const start = model.init(random.key(9));
const pictures = host(random.uniform(random.key(4), 4 * 64), [4, ...inputShape]);
const explainer = gradCam({ tap: "stage2" });

/** A teacher that is another draw of the same model, and the loss of a student with its slope. */
function lesson(loss: ReturnType<typeof e2kd>, teacher = model.init(random.key(8))) {
  const run = program((p: Tensor, x: Tensor) => {
    const fixed = (v: Float32Array) => constant(host(v));
    const theirs = model.apply({ params: fixed(teacher.params), buffers: fixed(teacher.buffers) }, x);
    const seen = { logits: theirs.output, taps: theirs.taps };
    const map = explainer.explain(seen, directionOf(theirs.output.argmax(), 3, false));
    const targets = teacherTargets({ logits: theirs.output, taps: new Map([[EXPLANATION, map]]) });
    const own = model.apply({ params: p, buffers: fixed(start.buffers) }, x);
    const labels = constant(host(Int32Array.of(0, 1, 2, 0)));
    const { loss: value, parts } = loss({ logits: own.output, taps: own.taps }, targets, { labels });
    return { value, parts, slope: grad(value, [p])[0]!, top: theirs.output.argmax() };
  });
  return run;
}
const once = async (loss: ReturnType<typeof e2kd>, params = start.params, teacher?: typeof start) => {
  const run = lesson(loss, teacher);
  const found = await run(host(params), pictures);
  await run.release();
  return {
    value: toNumbers(found.value)[0]!,
    slope: toNumbers(found.slope),
    parts: found.parts,
    top: toNumbers(found.top),
  };
};

describe("e²KD", () => {
  it("student = teacher: both parts are 0", async () => {
    const { value, parts } = await once(e2kd({ weight: 1, explainer }), start.params, start);
    expect(Math.abs(value)).toBeLessThan(2e-6);
    expect(Object.keys(parts)).toEqual(["kd", "explanation.distance", "explanation.empty"]);
  });

  it("λ = 0 is distillation bit for bit", async () => {
    const [zero, plain] = [
      await once(e2kd({ weight: 0, temperature: 3, explainer })),
      await once(kd({ temperature: 3 })),
    ];
    expect(zero.value).toBe(plain.value);
    expect(zero.slope).toEqual(plain.slope);
  });

  it("has the slope of finite differences", async () => {
    const run = lesson(e2kd({ weight: 1, explainer }));
    const g = toNumbers((await run(host(start.params), pictures)).slope);
    const length = Math.hypot(...g);
    const moved = async (h: number) =>
      toNumbers((await run(host(start.params.map((v, i) => v + (h * g[i]!) / length)), pictures)).value)[0]!;
    const slope = ((await moved(2e-3)) - (await moved(-2e-3))) / 4e-3;
    await run.release();
    // ReLU kinks and an f32 loss.
    expect(Math.abs(slope / length - 1)).toBeLessThan(0.03);
  });

  it("explains the teacher's top-1, also where it is wrong: the slope reaches W[ŷ_T], not W[y]", async () => {
    const alone = explanationLoss({ explainer });
    const { slope, top } = await once((o, t, b) => alone(o, t, b));
    const { offset } = model.params.entries.find(({ path }) => path === "fc.weight")!;
    const row = (c: number) => Math.hypot(...slope.slice(offset + 5 * c, offset + 5 * (c + 1)));
    const named = new Set(top);
    // The labels name all three classes; this teacher does not.
    expect(named.size).toBeLessThan(3);
    for (let c = 0; c < 3; c++) {
      if (named.has(c)) expect(row(c)).toBeGreaterThan(1e-4);
      else expect(row(c)).toBe(0);
    }
  });

  it("counts labels only when told to", async () => {
    const [without, withLabels] = [
      await once(e2kd({ weight: 1, explainer })),
      await once(e2kd({ weight: 1, labels: 0.5, explainer })),
    ];
    expect(withLabels.value).toBeGreaterThan(without.value + 0.1);
    expect(() => e2kd({ weight: -1, explainer })).toThrowError(expect.objectContaining({ code: "E_RANGE" }));
  });
});

it.each([
  [100, 4, 25],
  [101, 4, 26],
  [1000, 16, 63],
  [7, 1, 7],
  [3, 10, 1],
])("of %i steps every %i-th is guided: %i", async (steps, every, count) => {
  const run = program((progress: Tensor) => isGuided(progress, { every, steps }));
  const flags = toNumbers(await run(host(Float32Array.from({ length: steps }, (_, i) => i / steps))));
  await run.release();
  expect(flags.reduce((a, b) => a + b)).toBe(count);
  expect(flags[0]).toBe(1);
  expect(Math.ceil(steps / every)).toBe(count);
});

it("an unguided step has no slope from explanations", async () => {
  const shape = [1, 1, 1, 2];
  const at = async (progress: number) =>
    evaluateLoss(explanationLoss({ explainer: given, interval: { every: 2, steps: 10 } }), {
      student: { logits: matrix([[1, 0]]), taps: { map: values([1, 1], shape) } },
      teacher: { logits: matrix([[2, 1]]), taps: { [EXPLANATION]: values([1, 0], shape) } },
      progress,
    });
  expect((await at(0.2)).value).toBeCloseTo(1 - Math.SQRT1_2, 6);
  const off = await at(0.3);
  expect(off.value).toBe(0);
  expect(off.gradients.map!.every((g) => g === 0)).toBe(true);
});

it("the cross-entropy of B-cos teachers by hand: targets (1, ½) of two classes", async () => {
  const { value } = await evaluateLoss(bcosCrossEntropy(), { student: { logits: matrix([[0, 2]]) }, labels: [0] });
  const log = (z: number) => Math.log(1 + Math.exp(z));
  expect(value).toBeCloseTo((log(0) - 0 + log(2) - 2 * 0.5) / 2, 5);
});

/** The class as one network: against its parts, merged into grouped layers, narrowed to a budget. */
import { describe, expect, it } from "vitest";
import { drawDigits } from "../../data/digits.ts";
import { buildModel, cnn, type Model, mlp } from "../../nn/index.ts";
import type { NetworkState } from "../../teaching/network.ts";
import { key, random } from "../../tensor/index.ts";
import { anatomyOf, rebuilt } from "./anatomy.ts";
import { equalTotalScale, sizeOfClass } from "./budget.ts";
import { boundsOf, concatenated } from "./chunks.ts";
import { classModel, headModel } from "./class-model.ts";
import { joinStates, partStates } from "./compose.ts";
import { mergedClass } from "./grouped.ts";
import { headFrom, headLogits } from "./head.ts";
import { answersOf, foldScale, withOutputs } from "./student.ts";

const data = drawDigits(key(5), 30);
const inputShape = data.inputShape;
const [d, n] = [12, 3];
const head = headModel({ d, classes: 10, activation: "relu", dropout: 0.5 });
/** Start values, with batch statistics that are not the neutral ones. */
const stateOf = (model: Model, seed: number): NetworkState => {
  const { params, buffers } = model.init(key(seed));
  const noise = random.uniform(key(seed + 100), buffers.length);
  return { params, buffers: buffers.map((v, i) => v + 0.5 * noise[i]!) };
};
const families: readonly (readonly [string, (width: number) => Model])[] = [
  ["mlp", (classes) => mlp({ inputShape, classes, hidden: [9, 7] })],
  [
    "cnn",
    (classes) =>
      cnn({
        inputShape,
        classes,
        stages: [
          { width: 4, stride: 1 },
          { width: 6, depth: 2 },
          { width: 5, kernel: 5 },
        ],
      }),
  ],
];
const close = (a: Float32Array, b: Float32Array, tolerance: number) =>
  a.forEach((v, i) => {
    expect(Math.abs(v - b[i]!)).toBeLessThan(tolerance);
  });

describe.each(families)("a class of %s students", (_name, make) => {
  const students = Array.from({ length: n }, () => withOutputs(make(d / n), d / n));
  const states = students.map((s, k) => stateOf(s, k));
  const top = stateOf(head, 77);

  it("is its students, side by side, and its head; merged into grouped layers it is the same", async () => {
    const answers: Float32Array[] = [];
    for (const [k, model] of students.entries()) answers.push(await answersOf({ model }, states[k]!, data));
    const z = concatenated(answers, { bounds: boundsOf(d, n) });
    const wanted = headLogits(
      headFrom(top.params, { weight: new Float32Array(0), bias: new Float32Array(10), activation: "relu" }),
      z,
    );
    const whole = joinStates([...states, top]);
    close(await answersOf({ model: classModel(students, head) }, whole, data), wanted, 1e-5);
    const merged = mergedClass(students, head)!;
    expect(merged.model.params.size).toBe(whole.params.length);
    close(await answersOf({ model: merged.model }, merged.pack(states, top), data), wanted, 1e-4);
    expect(partStates([...students, head], whole)).toEqual([...states, top]);
  });

  it("keeps its total size when its students shrink", () => {
    const one = make(d);
    const anatomy = anatomyOf(one)!;
    expect(rebuilt(anatomy, d).params).toEqual(one.params);
    const widths = boundsOf(d, n).map(([from, to]) => to - from);
    const scale = equalTotalScale(anatomy, widths, one.params.size);
    expect(scale).toBeLessThan(1);
    const total = sizeOfClass(widths.map((width) => rebuilt(anatomy, width, scale)));
    // The widths here are small: one unit more or less is the resolution.
    expect(Math.abs(total / one.params.size - 1)).toBeLessThan(0.25);
  });

  it("folds standardised targets into the last layer", async () => {
    const [model, state] = [students[0]!, states[0]!];
    const fold = { mean: Float32Array.of(1, -2, 0.5, 3), scale: Float32Array.of(2, 0.1, 1, 5) };
    const before = await answersOf({ model }, state, data);
    const after = await answersOf({ model }, await foldScale({ model }, state, fold, data), data);
    close(
      after,
      before.map((v, i) => v * fold.scale[i % 4]! + fold.mean[i % 4]!),
      1e-4,
    );
  });
});

describe("students of other kinds", () => {
  it("a model with other outputs gets a linear layer on its last vector", async () => {
    const model = withOutputs(buildModel("resnet8", { inputShape, classes: 10 }), 6);
    expect(model.params.entries.slice(-2).map((e) => [e.path, e.shape])).toEqual([
      ["chunk.weight", [6, 64]],
      ["chunk.bias", [6]],
    ]);
    expect((await answersOf({ model }, stateOf(model, 1), data)).length).toBe(30 * 6);
    expect(anatomyOf(model)).toBeUndefined();
    expect(
      mergedClass([model, model], headModel({ d: 12, classes: 10, activation: "relu", dropout: 0 })),
    ).toBeUndefined();
  });

  it.each(["mlp-tiny", "cnn-tiny", "cnn-small"])("the zoo's %s is a plain network", (name) => {
    const model = buildModel(name, { inputShape, classes: 10 });
    expect(rebuilt(anatomyOf(model)!, 10).params).toEqual(model.params);
  });
});

/** Tests 3 and 6 of the specification: the weights of a lecture, and one KD step bit for bit. */
import { describe, expect, it } from "vitest";
import { initState, keyTensor, trainProgram } from "../../nn/index.ts";
import { normalised, unitInput } from "../../teaching/input.ts";
import { optimiserFor } from "../../teaching/lesson/recipe.ts";
import { crossEntropy } from "../../teaching/losses/cross-entropy.ts";
import { kd } from "../../teaching/losses/kd.ts";
import { teacherTargets } from "../../teaching/losses/loss.ts";
import { weighted } from "../../teaching/losses/weighted.ts";
import { grad, type HostTensor, host, key, program, random, scalarOf, type Tensor } from "../../tensor/index.ts";
import { CLIP, lectureLoss } from "./lecture.ts";
import { inputsOf, member, stacked } from "./member.ts";
import { recipe, residual, turnAt } from "./testing.ts";

const [B, C] = [5, 4];
const logits = (seed: number): Float32Array => random.normal(key(seed), B * C).map((v) => 2 * v);
const labels = Int32Array.of(0, 3, 1, 2, 2);

const run = program((z: Tensor, y: Tensor, said: Tensor, weights: Tensor) => {
  const { loss, parts } = lectureLoss({ logits: z, taps: new Map() }, { said, weights }, { labels: y }, 4);
  const [gradient, toTeachers] = grad(loss.add(said.mul(0).sum()), [z, said]) as [Tensor, Tensor];
  return { loss, gradient, toTeachers, parts: { ...parts } };
});
const lecture = (said: readonly Float32Array[], weights: readonly number[]) =>
  run(host(logits(1), [B, C]), host(labels), stacked(said, B), host(Float32Array.from(weights)));
const kdOf = async (said: Float32Array) => scalarOf((await lecture([said], [0, 1])).loss);

describe("a lecture", () => {
  it("weighs labels and teachers", async () => {
    const [a, b] = [logits(2), logits(3)];
    const result = await lecture([a, b], [0.3, 0.7, 0.5]);
    const ce = scalarOf((await lecture([a], [1, 0])).loss);
    expect(scalarOf(result.loss)).toBeCloseTo(0.3 * ce + 0.7 * (await kdOf(a)) + 0.5 * (await kdOf(b)), 5);
    expect(scalarOf(result.parts.labels as HostTensor)).toBeCloseTo(ce, 6);
  });

  it("of two equal teachers is twice one KD term; of their mean logits it is once", async () => {
    const pivot = logits(2);
    const once = await kdOf(pivot);
    const twice = scalarOf((await lecture([pivot, pivot], [0, 1, 1])).loss);
    expect(once).toBeGreaterThan(0.1);
    expect(twice).toBeCloseTo(2 * once, 5);
    expect(await kdOf(pivot.map((v) => (v + v) / 2))).toBeCloseTo(once, 6);
  });

  it("passes no gradient to teachers, and none to a student that agrees with them", async () => {
    const { toTeachers } = await lecture([logits(2), logits(3)], [0.3, 0.7, 0.7]);
    expect(Math.max(...(toTeachers.data as Float32Array).map(Math.abs))).toBe(0);
    const same = await lecture([logits(1)], [0, 1]);
    expect(scalarOf(same.loss)).toBeCloseTo(0, 6);
    expect(Math.max(...(same.gradient.data as Float32Array).map(Math.abs))).toBeLessThan(1e-6);
  });

  it("has the gradient of finite differences", async () => {
    const said = [logits(2), logits(3)];
    const { gradient } = await lecture(said, [0.3, 0.7, 0.7]);
    const z = logits(1);
    const at = async (i: number, by: number) => {
      const moved = z.slice();
      moved[i]! += by;
      return scalarOf((await run(host(moved, [B, C]), host(labels), stacked(said, B), host([0.3, 0.7, 0.7]))).loss);
    };
    // f32: a step of 1e-2 balances rounding (1e-6 / 1e-2) and curvature.
    for (const i of [0, 7, 19]) {
      const slope = ((await at(i, 0.01)) - (await at(i, -0.01))) / 0.02;
      expect((gradient.data as Float32Array)[i]).toBeCloseTo(slope, 3);
    }
  });

  it("of one teacher is a KD step of any other lesson, bit for bit", async () => {
    const network = residual();
    const { model, normalise } = network;
    const optimiser = optimiserFor(model, recipe, 10);
    const initial = random.fold(key(1), "student");
    const student = member({ name: "alone", network, optimiser, temperature: 4, key: key(1), initial });
    const loss = weighted({ ce: [1 - 0.7, crossEntropy()], kd: [0.7, kd({ temperature: 4 })] });
    const step = trainProgram<{ x: Tensor; y: Tensor; t: Tensor }>({
      model,
      optimiser,
      clip: CLIP,
      input: ({ x }) => normalised(unitInput(x), normalise),
      loss: ({ output, taps, batch }) =>
        loss({ logits: output, taps }, teacherTargets({ logits: batch.t, taps: new Map() }), { labels: batch.y }).loss,
    });
    let state = initState(model, optimiser, initial);
    for (let i = 0; i < 3; i++) {
      const { batch } = turnAt(i);
      const said = random.normal(key(50 + i), batch.y.length * 10);
      await student.learn({ batch, step: i, said: [said], weights: [1 - 0.7, 0.7] });
      const fed = { x: inputsOf(batch, model.inputShape), y: host(batch.y), t: host(said, [batch.y.length, 10]) };
      const scalars = {
        lr: optimiser.lr(i + 1),
        step: i + 1,
        key: keyTensor(random.fold(random.fold(key(1), "step"), i)),
      };
      state = (await step(state, fed, scalars)).state;
    }
    expect(student.state().params).toEqual(state.params.data);
    expect(student.state().buffers).toEqual(state.buffers.data);
    await student.release();
    await step.release();
  });
});

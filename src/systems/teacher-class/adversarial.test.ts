/** The adversarial variant: who learns from what, and that a killed run goes on with the same bits. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { drawnDigits } from "../../data/digits.ts";
import { initState, mlp, type SymbolicState, sgd } from "../../nn/index.ts";
import { host, key, keyValue, program, random, scalarOf, type Tensor } from "../../tensor/index.ts";
import { learnChunkAdversarially } from "./adversarial.ts";
import { adversarialStep } from "./adversarial-step.ts";
import { type CriticName, criticModel } from "./critic.ts";
import { rSquared } from "./statistics.ts";
import { answersOf, withOutputs } from "./student.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), "lyceum-adversarial-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const width = 3;
const student = withOutputs(mlp({ inputShape: [5], classes: width, hidden: [4] }), width);
const x = host(random.normal(key(1), 8 * 5), [8, 5]);
const z = host(random.normal(key(2), 8 * width), [8, width]);

/** A step with plain gradient descent: the change of the parameters over the rate is the gradient. */
function player(name: CriticName, studentSteps: number) {
  const critic = criticModel(name, width);
  const optimiser = sgd({ lr: 1, momentum: 0 });
  const step = adversarialStep(student, critic, optimiser, studentSteps);
  type State = { student: SymbolicState; critic: SymbolicState };
  const run = program((s: State, b: { x: Tensor; z: Tensor }, c: { lr: Tensor; step: Tensor; key: Tensor }) =>
    step(s, b, c),
  );
  const start = initState(student, optimiser, key(3));
  const before = { student: start.params.data as Float32Array, critic: critic.init(key(4)).params };
  return async (lr: number, shift?: { at: number; by: number }) => {
    const params = before.student.slice();
    if (shift) params[shift.at]! += shift.by;
    const state = { student: { ...start, params: host(params) }, critic: initState(critic, optimiser, key(4)) };
    const after = await run(state as never, { x, z }, { lr, step: 1, key: keyValue(key(5)) });
    return {
      before,
      loss: scalarOf(after.loss),
      criticLoss: scalarOf(after.criticLoss),
      student: (after.state.student.params.data as Float32Array).slice(),
      critic: (after.state.critic.params.data as Float32Array).slice(),
    };
  };
}

const distance = (a: Float32Array, b: Float32Array) => Math.sqrt(a.reduce((sum, v, i) => sum + (v - b[i]!) ** 2, 0));

describe("the adversarial step", () => {
  it("teaches the critic without the student, and the student through the critic as often as asked", async () => {
    const [one, four] = [await player("gan-cifar", 1)(0.01), await player("gan-cifar", 4)(0.01)];
    // No gradient of part (ii) reaches the critic: its update is the same however often the student learns.
    expect(four.critic).toEqual(one.critic);
    expect(distance(one.critic, one.before.critic)).toBeGreaterThan(0);
    const [once, often] = [one, four].map(({ student: s, before }) => distance(s, before.student)) as [number, number];
    expect(once).toBeGreaterThan(0);
    expect(often).toBeGreaterThan(1.5 * once);
  });

  it("the student's gradient is that of its loss through the critic (finite differences)", async () => {
    // The rate is small, so that the critic is nearly the same in all runs.
    const [lr, h] = [1e-3, 1e-2];
    const play = player("gan-cifar", 1);
    const { student: after, before } = await play(lr);
    for (const at of [0, 7, 19, 24, 30, 36, 38]) {
      const gradient = (before.student[at]! - after[at]!) / lr;
      const [up, down] = [await play(lr, { at, by: h }), await play(lr, { at, by: -h })];
      expect(Math.abs((up.loss - down.loss) / (2 * h) - gradient)).toBeLessThan(2e-3 + 0.05 * Math.abs(gradient));
    }
  });

  it("the critic of the Fashion-MNIST notebooks learns to tell teacher from student", async () => {
    const play = player("gan", 1);
    const [still, moved] = [await play(0), await play(0.01)];
    expect([still.loss, still.criticLoss].every(Number.isFinite)).toBe(true);
    expect(still.critic).toEqual(still.before.critic);
    expect(distance(moved.critic, moved.before.critic)).toBeGreaterThan(0);
  });
});

describe("learning against a critic", () => {
  const digits = drawnDigits({ train: 200, validation: 20, test: 20 });
  const model = withOutputs(mlp({ inputShape: [1, 28, 28], classes: 4, hidden: [16] }), 4);
  const network = { model, normalise: digits.train.normalise! };
  const recipe = { epochs: 6, batchSize: 20, optimiser: "adamw", rate: 1e-2, decay: 0, augment: [] } as const;

  async function target(): Promise<Float32Array> {
    const raw = await answersOf(network, model.init(key(50)), digits.train);
    return raw.map((v) => 2 * v);
  }
  async function run(folder: string, signal?: AbortSignal, onStep?: (step: number) => void) {
    const bench = { data: digits, folder: path.join(root, folder), ...(signal && { signal }) };
    const lesson = { stage: "s", network, inputs: digits.train, target: await target(), width: 4, recipe, seed: 1 };
    const work = learnChunkAdversarially(bench, { ...lesson, critic: "gan-cifar" });
    let next = await work.next();
    for (; !next.done; next = await work.next()) if (next.value.type === "progress") onStep?.(next.value.step);
    return next.value;
  }

  it("comes closer to the chunk, never reads a label, and goes on bit for bit after a stop", async () => {
    const whole = await run("whole");
    const z0 = await target();
    const before = rSquared(await answersOf(network, model.init(random.fold(key(1), "student")), digits.train), z0, 4);
    const after = rSquared(await answersOf(network, whole, digits.train), z0, 4);
    expect(after).toBeGreaterThan(before + 0.1);
    const stop = new AbortController();
    const stopped = run("stopped", stop.signal, () => stop.abort());
    await expect(stopped).rejects.toMatchObject({ code: "E_STOPPED" });
    expect((await run("stopped")).params).toEqual(whole.params);
  });
});

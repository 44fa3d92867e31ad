/** Tests 2, 3 and 9 of the specification: who is changed by what. */
import { describe, expect, it } from "vitest";
import {
  evaluate,
  groupTeaching,
  intensiveTeaching,
  mutualLearning,
  privateTeaching,
  roleChange,
  type Switches,
} from "./iteration.ts";
import { castOf, changed, hashesOf, keep, perceptron, release, residual, SWITCHES, turnAt } from "./testing.ts";

const three = () => castOf({ students: [residual(), perceptron(6), perceptron(8)], pivot: perceptron(12) });

describe("the phases", () => {
  it("change only whom they teach", async () => {
    const cast = three();
    const turn = turnAt(0);
    let before = hashesOf(cast);
    const differs = () => {
      const after = hashesOf(cast);
      const names = changed(before, after);
      before = after;
      return names;
    };
    const marks = await evaluate(cast, turn);
    expect(differs()).toEqual([]);
    const { handed, pivotLoss } = await intensiveTeaching(cast, turn, marks, SWITCHES);
    expect(handed).toHaveLength(turn.batch.y.length);
    expect(pivotLoss).toBeGreaterThan(0);
    expect(differs()).toEqual(["pivot"]);
    const says = await cast.pivot.say(turn.batch);
    expect(differs()).toEqual([]);
    await privateTeaching(cast, turn, says, [1], SWITCHES);
    expect(differs()).toEqual(["student 1"]);
    await groupTeaching(cast, turn, says, [1], SWITCHES);
    expect(differs()).toEqual(["student 0", "student 2"]);
    await release(cast);
  });

  it("evaluate without recording the statistics of the batch, and learning records them", async () => {
    const cast = three();
    const buffers = () => cast.students[0]!.state().buffers.slice();
    const fresh = buffers();
    await evaluate(cast, turnAt(0));
    expect(buffers()).toEqual(fresh);
    await roleChange(cast, turnAt(0), SWITCHES);
    expect(buffers()).not.toEqual(fresh);
    await release(cast);
  });

  it("rank before the update and keep nothing of a role", async () => {
    const cast = three();
    for (let step = 0; step < 4; step++) {
      const marks = await evaluate(cast, turnAt(step));
      const best = marks.map(({ meanLoss }) => meanLoss);
      const { promoted, losses } = await roleChange(cast, turnAt(step), SWITCHES);
      expect(promoted).toEqual([best.indexOf(Math.min(...best))]);
      expect(losses).toHaveLength(3);
    }
    const { promoted } = await roleChange(cast, turnAt(4), { ...SWITCHES, promoted: 2 });
    expect(promoted).toHaveLength(2);
    await release(cast);
  });
});

describe("switches", () => {
  it("leave the pivot alone when intensive teaching is off, and are independent of each other", async () => {
    const cast = castOf({ students: [perceptron(6), perceptron(6), perceptron(8)] });
    const reset = keep(cast);
    const start = hashesOf(cast);
    const once = async (switches: Partial<Switches>): Promise<Record<string, string>> => {
      reset();
      await roleChange(cast, turnAt(0), { ...SWITCHES, ...switches });
      return hashesOf(cast);
    };
    const on = await once({});
    expect(await once({})).toEqual(on);
    expect(changed(start, on)).toEqual(["student 0", "student 1", "student 2", "pivot"]);
    const others = [
      {},
      { group: "ensemble" },
      { privateTeaching: false },
      { beta: 0.5 },
      { roles: "random" },
      { promoted: 2 },
    ] as const;
    for (const other of others) {
      // None of these touches what the pivot does, and without intensive teaching nothing does.
      expect((await once(other)).pivot).toBe(on.pivot);
      expect((await once({ ...other, intensive: "off" })).pivot).toBe(start.pivot);
    }
    expect((await once({ intensive: "train" })).pivot).not.toBe(on.pivot);
    expect(await once({ group: "ensemble" })).not.toEqual(on);
    await release(cast);
  });

  it("give a lone student a KD step in every iteration", async () => {
    const cast = castOf({ students: [perceptron(8)] });
    const alone = castOf({ students: [perceptron(8)] });
    for (let step = 0; step < 3; step++) {
      const turn = turnAt(step);
      const { promoted } = await roleChange(cast, turn, { ...SWITCHES, intensive: "off" });
      expect(promoted).toEqual([0]);
      const said = [await alone.pivot.say(turn.batch)];
      await alone.students[0]!.learn({ batch: turn.batch, step, said, weights: [1 - 0.7, 0.7] });
    }
    expect(hashesOf(cast)).toEqual(hashesOf(alone));
    await release(cast);
    await release(alone);
  });

  it("teach twice the pivot's term individually, once as an ensemble, when both teachers say the same", async () => {
    const cast = castOf({ students: [perceptron(8), perceptron(6)] });
    const reset = keep(cast);
    const turn = turnAt(0);
    const says = (await cast.students[1]!.answer(turn.batch, 0)).slice();
    const loss = async (group: "individual" | "ensemble", beta: number) => {
      reset();
      return (await groupTeaching(cast, turn, says, [1], { group, beta })).get(0)!;
    };
    const labels = await loss("individual", 0);
    const twice = (await loss("individual", 0.5)) - 0.5 * labels;
    const once = (await loss("ensemble", 0.5)) - 0.5 * labels;
    expect(once).toBeGreaterThan(0.01);
    expect(twice / once).toBeCloseTo(2, 3);
    await release(cast);
  });
});

describe("mutual learning", () => {
  it("updates every student from answers given before any update", async () => {
    const cast = castOf({ students: [perceptron(8), perceptron(6)] });
    const turn = turnAt(0);
    const reset = keep(cast);
    const answers: Float32Array[] = [];
    for (const student of cast.students) answers.push((await student.answer(turn.batch, 0)).slice());
    const says = (await cast.pivot.say(turn.batch)).slice();
    for (const [i, student] of cast.students.entries()) {
      await student.learn({ batch: turn.batch, step: 0, said: [says, answers[1 - i]!], weights: [1 - 0.7, 0.7, 0.7] });
    }
    const byHand = hashesOf(cast);
    reset();
    const start = hashesOf(cast);
    expect((await mutualLearning(cast, turn, 0.7)).promoted).toEqual([]);
    expect(changed(start, hashesOf(cast))).toEqual(["student 0", "student 1"]);
    expect(hashesOf(cast)).toEqual(byHand);
    await release(cast);
  });
});

/** Tests 7, 8 and 10 of the specification: poisoned peers, reproducibility, what intensive teaching does; and kills. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { take } from "../../data/dataset.ts";
import { fileCheckpoints } from "../../teaching/checkpoint.ts";
import { meanCrossEntropy } from "../../teaching/exams/index.ts";
import type { NetworkState } from "../../teaching/network.ts";
import { key } from "../../tensor/index.ts";
import { sit } from "../kit/exam.ts";
import { type Group, type GroupMethod, type GroupPlan, teachGroup } from "./group.ts";
import { errorsOfAny } from "./measures.ts";
import { castOf, digits, listen, perceptron, recipe, SWITCHES, trainedPivot } from "./testing.ts";

const ORC: GroupMethod = { kind: "orc", ...SWITCHES };
const batch = { batchSize: recipe.batchSize };

function planOf(plan: Partial<GroupPlan> & { seed?: number; steps?: number } = {}): GroupPlan {
  const { seed = 1, steps = 12 } = plan;
  const cast = plan.cast ?? castOf({ students: [perceptron(8), perceptron(6)], pivot: perceptron(12), seed, steps });
  return { stage: "test", cast, method: ORC, data: digits.train, steps, batch, key: key(seed), ...plan };
}
const teach = async (plan: GroupPlan): Promise<Group> => (await listen(teachGroup(plan))).result;
const withoutTime = ({ seconds: _, ...rest }: Group) => rest;

let root: string;
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), "lyceum-orc-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("a group's run", { timeout: 120_000 }, () => {
  it("is reproducible, another key gives another one, and its roles replay it", async () => {
    const first = await teach(planOf());
    expect(first.roles).toHaveLength(12);
    expect(withoutTime(await teach(planOf()))).toEqual(withoutTime(first));
    expect((await teach(planOf({ seed: 2 }))).students[0]!.params).not.toEqual(first.students[0]!.params);
    const replayed = await teach(planOf({ replay: Uint8Array.from(first.roles) }));
    expect(withoutTime(replayed)).toEqual(withoutTime(first));
    const inverted = await teach(planOf({ replay: first.roles.map((role) => 1 - role) }));
    expect(inverted.students[0]!.params).not.toEqual(first.students[0]!.params);
    // Every iteration feeds one batch back.
    expect(first.feedback.reduce((a, b) => a + b, 0)).toBe(12 * recipe.batchSize);
  });

  it("goes on after a stop with the same bits", async () => {
    const whole = await teach(planOf());
    const checkpoints = () => fileCheckpoints(path.join(root, "stopped"), "config");
    const stop = new AbortController();
    const work = teachGroup(planOf({ checkpoints: checkpoints(), checkpointSeconds: 0, signal: stop.signal }));
    await expect(async () => {
      for await (const event of work) if (event.type === "checkpoint" && event.step === 7) stop.abort();
    }).rejects.toMatchObject({ code: "E_STOPPED" });
    const { events, result } = await listen(teachGroup(planOf({ checkpoints: checkpoints() })));
    expect(events[0]).toMatchObject({ type: "stage", state: "resumes" });
    expect(withoutTime(result)).toEqual(withoutTime(whole));
  });

  it("says who diverged", async () => {
    const cast = castOf({ students: [perceptron(8), perceptron(6)], rate: 1e30 });
    await expect(teach(planOf({ cast }))).rejects.toMatchObject({ code: "E_DIVERGED" });
  });
});

describe("false knowledge", { timeout: 120_000 }, () => {
  it("does not spread from a poisoned peer: it is never promoted, and the target beats mutual learning by two points", async () => {
    const [steps, beta, temperature] = [100, 0.5, 1];
    // The peer learns every digit under the name of the next one, and teaches at T = 1, where it is heard best.
    const poison = digits.train.labels.map((label) => (label + 1) % 10);
    const students = [perceptron(32), perceptron(32)];
    const [pivot, pivotState] = [perceptron(64), await trainedPivot(perceptron(64))];
    const run = async (method: GroupMethod) => {
      const cast = castOf({ students, pivot, pivotState, steps, temperature });
      const group = await teach(planOf({ steps, cast, method, labels: [undefined, poison] }));
      return { ...group, accuracy: (await sit(students[0]!, group.students[0]!, digits.test)).metrics.accuracy! };
    };
    const orc = await run({ kind: "orc", ...SWITCHES, intensive: "off", beta });
    const dml = await run({ kind: "dml", beta });
    expect([...orc.roles.slice(20)]).not.toContain(1);
    expect(orc.accuracy - dml.accuracy).toBeGreaterThanOrEqual(0.02);
  });
});

describe("intensive teaching", () => {
  it("lowers the pivot's loss on what students get wrong (held out), for every seed", {
    timeout: 120_000,
  }, async () => {
    const steps = 100;
    const pivot = perceptron(64);
    const before = await trainedPivot(pivot);
    const students = [perceptron(8), perceptron(16)];
    for (const seed of [1, 2, 3]) {
      const cast = castOf({ students, pivot, pivotState: before, seed, steps });
      const group = await teach(planOf({ steps, seed, cast }));
      const answers = [];
      for (const [i, network] of students.entries())
        answers.push((await sit(network, group.students[i]!, digits.test)).answers);
      const errors = take(digits.test, errorsOfAny(answers, digits.test.labels));
      expect(errors.labels.length).toBeGreaterThan(20);
      const lossOf = async (state: NetworkState) =>
        meanCrossEntropy((await sit(pivot, state, errors)).answers, errors.labels);
      expect(await lossOf(group.pivot!)).toBeLessThan(await lossOf(before));
    }
  });
});

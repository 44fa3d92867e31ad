import { describe, expect, it } from "vitest";
import { scorer, taughtText } from "../../language/lesson/index.ts";
import { contextsOf, expectedCrossEntropy, inventedText } from "../../language/oracle/index.ts";
import { adamw } from "../../nn/index.ts";
import { forwardKl, onTokens, tokenCrossEntropy } from "../../teaching/losses/language/index.ts";
import { evaluateLoss, values } from "../../teaching/losses/testing.ts";
import { key, random } from "../../tensor/index.ts";
import { settleOptions } from "../options.ts";
import { checkPlan } from "../schedule.ts";
import type { System } from "../system.ts";
import { corpusOf } from "./corpus.ts";
import { CONTEXT, costOf, member, nearestMember, rateScale, start } from "./family.ts";
import system from "./index.ts";
import { type Options, teacherNamed, unseenNamed } from "./options.ts";
import { flopsOfRun, planSweep, type RunTask, runId } from "./sweep.ts";

const settle = (given: Record<string, unknown> = {}, preset?: "quick" | "full"): Options =>
  settleOptions(system as unknown as System<Options, never>, given, preset);

describe("the family", () => {
  it.each([
    [1, 3.1e3, 1.0e4],
    [2, 2.5e4, 6.2e4],
    [3, 8.3e4, 1.9e5],
    [4, 1.97e5, 4.34e5],
    [6, 6.63e5, 1.41e6],
  ])("of %d layers has the size and cost of the specification", (layers, N, flops) => {
    const cost = costOf(member(layers, 65));
    // The specification gives two digits, and inner widths are rounded to multiples of eight here.
    expect(Math.abs(cost.N / N - 1)).toBeLessThan(0.04);
    expect(Math.abs(cost.flops / flops - 1)).toBeLessThan(0.04);
    expect(nearestMember(cost.N)).toBe(layers);
  });

  it("scales rates of matrices with 1/width, starts them with 1/√fan-in and embeddings with 1", () => {
    const model = member(4, 65);
    const scale = rateScale(model);
    const values = start(model, key(1));
    for (const { path, shape, offset, size } of model.model.params.entries) {
      const matrix = shape.length === 2 && path !== "embed.weight";
      expect(scale[offset], path).toBe(matrix ? 0.5 : 1);
      const part = values.subarray(offset, offset + size);
      const deviation = Math.sqrt(part.reduce((s, v) => s + v * v, 0) / size);
      if (path === "embed.weight") expect(deviation).toBeCloseTo(1, 5);
      if (path === "blocks.0.qkv.weight") expect(deviation).toBeCloseTo(1 / 8, 5);
      if (path === "blocks.0.proj.weight") expect(deviation).toBeCloseTo(1 / 8 / Math.sqrt(8), 5);
    }
  });
});

describe("the corpus", async () => {
  const corpus = await corpusOf({ text: "invented", order: 3 });

  it("costs the oracle its entropy, and a uniform model log V", async () => {
    const rows = corpus.rows(key(3), 8);
    const whole = new Int32Array(8 * (CONTEXT + 1));
    for (let i = 0; i < 8; i++) {
      whole.set((rows.tokens.data as Int32Array).subarray(i * CONTEXT, (i + 1) * CONTEXT), i * (CONTEXT + 1));
      whole[(i + 1) * (CONTEXT + 1) - 1] = Number(rows.labels.data[(i + 1) * CONTEXT - 1]);
    }
    const p = corpus.oracle.distributions(contextsOf(whole, CONTEXT + 1, 1, CONTEXT + 1, 3));
    const entropy = -p.reduce((s, v) => s + (v > 0 ? v * Math.log(v) : 0), 0) / (8 * CONTEXT);
    expect(expectedCrossEntropy(p, p.map(Math.log), corpus.vocabulary)).toBeCloseTo(entropy, 9);
    // Labels drawn from it cost as much on average: 512 draws of a quantity with deviation about 1.
    const drawn = Array.from(
      { length: 8 * CONTEXT },
      (_, i) => -Math.log(p[i * corpus.vocabulary + Number(rows.labels.data[i])]!),
    );
    const mean = drawn.reduce((a, b) => a + b, 0) / drawn.length;
    const error = Math.sqrt(drawn.reduce((a, b) => a + (b - mean) ** 2, 0)) / drawn.length;
    expect(Math.abs(mean - entropy)).toBeLessThan(4 * error);
    const model = member(1, corpus.vocabulary);
    const exam = scorer(model, 32);
    const flat = start(model, key(1));
    const head = model.model.params.entries.find(({ path }) => path === "head.weight")!;
    flat.fill(0, head.offset, head.offset + head.size);
    expect(await corpus.loss(exam, flat)).toBeCloseTo(Math.log(corpus.vocabulary), 6);
    await exam.release();
  });

  it("never lets a model below the entropy, and two streams differ", async () => {
    const model = member(1, corpus.vocabulary);
    const trained = await taughtText({
      stage: "test",
      decoder: model,
      initial: start(model, key(2)),
      batchSize: 16,
      rows: (step) => corpus.rows(random.fold(key(7), step), 16),
      loss: tokenCrossEntropy(),
      steps: 60,
      optimiser: adamw({ lr: 0.02, rateScale: rateScale(model) }),
      key: key(2),
    });
    const exam = scorer(model, 40);
    const loss = await corpus.loss(exam, trained.params);
    await exam.release();
    expect(loss).toBeGreaterThan(corpus.entropy);
    expect(loss).toBeLessThan(Math.log(corpus.vocabulary) - 0.5);
    expect(corpus.rows(key(1), 2).tokens.data).not.toEqual(corpus.rows(key(2), 2).tokens.data);
    expect(corpus.rows(key(1), 2).tokens.data).toEqual(corpus.rows(key(1), 2).tokens.data);
  });

  it("invents the same text every time", () => {
    expect(inventedText(500)).toBe(inventedText(500));
    expect(new Set(inventedText(5000)).size).toBeGreaterThan(30);
  });

  it("refuses texts that are none", async () => {
    await expect(corpusOf({ text: "shakespear", order: 3 })).rejects.toMatchObject({ code: "E_DATA_NOT_FOUND" });
    await expect(corpusOf({ text: "./nowhere.txt", order: 3 })).rejects.toMatchObject({ code: "E_CORPUS" });
  });
});

describe("the distillation loss (test 9)", () => {
  const [V, z] = [4, [0.3, -1.2, 0.7, 2, 1, 0, -0.5, 0.2]];
  const t = [1, 0.2, -0.4, 0.6, -1, 2, 0.3, 0.1];
  const softmax = (x: readonly number[]) => {
    const e = x.map(Math.exp);
    const sum = e.reduce((a, b) => a + b, 0);
    return e.map((v) => v / sum);
  };
  const kd = (teacher: readonly number[], temperature = 1) =>
    evaluateLoss(onTokens(forwardKl(), { temperature }), {
      student: { logits: values(z, [1, 2, V], "f64") },
      teacher: { logits: values(teacher, [1, 2, V], "f64") },
      tokens: values([1, 2], [1, 2], "i32"),
    });

  it("is that of next tokens for a teacher who is certain", async () => {
    const sure = [0, 1, 0, 0, 0, 0, 1, 0].map((v) => 200 * v);
    const next = await evaluateLoss(tokenCrossEntropy(), {
      student: { logits: values(z, [1, 2, V], "f64") },
      tokens: values([1, 2], [1, 2], "i32"),
    });
    expect((await kd(sure)).value).toBeCloseTo(next.value, 12);
  });

  it.each([1, 2])("has the gradient tau·(q − p) at tau %d, whatever is added to the teacher's logits", async (tau) => {
    const [plain, moved] = [
      await kd(t, tau),
      await kd(
        t.map((v) => v + 7),
        tau,
      ),
    ];
    const row = (x: readonly number[], i: number) => softmax(x.slice(i * V, (i + 1) * V).map((v) => v / tau));
    for (let i = 0; i < 2 * V; i++) {
      const wanted = (tau * (row(z, Math.floor(i / V))[i % V]! - row(t, Math.floor(i / V))[i % V]!)) / 2;
      expect(plain.gradients.logits![i]).toBeCloseTo(wanted, 12);
      expect(moved.gradients.logits![i]).toBeCloseTo(wanted, 12);
    }
  });
});

describe("the plan of a sweep", () => {
  it.each(["quick", "full"] as const)("%s can be carried out, every id once", (preset) => {
    const plan = planSweep(settle({}, preset));
    checkPlan(plan as never);
    const ids = plan.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("full has a hundred runs and three that no fit sees, whose combinations occur nowhere else", () => {
    const tasks = planSweep(settle({}, "full")).map(({ task }) => task as RunTask);
    expect(tasks.length).toBeGreaterThanOrEqual(100);
    const unseen = tasks.filter(({ role }) => role === "unseen");
    expect(unseen).toHaveLength(3);
    for (const { layers, tokens, teacher } of unseen) {
      const twin = tasks.filter((o) => o.role === "student" && o.layers === layers && o.tokens === tokens);
      expect(twin.filter((o) => JSON.stringify(o.teacher) === JSON.stringify(teacher))).toEqual([]);
    }
  });

  it("does the mapping problem only when asked", () => {
    expect(planSweep(settle({ gap: true })).length - planSweep(settle()).length).toBe(20);
  });

  it("repeats cheap runs only", () => {
    const options = settle({ seeds: 3, repeatFlops: 2e10 });
    const tasks = planSweep(options).map(({ task }) => task as RunTask);
    expect(tasks.some(({ seed }) => seed === 3)).toBe(true);
    for (const task of tasks) if (task.seed > 1) expect(flopsOfRun(task)).toBeLessThanOrEqual(2e10);
  });

  it("lets runs wait for the rates and for their teacher, and for nothing else", () => {
    const plan = planSweep(settle({ rates: [0.01, 0.03] }));
    const deciding = plan.filter(({ task }) => (task as RunTask).role === "rate").slice(0, 2);
    for (const { task, needs = [] } of plan.filter(({ task }) => (task as RunTask).role !== "rate")) {
      const { teacher } = task as RunTask;
      expect(needs).toEqual([
        ...deciding.map(({ id }) => id),
        ...(teacher ? [runId({ kind: "run", role: "teacher", ...teacher, seed: 1 })] : []),
      ]);
    }
  });

  it("with a law trains only what it did not see", () => {
    const plan = planSweep(settle({ law: "report.json", unseen: ["1:65536:2:131072"] }));
    expect(plan.map(({ task }) => (task as RunTask).role)).toEqual(["teacher", "unseen"]);
  });
});

describe("wrong options", () => {
  it.each([
    [{ rates: [] }, "at least one rate"],
    [{ order: 0 }, "order"],
    [{ tokens: [10] }, "tokens"],
    [{ layers: [99] }, "layers"],
    [{ teacher: "x" }, 'no option "teacher"'],
    [{ text: "" }, "text"],
  ])("%j", (given, message) => expect(() => settle(given)).toThrow(message));

  it("names of teachers and of unseen runs", () => {
    expect(teacherNamed("4:1048576")).toEqual({ layers: 4, tokens: 1048576 });
    for (const bad of ["4", "4:", "a:5000", "4:10", "1:2:3"]) expect(() => teacherNamed(bad)).toThrow("layers:tokens");
    for (const bad of ["1:5000", "1:5000:2", "1:5000:2:x"]) expect(() => unseenNamed(bad)).toThrow("layers:tokens");
    expect(() => planSweep(settle({ teachers: ["big"] }))).toThrow('The teacher "big"');
  });
});

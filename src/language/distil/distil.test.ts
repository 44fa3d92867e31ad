/** Rows of responses and sources of them, with samplers that need no model, and with models where the claim is theirs. */
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { adamw } from "../../nn/index.ts";
import { fileCheckpoints } from "../../teaching/checkpoint.ts";
import { forwardKl, onTokens, TOP_IDS, TOP_LOGS, topKKl } from "../../teaching/losses/language/index.ts";
import { evaluateLoss, values } from "../../teaching/losses/testing.ts";
import { host, key, random } from "../../tensor/index.ts";
import { decoder, llama } from "../decoder/index.ts";
import { scorer, taughtText } from "../lesson/index.ts";
import {
  fileMemory,
  itemsOf,
  mixedSource,
  modelSampler,
  responseRows,
  type Sampler,
  type SourceRequest,
  teacherTelling,
  textSource,
} from "./index.ts";

const V = 7;
const student = decoder(llama({ vocabulary: V, context: 8, width: 16, layers: 1, heads: 2 }));
const teacher = decoder(llama({ vocabulary: V, context: 8, width: 24, layers: 1, heads: 2 }));
const start = student.model.init(key(1)).params;
const wise = teacher.model.init(key(2)).params;
const prompts = Array.from({ length: 10 }, (_, i) => [i % V, (3 * i) % V, 1]);

/** Uniform tokens, by the prompt's row and the key; counts its calls. */
function dice(): Sampler & { calls: number } {
  return {
    calls: 0,
    async sample(asked, from) {
      this.calls++;
      return asked.map((_, row) =>
        Int32Array.from(random.uniform(random.fold(from, row), 4), (u) => Math.floor(V * u)),
      );
    },
    release: async () => {},
  };
}
const request = (more: Partial<SourceRequest> = {}): SourceRequest => ({
  ...{ kind: "offline", prompts, batchSize: 5, width: 6, sampler: dice(), key: key(3) },
  ...more,
});
/** Rows of an epoch of 10 items in 2 steps, in a fixed order. */
async function epoch(source: ReturnType<typeof textSource>, number: number): Promise<string[]> {
  const steps = [await source.rows(2 * number, start), await source.rows(2 * number + 1, start)];
  return steps
    .flatMap(({ tokens }) => Array.from({ length: 5 }, (_, i) => `${tokens.data.slice(6 * i, 6 * i + 6)}`))
    .sort();
}

describe("rows", () => {
  test("the prompt is read but does not count; the first end counts, nothing behind it exists", () => {
    const rows = responseRows(
      [
        { prompt: [1, 2], response: [3, 0, 5, 6] },
        { prompt: [4], response: [5] },
      ],
      { width: 4, endTokens: [0, 6] },
    );
    expect([...rows.tokens.data]).toEqual([1, 2, 3, 0, 4, 0, 0, 0]);
    expect([...rows.labels.data]).toEqual([-100, 3, 0, -100, 5, -100, -100, -100]);
  });

  test("garbage behind the first end changes nothing; what does not fit is refused", () => {
    const of = (tail: number[]) =>
      responseRows([{ prompt: [1], response: [2, 0, ...tail] }], { width: 5, endTokens: [0] });
    expect(of([3, 4])).toEqual(of([6, 6]));
    expect(() => responseRows([{ prompt: [1, 2], response: [1, 2, 3] }], { width: 3 })).toThrow(/Row 0 has 5 tokens/);
    expect(() => responseRows([{ prompt: [], response: [1] }], { width: 3 })).toThrow(/empty prompt/);
  });

  test("garbage in masked positions leaves loss and gradient unchanged; micro-batches of 3 and 7 tokens equal one of 10", async () => {
    const logits = random.normal(key(4), 2 * 8 * V);
    const told = random.normal(key(5), 2 * 8 * V);
    const labels = new Int32Array(16).fill(-100);
    // 3 tokens of the first row count, 7 of the second.
    labels.fill(1, 2, 5).fill(1, 9, 16);
    const run = async (z: Float32Array, t: Float32Array, l: Int32Array) => {
      const shape = [l.length / 8, 8];
      const { value, gradients } = await evaluateLoss(onTokens(forwardKl()), {
        student: { logits: values([...z], [...shape, V], "f64") },
        teacher: { logits: values([...t], [...shape, V], "f64") },
        tokens: values([...l], shape, "i32"),
      });
      return { loss: value, gradient: [...gradients.logits!] };
    };
    const whole = await run(logits, told, labels);
    const spoilt = [logits.slice(), told.slice()].map((a) => {
      for (const [i, label] of labels.entries()) if (label < 0) a.fill(1e4, i * V, i * V + V);
      return a;
    }) as [Float32Array, Float32Array];
    const again = await run(spoilt[0], spoilt[1], labels);
    expect(again.loss).toBe(whole.loss);
    expect(again.gradient).toEqual(whole.gradient);
    const half = 8 * V;
    const parts = [
      await run(logits.slice(0, half), told.slice(0, half), labels.slice(0, 8)),
      await run(logits.slice(half), told.slice(half), labels.slice(8)),
    ];
    // A batch's loss is a mean over its tokens: 3/10 and 7/10 of the whole.
    const joined = parts.flatMap(({ gradient }, i) => gradient.map((g) => (g * [3, 7][i]!) / 10));
    for (const [i, g] of joined.entries()) expect(g).toBeCloseTo(whole.gradient[i]!, 12);
  });
});

describe("sources", () => {
  test("every epoch has each item once, whatever the batch size", () => {
    const order = itemsOf(key(6), 7, 3);
    const walked = Array.from({ length: 7 }, (_, step) => order(step)).flat();
    for (const e of [0, 1, 2]) {
      const items = walked.filter((place) => place.epoch === e).map(({ item }) => item);
      expect([...items].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    }
    // Out of turn it says the same.
    expect(itemsOf(key(6), 7, 3)(5)).toEqual(order(5));
  });

  test("offline says the same in every epoch and draws once; an online teacher says something new; a key says all again", async () => {
    const sampler = dice();
    const offline = textSource(request({ sampler }));
    expect(await epoch(offline, 1)).toEqual(await epoch(offline, 0));
    expect(sampler.calls).toBe(1);
    const online = textSource(request({ kind: "online-teacher" }));
    const [first, second] = [await epoch(online, 0), await epoch(online, 1)];
    expect(second).not.toEqual(first);
    expect(await epoch(textSource(request({ kind: "online-teacher" })), 1)).toEqual(second);
    expect(await epoch(textSource(request({ kind: "online-teacher", key: key(9) })), 1)).not.toEqual(second);
  });

  test("an epoch of g generations has each prompt g times", async () => {
    const source = textSource(request({ prompts: prompts.slice(0, 2), generations: 5 }));
    const rows = await epoch(source, 0);
    expect(new Set(rows).size).toBe(10);
    const heads = rows.map((row) => row.slice(0, 6));
    for (const p of prompts.slice(0, 2)) expect(heads.filter((h) => h.startsWith(`${p},`))).toHaveLength(5);
  });

  test("knowledge of fixed rows is asked for once and stays with its row; the top k are its best", async () => {
    const telling = teacherTelling(teacher, wise, { rowsAtOnce: 4 });
    let asked = 0;
    const counted = {
      ...telling,
      about(rows: Parameters<typeof telling.about>[0]) {
        asked++;
        return telling.about(rows);
      },
    };
    const source = textSource(request({ telling: counted }));
    const rows = await source.rows(3, start);
    await source.rows(4, start);
    expect(asked).toBe(1);
    const direct = await telling.about(rows);
    const said = rows.knowledge!.logits!.data as Float32Array;
    // Another piece of other rows: equal up to the rounding of f32.
    for (const [i, v] of direct.logits!.data.entries()) expect(said[i]).toBeCloseTo(Number(v), 5);
    const top = teacherTelling(teacher, wise, { topK: 2 });
    const few = await top.about(rows);
    for (let at = 0; at < 30; at++) {
      const logs = [...said.slice(at * V, at * V + V)];
      const sorted = [...logs].sort((a, b) => b - a);
      expect(few[TOP_LOGS]!.data[2 * at]).toBeCloseTo(sorted[0]!, 5);
      expect(logs[Number(few[TOP_IDS]!.data[2 * at + 1])]).toBeCloseTo(sorted[1]!, 5);
    }
    await Promise.all([telling.release(), top.release()]);
    expect(() => teacherTelling(teacher, wise, { topK: 8 })).toThrow(/8 likeliest/);
  });

  test("a mixture of weight 0 or 1 is one of its parts, of 0.3 both", async () => {
    const [a, b] = [textSource(request({ kind: "online-student" })), textSource(request())];
    const mixed = (weight: number) => mixedSource(a, b, { weight, key: key(8) });
    const isStudent = async (weight: number) =>
      Promise.all(
        Array.from({ length: 60 }, async (_, s) =>
          `${(await mixed(weight).rows(s, start)).tokens.data}` === `${(await a.rows(s, start)).tokens.data}` ? 1 : 0,
        ),
      );
    const share = async (weight: number) => (await isStudent(weight)).reduce((x: number, y) => x + y, 0) / 60;
    expect(await share(0)).toBe(0);
    expect(await share(1)).toBe(1);
    // Within 3.5 standard deviations of 60 draws.
    expect(Math.abs((await share(0.3)) - 0.3)).toBeLessThan(3.5 * Math.sqrt((0.3 * 0.7) / 60));
    expect(() => mixed(1.1)).toThrow(/weight 1.1/);
  });

  test("an online student says what its softmax says", async () => {
    const sampler = await modelSampler(student, { maxTokens: 1 });
    const params = Float32Array.from(start, (v) => 3 * v);
    const asked = Array.from({ length: 10_000 }, () => [1, 2, 3]);
    const source = textSource(
      request({ kind: "online-student", prompts: asked, batchSize: 10_000, width: 3, sampler }),
    );
    const { labels } = await source.rows(0, params);
    const counts = new Float64Array(V);
    for (let i = 0; i < 10_000; i++) counts[Number(labels.data[3 * i + 2])]!++;
    const exam = scorer(student, 1);
    let statistic = 0;
    for await (const { values: said } of exam.pieces(params, { tokens: host(Int32Array.of(1, 2, 3), [1, 3]) })) {
      for (let v = 0; v < V; v++) {
        const expected = 10_000 * Math.exp(Number(said.data[2 * V + v]));
        statistic += (counts[v]! - expected) ** 2 / expected;
      }
    }
    // 0.999 quantile of chi-square with 6 degrees of freedom.
    expect(statistic).toBeLessThan(22.46);
    await Promise.all([exam.release(), sampler.release()]);
  });

  test("what is wrong is said", async () => {
    expect(() => textSource(request({ prompts: [] }))).toThrow(/prompts 0/);
    expect(() => textSource(request({ generations: 0 }))).toThrow(/generations 0/);
    const late = textSource(request({ kind: "online-student", refresh: "epoch" }));
    await expect(late.rows(1, start)).rejects.toMatchObject({ code: "E_DISTIL" });
  });
});

describe("a killed lesson ends as an undisturbed one", () => {
  test.each(["online-teacher", "online-student", "online-student, epochs", "offline, top 3"])("%s", async (name) => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "lyceum-distil-"));
    const byTeacher = !name.startsWith("online-student");
    const telling = teacherTelling(teacher, wise, name.endsWith("3") ? { topK: 3 } : {});
    const sampler = await modelSampler(byTeacher ? teacher : student, {
      maxTokens: 4,
      endTokens: [0],
      ...(byTeacher && { params: wise }),
    });
    const lesson = (place: string | undefined, stopAt = -1) => {
      const stop = new AbortController();
      const source = textSource(
        request({
          kind: name.startsWith("offline") ? "offline" : byTeacher ? "online-teacher" : "online-student",
          ...{ endTokens: [0], sampler, telling },
          ...(name.endsWith("epochs") && { refresh: "epoch", memory: fileMemory(path.join(folder, `${place}`)) }),
        }),
      );
      return taughtText({
        ...{ stage: "student", decoder: student, batchSize: 5, steps: 9, optimiser: adamw({ lr: 1e-2 }), key: key(1) },
        loss: name.endsWith("3") ? topKKl() : onTokens(forwardKl()),
        ...(place && { checkpoints: fileCheckpoints(path.join(folder, "c"), "x"), signal: stop.signal }),
        rows: (step, params) => {
          if (step === stopAt) stop.abort();
          return source.rows(step, params);
        },
      });
    };
    try {
      const whole = await lesson(undefined);
      // Step 4 is the last of epoch 2 of 2 steps each: in the middle of what the student said.
      await expect(lesson("m", 4)).rejects.toMatchObject({ code: "E_STOPPED" });
      expect((await lesson("m")).params).toEqual(whole.params);
    } finally {
      rmSync(folder, { recursive: true, force: true });
      await Promise.all([telling.release(), sampler.release()]);
    }
  });
});

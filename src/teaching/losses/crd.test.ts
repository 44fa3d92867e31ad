import { describe, expect, it } from "vitest";
import { constant, evaluate, random, toNumbers } from "../../tensor/index.ts";
import { contrast, crd } from "./crd.ts";
import { type Case, evaluateLoss, matrix, values } from "./testing.ts";

const N = 12;
const D = 3;
const draw = (name: string, n: number) => Array.from(random.normal(random.fold(random.key(5), name), n));
const labels = Array.from({ length: N }, (_, i) => i % 3);
const ids = [4, 0, 11, 7];

const given = (over: Partial<Case> = {}): Case => ({
  student: { taps: { f: values(draw("s", 4 * D), [4, D]) } },
  teacher: { taps: { f: values(draw("t", 4 * D), [4, D]) } },
  labels: ids.map((id) => labels[id]!),
  ids,
  key: random.key(8),
  examples: { labels, classes: 3 },
  adapters: {
    "student.weight": values(draw("a", D * D), [D, D]),
    "student.bias": values([0, 0, 0], [D]),
    "teacher.weight": values(draw("b", D * D), [D, D]),
    "teacher.bias": values([0, 0, 0], [D]),
  },
  state: {
    studentBank: values(draw("m", N * D), [N, D]),
    teacherBank: values(draw("n", N * D), [N, D]),
    scale: values([-1, -1], [2]),
  },
  ...over,
});
const loss = (more = {}) => crd({ student: "f", teacher: "f", width: D, negatives: 5, temperature: 0.5, ...more });

describe("crd", () => {
  it("has the closed form where all scores equal the noise", async () => {
    const [k, n] = [6, 50];
    const scores = matrix([Array(k + 1).fill(1 / n), Array(k + 1).fill(1 / n)], "f64");
    const value = toNumbers(await evaluate(contrast(constant(scores), n)))[0]!;
    const expected = -(Math.log(1 / (1 + k)) + k * Math.log(k / (1 + k)));
    // ε = 1e-7 beside scores of 1/50.
    expect(value).toBeCloseTo(expected, 4);
  });

  it("draws negatives of other classes only, each of them in the long run, and no gradient reaches the banks", async () => {
    // A bank whose rows of the own class would give an enormous score: exp(40) against exp(0).
    const marked = (own: number) => labels.map((label) => (label === own ? [20, 0, 0] : [0, 0, 0]));
    const embedding = values([1, 0, 0], [1, D]);
    const identity = values([1, 0, 0, 0, 1, 0, 0, 0, 1], [D, D]);
    const one = (own: number, key: number, relax: boolean) =>
      evaluateLoss(loss({ relax }), {
        ...given(),
        student: { taps: { f: embedding } },
        teacher: { taps: { f: embedding } },
        labels: [1],
        ids: [4],
        key: random.key(key),
        adapters: { ...given().adapters, "student.weight": identity, "teacher.weight": identity },
        state: {
          studentBank: matrix(marked(own)),
          teacherBank: matrix(marked(own)),
          scale: values([1, 1], [2]),
        },
      });
    for (const key of [1, 2, 3]) {
      // Only the positive sees its class: log(1) for it, log(m/N / (1 + m/N)) for each negative at exp(0).
      const noise = 5 / N;
      const expected = -2 * 5 * Math.log(noise / (1 + noise));
      expect((await one(1, key, false)).value).toBeCloseTo(expected, 3);
      expect((await one(1, key, true)).value).toBeCloseTo(expected, 3);
      // Another class is among five stratified draws from eight others: a score of exp(40) costs about 40, on each side.
      expect((await one(2, key, false)).value).toBeGreaterThan(80);
    }
  });

  it("freezes Z with the first batch and moves only the rows of the batch", async () => {
    const first = await evaluateLoss(loss(), given());
    const [own, other] = first.state.scale!;
    expect(own).toBeGreaterThan(0);
    const frozen = values([own!, other!], [2]);
    const again = await evaluateLoss(
      loss(),
      given({ state: { ...given().state!, scale: frozen }, key: random.key(9) }),
    );
    expect(again.state.scale).toEqual(first.state.scale);
    const before = draw("m", N * D);
    for (let row = 0; row < N; row++) {
      const [a, b] = [before, first.state.studentBank!].map((m) => m.slice(row * D, (row + 1) * D)) as [
        number[],
        number[],
      ];
      if (ids.includes(row)) expect(Math.hypot(...b)).toBeCloseTo(1, 5);
      else expect(b).toEqual(a.map(Math.fround));
    }
  });

  it("draws anew with every key", async () => {
    const [a, b, c] = await Promise.all(
      [1, 1, 2].map((seed) => evaluateLoss(loss(), given({ key: random.key(seed) }))),
    );
    expect(a!.value).toBe(b!.value);
    expect(a!.value).not.toBe(c!.value);
  });

  it("says what is missing", async () => {
    const { ids: _ids, ...without } = given();
    await expect(evaluateLoss(loss(), without)).rejects.toMatchObject({ code: "E_LOSS_BATCH" });
    const single = given({ examples: { labels: Array(N).fill(0), classes: 1 } });
    await expect(evaluateLoss(loss(), single)).rejects.toMatchObject({ code: "E_LOSS_BATCH" });
    expect(() => loss({ negatives: 0 })).toThrowError(expect.objectContaining({ code: "E_RANGE" }));
    expect(() => loss({ temperature: 0.01 })).toThrowError(expect.objectContaining({ code: "E_RANGE" }));
  });
});

import { describe, expect, it } from "vitest";
import { constant, evaluate, grad, program, type Tensor, toNumbers } from "../../../tensor/index.ts";
import { matrix, values } from "../testing.ts";
import { inBatchCrossEntropy, inBatchScores, listwiseKl } from "./lists.ts";
import { marginHinge, marginMse, pointwiseMse } from "./margins.ts";

const vector = (v: number[]) => constant(values(v, [v.length], "f64"));
const number = async (t: Tensor) => toNumbers(await evaluate(t))[0]!;
const scores = (positive: number[], negative: number[]) => ({ positive: vector(positive), negative: vector(negative) });
const student = scores([1, 0.5], [0.2, 0.9]);

describe("margins", () => {
  it("MarginMSE ignores a shift of the teacher's scores, and is not blind to their scale", async () => {
    const plain = await number(marginMse(student, scores([3, 1], [0, 2])));
    expect(plain).toBeCloseTo(((0.8 - 3) ** 2 + (-0.4 + 1) ** 2) / 2, 12);
    expect(await number(marginMse(student, scores([8, 6], [5, 7])))).toBeCloseTo(plain, 12);
    expect(Math.abs((await number(marginMse(student, scores([6, 2], [0, 4])))) - plain)).toBeGreaterThan(1);
  });

  it("the hinge asks for margins at least as large", async () => {
    expect(await number(marginHinge(student, scores([3, 1], [0, 2])))).toBeCloseTo(2.2 / 2, 12);
    expect(await number(marginHinge(student, scores([0, 0], [5, 5])))).toBe(0);
  });

  it("no gradient reaches the teacher", async () => {
    const step = program((s: Tensor, t: Tensor) => {
      const [a, b] = [
        { positive: s, negative: s.mul(0.5) },
        { positive: t, negative: t.mul(2) },
      ];
      const value = marginMse(a, b).add(marginHinge(a, b)).add(pointwiseMse(s, t));
      const list = listwiseKl(s.expandDims(0), t.expandDims(0));
      return grad(value.add(list), [s, t]);
    });
    const [bys, byt] = (await step(values([1, 2, 3], [3]), values([2, 5, 1], [3]))) as never as {
      data: Float32Array;
    }[];
    await step.release();
    expect(byt!.data.every((g) => g === 0)).toBe(true);
    expect(bys!.data.some((g) => g !== 0)).toBe(true);
  });
});

describe("lists", () => {
  const s = constant(matrix([[1, 0, -1, 2]], "f64"));
  const t = constant(matrix([[0, 2, 1, -3]], "f64"));

  it("listwise KL is 0 at equality, ignores shifts of either side and the order of candidates", async () => {
    expect(await number(listwiseKl(s, s))).toBe(0);
    const plain = await number(listwiseKl(s, t, { temperature: 2 }));
    expect(await number(listwiseKl(s.add(3), t.sub(7), { temperature: 2 }))).toBeCloseTo(plain, 12);
    expect(await number(listwiseKl(s.flip(1), t.flip(1), { temperature: 2 }))).toBeCloseTo(plain, 12);
  });

  it("what the teacher did not score plays no part", async () => {
    const mask = constant(matrix([[1, 1, 0, 1]], "f64")).gt(0.5);
    const other = constant(matrix([[1, 0, 1e4, 2]], "f64"));
    const plain = await number(listwiseKl(s, t, { mask }));
    expect(await number(listwiseKl(other, t, { mask }))).toBe(plain);
    const short = (x: number[]) => constant(matrix([x], "f64"));
    expect(await number(listwiseKl(short([1, 0, 2]), short([0, 2, -3])))).toBeCloseTo(plain, 12);
  });

  it("in-batch negatives: the diagonal is right", async () => {
    const queries = constant(
      matrix(
        [
          [1, 0],
          [0, 1],
        ],
        "f64",
      ),
    );
    const documents = constant(
      matrix(
        [
          [2, 0],
          [0, 2],
          [1, 1],
        ],
        "f64",
      ),
    );
    const value = await number(inBatchCrossEntropy(inBatchScores(queries, documents)));
    expect(value).toBeCloseTo(-Math.log(Math.exp(2) / (Math.exp(2) + 1 + Math.E)), 12);
    expect(() => inBatchScores(queries, documents.transpose())).toThrowError(
      expect.objectContaining({ code: "E_LOSS_SHAPE" }),
    );
  });
});

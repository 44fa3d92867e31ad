import { describe, expect, it } from "vitest";
import { gpt } from "../../../nn/index.ts";
import { constant, evaluate, grad, host, program, random, type Tensor, toNumbers } from "../../../tensor/index.ts";
import { teacherTargets } from "../loss.ts";
import { evaluateLoss, matrix, values } from "../testing.ts";
import { miniLm, miniLmV2 } from "./minilm.ts";
import { logRelation, relationHeads, relationKl } from "./relations.ts";
import { softCrossEntropy, tinyBert, uniformLayers } from "./tinybert.ts";

const [B, H, T, d] = [2, 2, 4, 3];
const draw = (name: string, shape = [B, H, T, d]) => {
  const size = shape.reduce((a, b) => a * b, 1);
  return values(Array.from(random.normal(random.fold(random.key(6), name), size)), shape, "f64");
};
const block = { student: "b", teacher: "b" };
const taps = (v = draw("v")) => ({ "b.q": draw("q"), "b.k": draw("k"), "b.v": v });
const other = () => ({ "b.q": draw("Q"), "b.k": draw("K"), "b.v": draw("V") });
const run = (loss: ReturnType<typeof miniLm>, s: ReturnType<typeof taps>, t = other()) =>
  evaluateLoss(loss, { student: { taps: s }, teacher: { taps: t } });

describe("minilm", () => {
  it("value relations ignore a rotation of the values inside a head", async () => {
    const [c, s] = [Math.cos(0.7), Math.sin(0.7)];
    const rotation = constant(
      matrix(
        [
          [c, -s, 0],
          [s, c, 0],
          [0, 0, 1],
        ],
        "f64",
      ),
    );
    const turned = await evaluate(constant(draw("v")).matmul(rotation));
    const [a, b] = [await run(miniLm(block), taps()), await run(miniLm(block), taps(turned))];
    expect(b.parts.value![0]).toBeCloseTo(a.parts.value![0]!, 12);
    const scaled = await evaluate(constant(draw("v")).mul(2));
    expect((await run(miniLm(block), taps(scaled))).parts.value![0]).not.toBeCloseTo(a.parts.value![0]!, 3);
  });

  it.each([
    ["miniLm", miniLm(block)],
    ["miniLmV2", miniLmV2({ ...block, heads: 3 })],
  ])("%s is 0 with gradient 0 at equality and leaves the teacher alone", async (_name, loss) => {
    const [equal, different] = [await run(loss, taps(), taps()), await run(loss, taps())];
    expect(Math.abs(equal.value)).toBeLessThan(1e-12);
    expect(Math.hypot(...equal.gradients["b.v"]!, ...equal.gradients["b.q"]!)).toBeLessThan(1e-12);
    expect(different.value).toBeGreaterThan(0.01);
    expect(different.gradients["teacher.b.v"]!.every((g) => g === 0)).toBe(true);
  });

  it("a causal model's relations do not look ahead", async () => {
    // The last token's values change nothing in the rows of earlier tokens, only the last row: 1/T of the mean.
    const v = draw("v");
    const moved = { ...v, data: (v.data as Float64Array).map((x, i) => (Math.floor(i / d) % T === T - 1 ? 5 : x)) };
    const kl = async (data: typeof v, rows: Tensor) =>
      toNumbers(await evaluate(relationKl(logs(data), logs(draw("V")), rows)))[0]!;
    const logs = (x: typeof v) => logRelation(constant(x), constant(x), constant(matrix(LOWER, "f64")).gt(0.5));
    const early = constant(matrix(Array(B).fill([1, 1, 1, 0]), "f64")).gt(0.5);
    expect(await kl(moved, early)).toBe(await kl(v, early));
    const late = constant(matrix(Array(B).fill([0, 0, 0, 1]), "f64")).gt(0.5);
    expect(await kl(moved, late)).not.toBe(await kl(v, late));
  });

  it("relation heads cut the joined vectors anew", async () => {
    const x = values(
      Array.from({ length: 12 }, (_, i) => i),
      [1, 2, 2, 3],
    );
    // Heads (0,1,2)(3,4,5) and (6,7,8)(9,10,11); tokens join to 0,1,2,6,7,8 and 3,4,5,9,10,11; three heads of two.
    expect(toNumbers(await evaluate(relationHeads(constant(x), 3)))).toEqual([0, 1, 3, 4, 2, 6, 5, 9, 7, 8, 10, 11]);
    expect(() => relationHeads(constant(x), 4)).toThrowError(expect.objectContaining({ code: "E_LOSS_HEADS" }));
  });

  it("says so when the heads differ", async () => {
    const three = { "b.q": draw("a", [B, 3, T, 2]), "b.k": draw("b", [B, 3, T, 2]), "b.v": draw("c", [B, 3, T, 2]) };
    await expect(run(miniLm(block), three)).rejects.toMatchObject({ code: "E_LOSS_HEADS" });
  });
});

describe("tinybert", () => {
  it("spreads the student's layers evenly", () => {
    expect(uniformLayers(4, 12)).toEqual([3, 6, 9, 12]);
    expect(() => uniformLayers(5, 12)).toThrowError(expect.objectContaining({ code: "E_LOSS_LAYERS" }));
  });

  it("reads the taps of two GPTs and reaches every student layer", async () => {
    const shape = { vocabulary: 11, context: 6 };
    const student = gpt({ ...shape, width: 8, heads: 2, layers: 2 });
    const teacher = gpt({ ...shape, width: 12, heads: 2, layers: 4 });
    const [s, t] = [student.init(random.key(1)), teacher.init(random.key(2))];
    const adapters = { hidden: draw("h", [8, 12]), embedding: draw("e", [8, 12]) };
    const step = program((a: { params: Tensor; tokens: Tensor; adapters: Record<string, Tensor> }) => {
      const none = constant(host(new Float32Array(0)));
      const own = student.apply({ params: a.params, buffers: none }, a.tokens);
      const said = teacher.apply({ params: constant(host(t.params)), buffers: none }, a.tokens);
      const scope = {
        at: () => scope,
        param: (n: string) => a.adapters[n]!.cast("f32"),
        state: fail,
        update: () => {},
      };
      const { loss, parts } = tinyBert({ student: { layers: 2 }, teacher: { layers: 4 } })(
        { logits: own.output, taps: own.taps },
        teacherTargets({ logits: said.output, taps: said.taps }),
        { labels: a.tokens, adapters: scope },
      );
      return { parts, gradient: grad(loss, [a.params])[0]! };
    });
    const tokens = values([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0], [2, 6], "i32");
    const { parts, gradient } = await step({ params: host(s.params), tokens, adapters });
    await step.release();
    for (const part of ["embedding", "hidden", "attention"]) expect(toNumbers(parts[part]!)[0]).toBeGreaterThan(0);
    const reached = student.params.entries.filter((e) =>
      (gradient.data as Float32Array).subarray(e.offset, e.offset + e.size).some((g) => g !== 0),
    );
    expect(reached.map((e) => e.path)).toEqual(
      expect.arrayContaining(["tok.weight", "blocks.0.qkv.weight", "blocks.1.out.weight"]),
    );
  });

  it("soft cross-entropy is the entropy of the teacher at equality", async () => {
    const z = matrix([[1, 0, -1]], "f64");
    const { value, gradients } = await evaluateLoss(softCrossEntropy(), {
      student: { logits: z },
      teacher: { logits: z },
    });
    const e = [1, 0, -1].map(Math.exp);
    const p = e.map((v) => v / e.reduce((a, b) => a + b));
    expect(value).toBeCloseTo(-p.reduce((sum, v) => sum + v * Math.log(v), 0), 12);
    expect(Math.hypot(...gradients.logits!)).toBeLessThan(1e-12);
  });
});

const LOWER = Array.from({ length: T }, (_, i) => Array.from({ length: T }, (_, j) => (j <= i ? 1 : 0)));
const fail = (): never => {
  throw new Error("no state here");
};

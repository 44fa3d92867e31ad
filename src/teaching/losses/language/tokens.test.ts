import { describe, expect, it } from "vitest";
import { random } from "../../../tensor/index.ts";
import { kd } from "../kd.ts";
import { type Case, evaluateLoss, values } from "../testing.ts";
import { forwardKl } from "./divergences.ts";
import { onTokens, tokenCrossEntropy } from "./tokens.ts";

const [B, T, V] = [2, 3, 5];
const draw = (seed: number) => Array.from(random.normal(random.key(seed), B * T * V), (v) => 2 * v);
const given = (tokens: number[], s = draw(1), t = draw(2)): Case => ({
  student: { logits: values(s, [B, T, V], "f64") },
  teacher: { logits: values(t, [B, T, V], "f64") },
  tokens: values(tokens, [B, T], "i32"),
});
const loss = onTokens(forwardKl());

describe("onTokens", () => {
  it("averages over the tokens that count, whatever the others hold", async () => {
    const [a, b] = [draw(1), draw(1)];
    b.fill(1e4, V, 2 * V);
    const [x, y] = [
      await evaluateLoss(loss, given([1, -100, 2, 0, 0, 4], a)),
      await evaluateLoss(loss, given([1, -100, 2, 0, 0, 4], b)),
    ];
    expect(y.value).toBe(x.value);
    expect(x.gradients.logits!.slice(V, 2 * V).every((g) => g === 0)).toBe(true);
    expect((await evaluateLoss(loss, given([1, 1, 2, 0, 0, 4], a))).value).not.toBeCloseTo(x.value, 6);
  });

  it("is 0, not NaN, where no token counts", async () => {
    const { value, gradients } = await evaluateLoss(loss, given(Array(6).fill(-100)));
    expect(value).toBe(0);
    expect(gradients.logits!.every((g) => g === 0)).toBe(true);
  });

  it("with every token and a temperature it is Hinton's loss over all rows", async () => {
    const ours = await evaluateLoss(onTokens(forwardKl(), { temperature: 3 }), given([0, 1, 2, 3, 4, 0]));
    const flat = (n: number[]) => ({ logits: values(n, [B * T, V], "f64") });
    const hinton = await evaluateLoss(kd({ temperature: 3 }), { student: flat(draw(1)), teacher: flat(draw(2)) });
    expect(ours.value).toBeCloseTo(hinton.value, 12);
  });

  it("shifts: logits foretell the next label", async () => {
    const { gradients } = await evaluateLoss(onTokens(forwardKl(), { shift: true }), given([3, 1, -100, 3, -100, 2]));
    const moved = Array.from({ length: B * T }, (_, i) =>
      gradients.logits!.slice(i * V, (i + 1) * V).some((g) => g !== 0),
    );
    expect(moved).toEqual([true, false, false, false, true, false]);
  });

  it("refuses other vocabularies", async () => {
    const other = {
      ...given([0, 0, 0, 0, 0, 0]),
      teacher: { logits: values(Array(B * T * 4).fill(0), [B, T, 4], "f64") },
    };
    await expect(evaluateLoss(loss, other)).rejects.toMatchObject({ code: "E_LOSS_CLASSES" });
  });
});

it("tokenCrossEntropy is the teacher's text taken at its word: the limit of sure teachers", async () => {
  const tokens = [1, -100, 2, 0, 3, 4];
  const sure = draw(2).map((_, i) => (i % V === Math.max(0, tokens[Math.floor(i / V)]!) ? 60 : 0));
  const [soft, hard] = [
    await evaluateLoss(loss, given(tokens, draw(1), sure)),
    await evaluateLoss(tokenCrossEntropy(), given(tokens)),
  ];
  expect(hard.value).toBeCloseTo(soft.value, 10);
});

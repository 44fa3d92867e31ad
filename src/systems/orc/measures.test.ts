/** False knowledge, sets of errors, hard examples, and the verdicts that follow from numbers. */
import { describe, expect, it } from "vitest";
import { drawnDigits } from "../../data/digits.ts";
import { measure } from "../../teaching/report/measure.ts";
import type { Arm } from "../../teaching/report/schema.ts";
import { key } from "../../tensor/index.ts";
import { balanced } from "../kit/subset.ts";
import type { Findings } from "../system.ts";
import { claims } from "./claims.ts";
import { accuracyOn, errorsOfAny, falseKnowledge } from "./measures.ts";
import { hardExamples, originalIds } from "./outputs.ts";

/** Answers that name these classes of three. */
const naming = (...classes: number[]) => ({
  classes: 3,
  logits: Float32Array.from(classes.flatMap((c) => [0, 1, 2].map((j) => (j === c ? 5 : 0)))),
});
const labels = [0, 1, 2, 0];

describe("measures", () => {
  it("count wrong answers that are the teacher's", () => {
    // Shared and wrong; shared and right; both wrong but different; the student alone wrong.
    expect(falseKnowledge(naming(1, 1, 0, 2), naming(1, 1, 1, 0), labels)).toBe(0.25);
  });

  it("collect what anybody gets wrong", () => {
    const errors = errorsOfAny([naming(0, 1, 2, 1), naming(0, 2, 2, 0)], labels);
    expect(errors).toEqual([1, 3]);
    expect(accuracyOn(naming(1, 1, 1, 1), labels, errors)).toBe(0.5);
    expect(accuracyOn(naming(1, 1, 1, 1), labels, [])).toBeUndefined();
  });

  it("name hard examples by their place in the whole training part", () => {
    const { train } = drawnDigits({ train: 60, validation: 1, test: 1 });
    const part = balanced(train, 20, key(0));
    const ids = originalIds(train, 20);
    const size = 28 * 28;
    ids.forEach((id, i) => {
      expect(part.inputs.subarray(i * size, (i + 1) * size)).toEqual(train.inputs.subarray(id * size, (id + 1) * size));
    });
    const counts = new Float32Array(20);
    counts.set([3, 0, 7]);
    const hard = hardExamples(counts, part, ids);
    expect(hard.map(({ example, count }) => [example, count])).toEqual([
      [ids[2], 7],
      [ids[0], 3],
    ]);
  });
});

describe("the verdict on roles", () => {
  const roles = (entropy: number[], shift: number[]) => {
    const metrics = { promotionEntropy: measure(entropy, "nats"), promotionShift: measure(shift, "") };
    const arm: Arm = { name: "ORC", role: "student", params: 1, flops: 1, seconds: 0, metrics };
    return claims.find(({ id }) => id === "roles")!.judge({ arms: [arm], comparisons: [] } as Findings).verdict;
  };
  it("needs a role that changes hands and moves to larger networks", () => {
    expect(roles([0.6, 0.6, 0.65], [0.3, 0.28, 0.33])).toBe("holds");
    expect(roles([0.1, 0.2, 0.1], [0.3, 0.28, 0.33])).toBe("fails");
    expect(roles([0.6, 0.6, 0.65], [-0.3, -0.28, -0.33])).toBe("fails");
    expect(roles([0.6, 0.6, 0.65], [0.3, -0.3, 0.01])).toBe("inconclusive");
    expect(roles([0.6, 0.6], [0.3, 0.3])).toBe("inconclusive");
  });
});

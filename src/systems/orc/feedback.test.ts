/** Test 5 of the specification: the proportion and the choice of feedback samples. */
import { describe, expect, it } from "vitest";
import { key } from "../../tensor/index.ts";
import { feedback, handedBack, hardest, proportions } from "./feedback.ts";
import type { Marks } from "./ranking.ts";

const B = 64;
/** Losses with a given mean that grow with the position. */
function marks(meanLoss: number, wrong: (i: number) => boolean = () => false): Marks {
  const losses = Float64Array.from({ length: B }, (_, i) => meanLoss * (1 + (i - (B - 1) / 2) / B));
  return { losses, wrong: Uint8Array.from({ length: B }, (_, i) => (wrong(i) ? 1 : 0)), meanLoss, accuracy: 0.5 };
}

describe("proportions", () => {
  it("are the softmax of mean losses: (0, ln 3) gives a quarter and three quarters", () => {
    const shares = proportions([0, Math.log(3)]);
    expect(shares[0]).toBeCloseTo(0.25, 12);
    expect(shares[1]).toBeCloseTo(0.75, 12);
    expect(handedBack([marks(0), marks(Math.log(3))]).map(({ length }) => length)).toEqual([16, 48]);
  });

  it("stay finite for huge losses", () => {
    expect(proportions([1e4, 0])).toEqual([1, 0]);
  });
});

describe("the samples", () => {
  it("are those of largest loss, wrong ones first", () => {
    expect(hardest(marks(1), 3)).toEqual([63, 62, 61]);
    expect(
      hardest(
        marks(1, (i) => i < 2),
        3,
      ),
    ).toEqual([1, 0, 63]);
  });

  it("are always B, whatever rounding gives, and may repeat", () => {
    for (const means of [[0], [1, 1, 1], [0, 0.3, 0.9], [0.2, 0.2, 0.2, 0.2, 0.2], [5, 0, 0]]) {
      const all = means.map((m) => marks(m));
      const chosen = feedback(all, key(1));
      expect(chosen).toHaveLength(B);
      const allowed = new Set(handedBack(all).flat());
      for (const at of chosen) expect(allowed.has(at)).toBe(true);
    }
    // Three equal students hand back the same 21 samples, one of them a second time to fill the batch.
    expect(new Set(feedback([marks(1), marks(1), marks(1)], key(1))).size).toBe(21);
  });

  it("are shuffled by the key", () => {
    const all = [marks(0), marks(1)];
    expect(feedback(all, key(1))).toEqual(feedback(all, key(1)));
    expect(feedback(all, key(1))).not.toEqual(feedback(all, key(2)));
  });
});

/** Which vector of a teacher a class learns, and which examples it sees. */
import { describe, expect, it } from "vitest";
import { drawnDigits } from "../../data/digits.ts";
import type { Teacher } from "../../teaching/teacher.ts";
import { inputsOf, tapFor } from "./embedding.ts";
import type { Options } from "./options.ts";

const teacher = (taps: Record<string, number[]>): Teacher =>
  ({ name: "big.onnx", classes: 10, taps: new Map(Object.entries(taps)) }) as unknown as Teacher;

describe("the embedding of a teacher", () => {
  it("is its last vector, unless that is only the logits without their bias", () => {
    expect(tapFor(teacher({ conv: [1, 8, 4, 4], pool: [1, 256], dense: [1, 64] }), "")).toBe("dense");
    expect(tapFor(teacher({ dense: [1, 64], product: [1, 10] }), "")).toBe("dense");
    expect(tapFor(teacher({ narrow: [1, 8] }), "")).toBe("narrow");
  });

  it("is the named one; a name that it lacks is an error that lists what there is", () => {
    const known = teacher({ dense_1: [1, 64], dense_2: [1, 32] });
    expect(tapFor(known, "dense_1")).toBe("dense_1");
    expect(() => tapFor(known, "dense")).toThrow(/no vector "dense".*dense_1 \[64\], dense_2 \[32\]/);
    expect(() => tapFor(teacher({ conv: [1, 8, 4, 4] }), "")).toThrow(/no vector per example/);
  });
});

describe("the inputs of phase 1", () => {
  it("are chosen without a look at labels", () => {
    const data = drawnDigits({ train: 50, validation: 10, test: 10 });
    const chosen = inputsOf(data, { inputs: 20 } as Options);
    const blind = inputsOf({ ...data, train: { ...data.train, labels: new Int32Array(50) } }, {
      inputs: 20,
    } as Options);
    expect(blind.inputs).toEqual(chosen.inputs);
    expect(chosen.labels).toHaveLength(20);
    expect(inputsOf(data, { inputs: 0 } as Options)).toBe(data.train);
  });
});

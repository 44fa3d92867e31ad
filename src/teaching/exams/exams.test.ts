import { describe, expect, it } from "vitest";
import { accuracy, correctness } from "./accuracy.ts";
import { agreement } from "./agreement.ts";
import { type Answers, predictions, probability } from "./answers.ts";
import { calibrationBins, ece } from "./calibration.ts";
import { examine } from "./classification.ts";
import { meanCrossEntropy } from "./cross-entropy.ts";
import { disagreements } from "./disagreements.ts";
import { median, medianLatencies } from "./latency.ts";
import { confusion, perClass } from "./per-class.ts";

/** Logits whose softmax is exactly these probabilities. */
const answers = (rows: number[][]): Answers => ({
  logits: Float32Array.from(rows.flat(), (p) => Math.log(p)),
  classes: rows[0]!.length,
});
const student = answers([
  [0.7, 0.2, 0.1],
  [0.3, 0.58, 0.12],
  [0.25, 0.25, 0.5],
  [0.1, 0.78, 0.12],
]);
const labels = [0, 0, 2, 2];

describe("answers", () => {
  it("the first of equal logits wins", () => {
    expect(predictions({ logits: Float32Array.of(1, 1, 0), classes: 3 })[0]).toBe(0);
  });
  it("refuses answers that are no numbers", () => {
    const bad = { logits: Float32Array.of(1, Number.NaN), classes: 2 };
    expect(() => predictions(bad)).toThrowError(expect.objectContaining({ code: "E_EXAM_NAN" }));
  });
  it("refuses another number of labels", () => {
    expect(() => accuracy(student, [0])).toThrowError(expect.objectContaining({ code: "E_EXAM_SIZE" }));
  });
  it("probabilities are finite at the ends of the scale", () => {
    expect(probability({ logits: Float32Array.of(1e4, -1e4), classes: 2 }, 0, 1)).toBe(0);
  });
});

describe("by hand", () => {
  it("accuracy", () => {
    expect([...correctness(student, labels)]).toEqual([1, 0, 1, 0]);
    expect(accuracy(student, labels)).toBe(0.5);
  });
  it("cross-entropy", () => {
    const expected = -(Math.log(0.7) + Math.log(0.3) + Math.log(0.5) + Math.log(0.12)) / 4;
    expect(meanCrossEntropy(student, labels)).toBeCloseTo(expected, 6); // f32 logits
    expect(meanCrossEntropy({ logits: Float32Array.of(1e4, -1e4), classes: 2 }, [1])).toBe(2e4);
  });
  it("agreement", () => {
    const teacher = answers([
      [0.5, 0.3, 0.2],
      [0.9, 0.05, 0.05],
      [0.1, 0.1, 0.8],
      [0.2, 0.7, 0.1],
    ]);
    expect(agreement(student, teacher)).toBe(0.75);
    expect(agreement(student, student)).toBe(1);
  });
  it("calibration: bins and their weighted gap", () => {
    const bins = calibrationBins(student, labels);
    // Confidences 0.7, 0.58, 0.5, 0.78 lie in (10/15, 11/15], (8/15, 9/15], (7/15, 8/15] and (11/15, 12/15].
    expect(bins.map((b) => b.count)).toEqual([0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 1, 1, 0, 0, 0]);
    expect(ece(bins)).toBeCloseTo((0.5 + 0.58 + 0.3 + 0.78) / 4, 6);
  });
  it("calibration: certainty belongs to the last bin; sure and right is perfect", () => {
    const bins = calibrationBins({ logits: Float32Array.of(1e4, 0), classes: 2 }, [0]);
    expect(bins.at(-1)).toEqual({ confidence: 1, accuracy: 1, count: 1 });
    expect(ece(bins)).toBe(0);
  });
  it("confusion and accuracy per class; an absent class has none", () => {
    const matrix = confusion(student, labels);
    expect(matrix).toEqual([
      [1, 1, 0],
      [0, 0, 0],
      [0, 1, 1],
    ]);
    expect(perClass(matrix)).toEqual([
      { accuracy: 0.5, support: 2 },
      { accuracy: 0, support: 0 },
      { accuracy: 0.5, support: 2 },
    ]);
  });
  it("disagreements: the surest first", () => {
    const teacher = answers([
      [0.2, 0.5, 0.3],
      [0.9, 0.05, 0.05],
      [0.1, 0.1, 0.8],
      [0.2, 0.7, 0.1],
    ]);
    const found = disagreements(student, teacher, labels, 5);
    expect(found.map((d) => d.example)).toEqual([1, 0]); // 0.9·0.58 before 0.5·0.7
    expect(found[0]).toMatchObject({ label: 0, teacher: { label: 0 }, student: { label: 1 } });
    expect(found[0]!.teacher.confidence).toBeCloseTo(0.9, 6);
    expect(disagreements(student, teacher, labels, 1)).toHaveLength(1);
  });
  it("latency: the median, warm-up left out, in turns", async () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    let calls = "";
    const quick = async () => void (calls += "a");
    // Slow only where it counts: in the last passes of the turns behind the first.
    let place = 0;
    const slow = async () => {
      const counts = place >= 8 && place % 8 >= 3;
      place++;
      if (counts) await new Promise((done) => setTimeout(done, 4));
      calls += "b";
    };
    const [a, b] = await medianLatencies([quick, slow], { turns: 2 });
    expect(calls).toBe(`${"a".repeat(8)}${"b".repeat(8)}`.repeat(3));
    expect(a).toBeGreaterThanOrEqual(0);
    // No timer is faster than it was asked to be.
    expect(b).toBeGreaterThan(2);
  });
  it("the whole exam", () => {
    const result = examine(student, labels, student);
    expect(result.metrics).toEqual({
      accuracy: 0.5,
      agreement: 1,
      crossEntropy: meanCrossEntropy(student, labels),
      ece: ece(calibrationBins(student, labels)),
    });
    expect(examine(student, labels).metrics).not.toHaveProperty("agreement");
  });
});

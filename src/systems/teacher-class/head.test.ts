/** The teacher's head: oracle students, folding, permutation, reading it off answers. */
import { describe, expect, it } from "vitest";
import { key, random } from "../../tensor/index.ts";
import { chunksOf, columnsOf, concatenated, unitsOf } from "./chunks.ts";
import { activated, foldBatchNorm, type Head, headGap, headLogits, permutedHead, readHead } from "./head.ts";

const [d, classes, rows] = [16, 5, 300];
const normal = (seed: number, n: number) => random.normal(key(seed), n);
const head: Head = { weight: normal(1, classes * d), bias: normal(2, classes), activation: "relu" };
const pre = normal(3, rows * d);
const post = pre.map((v) => Math.max(0, v));
const largest = (a: Float32Array, b: Float32Array) => a.reduce((top, v, i) => Math.max(top, Math.abs(v - b[i]!)), 0);

describe("oracle students (specification, test 2)", () => {
  it.each([1, 2, 4, 8])("that return their %i chunks exactly give the teacher's logits", (n) => {
    const chunks = chunksOf(n, "contiguous", normal(9, d), key(0));
    const answers = chunks.bounds.map((_, k) => columnsOf(post, d, unitsOf(chunks, k)));
    expect(largest(headLogits(head, concatenated(answers, chunks)), headLogits(head, post))).toBeLessThan(1e-5);
  });

  // The CIFAR-type teacher: z is linear, then ReLU and batch norm stand before its head.
  const norm = {
    scale: normal(4, d).map((v) => 1 + 0.3 * v),
    shift: normal(5, d),
    mean: normal(6, d),
    variance: normal(7, d).map((v) => 0.5 + v * v),
  };
  const a = activated(head, pre);
  const behindNorm = a.map((v, i) => {
    const j = i % d;
    return (norm.scale[j]! * (v - norm.mean[j]!)) / Math.sqrt(norm.variance[j]! + 1e-5) + norm.shift[j]!;
  });
  const teacher = headLogits({ ...head, activation: "identity" }, behindNorm);

  it("meet a teacher with batch norm before its head once that is folded into W and b", () => {
    expect(largest(headLogits(foldBatchNorm(head, norm), pre), teacher)).toBeLessThan(1e-4);
  });

  it("miss it without folding", () => {
    expect(headGap(head, pre, teacher)).toBeGreaterThan(0.3);
  });

  it("least squares on the teacher's answers folds it too", () => {
    const read = readHead({ z: pre, logits: teacher, d, classes }, "dense");
    expect(read.from).toBe("answers");
    expect(read.head.activation).toBe("relu");
    expect(largest(headLogits(read.head, pre), teacher)).toBeLessThan(1e-3);
    expect(largest(read.head.weight, foldBatchNorm(head, norm).weight)).toBeLessThan(1e-3);
  });
});

describe("the head", () => {
  it("ReLU changes nothing for z >= 0 (specification, test 3)", () => {
    expect(activated(head, post)).toEqual(post);
    expect(headLogits({ ...head, activation: "identity" }, post)).toEqual(headLogits(head, post));
  });

  it("permuting chunks together with the columns of W leaves the logits (specification, test 6)", () => {
    const order = random.permutation(key(8), d);
    const moved = columnsOf(post, d, order);
    expect(largest(headLogits(permutedHead(head, order), moved), headLogits(head, post))).toBeLessThan(1e-5);
    expect(headGap(head, moved, headLogits(head, post))).toBeGreaterThan(0.3);
  });

  it("takes known weights where they are the teacher's, and finds the activation", () => {
    const known = { weight: head.weight, bias: head.bias };
    expect(readHead({ z: pre, logits: headLogits(head, pre), d, classes }, "z", known)).toMatchObject({
      from: "weights",
      head: { activation: "relu" },
    });
    const linear = headLogits({ ...head, activation: "identity" }, pre);
    expect(readHead({ z: pre, logits: linear, d, classes }, "z", known).head.activation).toBe("identity");
  });

  it("survives dead units", () => {
    const z = post.map((v, i) => (i % d === 3 ? 0 : v));
    const read = readHead({ z, logits: headLogits(head, z), d, classes }, "z");
    expect(read.gap).toBeLessThan(1e-3);
    expect(read.head.weight.every(Number.isFinite)).toBe(true);
  });

  it("refuses a tap that the logits are no linear function of", () => {
    const bent = headLogits(head, pre).map((v) => v * v);
    expect(() => readHead({ z: pre, logits: bent, d, classes }, "dense")).toThrow(
      /no linear function of its "dense" \(16 units\)/,
    );
  });
});

import { expect, test } from "vitest";
import { decoder, gpt2, llama } from "../../language/decoder/index.ts";
import { key } from "../../tensor/index.ts";
import { flopsPerToken } from "./cost.ts";
import { median, SPEEDS, speedUp, timeBoth } from "./speed.ts";
import { inherit } from "./surgery.ts";

test("quotients by turns, and their median's interval", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  const teacher = Array.from({ length: 20 }, (_, i) => i + 1);
  const student = teacher.map(() => 1);
  // Conover, Practical Nonparametric Statistics: for n = 20 the 6th and the 15th.
  expect(speedUp({ teacher, student })).toEqual({ median: 10.5, ci95: [6, 15] });
  expect(speedUp({ teacher: [2, 4], student: [1, 1] })).toEqual({ median: 3, ci95: null });
});

test("operations: the specification's example", () => {
  const sizes = { vocabulary: 65, context: 128, width: 96, layers: 8, heads: 4, inner: 256 };
  const config = llama(sizes);
  // 8d² + 2nd + 2nd + 6·d·256 per layer, and 2·d·65 of the head.
  expect(flopsPerToken(config, 128)).toBe(8 * (8 * 96 ** 2 + 4 * 128 * 96 + 6 * 96 * 256) + 2 * 96 * 65);
  const shared = llama({ ...sizes, leaders: [0, 1, 1, 1, 4, 4, 4, 7] });
  // A follower saves 4d² + 2nd.
  expect(flopsPerToken(config, 128) - flopsPerToken(shared, 128)).toBe(4 * (4 * 96 ** 2 + 2 * 128 * 96));
  // Without values and output too.
  expect(flopsPerToken(shared, 128) - flopsPerToken(shared, 128, true)).toBe(4 * (4 * 96 ** 2 + 2 * 128 * 96));
});

test("operations are those that the model counts itself", () => {
  for (const config of [
    llama({ vocabulary: 11, context: 8, width: 16, layers: 3, heads: 4, keyHeads: 2, leaders: [0, 0, 2] }),
    gpt2({ vocabulary: 11, context: 8, width: 16, layers: 2, heads: 2 }),
  ]) {
    expect(decoder(config).model.flops).toBe(8 * flopsPerToken(config, 8));
  }
});

test("every kind of speed is measured in turns", async () => {
  const config = llama({ vocabulary: 11, context: 16, width: 16, layers: 3, heads: 2 });
  const made = decoder(config);
  const teacher = { decoder: made, params: made.model.init(key(1)).params };
  const student = inherit(teacher, [0, 1, 1]);
  for (const kind of SPEEDS) {
    const timed = await timeBoth(kind, teacher, student, { batch: 2, context: 16, rounds: 3, warmUp: 1 });
    expect(timed.tokens).toBe(kind === "decoding" ? 16 : 32);
    for (const side of [timed.teacher, timed.student]) {
      expect(side).toHaveLength(3);
      expect(side.every((s) => s > 0)).toBe(true);
    }
  }
});

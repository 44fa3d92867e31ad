import { describe, expect, it } from "vitest";
import { constant, evaluate, toNumbers } from "../../tensor/index.ts";
import { nearestTo, poolTo } from "./resize.ts";
import { values } from "./testing.ts";

const row = (data: number[]) => constant(values(data, [1, 1, 1, data.length]));

describe("sizes of maps", () => {
  it("nearest takes input floor(i·n/m), up and down", async () => {
    expect(toNumbers(await evaluate(nearestTo(row([1, 2, 3]), [1, 5])))).toEqual([1, 1, 2, 2, 3]);
    expect(toNumbers(await evaluate(nearestTo(row([1, 2, 3, 4, 5]), [1, 3])))).toEqual([1, 2, 4]);
    expect(toNumbers(await evaluate(nearestTo(row([1, 2]), [2, 2])))).toEqual([1, 2, 1, 2]);
  });

  it("two steps in one are the two steps", async () => {
    const x = row([1, 2, 3, 4]);
    for (const [via, to] of [
      [6, 4],
      [3, 5],
      [9, 2],
    ] as const) {
      const apart = await evaluate(nearestTo(nearestTo(x, [1, via]), [1, to]));
      expect(toNumbers(await evaluate(nearestTo(x, [1, via], [1, to])))).toEqual(toNumbers(apart));
    }
  });

  it("averages cover uneven windows and refuse to grow", async () => {
    expect(toNumbers(await evaluate(poolTo(row([1, 2, 3]), 1, 2)))).toEqual([1.5, 2.5]);
    expect(() => poolTo(row([1]), 1, 2)).toThrowError(expect.objectContaining({ code: "E_LOSS_SHAPE" }));
  });
});

import { describe, expect, it } from "vitest";
import { grad, program, random, type Tensor, toNumbers } from "../../tensor/index.ts";
import { adapterMemory, adapterScope, initAdapters, recordAdapters } from "./adapter.ts";
import { values } from "./testing.ts";

/** What a loss would declare. */
const declared = recordAdapters((scope) => {
  scope.at("first").param("weight", [2, 3], 0.5);
  scope.param("scale", [2], { fill: 1 });
  scope.at("bank").state("rows", [2, 2], { fill: -1 });
  scope.state("count", [1], 0);
});

describe("adapters", () => {
  it("are laid out apart: what is trained, and what is kept", () => {
    const layout = ({ entries, size }: typeof declared.state) => [size, entries.map((e) => [e.path, e.offset])];
    expect(layout(declared)).toEqual([
      8,
      [
        ["adapter.first.weight", 0],
        ["adapter.scale", 6],
      ],
    ]);
    expect(layout(declared.state)).toEqual([
      5,
      [
        ["adapter.bank.rows", 0],
        ["adapter.count", 4],
      ],
    ]);
  });

  it("start as declared, each from its own path", () => {
    const start = initAdapters(declared, random.key(1));
    expect([...start.subarray(6)]).toEqual([1, 1]);
    expect(start.subarray(0, 6).every((v) => Math.abs(v) <= 0.5 && v !== 0)).toBe(true);
    const alone = recordAdapters((scope) => void scope.at("first").param("weight", [2, 3], 0.5));
    expect(initAdapters(alone, random.key(1))).toEqual(start.slice(0, 6));
    expect([...initAdapters(declared.state, random.key(1))]).toEqual([-1, -1, -1, -1, 0]);
  });

  it("leave the model's own values and what nobody wrote as they were; no gradient passes through state", async () => {
    const step = program((params: Tensor, buffers: Tensor, own: Tensor) => {
      const memory = adapterMemory(declared.state, buffers, 2);
      const scope = adapterScope(declared.entries, params, memory);
      const rows = scope.at("bank").state("rows", [2, 2], 0);
      const scaled = rows.mul(scope.param("scale", [2], 0));
      scope.at("bank").update("rows", scaled);
      const loss = scaled.sum().add(scope.at("first").param("weight", [2, 3], 0).square().sum());
      const [byParams, byBuffers] = grad(loss, [params, buffers]) as [Tensor, Tensor];
      return { next: memory.next(own), byParams, byBuffers };
    });
    const result = await step(
      values([1, 0, 0, 0, 0, 2, 10, 20], [8]),
      values([7, 7, 1, 2, 3, 4, 5], [7]),
      values([8, 9], [2]),
    );
    await step.release();
    expect(toNumbers(result.next)).toEqual([8, 9, 10, 40, 30, 80, 5]);
    expect(toNumbers(result.byParams)).toEqual([2, 0, 0, 0, 0, 4, 4, 6]);
    expect(toNumbers(result.byBuffers).every((g) => g === 0)).toBe(true);
  });

  it("have a path each", () => {
    const twice = () =>
      recordAdapters((scope) => {
        scope.param("weight", [1], 0);
        scope.param("weight", [1], 0);
      });
    expect(twice).toThrowError(expect.objectContaining({ code: "E_LOSS_ADAPTER" }));
  });
});

/** The C API against the binding: same bits, outputs in place, errors that speak. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { emit } from "../compile/emitter.ts";
import { placeholder } from "../graph.ts";
import { type HostTensor, host, random } from "../index.ts";
import type { Backend, Session } from "./backend.ts";
import { cApi } from "./c-api.ts";
import { directBackend } from "./direct.ts";
import { nodeBackend } from "./node.ts";

let direct: Backend;
let binding: Backend;
beforeAll(async () => {
  binding = await nodeBackend();
  direct = await directBackend(binding);
});

/** x [n, 3] -> y = x·xᵀ, rounded down as i32, its first row, and whether it is positive. */
function model(n: number): Uint8Array {
  const x = placeholder("x", "f32", [n, 3]);
  const y = x.matmul(x, { transB: true });
  const outputs = { y, whole: y.floor().cast("i32"), row: y.slice(0, 0, 1), positive: y.gt(0), one: y.sum() };
  return emit(
    [{ name: "x", tensor: x }],
    Object.entries(outputs).map(([name, tensor]) => ({ name, tensor })),
    { name: "products" },
  );
}
const input = (n: number, seed: number) => host(random.normal(random.key(seed), 3 * n), [n, 3]);

describe("a session on the C API", () => {
  const sessions: Session[] = [];
  const open = async (backend: Backend, n: number) => {
    const session = await backend.compile(model(n), { threads: 1 });
    sessions.push(session);
    return session;
  };
  afterAll(() => Promise.all(sessions.map((session) => session.release())));

  test("gives the bits, types and shapes of the binding", async () => {
    const [a, b] = [await open(direct, 5), await open(binding, 5)];
    expect(await a.run({ x: input(5, 1) })).toEqual(await b.run({ x: input(5, 1) }));
  });

  test("writes where it is told, and nowhere else", async () => {
    const session = await open(direct, 4);
    const y = host(new Float32Array(16), [4, 4]);
    const memory = y.data;
    const result = await session.run({ x: input(4, 2) }, { y });
    expect(result.y).toBe(y);
    expect(y.data).toBe(memory);
    expect([...(result.y!.data as Float32Array)]).toEqual([
      ...((await (await open(binding, 4)).run({ x: input(4, 2) })).y!.data as Float32Array),
    ]);
  });

  test("reads an input as it is at each run, from the middle of an array, too", async () => {
    const session = await open(direct, 2);
    const all = Float32Array.from({ length: 12 }, (_, i) => i);
    const x = host(all.subarray(3, 9), [2, 3]);
    const first = Number((await session.run({ x })).one!.data[0]);
    all.fill(1);
    expect(first).toBe((3 + 6) ** 2 + (4 + 7) ** 2 + (5 + 8) ** 2);
    expect(Number((await session.run({ x })).one!.data[0])).toBe(12);
  });

  test("many tensors come and go", async () => {
    const session = await open(direct, 3);
    const sums: number[] = [];
    for (let i = 0; i < 3000; i++) {
      // Nine floats lie on the heap of V8 until their buffer is asked for.
      const y: HostTensor = host(new Float32Array(9), [3, 3]);
      const x = host(new Float32Array(9).fill(i % 7), [3, 3]);
      await session.run({ x }, { y });
      sums.push((y.data as Float32Array).reduce((a, b) => a + b, 0));
    }
    expect(sums).toEqual(sums.map((_, i) => 27 * (i % 7) ** 2));
  });

  test("empty tensors have their shapes", async () => {
    const x = placeholder("x", "f32", ["n", 2]);
    const session = await direct.compile(emit([{ name: "x", tensor: x }], [{ name: "y", tensor: x.add(1) }], {}));
    const { y } = await session.run({ x: host(new Float32Array(0), [0, 2]) });
    expect(y).toMatchObject({ dtype: "f32", shape: [0, 2] });
    await session.release();
  });

  test("tells what ONNX Runtime says, in our words", async () => {
    await expect(direct.compile(new Uint8Array([1, 2, 3]))).rejects.toMatchObject({ code: "E_COMPILE" });
    const session = await open(direct, 2);
    await expect(session.run({ x: input(3, 1) })).rejects.toMatchObject({ code: "E_RUN" });
    await expect(session.run({})).rejects.toMatchObject({ code: "E_RUN" });
    const gone = await direct.compile(model(2));
    await gone.release();
    await gone.release();
    await expect(gone.run({ x: input(2, 1) })).rejects.toMatchObject({ code: "E_RUN" });
  });

  test("the table is the one that its places were written for", () => {
    expect(cApi().version).toMatch(/^1\.\d+\.\d+$/);
    const options = cApi().make("createOptions");
    // Only AddSessionConfigEntry has something against a name without letters.
    expect(() => cApi().check("configure", options, "", "1")).toThrow(/key/i);
    cApi().release("releaseOptions", options);
  });

  test("finds the block size that the binding finds", () => {
    expect(direct.block).toBe(binding.block);
  });
});

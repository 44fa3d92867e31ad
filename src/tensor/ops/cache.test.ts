import { describe, expect, test } from "vitest";
import {
  type HostTensor,
  host,
  key,
  program,
  random,
  scaledDotProductAttention,
  type Tensor,
  toNumbers,
} from "../index.ts";
import { type CachePlaces, cachedAttention, cacheMap, cacheMix, cacheWrite } from "./cache.ts";

const [B, H, G, E, S] = [2, 4, 2, 8, 6];
const noise = (seed: number, shape: number[]) =>
  host(
    random.normal(
      key(seed),
      shape.reduce((a, b) => a * b, 1),
    ),
    shape,
  );
const i32 = (values: number[], shape = [values.length]) => host(Int32Array.from(values), shape);

/** One new token for each of two sequences, at places 2 and 4 of caches of six. */
const PLACES = { positions: i32([2, 4], [B, 1]), last: i32([2, 4]), total: i32([5]) };
const [q, k, v] = [noise(1, [B, H, 1, E]), noise(2, [B, G, 1, E]), noise(3, [B, G, 1, E])];
const [keys, values] = [noise(4, [B, G, S, E]), noise(5, [B, G, S, E])];

/** The cache with the row written, element by element. */
function written(cache: HostTensor, rows: HostTensor): HostTensor {
  const data = Float32Array.from(cache.data as Float32Array);
  [2, 4].forEach((place, b) => {
    for (let g = 0; g < G; g++) {
      const row = (rows.data as Float32Array).subarray((b * G + g) * E, (b * G + g + 1) * E);
      data.set(row, ((b * G + g) * S + place) * E);
    }
  });
  return host(data, cache.shape);
}

/** softmax(q·kᵀ/√E)·v over the first `places + 1` entries of one sequence, by the attention that has no cache. */
async function wanted(): Promise<number[]> {
  const [allKeys, allValues] = [written(keys, k), written(values, v)];
  const one = program((...args: Tensor[]) => {
    const [a, b, c] = args as [Tensor, Tensor, Tensor];
    return [2, 4].map((place, i) =>
      scaledDotProductAttention(
        a.slice(0, i, i + 1),
        b.slice(0, i, i + 1).slice(2, 0, place + 1),
        c.slice(0, i, i + 1).slice(2, 0, place + 1),
      ),
    );
  });
  const out = (await one(q, allKeys, allValues)) as HostTensor[];
  await one.release();
  return out.flatMap(toNumbers);
}

const close = (a: readonly number[], b: readonly number[]) => {
  expect(a).toHaveLength(b.length);
  expect(Math.max(...a.map((x, i) => Math.abs(x - b[i]!)))).toBeLessThan(1e-6);
};

type Args = {
  q: Tensor;
  k: Tensor;
  v: Tensor;
  keys: Tensor;
  values: Tensor;
  places: Record<keyof CachePlaces, Tensor>;
};
const GIVEN = { q, k, v, keys, values, places: PLACES };

describe("attention over caches equals attention over what stands in them", () => {
  test("by the fused kernel", async () => {
    const run = program((a: Args) => cachedAttention(a.q, a.k, a.v, a.keys, a.values, a.places));
    const out = await run(GIVEN);
    close(toNumbers(out.mixed), await wanted());
    expect(toNumbers(out.keys).slice(0, 3 * E)).toEqual(toNumbers(written(keys, k)).slice(0, 3 * E));
    await run.release();
  });

  test("by an explicit map", async () => {
    const run = program((a: Args) => {
      const [newKeys, newValues] = [cacheWrite(a.keys, a.k, a.places), cacheWrite(a.values, a.v, a.places)];
      return { mixed: cacheMix(cacheMap(a.q, newKeys, a.places), newValues, B, H), newKeys, newValues };
    });
    const out = await run(GIVEN);
    close(toNumbers(out.mixed), await wanted());
    expect(toNumbers(out.newKeys)).toEqual(toNumbers(written(keys, k)));
    expect(toNumbers(out.newValues)).toEqual(toNumbers(written(values, v)));
    await run.release();
  });
});

test("what does not fit says so", async () => {
  const traced = (change: (a: Args) => unknown) =>
    program((a: Args) => {
      change(a);
      return a.q;
    }).compile(GIVEN);
  await expect(traced((a) => cacheWrite(a.keys, a.q, a.places))).rejects.toMatchObject({ code: "E_SHAPE" });
  await expect(
    traced((a) => cachedAttention(a.q.slice(3, 0, 6), a.k, a.v, a.keys, a.values, a.places)),
  ).rejects.toThrow("multiple of 8");
});

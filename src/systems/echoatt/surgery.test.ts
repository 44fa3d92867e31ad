import { describe, expect, test } from "vitest";
import {
  type Decoder,
  type DecoderConfig,
  decode,
  decoder,
  fullAttention,
  gpt2,
  llama,
} from "../../language/decoder/index.ts";
import { caches } from "../../language/generate/caches.ts";
import { cachedModel } from "../../language/generate/index.ts";
import { defineModel, type Inputs, type Scope, viewParams } from "../../nn/index.ts";
import {
  constant,
  evaluate,
  grad,
  type HostTensor,
  host,
  key,
  program,
  random,
  stopGradient,
  type Tensor,
  toNumbers,
} from "../../tensor/index.ts";
import { unusedParameters, withoutFollowers } from "./dropped.ts";
import { inherit, savedParameters, type Trained } from "./surgery.ts";

const SMALL = { vocabulary: 11, context: 12, width: 16, layers: 4, heads: 4 };
const trained = (config: DecoderConfig, seed = 1): Trained => {
  const made = decoder(config, "teacher");
  const { params } = made.model.init(key(seed));
  // Away from the start, where maps are uniform and biases zero.
  const noise = random.normal(random.fold(key(seed), "noise"), params.length);
  return { decoder: made, params: params.map((v, i) => v + 0.2 * noise[i]!) };
};
const TOKENS = Array.from({ length: 2 * 12 }, (_, i) => (7 * i + (i % 5)) % 11);
const tokens = (length = 12): HostTensor => host(Int32Array.from(TOKENS.slice(0, 2 * length)), [2, length]);

async function logits({ decoder: made, params }: Trained, given = tokens()): Promise<number[]> {
  const state = { params: constant(host(params)), buffers: constant(host(new Float32Array(0))) };
  return toNumbers(await evaluate(made.model.apply(state, constant(given)).output));
}
const apart = (a: readonly number[], b: readonly number[]) => Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));

const families: [string, DecoderConfig][] = [
  ["llama", llama(SMALL)],
  ["gpt2", gpt2(SMALL)],
  ["grouped queries, normed", llama({ ...SMALL, keyHeads: 2, queryKeyNorm: true, tied: true })],
];

describe.each(families)("%s", (_name, config) => {
  const teacher = trained(config);

  test("without followers it is the teacher, bit for bit", async () => {
    const student = inherit(teacher, [0, 1, 2, 3]);
    expect(student.params).toEqual(teacher.params);
    expect(await logits(student)).toEqual(await logits(teacher));
  });

  test("followers have no queries and keys, and what they had there does not matter", async () => {
    const leaders = [0, 1, 1, 3];
    const student = inherit(teacher, leaders);
    const { entries, size } = student.decoder.model.params;
    expect(entries.some(({ path }) => /^blocks\.2\.(qkv|qnorm|knorm)/.test(path))).toBe(false);
    expect(teacher.params.length - size).toBe(savedParameters({ ...config, leaders }));
    const other = { ...teacher, params: teacher.params.slice() };
    const views = viewParams(teacher.decoder.model.params, other.params);
    for (const [path, { data }] of views) {
      if (/^blocks\.2\.(qnorm|knorm)/.test(path)) data.fill(9);
      // Everything of the fused matrix but the values, at its end.
      const values = config.keyHeads * config.headWidth * (path.endsWith("weight") ? config.width : 1);
      if (/^blocks\.2\.qkv/.test(path)) data.fill(9, 0, data.length - values);
    }
    expect(inherit(other, leaders).params).toEqual(student.params);
    expect(apart(await logits(student), await logits(teacher))).toBeGreaterThan(1e-3);
  });

  test("a follower with its leader's queries and keys, on the same input, is the unshared layer", async () => {
    const params = teacher.params.slice();
    const views = viewParams(teacher.decoder.model.params, params);
    const at = (path: string) => views.get(path)?.data;
    // The leader, 1, writes nothing into the stream; 2 reads with the leader's norm, queries and keys.
    for (const path of ["proj", "down"]) for (const kind of ["weight", "bias"]) at(`blocks.1.${path}.${kind}`)?.fill(0);
    for (const kind of ["weight", "bias"]) {
      for (const part of ["norm1", "qnorm", "knorm"]) {
        const [from, to] = [at(`blocks.1.${part}.${kind}`), at(`blocks.2.${part}.${kind}`)];
        if (from) to!.set(from);
      }
      const [from, to] = [at(`blocks.1.qkv.${kind}`), at(`blocks.2.qkv.${kind}`)];
      const values = config.keyHeads * config.headWidth * (kind === "weight" ? config.width : 1);
      if (from) to!.set(from.subarray(0, from.length - values));
    }
    const same = { ...teacher, params };
    // Two roundings of the same sums.
    expect(apart(await logits(inherit(same, [0, 1, 1, 3])), await logits(same))).toBeLessThan(1e-5);
  });

  test("decoding with a cache says what the whole row says, and keeps no keys of followers", async () => {
    const student = inherit(teacher, [0, 1, 1, 3]);
    const whole = await logits(student);
    const store = caches(student.decoder.config, 2, 12);
    expect(store.bytes).toBe(4 * 2 * 12 * config.keyHeads * config.headWidth * (2 - 1 / 4) * 4);
    expect(Object.keys(store.view(0, 2).before)).not.toContain("keys2");
    const model = await cachedModel(student.decoder, { params: student.params });
    for (let t = 0; t < 12; t++) {
      const found = await model.run({
        tokens: Int32Array.of(TOKENS[t]!, TOKENS[12 + t]!),
        positions: Int32Array.of(t, t),
        last: Int32Array.of(t, t),
        rows: Int32Array.of(0, 1),
        inverseTemperature: Float32Array.of(1, 1),
        caches: store.view(0, 2),
      });
      const expected = [0, 1].flatMap((row) => whole.slice((row * 12 + t) * 11, (row * 12 + t + 1) * 11));
      // Other kernels add in another order.
      expect(apart([...found.logits], expected)).toBeLessThan(1e-5 * Math.max(...expected.map(Math.abs)));
    }
    await model.release();
  });
});

test("shared key heads: as if values were repeated", async () => {
  const grouped = trained(llama({ ...SMALL, keyHeads: 2 }));
  const full = decoder(llama(SMALL));
  const params = new Float32Array(full.model.params.size);
  const source = viewParams(grouped.decoder.model.params, grouped.params);
  for (const [path, { data }] of viewParams(full.model.params, params)) {
    const from = source.get(path)!.data;
    const head = 4 * 16;
    if (!path.endsWith("qkv.weight")) data.set(from);
    else {
      [0, 1, 2, 3, 4, 4, 5, 5, 6, 6, 7, 7].forEach((h, i) => {
        data.set(from.subarray(h * head, (h + 1) * head), i * head);
      });
    }
  }
  const leaders = [0, 1, 1, 1];
  const [a, b] = [inherit(grouped, leaders), inherit({ decoder: full, params }, leaders)];
  expect(apart(await logits(a), await logits(b))).toBeLessThan(1e-5);
});

test("TinyLlama: nine followers save 42,467,328 parameters", () => {
  const leaders = Array.from({ length: 22 }, (_, i) => (i >= 4 && i < 13 ? 3 : i));
  const config = llama({
    vocabulary: 32_000,
    context: 2048,
    width: 2048,
    layers: 22,
    heads: 32,
    keyHeads: 4,
    inner: 5632,
    leaders,
  });
  expect(savedParameters(config)).toBe(42_467_328);
});

test("the leader's queries learn from its followers: finite differences, and not so when the map is cut off", async () => {
  const config = llama({ ...SMALL, width: 8, heads: 2, layers: 3, leaders: [0, 0, 0] });
  const { decoder: made, params } = trained(config, 6);
  const step = (detached: boolean) => {
    const model = detached ? detachedFollowers(config) : made;
    return program((p: Tensor) => {
      const state = { params: p, buffers: constant(host(new Float32Array(0))) };
      const loss = model.model
        .apply(state, constant(tokens(6)), {})
        .output.square()
        .mean();
      return { loss, gradient: grad(loss, [p])[0]! };
    });
  };
  const run = step(false);
  const { gradient } = await run(host(Float64Array.from(params), [params.length], "f64"));
  const entry = made.model.params.entries.find(({ path }) => path === "blocks.0.qkv.weight")!;
  const exact = toNumbers(gradient);
  // A query's row; central differences in doubles.
  for (const at of [0, 5, 17, 40]) {
    const i = entry.offset + at;
    const lossAt = async (delta: number) => {
      const moved = Float64Array.from(params);
      moved[i]! += delta;
      return toNumbers((await run(host(moved, [moved.length], "f64"))).loss)[0]!;
    };
    const slope = ((await lossAt(1e-5)) - (await lossAt(-1e-5))) / 2e-5;
    expect(Math.abs(slope - exact[i]!)).toBeLessThan(1e-5 * Math.max(1, Math.abs(slope)));
  }
  const cut = step(true);
  const other = toNumbers((await cut(host(Float64Array.from(params), [params.length], "f64"))).gradient);
  const rows = [exact, other].map((all) => all.slice(entry.offset, entry.offset + 8 * 8)) as [number[], number[]];
  expect(apart(...rows)).toBeGreaterThan(1e-3 * Math.max(...rows[0].map(Math.abs)));
  await Promise.all([run.release(), cut.release()]);
});

test("dropped attention: the followers' values do not matter", async () => {
  const leaders = [0, 1, 1, 3];
  const copied = inherit(trained(llama(SMALL)), leaders);
  const { config } = copied.decoder;
  const dropped = { decoder: withoutFollowers(config), params: copied.params };
  const before = await logits(dropped);
  expect(apart(before, await logits(copied))).toBeGreaterThan(1e-3);
  const params = copied.params.slice();
  let unused = 0;
  for (const [path, { data }] of viewParams(dropped.decoder.model.params, params)) {
    if (!/^blocks\.2\.(v|proj)/.test(path)) continue;
    data.fill(3);
    unused += data.length;
  }
  expect(await logits({ ...dropped, params })).toEqual(before);
  expect(unusedParameters(config)).toBe(unused);
});

test("whoever has no queries cannot lead", () => {
  const student = inherit(trained(llama(SMALL)), [0, 1, 1, 3]);
  expect(() => inherit(student, [0, 1, 2, 3])).toThrow(/cannot lead/);
});

/** The same decoder, its followers reading a map that no gradient passes. */
function detachedFollowers(config: DecoderConfig): Decoder {
  const forward = (scope: Scope, given: Tensor, inputs: Inputs) => {
    const full = fullAttention(inputs);
    const mix = (layer: number, map: Tensor, v: Tensor) =>
      full.mix(layer, config.leaders[layer] === layer ? map : stopGradient(map), v);
    return decode(config, scope, given, inputs, { ...full, mix });
  };
  return {
    config,
    model: defineModel("detached", [config.context], forward, { classes: config.vocabulary, inputDtype: "i32" }),
  };
}

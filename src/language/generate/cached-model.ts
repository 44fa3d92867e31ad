/**
 * A decoder compiled for generation: one graph whose numbers of tokens, sequences and rows are known only when it runs,
 * so that a prompt, a step of any batch and a scored text share one session and one copy of the weights. Everything but
 * attention works on tokens alone, which is why n tokens of b sequences are a batch of n sequences of one token to the
 * forward function, and only `cache.ts` of the engine knows better.
 */
import { fail } from "../../errors.ts";
import { viewParams } from "../../nn/index.ts";
import { scopeOver } from "../../nn/scope.ts";
import { emit } from "../../tensor/compile/emitter.ts";
import { placeholder } from "../../tensor/graph.ts";
import {
  constant,
  currentBackend,
  type HostTensor,
  host,
  type SessionOptions,
  type Tensor,
} from "../../tensor/index.ts";
import {
  type CachePlaces,
  cachedAttention,
  cacheMap,
  cacheMix,
  cacheWrite,
  hasFusedCache,
  leadingAttention,
} from "../../tensor/ops/cache.ts";
import { type Attention, type Decoder, type DecoderConfig, decode } from "../decoder/index.ts";
import { type CacheTensors, cacheNames } from "./caches.ts";

/** What one run computes. n tokens of b sequences, n / b of each, one sequence after the other. */
export interface Run {
  /** [n]; n and r stay the same size for as long as an array is used. */
  readonly tokens: Int32Array;
  /** Places of the tokens in their sequences, [n]. */
  readonly positions: Int32Array;
  /** Places of the last token of each sequence, [b]. */
  readonly last: Int32Array;
  /** Tokens whose successors are wanted, [r]. */
  readonly rows: Int32Array;
  /** 1 / temperature for each row, [r]. */
  readonly inverseTemperature: Float32Array;
  /** Of the b sequences; written in place. */
  readonly caches: CacheTensors;
}

/** What comes out, r rows; overwritten by the next run where the model was told to reuse memory. */
export interface Distributions {
  /** [r, vocabulary] */
  readonly logits: Float32Array;
  /** softmax(logits / temperature), [r, vocabulary]. */
  readonly probabilities: Float32Array;
  /** log Σ exp(logits), [r]. */
  readonly normalisers: Float32Array;
}

export interface CachedModelOptions extends SessionOptions {
  /** Weights that never change, packed once for the kernels. Without them every run is given its own. */
  readonly params?: Float32Array;
  /** Keeps to standard attention, as heads that the fused kernel cannot take do. */
  readonly unfused?: boolean;
}

export interface CachedModel {
  readonly config: DecoderConfig;
  /** @param params where the model was compiled without; the layout of the decoder's model */
  run(run: Run, params?: Float32Array): Promise<Distributions>;
  release(): Promise<void>;
}

/** Attention over caches; what it has written stands in `written` by name. */
function overCaches(
  config: DecoderConfig,
  caches: ReadonlyMap<string, Tensor>,
  places: CachePlaces,
  fused: boolean,
  written: Map<string, Tensor>,
): Attention {
  const write = (name: string, rows: Tensor): Tensor => {
    const after = cacheWrite(caches.get(name)!, rows, places);
    written.set(name, after);
    return after;
  };
  const map: Attention["map"] = (layer, q, k) => cacheMap(q, write(`keys${layer}`, k), places);
  const mix: Attention["mix"] = (layer, weights, v) =>
    cacheMix(weights, write(`values${layer}`, v), v.shape[0]!, config.heads);
  /** By the fused kernel, whose outputs are the caches too. */
  const by = <T extends ReturnType<typeof cachedAttention>>(
    kernel: (...given: Parameters<typeof cachedAttention>) => T,
    layer: number,
    [q, k, v]: readonly [Tensor, Tensor, Tensor],
  ): T => {
    const [keys, values] = [`keys${layer}`, `values${layer}`];
    const after = kernel(q, k, v, caches.get(keys)!, caches.get(values)!, places);
    written.set(keys, after.keys);
    written.set(values, after.values);
    return after;
  };
  const apart: Attention["lead"] = (layer, q, k, v) => {
    const weights = map(layer, q, k);
    return { map: weights, mixed: mix(layer, weights, v) };
  };
  return {
    map,
    mix,
    lead: (layer, q, k, v) => (fused ? by(leadingAttention, layer, [q, k, v]) : apart(layer, q, k, v)),
    attend: (layer, q, k, v) => (fused ? by(cachedAttention, layer, [q, k, v]) : apart(layer, q, k, v)).mixed,
  };
}

/** The whole graph: inputs and outputs by name. */
function graphOf(decoder: Decoder, { params, unfused = false }: CachedModelOptions) {
  const { config, model } = decoder;
  const inputs: { name: string; tensor: Tensor }[] = [];
  const input = (name: string, dtype: "i32" | "f32", shape: readonly (number | string)[]): Tensor => {
    const tensor = placeholder(name, dtype, shape);
    inputs.push({ name, tensor });
    return tensor;
  };
  const tokens = input("tokens", "i32", ["n", 1]);
  const places = {
    positions: input("positions", "i32", ["n", 1]),
    last: input("last", "i32", ["b"]),
    total: input("total", "i32", [1]),
  };
  const rows = input("rows", "i32", ["r"]);
  const inverse = input("inverseTemperature", "f32", ["r", 1]);
  const shape = ["b", config.keyHeads, "s", config.headWidth];
  const caches = new Map(cacheNames(config).map((name) => [name, input(name, "f32", shape)]));
  const frozen = params && viewParams(model.params, params);
  const weights = new Map(
    model.params.entries.map(({ path, shape }) => [
      path,
      frozen ? constant(frozen.get(path)!, path) : input(path, "f32", shape),
    ]),
  );
  const taps = new Map<string, Tensor>();
  const none = (): never => fail("E_INTERNAL", "A decoder asked for a buffer or a random draw while generating.");
  const scope = scopeOver({
    train: false,
    param: (path) => weights.get(path)!,
    buffer: none,
    random: none,
    update: none,
    tap: (path, value) => taps.set(path, value),
  });
  const written = new Map<string, Tensor>();
  const fused = !unfused && hasFusedCache(config.headWidth);
  decode(config, scope, tokens, places, overCaches(config, caches, places, fused, written));
  // The output matrix is the widest of all: only rows that somebody asked for go through it.
  const features = taps.get("features")!.reshape([-1, config.width]).gather(rows);
  const logits = features.matmul(weights.get(config.tied ? "embed.weight" : "head.weight")!, { transB: true });
  const outputs = [
    { name: "logits", tensor: logits },
    { name: "probabilities", tensor: logits.mul(inverse).softmax() },
    { name: "normalisers", tensor: logits.logSumExp(-1) },
    ...[...written].map(([name, tensor]) => ({ name: `${name}+`, tensor })),
  ];
  return { inputs, outputs };
}

/** Numbers below which a step of few sequences is over before a second thread has helped (bench/decode-threads.ts). */
const ONE_THREAD = 1e6;

/**
 * Compiles; small models for one thread whatever LYCEUM_THREADS is, unless `threads` says otherwise.
 * @throws E_PARAM_SHAPE for parameters of another model, E_COMPILE
 */
export async function cachedModel(decoder: Decoder, options: CachedModelOptions = {}): Promise<CachedModel> {
  const { config, model } = decoder;
  const { inputs, outputs } = graphOf(decoder, options);
  const backend = await currentBackend();
  const threads = options.threads ?? (model.params.size < ONE_THREAD ? 1 : undefined);
  const session = await backend.compile(emit(inputs, outputs, { name: "generate" }), {
    ...options,
    ...(threads !== undefined && { threads }),
  });
  /** Wrapping arrays costs as much as a small kernel, so tensors live as long as their arrays. */
  const known = new WeakMap<Int32Array | Float32Array, HostTensor>();
  const tensor = (data: Int32Array | Float32Array, shape: readonly number[]): HostTensor => {
    let value = known.get(data);
    // One array may be given twice, in two shapes.
    if (value?.shape.length !== shape.length) known.set(data, (value = host(data, shape)));
    return value;
  };
  const views = new WeakMap<Float32Array, Record<string, HostTensor>>();
  const viewsOf = (params: Float32Array): Record<string, HostTensor> => {
    let value = views.get(params);
    if (!value) views.set(params, (value = Object.fromEntries(viewParams(model.params, params))));
    return value;
  };
  const memory = new Map<number, { [K in "logits" | "probabilities" | "normalisers"]: HostTensor }>();
  const memoryFor = (rows: number) => {
    let value = memory.get(rows);
    if (!value) {
      const wide = () => host(new Float32Array(rows * config.vocabulary), [rows, config.vocabulary]);
      value = { logits: wide(), probabilities: wide(), normalisers: host(new Float32Array(rows), [rows]) };
      // One number of rows at a time is asked for again and again.
      memory.clear();
      memory.set(rows, value);
    }
    return value;
  };
  return {
    config,
    async run(run, params) {
      if (!params === !options.params) {
        fail(
          "E_GENERATE",
          `A model compiled ${params ? "with" : "without"} its parameters was run ${params ? "with" : "without"} some.`,
        );
      }
      const n = run.tokens.length;
      const r = run.rows.length;
      // Its own memory in every run: runs may be asked for side by side, and are executed later.
      const total = host(Int32Array.of(1 + run.last.reduce((a, b) => Math.max(a, b), 0)), [1]);
      const feeds = {
        tokens: tensor(run.tokens, [n, 1]),
        positions: tensor(run.positions, [n, 1]),
        last: tensor(run.last, [run.last.length]),
        total,
        rows: tensor(run.rows, [r]),
        inverseTemperature: tensor(run.inverseTemperature, [r, 1]),
        ...run.caches.before,
        ...(params && viewsOf(params)),
      };
      const { logits, probabilities, normalisers } = memoryFor(r);
      const results = await session.run(feeds, { logits, probabilities, normalisers, ...run.caches.after });
      const data = (name: string) => results[name]!.data as Float32Array;
      return { logits: data("logits"), probabilities: data("probabilities"), normalisers: data("normalisers") };
    },
    release: () => session.release(),
  };
}

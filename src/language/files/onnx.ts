/**
 * A decoder with its cache of keys and values as one ONNX file of standard operators, with the names that optimum and
 * transformers.js use. The residual stream is kept as [B·T, D], so that every matrix lies in the file as we store it
 * and serves by one Gemm; a layer that follows another's attention map has a cache of values alone.
 */
import { viewParams } from "../../nn/index.ts";
import { bytesOf } from "../../teaching/files.ts";
import { HIDDEN } from "../../tensor/index.ts";
import { checked, type DecoderConfig, followersOf, rotaryFrequencies } from "../decoder/index.ts";
import { type GraphWriter, graphWriter } from "./onnx-graph.ts";
import { checkSize, type DecoderToSave, half } from "./save.ts";
import { layoutOf } from "./tensors.ts";

/** F16 halves the file; it is widened when the file is loaded, and everything is computed in f32 either way. */
export type OnnxType = "F32" | "F16";

/**
 * Inputs, with T new tokens after P cached ones: `input_ids` i64 [B, T]; `attention_mask` i64 [B, P + T], 0 for padding;
 * `position_ids` i64 [B, T]; per layer i `past_key_values.i.key` and `.value` f32 [B, G, P, E] (P may be 0).
 * Outputs: `logits` f32 [B, T, V]; `present.i.key` and `.value` f32 [B, G, P + T, E]. Opset 20.
 * @throws E_PARAM_SHAPE, E_EXPORT beyond 2 GiB, E_DECODER_FILE for values beyond F16
 */
export function decoderOnnx(
  { config, params }: Pick<DecoderToSave, "config" | "params">,
  dtype: OnnxType = "F32",
): Uint8Array {
  checked(config);
  const layout = layoutOf(config);
  checkSize(params, layout.size);
  const graph = graphWriter();
  const views = viewParams(layout, params);
  const wide = new Map<string, string>();
  /** A parameter as it is stored; matrices may be f16. */
  const kept = (path: string): { name: string; narrow: boolean } => {
    const { data, shape } = views.get(path)!;
    const narrow = dtype === "F16" && shape.length > 1;
    if (!wide.has(path)) {
      wide.set(
        path,
        graph.stored(path, narrow ? "f16" : "f32", shape, narrow ? half(data, "F16", path) : bytesOf(data)),
      );
    }
    return { name: path, narrow };
  };
  const widened = new Map<string, string>();
  const param = (path: string): string => {
    const { name, narrow } = kept(path);
    if (!narrow) return name;
    if (!widened.has(path)) widened.set(path, graph.op("Cast", [name], { to: 1 }));
    return widened.get(path)!;
  };
  const rowsOf = (path: string, ids: string): string => {
    const { name, narrow } = kept(path);
    const rows = graph.op("Gather", [name, ids], { axis: 0 });
    return narrow ? graph.op("Cast", [rows], { to: 1 }) : rows;
  };
  writeDecoder(graph, config, { param, rowsOf, has: (path) => views.has(path) });
  return graph.encode("A decoder-only language model with a cache of keys and values, written by Lyceum.");
}

interface Parameters {
  param(path: string): string;
  rowsOf(path: string, ids: string): string;
  has(path: string): boolean;
}

const BATCH = "batch_size";
const NEW = "sequence_length";
const PAST = "past_sequence_length";
/** As optimum spells it. */
const ALL = "past_sequence_length + sequence_length";

function writeDecoder(graph: GraphWriter, config: DecoderConfig, { param, rowsOf, has }: Parameters): void {
  const { vocabulary, width, layers, heads, keyHeads, headWidth, inner, leaders, normEpsilon } = config;
  const { op, ops, i64, scalar } = graph;
  const ids = graph.input("input_ids", "i64", [BATCH, NEW]);
  const present = graph.input("attention_mask", "i64", [BATCH, ALL]);
  const places = graph.input("position_ids", "i64", [BATCH, NEW]);

  const extent = op("Shape", [ids]);
  const length = op("Shape", [ids], { start: 1 });
  const total = op("Shape", [present], { start: 1 });
  const shaped = new Map<string, string>();
  /** Splits the rows of the stream into [B, T, ...sizes]. */
  const unrolled = (x: string, ...sizes: number[]) => {
    const key = String(sizes);
    if (!shaped.has(key)) shaped.set(key, op("Concat", [extent, i64(...sizes)], { axis: 0 }));
    return op("Reshape", [x, shaped.get(key)!]);
  };
  const rows = (x: string, size: number) => op("Reshape", [x, i64(-1, size)]);
  const headsFirst = (x: string) => op("Transpose", [x], { perm: [0, 2, 1, 3] });
  const linear = (path: string, x: string) => {
    const bias = has(`${path}.bias`) ? [param(`${path}.bias`)] : [];
    return op("Gemm", [x, param(`${path}.weight`), ...bias], { transB: 1 });
  };
  const rms = (path: string, x: string) => {
    const mean = op("ReduceMean", [op("Mul", [x, x]), i64(-1)], { keepdims: 1 });
    const root = op("Sqrt", [op("Add", [mean, scalar(normEpsilon)])]);
    return op("Mul", [op("Div", [x, root]), param(`${path}.weight`)]);
  };
  const normed = (path: string, x: string) =>
    config.norm === "rms"
      ? rms(path, x)
      : op("LayerNormalization", [x, param(`${path}.weight`), param(`${path}.bias`)], {
          axis: -1,
          epsilon: normEpsilon,
        });

  const hidden = maskOf(graph, { length, total, present });
  const turn = config.positions === "rotary" ? rotation(graph, config, places) : (x: string) => x;
  const grouped = heads !== keyHeads;
  // [B, G, (H/G)·T, S], for products with the shared heads, and [B, H, T, S], for the mask and the softmax.
  const stacked = grouped ? op("Concat", [i64(0, keyHeads, -1), total], { axis: 0 }) : "";
  const apart = grouped ? op("Concat", [i64(0, heads, -1), total], { axis: 0 }) : "";
  const cached = (layer: number, kind: "key" | "value", x: string) => {
    const past = graph.input(`past_key_values.${layer}.${kind}`, "f32", [BATCH, keyHeads, PAST, headWidth]);
    const name = `present.${layer}.${kind}`;
    graph.output(name, "f32", [BATCH, keyHeads, ALL, headWidth]);
    return op("Concat", [past, x], { axis: 2 }, name);
  };
  const mapOf = (q: string, k: string) => {
    const scaled = op("Mul", [q, scalar(1 / Math.sqrt(headWidth))]);
    const queries = grouped ? op("Reshape", [scaled, i64(0, keyHeads, -1, headWidth)]) : scaled;
    const scores = op("MatMul", [queries, op("Transpose", [k], { perm: [0, 1, 3, 2] })]);
    return op("Softmax", [op("Add", [grouped ? op("Reshape", [scores, apart]) : scores, hidden])], { axis: -1 });
  };
  const mix = (map: string, v: string) => {
    const mixed = op("MatMul", [grouped ? op("Reshape", [map, stacked]) : map, v]);
    const whole = grouped ? op("Reshape", [mixed, i64(0, heads, -1, headWidth)]) : mixed;
    return rows(headsFirst(whole), heads * headWidth);
  };
  const maps: string[] = [];
  const attention = (layer: number, x: string): string => {
    const block = `blocks.${layer}`;
    if (leaders[layer] !== layer) {
      const v = cached(layer, "value", headsFirst(unrolled(linear(`${block}.v`, x), keyHeads, headWidth)));
      return mix(maps[leaders[layer]!]!, v);
    }
    const counts = [heads, keyHeads, keyHeads];
    const sizes = i64(...counts.map((n) => n * headWidth));
    const [q, k, v] = ops("Split", [linear(`${block}.qkv`, x), sizes], { axis: 1 }, 3).map((part, i) =>
      unrolled(part, counts[i]!, headWidth),
    ) as [string, string, string];
    const placed = (which: "qnorm" | "knorm", t: string) =>
      headsFirst(turn(config.queryKeyNorm ? rms(`${block}.${which}`, t) : t));
    const keys = cached(layer, "key", placed("knorm", k));
    const values = cached(layer, "value", headsFirst(v));
    maps[layer] = mapOf(placed("qnorm", q), keys);
    return mix(maps[layer], values);
  };
  const feedForward = (block: string, x: string): string => {
    if (config.feedForward !== "swiglu") {
      const approximate = config.feedForward === "gelu" ? "none" : "tanh";
      return linear(`${block}.down`, op("Gelu", [linear(`${block}.up`, x)], { approximate }));
    }
    const [gate, up] = ops("Split", [linear(`${block}.gate_up`, x), i64(inner, inner)], { axis: 1 }, 2) as [
      string,
      string,
    ];
    return linear(`${block}.down`, op("Mul", [op("Mul", [gate, op("Sigmoid", [gate])]), up]));
  };

  graph.output("logits", "f32", [BATCH, NEW, vocabulary]);
  const words = rowsOf("embed.weight", ids);
  const placed = config.positions === "learned" ? op("Add", [words, rowsOf("positions.weight", places)]) : words;
  let x = rows(placed, width);
  for (let i = 0; i < layers; i++) {
    const block = `blocks.${i}`;
    const mixed = linear(`${block}.proj`, attention(i, normed(`${block}.norm1`, x)));
    x = op("Add", [x, mixed]);
    x = op("Add", [x, feedForward(block, normed(`${block}.norm2`, x))]);
  }
  const head = param(config.tied ? "embed.weight" : "head.weight");
  const scores = op("Gemm", [normed("norm", x), head], { transB: 1 });
  op("Reshape", [scores, op("Concat", [extent, i64(vocabulary)], { axis: 0 })], {}, "logits");
}

/** What is added to scores, [B, 1, T, S]: a token sees itself and what came before it, and no padding. */
function maskOf(
  { op, i64, scalar, ...graph }: GraphWriter,
  { length, total, present }: { length: string; total: string; present: string },
): string {
  const [t, s] = [op("Squeeze", [length]), op("Squeeze", [total])];
  const [zero, one] = [graph.stored("zero", "i64", [], new Uint8Array(8)), graph.stored("one", "i64", [], ONE)];
  const keys = op("Range", [zero, s, one]);
  const queries = op("Unsqueeze", [op("Range", [op("Sub", [s, t]), s, one]), i64(1)]);
  const real = op("Cast", [op("Unsqueeze", [present, i64(1, 2)])], { to: 9 });
  const visible = op("And", [op("LessOrEqual", [keys, queries]), real]);
  return op("Where", [visible, scalar(0), scalar(HIDDEN)]);
}
const ONE = bytesOf(BigInt64Array.of(1n));

/** Turns [B, T, heads, E] by the places of the tokens. */
function rotation(
  { op, ops, i64, ...graph }: GraphWriter,
  config: DecoderConfig,
  places: string,
): (x: string) => string {
  const frequencies = Float32Array.from(rotaryFrequencies(config));
  const half = frequencies.length;
  const each = graph.stored("rotary.frequencies", "f32", [half], bytesOf(frequencies));
  const angles = op("Mul", [op("Unsqueeze", [op("Cast", [places], { to: 1 }), i64(2, 3)]), each]);
  const [cos, sin] = [op("Cos", [angles]), op("Sin", [angles])];
  return (x) => {
    const [first, second] = ops("Split", [x, i64(half, half)], { axis: -1 }, 2) as [string, string];
    const turned = [
      op("Sub", [op("Mul", [first, cos]), op("Mul", [second, sin])]),
      op("Add", [op("Mul", [second, cos]), op("Mul", [first, sin])]),
    ];
    return op("Concat", turned, { axis: -1 });
  };
}

/** Bytes of the cache per token: keys and values in f32; followers of an attention map keep no keys. */
export const cacheBytes = (config: DecoderConfig): number =>
  (2 * config.layers - followersOf(config).length) * config.keyHeads * config.headWidth * 4;

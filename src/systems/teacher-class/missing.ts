/**
 * What a class is worth when some of its students do not answer: their chunks are replaced by the mean chunk, and
 * the head reads the rest. Logits are sums over chunks, so every subset costs a few additions.
 */
import type { Answers } from "../../teaching/exams/index.ts";
import type { Chunks } from "./chunks.ts";
import { activated, type Head } from "./head.ts";
import { unitStatistics } from "./statistics.ts";

/** Largest class of which every subset is tried; above it, runs of neighbours in a ring. */
const ALL_SUBSETS = 8;

export interface MissingRequest {
  readonly head: Head;
  readonly bounds: Chunks["bounds"];
  /** Answers of the class on the test part, `[rows, d]` in the order of the chunks. */
  readonly answers: Float32Array;
  readonly labels: Int32Array;
  /** [d]: what replaces a missing chunk. */
  readonly mean: Float32Array;
}

/** Mean accuracy over the subsets with 0, 1, ..., n students missing; n + 1 values. */
export function accuracyWithout(request: MissingRequest): number[] {
  const { bounds, labels } = request;
  const n = bounds.length;
  const parts = bounds.map((_, k) => contribution(request, k, request.answers));
  const means = bounds.map((_, k) => contribution(request, k, request.mean));
  return Array.from({ length: n + 1 }, (_, count) => {
    const sets = subsets(n, count);
    return sets.reduce((sum, gone) => sum + accuracyOf(request.head, parts, means, gone, labels), 0) / sets.length;
  });
}

/** W_k·f(z_k) of chunk k, `[rows, classes]`. */
function contribution({ head, bounds }: MissingRequest, k: number, answers: Float32Array): Float32Array {
  const classes = head.bias.length;
  const d = bounds.at(-1)![1];
  const [from, to] = bounds[k]!;
  const a = activated(head, answers);
  const rows = answers.length / d;
  const out = new Float32Array(rows * classes);
  for (let i = 0; i < rows; i++) {
    for (let c = 0; c < classes; c++) {
      let sum = 0;
      for (let j = from; j < to; j++) sum += head.weight[c * d + j]! * a[i * d + j]!;
      out[i * classes + c] = sum;
    }
  }
  return out;
}

function accuracyOf(
  { bias }: Head,
  parts: readonly Float32Array[],
  means: readonly Float32Array[],
  gone: ReadonlySet<number>,
  labels: Int32Array,
): number {
  const classes = bias.length;
  const base = Float64Array.from(bias);
  for (const k of gone) for (let c = 0; c < classes; c++) base[c]! += means[k]![c]!;
  const present = parts.filter((_, k) => !gone.has(k));
  let right = 0;
  for (let i = 0; i < labels.length; i++) {
    let [best, top] = [0, Number.NEGATIVE_INFINITY];
    for (let c = 0; c < classes; c++) {
      let logit = base[c]!;
      for (const part of present) logit += part[i * classes + c]!;
      if (logit > top) [best, top] = [c, logit];
    }
    if (best === labels[i]) right++;
  }
  return right / labels.length;
}

/** Sets of `count` of the students 0..n-1. */
export function subsets(n: number, count: number): Set<number>[] {
  if (n > ALL_SUBSETS) {
    const starts = count === 0 || count === n ? 1 : n;
    return Array.from({ length: starts }, (_, s) => new Set(Array.from({ length: count }, (_, i) => (s + i) % n)));
  }
  const out: Set<number>[] = [];
  for (let mask = 0; mask < 2 ** n; mask++) {
    const members = Array.from({ length: n }, (_, k) => k).filter((k) => (mask >> k) & 1);
    if (members.length === count) out.push(new Set(members));
  }
  return out;
}

/** Mean of each position over rows `[rows, d]`. */
export const meanAnswer = (answers: Float32Array, d: number): Float32Array => unitStatistics(answers, d).mean;

/** The same for an ensemble: mean accuracy of the remaining members' mean logits; the last value is that of one. */
export function ensembleWithout(members: readonly Answers[], labels: Int32Array): number[] {
  const n = members.length;
  const { classes } = members[0]!;
  const head: Head = { weight: new Float32Array(0), bias: new Float32Array(classes), activation: "identity" };
  const parts = members.map((m) => m.logits);
  const nothing = parts.map(() => new Float32Array(classes));
  return Array.from({ length: n }, (_, count) => {
    const sets = subsets(n, count);
    return sets.reduce((sum, gone) => sum + accuracyOf(head, parts, nothing, gone, labels), 0) / sets.length;
  });
}

/**
 * Contrastive representation distillation (Tian, Krishnan & Isola, ICLR 2020, equations 17-19 with memory banks):
 * student and teacher embed the same example alike, and examples of other classes apart.
 *
 * v_s, v_t `[B, 128]`: linear embeddings of length 1, both trained. Two banks M_s, M_t `[N, 128]` remember every
 * training example. Example i has one positive (itself; a random one of its class with `relax`) and K negatives of other
 * classes. Scores h = exp(⟨M_t[idx], v_s⟩/τ)/Z_s and exp(⟨M_s[idx], v_t⟩/τ)/Z_t; Z = N·mean(exp) of the first batch, then
 * frozen. With P = 1/N and m = K, each side adds -mean_b [log(h⁺/(h⁺+mP+ε)) + Σ_k log(mP/(h⁻_k+mP+ε))], ε = 1e-7. Then
 * the rows of the batch become normalise(½·M + ½·v). RepDistiller: τ = 0.07, K = 16384, weight 0.8.
 *
 * The negatives are drawn in the step, one out of each of K equal parts of the other classes' examples (by class):
 * uniform, and nearly without repetition, as in the reference. K = 512 by default: the published one needs 1 GB.
 */
import { fail } from "../../errors.ts";
import {
  concat,
  constant,
  gather,
  host,
  matmul,
  randomUniform,
  scatterAdd,
  split,
  type Tensor,
} from "../../tensor/index.ts";
import { needAdapters, project } from "./adapter.ts";
import { type ExampleLabels, type Loss, type LossBatch, tapOf } from "./loss.ts";
import { unit } from "./vector.ts";

export interface CrdOptions {
  /** Taps of the embeddings `[B, d]`. */
  readonly student: string;
  readonly teacher: string;
  /** K, negatives per example. */
  readonly negatives?: number;
  readonly temperature?: number;
  /** Share of a bank's row that stays. */
  readonly momentum?: number;
  /** Of the common space. */
  readonly width?: number;
  /** Whether the positive is any example of the class ("relax") instead of the example itself ("exact"). */
  readonly relax?: boolean;
}

const EPS = 1e-7;
/** exp(1/τ) is 5e21 there, with room for rows that are not yet of length 1. */
const COLDEST = 0.02;

/** Needs ids, a key and the labels of all examples in the batch. @throws E_LOSS_BATCH, E_LOSS_ADAPTER */
export function crd(options: CrdOptions): Loss {
  const { student, teacher, negatives = 512, temperature = 0.07, momentum = 0.5, width = 128, relax = false } = options;
  if (!Number.isInteger(negatives) || negatives < 1) {
    fail("E_RANGE", `CRD got ${negatives} negatives.`, "Use a whole number from 1.");
  }
  if (!(temperature >= COLDEST)) {
    fail("E_RANGE", `CRD got the temperature ${temperature}.`, `Use ${COLDEST} or more: exp(1/τ) has to fit f32.`);
  }
  return (outputs, targets, batch) => {
    const scope = needAdapters(batch.adapters, "CRD embeds both sides and remembers every example,");
    const { ids, key, examples } = batch;
    if (!ids || !key || !examples) {
      return fail(
        "E_LOSS_BATCH",
        "CRD draws negatives from all training examples, but the batch does not say which they are.",
        "Give ids, key and examples in the batch, as lessons do.",
      );
    }
    const n = examples.labels.length;
    const s = unit(project(scope.at("student"), tapOf(outputs, student, "student").flatten(1), width));
    const t = unit(project(scope.at("teacher"), tapOf(targets, teacher, "teacher").flatten(1), width));
    const index = drawn({ ids, key, examples, labels: batch.labels }, negatives, relax);
    const bound = Math.sqrt(3 / width);
    const bank = (name: string) => scope.state(name, [n, width], bound);
    const banks = { student: bank("studentBank"), teacher: bank("teacherBank") };
    const first = scope.state("scale", [2], { fill: -1 });
    const [scaleS, scaleT] = split(first, 0, [1, 1]) as [Tensor, Tensor];
    const own = scored(banks.teacher, s, index, temperature, scaleS, n);
    const other = scored(banks.student, t, index, temperature, scaleT, n);
    scope.update("scale", concat([own.scale, other.scale]));
    scope.update("studentBank", remembered(banks.student, ids, s, momentum));
    scope.update("teacherBank", remembered(banks.teacher, ids, t, momentum));
    const sides = [own, other].map(({ scores }) => contrast(scores, n)) as [Tensor, Tensor];
    return { loss: sides[0].add(sides[1]), parts: { student: sides[0], teacher: sides[1] } };
  };
}

/** h `[B, 1+K]`, the positive first, and the Z it was divided by. */
function scored(bank: Tensor, v: Tensor, index: Tensor, temperature: number, before: Tensor, n: number) {
  const rows = gather(bank, index); // [B, 1+K, width]
  const raw = matmul(rows, v.expandDims(-1)).squeeze(-1).div(temperature).exp();
  const now = raw.mean().stopGradient().mul(n).reshape([1]);
  const scale = before.lt(0).where(now, before);
  return { scores: raw.div(scale), scale };
}

/** Noise-contrastive estimation of one side; scores `[B, 1+K]`, the positive first; N examples. */
export function contrast(scores: Tensor, n: number): Tensor {
  const [batch = 1, columns = 2] = scores.dims;
  const noise = (columns - 1) / n;
  const [positive, others] = split(scores, 1, [1, columns - 1]) as [Tensor, Tensor];
  const right = positive.div(positive.add(noise + EPS)).log();
  const wrong = others
    .add(noise + EPS)
    .log()
    .neg()
    .add(Math.log(noise));
  return right
    .sum()
    .add(wrong.sum())
    .mul(-1 / batch);
}

/** The bank with the rows of the batch moved towards v. */
function remembered(bank: Tensor, ids: Tensor, v: Tensor, momentum: number): Tensor {
  const before = gather(bank, ids);
  const after = unit(before.mul(momentum).add(v.stopGradient().mul(1 - momentum)));
  return scatterAdd(bank, ids, after.sub(before));
}

/** i32 `[B, 1+K]`: the positive, then the negatives. */
function drawn(
  { ids, key, examples, labels }: Required<Pick<LossBatch, "ids" | "key" | "examples" | "labels">>,
  negatives: number,
  relax: boolean,
): Tensor {
  const { order, starts, counts, n } = byClass(examples);
  const [batch = 1] = ids.dims;
  const draws = randomUniform(key, [batch, negatives + 1]);
  const [chance, places] = split(draws, 1, [1, negatives]) as [Tensor, Tensor];
  const start = gather(starts, labels).expandDims(-1); // [B, 1], f32: exact up to 16 million examples
  const count = gather(counts, labels).expandDims(-1);
  const others = count.neg().add(n);
  const part = constant(host(Float32Array.from({ length: negatives }, (_, k) => k)));
  const among = places.add(part).mul(others).div(negatives).floor().minimum(others.sub(1));
  const place = among.lt(start).where(among, among.add(count));
  const same = start.add(chance.mul(count).floor().minimum(count.sub(1)));
  const at = (position: Tensor) => gather(order, position.cast("i32"));
  const positive = relax ? at(same) : ids.expandDims(-1);
  return concat([positive, at(place)], 1);
}

/** Ids sorted by class `[N]`, and where each class lies among them `[C]`. @throws E_LOSS_BATCH */
function byClass({ labels, classes }: ExampleLabels) {
  const n = labels.length;
  const counts = new Float32Array(classes);
  for (let i = 0; i < n; i++) counts[labels[i]!]!++;
  if (counts.includes(n)) {
    fail(
      "E_LOSS_BATCH",
      `All ${n} examples belong to one class.`,
      "CRD needs examples of other classes to contrast with.",
    );
  }
  const starts = new Float32Array(classes);
  for (let c = 1; c < classes; c++) starts[c] = starts[c - 1]! + counts[c - 1]!;
  const next = Float64Array.from(starts);
  const order = new Int32Array(n);
  for (let i = 0; i < n; i++) order[next[labels[i]!]!++] = i;
  return { order: constant(host(order)), starts: constant(host(starts)), counts: constant(host(counts)), n };
}

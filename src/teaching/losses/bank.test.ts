/** The bank of losses against PyTorch, in f64: values, gradients, state (test/fixtures/losses_bank.py says what each case is). */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { grad, type HostTensor, program, type Tensor, toNumbers } from "../../tensor/index.ts";
import { ab } from "./ab.ts";
import { cc } from "./cc.ts";
import { lwf } from "./continual/lwf.ts";
import { ewcPenalty } from "./continual/penalty.ts";
import { crd } from "./crd.ts";
import { fsp } from "./fsp.ts";
import { ft } from "./ft.ts";
import { denselyGuided } from "./group/dense.ts";
import { type EnsembleOptions, ensembleDistillation } from "./group/ensemble.ts";
import { mutualLearning } from "./group/mutual.ts";
import { generalisedJsd, jsDivergence, symmetricKl, totalVariation } from "./language/divergences.ts";
import { onTokens, tokenCrossEntropy } from "./language/tokens.ts";
import type { Loss, Outputs } from "./loss.ts";
import { mgd } from "./mgd.ts";
import { nst } from "./nst.ts";
import { ofd } from "./ofd.ts";
import { inBatchCrossEntropy, inBatchScores, listwiseKl } from "./ranking/lists.ts";
import { marginHinge, marginMse, pointwiseMse } from "./ranking/margins.ts";
import { reviewKd } from "./reviewkd.ts";
import { type Case, evaluateLoss, values } from "./testing.ts";
import { teacherFree } from "./tf-kd.ts";
import { miniLm, miniLmV2 } from "./transformer/minilm.ts";
import { softCrossEntropy, tinyBert } from "./transformer/tinybert.ts";
import { vid } from "./vid.ts";

interface Numbers {
  readonly shape: number[];
  readonly data: number[];
}
type Named = Readonly<Record<string, Numbers>>;
interface Fixture {
  readonly name: string;
  readonly loss: string;
  // biome-ignore lint/suspicious/noExplicitAny: numbers, lists and words, as each loss takes them.
  readonly options: any;
  readonly inputs: Named;
  readonly constants: Named;
  readonly value: number;
  readonly gradients: Named;
  readonly after: Named;
}

const path = new URL("../../../test/fixtures/losses_bank.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(path, "utf8")) as { cases: Fixture[] };

const maps = [
  ["m1", "m1"],
  ["m2", "m2"],
] as const;
const one = { student: "m", teacher: "m" };
const vector = { student: "f", teacher: "f" };
const block = { student: "blocks.0", teacher: "blocks.0" };

/** Losses of (outputs, targets, batch). */
const build: Record<string, (o: Fixture["options"]) => Loss<Outputs, never> | Loss> = {
  tfkd: (o) => teacherFree(o) as Loss,
  cc: (o) => cc({ ...vector, ...o }),
  vid: () => vid({ maps }),
  mgd: (o) => mgd({ ...one, ...o }),
  nst: () => nst({ maps }),
  ab: (o) => ab({ maps, ...o }),
  ft: (o) => ft({ ...one, ...o }),
  fsp: () => fsp({ maps }),
  ofd: () => ofd({ maps }),
  reviewkd: () => reviewKd({ student: "e", teacher: "e", maps }),
  crd: (o) => crd({ ...vector, ...o }),
  symmetricKl: (o) => onTokens(symmetricKl(o.lambda)),
  totalVariation: () => onTokens(totalVariation()),
  jsDivergence: (o) => onTokens(jsDivergence(o.lambda)),
  generalisedJsd: (o) => onTokens(generalisedJsd(o.beta)),
  tokenCrossEntropy: () => tokenCrossEntropy() as Loss,
  miniLm: () => miniLm(block),
  miniLmV2: (o) => miniLmV2({ ...block, ...o }),
  tinyBert: () => tinyBert({ student: { layers: 1 }, teacher: { layers: 2, attention: (m) => `blocks.${m - 1}` } }),
  softCrossEntropy: () => softCrossEntropy(),
  lwf: (o) => lwf(o),
};

type Tensors = Readonly<Record<string, Tensor>>;
const total = (terms: readonly Tensor[]) => terms.reduce((a, b) => a.add(b));
const list = (all: Tensors, prefix: string) =>
  Object.entries(all).flatMap(([name, t]) => (new RegExp(`^${prefix}\\d$`).test(name) ? [t] : []));
const triple = (all: Tensors, prefix: string) => ({
  positive: all[`${prefix}positive`]!,
  negative: all[`${prefix}negative`]!,
});

/** Plain functions of (inputs, constants). */
const apply: Record<string, (i: Tensors, c: Tensors, fixture: Fixture) => Tensor> = {
  marginMse: (i, c) => marginMse(triple(i, ""), triple(c, "t.")),
  marginHinge: (i, c) => marginHinge(triple(i, ""), triple(c, "t.")),
  pointwiseMse: (i, c) => pointwiseMse(i.s!, c.t!),
  listwiseKl: (i, c, { options }) => listwiseKl(i.s!, c.t!, { ...options, ...(c.mask && { mask: c.mask.gt(0) }) }),
  inBatch: (i, _c, { options }) => inBatchCrossEntropy(inBatchScores(i.q!, i.d!), options.temperature),
  ewc: (i, _c, { options, constants }) => {
    const flat = (name: string) => Float32Array.from(constants[name]!.data);
    const anchors = [1, 2].map((k) => ({ params: flat(`old${k}`), importance: flat(`f${k}`) }));
    return ewcPenalty(i.theta!, anchors, options);
  },
  mutual: (i) => total(mutualLearning(list(i, "z"))),
  ensemble: (i, c, { options }) => {
    const gate = { gate: c.gate! };
    const { losses } = ensembleDistillation(list(i, "z"), c.labels!.cast("i32"), {
      ...options,
      ...gate,
    } as EnsembleOptions);
    return total(losses);
  },
  dense: (i, c, { options }) => total(denselyGuided(i.z0!, list(c, "t"), options)),
};

describe("the bank agrees with PyTorch", () => {
  it("covers every loss that has a fixture", () => {
    expect([...new Set(cases.map((c) => c.loss))].sort()).toEqual(Object.keys({ ...build, ...apply }).sort());
  });

  it.each(cases.map((c) => [c.name, c] as const))("%s", async (_name, c) => {
    const { value, gradients, after } = c.loss in build ? await asLoss(c) : await asFunction(c);
    // f64 on both sides: room for the order of summation and for guards of roots (1e-12 and below).
    expect(Math.abs(value - c.value)).toBeLessThan(1e-9 * Math.max(1, Math.abs(c.value)));
    for (const [name, expected] of Object.entries(c.gradients)) close(name, gradients[name]!, expected.data);
    for (const [name, expected] of Object.entries(c.after)) close(name, after[name]!, expected.data);
  });
});

function close(name: string, actual: readonly number[], expected: readonly number[]): void {
  const scale = Math.max(1e-3, ...expected.map(Math.abs));
  const worst = Math.max(...expected.map((e, i) => Math.abs(e - actual[i]!)));
  expect(worst / scale, name).toBeLessThan(1e-8);
}

const tensor = (n: Numbers): HostTensor => values(n.data, n.shape, "f64");
const strip = (all: Named, prefix: string) =>
  Object.fromEntries(
    Object.entries(all).flatMap(([name, n]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), tensor(n)]] : [],
    ),
  );

async function asLoss(c: Fixture) {
  const { z } = c.inputs;
  const { t, labels, ids, examples } = c.constants;
  const given: Case = {
    student: { ...(z && { logits: tensor(z) }), taps: strip(c.inputs, "s.") },
    teacher: { ...(t && { logits: tensor(t) }), taps: strip(c.constants, "t.") },
    adapters: strip(c.inputs, "a."),
    state: strip(c.constants, "m."),
    ...(labels && { tokens: values(labels.data, labels.shape, "i32") }),
    ...(ids && { ids: ids.data }),
    ...(examples && { examples: { labels: examples.data, classes: Math.max(...examples.data) + 1 } }),
    key: [1, 2],
  };
  const result = await evaluateLoss(build[c.loss]!(c.options) as Loss, given);
  const named = (name: string) => (name === "z" ? "logits" : name.replace(/^s\./, "").replace(/^a\./, "adapter."));
  return {
    value: result.value,
    gradients: Object.fromEntries(Object.keys(c.gradients).map((name) => [name, result.gradients[named(name)]!])),
    after: Object.fromEntries(Object.keys(c.after).map((name) => [name, result.state[name.slice(2)]!])),
  };
}

async function asFunction(c: Fixture) {
  const all = (named: Named) => Object.fromEntries(Object.entries(named).map(([name, n]) => [name, tensor(n)]));
  const run = program((i: Record<string, Tensor>, k: Record<string, Tensor>) => {
    const value = apply[c.loss]!(i, k, c);
    return {
      value,
      gradients: Object.fromEntries(grad(value, Object.values(i)).map((g, n) => [Object.keys(i)[n]!, g])),
    };
  });
  const result = await run(all(c.inputs), all(c.constants));
  await run.release();
  return {
    value: toNumbers(result.value)[0]!,
    gradients: Object.fromEntries(Object.entries(result.gradients).map(([name, g]) => [name, toNumbers(g)])),
    after: {} as Record<string, number[]>,
  };
}

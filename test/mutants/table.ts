/**
 * Plausible mistakes, one line each: a flipped sign, a missing T², teacher and student swapped, the wrong side detached,
 * an off-by-one. The tests named with each must notice it. New code adds its own rows.
 */
import { SYSTEM_MUTANTS } from "./systems.ts";

export interface Mutant {
  readonly file: string;
  /** The mistake in words. */
  readonly what: string;
  /** Stands exactly once in the file. */
  readonly from: string;
  readonly to: string;
  readonly tests: readonly string[];
}

type Row = readonly [file: string, what: string, from: string, to: string];

const ROOM = "src/teaching/losses";
const rows = (tests: readonly string[], list: readonly Row[]): Mutant[] =>
  list.map(([file, what, from, to]) => ({
    ...{ file: `${ROOM}/${file}.ts`, what, from, to },
    tests: tests.map((t) => `${ROOM}/${t}.test.ts`),
  }));

const CLASSIC = rows(
  ["fixtures", "invariants", "kd", "dkd", "dist", "at", "fitnet", "rkd", "nd", "cross-entropy", "weighted"],
  [
    ["kd", "T² dropped", "      .mul(temperature ** 2);", "      .mul(1);"],
    ["kd", "teacher and student swapped", "klFromLogs(teacher, student)", "klFromLogs(student, teacher)"],
    ["kd", "the student's temperature forgotten", "outputs.logits.div(temperature)", "outputs.logits"],
    ["dkd", "T² of TCKD dropped", "target.mean().mul(temperature ** 2)", "target.mean()"],
    [
      "dkd",
      "others swapped",
      "klFromLogs(teacher.others, student.others)",
      "klFromLogs(student.others, teacher.others)",
    ],
    ["dkd", "α and β swapped", "tckd.mul(alpha).add(nckd.mul(beta))", "tckd.mul(beta).add(nckd.mul(alpha))"],
    ["dkd", "target class not masked", "isTarget.where(MASKED, z)", "isTarget.where(z, z)"],
    [
      "dist",
      "τ² of the inter part dropped",
      "unlikeness(student, teacher).mul(square)",
      "unlikeness(student, teacher)",
    ],
    [
      "dist",
      "intra not transposed",
      "unlikeness(student.transpose(), teacher.transpose())",
      "unlikeness(student, teacher)",
    ],
    ["dist", "one side not centred", "b.sub(b.mean(-1, true))", "b"],
    ["at", "no square of activations", ".square().mean(1).flatten(1)", ".mean(1).flatten(1)"],
    ["fitnet", "sum in place of mean", "s.sub(t).square().mean()", "s.sub(t).square().sum()"],
    [
      "rkd",
      "weights swapped",
      "distanceLoss.mul(distance).add(angleLoss.mul(angle))",
      "distanceLoss.mul(angle).add(angleLoss.mul(distance))",
    ],
    ["rkd", "mean over all pairs", "raw.sum().div(kept.sum().maximum(1))", "raw.mean()"],
    ["nd", "smaller norm taken", "maximum(length(s), length(t))", "length(s)"],
    ["nd", "centres not normalised", "gather(unit(means), labels)", "gather(means, labels)"],
    ["nd", "sign flipped", ".mean().neg().add(1)", ".mean().add(1)"],
    ["cross-entropy", "smoothing over C - 1", "smoothing / classes", "smoothing / (classes - 1)"],
    ["weighted", "weight forgotten", "result.loss.mul(weight)", "result.loss"],
    ["weighted", "warm-up never ends", ".minimum(1).cast", ".cast"],
    ["loss", "teacher not detached", "logits: stopGradient(outputs.logits)", "logits: outputs.logits"],
  ],
);

const BANK = rows(
  ["bank", "bank-invariants", "fixtures", "tf-kd", "crd", "lesson"],
  [
    [
      "sp",
      "rows not normalised",
      "return unit(matmul(scaled, scaled, { transB: true }));",
      "return matmul(scaled, scaled, { transB: true });",
    ],
    [
      "pkt",
      "teacher and student swapped",
      "t.mul(t.add(EPS).log().sub(s.add(EPS).log()))",
      "s.mul(s.add(EPS).log().sub(t.add(EPS).log()))",
    ],
    ["pkt", "rows do not sum to 1", "similarity.div(similarity.sum(1, true))", "similarity"],
    ["cc", "off by one", "delta.slice(0, 1)", "delta.slice(0, 0, -1)"],
    ["vid", "log variance forgotten", ".add(variance.log()).mean()", ".mean()"],
    ["crd", "own bank", "scored(banks.teacher, s, index", "scored(banks.student, s, index"],
    [
      "crd",
      "momentum on the wrong side",
      "before.mul(momentum).add(v.stopGradient().mul(1 - momentum))",
      "before.mul(1 - momentum).add(v.stopGradient().mul(momentum))",
    ],
    [
      "crd",
      "gradient through the noise sign",
      "others\n    .add(noise + EPS)\n    .log()\n    .neg()",
      "others\n    .add(noise + EPS)\n    .log()",
    ],
    ["crd", "negatives of the same class", "among.lt(start).where(among, among.add(count))", "among"],
    ["mgd", "batch forgotten", ".sum().div(t.dims[0]!)", ".sum()"],
    ["reviewkd", "gates swapped", "x.mul(own).add(y.mul(other))", "x.mul(other).add(y.mul(own))"],
    ["ab", "sides swapped", "t.gt(0).where(below, above)", "t.gt(0).where(above, below)"],
    ["nst", "factor 2 lost", "kernel(s, t).mul(2)", "kernel(s, t)"],
    ["ft", "teacher's factor not detached", "factor.stopGradient()", "factor"],
    ["fsp", "positions not averaged", "{ transB: true, alpha: 1 / positions }", "{ transB: true }"],
    ["ofd", "margin forgotten", "t.maximum(margins(t))", "t.maximum(0)"],
    ["tf-kd", "wrong classes get too much", "(1 - correct) / (classes - 1)", "(1 - correct) / classes"],
  ],
);

const FAMILIES = rows(
  [
    "bank",
    "fixtures",
    "group/group",
    "language/divergences",
    "language/tokens",
    "ranking/ranking",
    "transformer/transformer",
    "continual/continual",
  ],
  [
    ["group/mutual", "peers not detached", "klFromLogs(other.stopGradient(), own)", "klFromLogs(other, own)"],
    ["group/mutual", "divided by K", "temperature ** 2 / others.length", "temperature ** 2 / logits.length"],
    ["group/ensemble", "worst in place of best", "loss.argmin(1)", "loss.argmax(1)"],
    ["group/dense", "T² dropped", ".mean().mul(temperature ** 2);\n  });", ".mean();\n  });"],
    ["language/divergences", "reverse is forward", "klFromLogs(q, p));\n}\n\n/**", "klFromLogs(p, q));\n}\n\n/**"],
    ["language/divergences", "mixture swapped", "logMix(p, q, beta)", "logMix(q, p, beta)"],
    ["language/divergences", "half forgotten", ".abs().sum(-1).mul(0.5)", ".abs().sum(-1)"],
    [
      "language/tokens",
      "mean over all tokens",
      ".div(weights.sum().maximum(1))",
      ".div(weights.sum().mul(0).add(weights.dims.reduce((a, b) => a * b, 1)))",
    ],
    ["language/tokens", "labels not shifted", "labels.slice(1, 1)", "labels.slice(1, 0, -1)"],
    [
      "ranking/margins",
      "hinge turned round",
      "stopGradient(margins(teacher)).sub(margins(student)).relu()",
      "margins(student).sub(stopGradient(margins(teacher))).relu()",
    ],
    ["ranking/lists", "temperature of one side", "scores.div(temperature)).logSoftmax()", "scores).logSoftmax()"],
    [
      "transformer/relations",
      "off by one in the causal mask",
      "i % length <= Math.floor(i / length)",
      "i % length < Math.floor(i / length)",
    ],
    ["transformer/minilm", "value relation from keys", "logRelation(s.v, s.v, mask)", "logRelation(s.k, s.k, mask)"],
    ["transformer/tinybert", "layers off by one", "((m + 1) * teacher) / student", "(m * teacher) / student + 1"],
    [
      "continual/lwf",
      "old and new swapped",
      "klFromLogs(log(targets.logits), log(outputs.logits))",
      "klFromLogs(log(outputs.logits), log(targets.logits))",
    ],
    ["continual/penalty", "half lost", "half ? strength / 2 : strength", "strength"],
    [
      "continual/penalty",
      "sign of the path integral",
      "omega.sub(gradient.mul(after.sub(before)))",
      "omega.add(gradient.mul(after.sub(before)))",
    ],
    [
      "continual/fisher",
      "mean of squares is square of means",
      "likelihood, [state.params])[0]!.square()",
      "likelihood, [state.params])[0]!",
    ],
  ],
);

export const MUTANTS: readonly Mutant[] = [...CLASSIC, ...BANK, ...FAMILIES, ...SYSTEM_MUTANTS];

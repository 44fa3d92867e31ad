/** What the paper says, and what this sweep measured. */
import { above, notRun } from "../kit/judge.ts";
import type { Claim, Findings, Judgement } from "../system.ts";
import type { NamedPair } from "./conclude.ts";
import type { Gain, UnseenResult } from "./evidence.ts";

interface Errors {
  readonly mean: number;
  readonly largest: number;
}
interface Values {
  readonly entropy: number;
  readonly laws: { readonly supervised: { readonly E: number } };
  readonly errors: {
    readonly supervised: Errors;
    readonly supervisedR2: number;
    readonly heldOut: number;
    readonly heldOutRuns: number;
    readonly distillation: Errors;
  };
  readonly recovery: { readonly median: number; readonly largest: number };
  readonly gains: readonly Gain[];
  readonly unseen: readonly UnseenResult[];
  readonly pairs90: readonly NamedPair[];
}
type Given = { readonly [K in keyof Values]?: Values[K] };
const valuesOf = (findings: Findings): Given => (findings.values ?? {}) as Given;

/** Of several judgements: fails when one fails, holds when all hold. */
function all(named: readonly (readonly [name: string, Judgement])[], missing: string): Judgement {
  if (named.length === 0) return notRun(missing);
  const measured = named.map(([name, j]) => `${name}: ${j.measured}`).join("; ");
  const worst = (["fails", "inconclusive"] as const).flatMap((v) => named.filter(([, j]) => j.verdict === v))[0];
  if (!worst) return { measured, verdict: "holds" };
  return { measured, verdict: worst[1].verdict, why: `${worst[0]}: ${worst[1].why ?? worst[1].verdict}` };
}

const pairsOf = (f: Findings, teacher: NamedPair["teacher"], which: "short" | "long"): NamedPair[] => {
  const pairs = (valuesOf(f).pairs90 ?? []).filter((p) => p.teacher === teacher);
  const lengths = pairs.map(({ tokens }) => tokens);
  const wanted = which === "short" ? Math.min(...lengths) : Math.max(...lengths);
  const here = pairs.filter(({ tokens }) => tokens === wanted);
  // Where some sizes have three seeds, those are judged; the others are in the report.
  const several = here.filter(({ seeds }) => seeds >= 3);
  return several.length > 0 ? several : here;
};
const sized = ({ layers }: NamedPair) => `${layers} layer${layers === 1 ? "" : "s"}`;
const percent = (share: number) => `${(100 * share).toFixed(2)} %`;

/** A bound on a number of the report. */
function below(value: number | undefined, bound: number, show: (v: number) => string, what: string): Judgement {
  if (value === undefined || !Number.isFinite(value)) return notRun(what);
  return value < bound
    ? { measured: show(value), verdict: "holds" }
    : { measured: show(value), verdict: "fails", why: `Not below ${show(bound)}.` };
}

export const claims: readonly Claim[] = [
  {
    id: "low-data",
    text: "With little data a strong teacher is worth a lot.",
    paper: "Distillation beats supervised training at few tokens for every student size.",
    criterion:
      "at the length nearest to 0.13 M tokens, loss on text alone less loss with the strongest teacher lies above 0.02 nats (95 % interval over seeds), for every size with three seeds",
    judge: (f) =>
      all(
        pairsOf(f, "strongest", "short").map((p) => [sized(p), above(f, p.alone, p.taught, "loss", 0.02)]),
        "The strongest teacher",
      ),
  },
  {
    id: "crossing",
    text: "With a weak teacher the order turns: with enough tokens plain training is better.",
    paper: "Supervised training always catches up when tokens are plenty and the teacher is fixed.",
    criterion:
      "at the longest common length, loss with the weakest teacher less loss on text alone lies above 0 (95 % interval over seeds), for every size with three seeds; where the gain is positive at shorter lengths the crossing lies between two measured ones and is reported",
    judge: (f) => {
      const long = pairsOf(f, "weakest", "long");
      const turned = long.map((p) => [sized(p), opposite(above(f, p.alone, p.taught, "loss"))] as const);
      return all(turned, "The weakest teacher");
    },
  },
  {
    id: "crossing-moves",
    text: "A larger student outgrows a fixed teacher sooner.",
    paper: "At fixed teacher loss the crossing in tokens falls with student size (follows from the fitted law).",
    criterion:
      "for each teacher with a measured crossing at two sizes or more, the crossing falls with every step of size",
    judge: (f) => {
      const gains = (valuesOf(f).gains ?? []).filter(({ crossing }) => crossing !== undefined);
      const teachers = [...new Set(gains.map(({ teacherId }) => teacherId))];
      const judged = teachers.flatMap((id): [string, Judgement][] => {
        const mine = gains.filter(({ teacherId }) => teacherId === id).sort((a, b) => a.N - b.N);
        if (mine.length < 2) return [];
        const measured = mine.map(({ N, crossing }) => `${(crossing! / 1e3).toFixed(0)} k tokens at N ${N}`).join(", ");
        const falls = mine.slice(1).every((g, i) => g.crossing! < mine[i]!.crossing!);
        const verdict: Judgement = falls
          ? { measured, verdict: "holds" }
          : { measured, verdict: "fails", why: "It rises." };
        return [[`teacher of loss ${mine[0]!.LT.toFixed(3)}`, verdict]];
      });
      return judged.length > 0
        ? all(judged, "")
        : {
            measured: `${gains.length} crossings`,
            verdict: "inconclusive",
            why: "No teacher has two crossings within the measured lengths.",
          };
    },
  },
  {
    id: "supervised-fit",
    text: "The supervised law describes the runs on text alone.",
    paper: "Relative errors below about 1 %.",
    criterion: "mean relative error below 1 % on the fitted runs, R² of log loss above 0.98",
    judge: (f) => {
      const { errors } = valuesOf(f);
      if (!errors) return notRun("The sweep");
      const error = below(errors.supervised.mean, 0.01, percent, "The sweep");
      const r2 = errors.supervisedR2;
      return all(
        [
          ["error", error],
          [
            "R²",
            {
              measured: r2.toFixed(4),
              ...(r2 > 0.98 ? { verdict: "holds" } : { verdict: "fails", why: "Not above 0.98." }),
            },
          ],
        ],
        "",
      );
    },
  },
  {
    id: "held-out",
    text: "It predicts longer runs than those that it was fitted to.",
    paper: "Fits on weak models alone predict strong ones with errors of about 1 %.",
    criterion: "mean relative error below 2 % on the longest runs, which the fit did not see",
    judge: (f) => below(valuesOf(f).errors?.heldOut, 0.02, percent, "The sweep"),
  },
  {
    id: "entropy",
    text: "Its irreducible loss is the entropy of the text.",
    paper: "Not testable there: the entropy of C4 is not known.",
    criterion: "|E − H| below 0.05 nats, E from the fit to all runs on text alone, H the oracle's exact entropy",
    judge: (f) => {
      const { laws, entropy } = valuesOf(f);
      if (!laws || entropy === undefined) return notRun("The sweep");
      const { E } = laws.supervised;
      const judgement = below(Math.abs(E - entropy), 0.05, (v) => `${v.toFixed(4)} nats`, "The sweep");
      return { ...judgement, measured: `E ${E.toFixed(4)}, H ${entropy.toFixed(4)}, apart ${judgement.measured}` };
    },
  },
  {
    id: "distillation-fit",
    text: "The distillation law describes students of all sizes, lengths and teachers.",
    paper: "Relative errors below about 1 %.",
    criterion: "mean relative error below 2 % on the fitted students",
    judge: (f) => below(valuesOf(f).errors?.distillation.mean, 0.02, percent, "The sweep"),
  },
  {
    id: "plans",
    text: "A plan's interval holds the loss of students that were trained afterwards.",
    paper: "The law extrapolates with errors of about 1 %.",
    criterion: "each run that no fit saw lies within the 90 % interval of its prediction",
    judge: (f) => {
      const unseen = valuesOf(f).unseen ?? [];
      if (unseen.length === 0) return notRun("An unseen run");
      const measured = unseen
        .map(
          ({ measured: m, loss, interval: [low, high] }) =>
            `${m.toFixed(3)} (predicted ${loss.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}])`,
        )
        .join("; ");
      const outside = unseen.filter(({ within }) => !within).length;
      if (outside === 0) return { measured, verdict: "holds" };
      return { measured, verdict: "fails", why: `${outside} of ${unseen.length} lie outside.` };
    },
  },
  {
    id: "recovery",
    text: "The fitter finds the published law again, in spite of noise and spoilt runs.",
    paper: "Not in the paper: a check of our fitter on its grid.",
    criterion:
      "median relative error below 0.5 % and largest below 1.5 % for twice the sizes and four times the tokens",
    judge: (f) => {
      const found = valuesOf(f).recovery;
      if (!found) return notRun("The recovery");
      return all(
        [
          ["median", below(found.median, 0.005, percent, "")],
          ["largest", below(found.largest, 0.015, percent, "")],
        ],
        "",
      );
    },
  },
];

/** a − b below 0 where `judgement` is about a − b above 0. */
function opposite({ measured, verdict, why }: Judgement): Judgement {
  if (verdict === "holds") return { measured, verdict: "fails", why: "The teacher still helps." };
  if (verdict === "fails") return { measured, verdict: "holds" };
  return { measured, verdict, ...(why !== undefined && { why }) };
}

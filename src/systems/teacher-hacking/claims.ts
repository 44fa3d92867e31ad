/** What the paper finds, and what the small laboratory measured. */
import { above, comparisonOf, meanOf, notRun } from "../kit/judge.ts";
import type { Claim, Findings, Judgement } from "../system.ts";
import type { Score } from "./detector.ts";
import type { ArmName } from "./options.ts";

interface Values {
  readonly names: Readonly<Record<ArmName, string>>;
  readonly score: { readonly runs: Score; readonly halves: Score };
}

const nameIn = (findings: Findings, arm: ArmName): string =>
  (findings.values as Partial<Values> | undefined)?.names?.[arm] ?? arm;

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

/** The 95 % interval of an arm's metric against a bound. */
function bounded(f: Findings, arm: ArmName, metric: string, side: "at least" | "at most", bound: number): Judgement {
  const found = f.arms.find(({ name }) => name === nameIn(f, arm))?.metrics[metric];
  if (!found) return notRun(`The arm ${arm}`);
  const measured = `${percent(found.mean)}${found.ci95 ? ` [${found.ci95.map(percent).join(", ")}]` : ""}`;
  if (!found.ci95 || found.values.length < 3) {
    return { measured, verdict: "inconclusive", why: "Fewer than three seeds." };
  }
  const [low, high] = side === "at least" ? found.ci95 : [-found.ci95[1], -found.ci95[0]];
  const wanted = side === "at least" ? bound : -bound;
  if (low >= wanted) return { measured, verdict: "holds" };
  if (high < wanted) return { measured, verdict: "fails", why: `The whole interval misses ${percent(bound)}.` };
  return { measured, verdict: "inconclusive", why: `The interval holds ${percent(bound)}.` };
}

/** Several judgements: fails when one fails, holds when all hold. */
function all(parts: readonly (readonly [name: string, Judgement])[]): Judgement {
  const measured = parts.map(([name, j]) => `${name}: ${j.measured}`).join("; ");
  const worst = (["fails", "inconclusive"] as const).flatMap((v) => parts.filter(([, j]) => j.verdict === v))[0];
  if (!worst) return { measured, verdict: "holds" };
  return { measured, verdict: worst[1].verdict, why: `${worst[0]}: ${worst[1].why ?? worst[1].verdict}` };
}

/** a above b in every single seed. */
function everySeed(f: Findings, a: ArmName, b: ArmName, metric: string): Judgement {
  const found = comparisonOf(f, nameIn(f, a), nameIn(f, b), metric);
  if (!found) return notRun(`${a} against ${b}`);
  const positive = found.values.filter((v) => v > 0).length;
  const measured = `in ${positive} of ${found.values.length} seeds`;
  if (found.values.length < 3) return { measured, verdict: "inconclusive", why: "Fewer than three seeds." };
  return positive === found.values.length
    ? { measured, verdict: "holds" }
    : { measured, verdict: "fails", why: "Not in every seed." };
}

/** Means that grow from arm to arm. */
function inOrder(f: Findings, arms: readonly ArmName[], metric: string): Judgement {
  const means = arms.map((arm) => meanOf(f, nameIn(f, arm), metric));
  const missing = arms.find((_, i) => means[i] === undefined);
  if (missing) return notRun(`The arm ${missing}`);
  const grow = means.every((mean, i) => i === 0 || mean! > means[i - 1]!);
  const measured = means.map((mean) => percent(mean!)).join(", ");
  return grow ? { measured, verdict: "holds" } : { measured, verdict: "fails", why: "The means do not grow." };
}

const against = (f: Findings, a: ArmName, b: ArmName, metric: string): Judgement =>
  above(f, nameIn(f, a), nameIn(f, b), metric);

/** Counts over whole runs, or over halves of the prompts where whole runs are too few. */
function scored(
  f: Findings,
  judge: (score: Score) => readonly [hits: number, of: number, holds: boolean],
  least: number,
) {
  const score = (f.values as Partial<Values> | undefined)?.score;
  if (!score) return notRun("The detector");
  const [, count] = judge(score.runs);
  const chosen = count >= least ? score.runs : score.halves;
  const [hits, of, holds] = judge(chosen);
  const measured = `${hits} of ${of} ${chosen === score.runs ? "runs" : "runs on halves of the prompts"}`;
  if (of < least) return { measured, verdict: "inconclusive", why: `Fewer than ${least} runs.` } as const;
  return holds
    ? ({ measured, verdict: "holds" } as const)
    : ({ measured, verdict: "fails", why: "Too many." } as const);
}

export const claims: readonly Claim[] = [
  {
    id: "offline-regret",
    text: "On fixed responses the student gets worse again.",
    paper: "Offline, golden is U-shaped.",
    criterion: "golden regret of one response to each prompt (P x 1) is at least 10 % (95 % interval over seeds)",
    judge: (f) => bounded(f, "offline", "goldenRegret", "at least", 0.1),
  },
  {
    id: "online-regret",
    text: "On fresh responses it does not.",
    paper: "With an online teacher or an online student, golden falls to the end.",
    criterion:
      "golden regret is at most 3 % with an online teacher and at most 5 % with an online student (95 % intervals over seeds)",
    judge: (f) =>
      all([
        ["online teacher", bounded(f, "online-teacher", "goldenRegret", "at most", 0.03)],
        ["online student", bounded(f, "online-student", "goldenRegret", "at most", 0.05)],
      ]),
  },
  {
    id: "offline-worse",
    text: "Offline ends worse than either online source.",
    paper: "Teacher hacking appears offline, and online data mitigates it.",
    criterion: "golden regret offline exceeds that of both online sources in every seed",
    judge: (f) =>
      all([
        ["online teacher", everySeed(f, "offline", "online-teacher", "goldenRegret")],
        ["online student", everySeed(f, "offline", "online-student", "goldenRegret")],
      ]),
  },
  {
    id: "diversity",
    text: "Fewer prompts with more generations each are worse, at the same size.",
    paper: "Fewer prompts leave the proxy almost as it was and golden clearly worse.",
    criterion:
      "golden regret of P/5 x 5 is above that of P x 1 (paired 95 % interval above 0), with the mean of P/2 x 2 between",
    judge: (f) =>
      all([
        ["P/5 x 5 over P x 1", against(f, "fifth-prompts", "offline", "goldenRegret")],
        ["P x 1, P/2 x 2, P/5 x 5", inOrder(f, ["offline", "half-prompts", "fifth-prompts"], "goldenRegret")],
      ]),
  },
  {
    id: "generations",
    text: "More generations per prompt help.",
    paper: "A larger generation budget lowers both golden and proxy.",
    criterion: "P x 5 ends with lower golden and lower proxy than P x 1 (paired 95 % intervals above 0)",
    judge: (f) =>
      all([
        ["golden", against(f, "offline", "five-generations", "golden")],
        ["proxy", against(f, "offline", "five-generations", "proxy")],
      ]),
  },
  {
    id: "alarm-hits",
    text: "The alarm without truth finds hacked runs before they end.",
    paper: "Offline runs bend away from the power law of online runs.",
    criterion: "alarms on at least 9 of 10 runs with golden regret of 10 % or more, of 10 or more such runs",
    judge: (f) => scored(f, ({ hits, hacked }) => [hits, hacked, hits >= 0.9 * hacked], 10),
  },
  {
    id: "alarm-false",
    text: "It is silent on healthy runs.",
    paper: "Online runs follow a power law.",
    criterion: "alarms on at most 1 of 20 runs with golden regret of 5 % or less, of 20 or more such runs",
    judge: (f) => scored(f, ({ falseAlarms, healthy }) => [falseAlarms, healthy, falseAlarms <= healthy / 20], 20),
  },
  {
    id: "strict-hacking",
    text: "Golden rises while proxy does not: hacking in the strict sense, not over-fitting.",
    paper: "Offline, proxy keeps falling or stands while golden rises.",
    criterion:
      "of one response to each prompt (P x 1), proxy regret is at most 2 % and the hacking index at least 3 % (95 % intervals over seeds); else it is over-fitting",
    judge: (f) =>
      all([
        ["proxy regret", bounded(f, "offline", "proxyRegret", "at most", 0.02)],
        ["hacking index", bounded(f, "offline", "hackingIndex", "at least", 0.03)],
      ]),
  },
];

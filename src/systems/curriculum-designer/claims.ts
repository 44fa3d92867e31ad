/** The claims: those that must hold, and those that are reported whatever their sign. All are about the first stream. */
import { significant } from "../../teaching/report/format.ts";
import { above, comparisonOf, notRun } from "../kit/judge.ts";
import type { Claim, Findings, Judgement } from "../system.ts";
import { designedArm, type Values } from "./conclude.ts";

const valuesOf = (findings: Findings): Values => findings.values as unknown as Values;
const show = (x: number): string => significant(x, 3);
const points = (share: number): string => `${significant(100 * share, 3)} points`;

/** Between-order range of α in shares, and ICC of F. */
const RANGE = 0.05;
const ICC = 0.6;
const ALPHA = 0.001;

function orderMatters(findings: Findings): Judgement {
  const effect = valuesOf(findings).streams[0]!.effects.find(({ strategy }) => strategy === "naive");
  if (!effect) return notRun("naive");
  const range = effect.alpha[2] - effect.alpha[0];
  if (effect.icc === null)
    return { measured: `range of α ${points(range)}`, verdict: "inconclusive", why: "One run has no ICC." };
  const measured = `range of α ${points(range)}, ICC ${show(effect.icc)}, p ${show(effect.iccP)}`;
  const holds = range >= RANGE && effect.icc >= ICC && effect.iccP < ALPHA;
  return { measured, verdict: holds ? "holds" : "fails" };
}

function learnersAgree(findings: Findings): Judgement {
  const pair = valuesOf(findings).streams[0]!.between.find(
    ({ a, b }) => [a, b].includes("naive") && [a, b].includes("lwf"),
  );
  if (!pair) return notRun("naive with lwf");
  return {
    measured: `ρ = ${show(pair.rho)} (p ${show(pair.p)}, ${pair.n} orders)`,
    verdict: pair.rho >= 0.6 ? "holds" : "fails",
  };
}

function designerForesees(findings: Findings): Judgement {
  const { values } = findings;
  const { designer, overlaps, designedOrders, orders } = valuesOf(findings).streams[0]!;
  const { distance } = (values as unknown as { curricula: { distance: string }[] }).curricula[0]!;
  const layer = designer[0]!.layer;
  const rows = designer.filter((d) => d.distance === distance && d.variant === "float" && d.layer === layer);
  const top = overlaps.map(({ strategy, tops }) => {
    const thirty = tops.find((t) => t.top === 30) ?? tops.at(-1);
    return thirty ? `${strategy} ${thirty.hits} of ${thirty.top} (chance ${show(thirty.expected)})` : "";
  });
  const measured = `${rows.map((r) => `${r.strategy} ρ ${show(r.rho)} (p ${show(r.p)})`).join(", ")}; designed ${designedOrders} of ${orders}, among the best: ${top.join(", ")}`;
  if (rows.every((r) => r.rho > 0 && r.p < 0.05)) return { measured, verdict: "holds" };
  if (rows.some((r) => r.rho <= 0 && r.p < 0.05))
    return { measured, verdict: "fails", why: "The score ranks the orders of a strategy the wrong way round." };
  return { measured, verdict: "inconclusive", why: "Not positive and significant for every strategy." };
}

function designedIsBetter(findings: Findings): Judgement {
  const strategy = ["naive", "replay", "lwf", "ewc"].find((s) =>
    comparisonOf(findings, designedArm(s), s, "jointScore"),
  );
  return strategy ? above(findings, designedArm(strategy), strategy, "jointScore") : notRun("a designed set");
}

function weightsCarryOver(findings: Findings): Judgement {
  const { learnable } = valuesOf(findings);
  if (learnable.length === 0) return notRun("a second data set to learn from (option streams)");
  const measured = learnable.map((r) => `${r.name}, ${r.strategy}: ρ ${show(r.rho)} (p ${show(r.p)})`).join("; ");
  const good = learnable.filter((r) => r.rho > 0 && r.p < 0.05).length;
  const bad = learnable.filter((r) => r.rho < 0 && r.p < 0.05).length;
  if (good === learnable.length) return { measured, verdict: "holds" };
  if (bad >= good) return { measured, verdict: "fails", why: `${good} rankings are foreseen, ${bad} reversed.` };
  return {
    measured,
    verdict: "inconclusive",
    why: `${good} of ${learnable.length} rankings are foreseen, ${bad} reversed.`,
  };
}

export const claims: readonly Claim[] = [
  {
    id: "order-matters",
    text: "The order of classes decides how well a naive learner ends, and does so again in every run.",
    paper: "Curricula differ; in the published logs the runs of an order correlate between 0.26 and 0.77.",
    criterion: "range of α over the orders of at least 5 points, ICC of F of at least 0.6, permutation p below 0.001",
    judge: orderMatters,
  },
  {
    id: "learners-agree",
    text: "Naive learners and LwF agree on which orders are good.",
    paper:
      "Binned Hamming distances between algorithms are below those of random rankings; in the published logs ρ(naive, LwF) is 0.25 to 0.55.",
    criterion: "Spearman's ρ between their F of at least 0.6",
    judge: learnersAgree,
  },
  {
    id: "replay-more-accurate",
    text: "Replay ends at least 5 points more accurate than naive learning.",
    paper:
      "Not compared in the paper; a consequence of remembering (the specification asks for it at 6000 examples a class).",
    criterion: "the 95 % interval of the difference in final accuracy over seeds lies above 5 points",
    judge: (findings) => above(findings, "replay", "naive", "accuracy", 0.05),
  },
  {
    id: "replay-forgets-less",
    text: "Replay forgets less of the first task than naive learning.",
    paper: "Not compared in the paper.",
    criterion: "the 95 % interval of replay's forgetting minus naive's lies below 0",
    judge: (findings) => {
      const less = comparisonOf(findings, "replay", "naive", "forgetting");
      if (!less) return notRun("replay against naive");
      const measured = `${points(less.mean)} of forgetting`;
      if (!less.ci95 || less.values.length < 3)
        return { measured, verdict: "inconclusive", why: "Fewer than three seeds." };
      return { measured, verdict: less.ci95[1] < 0 ? "holds" : less.ci95[0] > 0 ? "fails" : "inconclusive" };
    },
  },
  {
    id: "designer-foresees",
    text: "The designer's score foresees the ranking of orders (reported whatever the sign).",
    paper:
      "Curricula chosen by the designer overlap with those at the top of the learners' rankings; in the published logs ρ(S, F) lies between -0.25 and +0.15.",
    criterion:
      "holds: ρ(S, F) positive with p below 0.05 for every strategy; fails: significantly not positive for one",
    judge: designerForesees,
  },
  {
    id: "designed-better",
    text: "The designed quarter of the orders is better than the average order (reported whatever the sign).",
    paper: "Designed curricula are overrepresented among the best.",
    criterion: "the 95 % interval over seeds of F on designed orders minus F on all lies above 0",
    judge: designedIsBetter,
  },
  {
    id: "weights-carry-over",
    text: "Weights of the designer's terms that were fitted to some data sets rank the orders of another one (ours, reported whatever the sign).",
    paper: "Not in the paper: its three terms have weight 1.",
    criterion: "leave-one-data-set-out ρ positive with p below 0.05 everywhere",
    judge: weightsCarryOver,
  },
];

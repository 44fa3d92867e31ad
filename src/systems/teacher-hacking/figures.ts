/** The pictures: curves on log axes, golden against proxy, the table, the alarm, where the time went, the map. */
import type { Figure } from "../../teaching/report/schema.ts";
import type { Detected, Score } from "./detector.ts";
import { mean } from "./evaluation.ts";
import type { Regime, TableRow } from "./map.ts";
import type { Run } from "./records.ts";

const LOG_STEP = { label: "log₁₀ of step", unit: "" };

type Groups = ReadonlyMap<string, readonly Run[]>;
interface Shown {
  readonly groups: Groups;
  readonly table: readonly TableRow[];
  readonly detected: readonly Detected[];
  readonly score: { readonly runs: Score; readonly halves: Score };
  readonly loss: Score;
}

export function figures({ groups, table, detected, score, loss }: Shown): Figure[] {
  return [
    curves(groups, "golden", "Distance from the truth"),
    curves(groups, "proxy", "Distance from the teacher"),
    against(groups),
    tableFigure(table),
    residuals(detected),
    scores(score, loss),
    time(groups),
  ];
}

/** Mean over seeds at every checkpoint. */
function meanCurve(group: readonly Run[], what: "golden" | "proxy"): [number, number][] {
  return group[0]!.facts.steps.map((step, i) => [step, mean(group.map(({ facts }) => facts[what][i]!))]);
}

function curves(groups: Groups, what: "golden" | "proxy", title: string): Figure {
  const order = what === "golden" ? "oracle || student" : "teacher || student";
  return {
    id: what,
    title,
    caption: `log₁₀ of KL(${order}) in nats per token over log₁₀ of the step, mean over seeds. A healthy proxy is a straight line or runs out into a floor; hacking is a golden curve that turns up while the proxy does not.`,
    kind: "lines",
    x: LOG_STEP,
    y: { label: `log₁₀ of ${what}`, unit: "" },
    lines: [...groups].map(([name, group]) => ({
      name,
      points: meanCurve(group, what).map(([step, value]): [number, number] => [Math.log10(step), Math.log10(value)]),
    })),
  };
}

function against(groups: Groups): Figure {
  return {
    id: "golden-against-proxy",
    title: "Golden against proxy",
    caption:
      "Each line is a training, from right (far from the teacher) to left. A line that rises on its way to the left comes closer to the teacher and further from the truth; one that turns back to the upper right over-fits. Mean over seeds, from the tenth of training on.",
    kind: "lines",
    x: { label: "proxy", unit: "nats" },
    y: { label: "golden", unit: "nats" },
    lines: [...groups].map(([name, group]) => {
      const [golden, proxy] = [meanCurve(group, "golden"), meanCurve(group, "proxy")];
      const from = 0.1 * group[0]!.task.steps;
      return {
        name,
        points: golden.flatMap(([step, g], i): [number, number][] => (step >= from ? [[proxy[i]![1], g]] : [])),
      };
    }),
  };
}

function tableFigure(rows: readonly TableRow[]): Figure {
  return {
    id: "regrets",
    title: "Regrets: hacking or over-fitting?",
    caption:
      "R_g and R_p: how much golden and proxy at the end exceed their best. HI = R_g - max(R_p, 0) is what over-fitting alone does not explain. Strict: runs with an interval in which golden rises beyond chance while proxy does not, and how long it is as a share of training. Means over seeds.",
    kind: "table",
    columns: ["arm", "prompts P", "generations", "R_g", "R_p", "HI", "strict", "its share", "golden", "proxy"],
    rows: rows.map((row) => [
      ...[row.arm, row.prompts, row.generations, row.goldenRegret, row.proxyRegret, row.hackingIndex],
      ...[`${row.strict} of ${row.runs}`, row.strictShare, row.golden, row.proxy],
    ]),
  };
}

/** What the detector saw, first seed of each arm. */
function residuals(detected: readonly Detected[]): Figure {
  const first = detected.filter(({ seed, prompts }) => seed === 1 && prompts === "all");
  const raised = first.filter(({ alarm }) => alarm !== null).map(({ label, alarm }) => `${label} at step ${alarm}`);
  return {
    id: "alarm",
    title: "The alarm without truth",
    caption: `Seed 1: how far the proxy lies above the law that was fitted to it between 5 and 40 % of training. Alarms: ${raised.join("; ") || "none"}.`,
    kind: "lines",
    x: { label: "step", unit: "" },
    y: { label: "log(proxy / foretold)", unit: "" },
    lines: first.map(({ label, residuals: points }) => ({
      name: label,
      points: points.map(([step, residual]): [number, number] => [step, residual]),
    })),
  };
}

function scores({ runs, halves }: Shown["score"], loss: Score): Figure {
  const row = (name: string, s: Score): (string | number)[] => [
    name,
    `${s.hits} of ${s.hacked}`,
    `${s.falseAlarms} of ${s.healthy}`,
  ];
  return {
    id: "alarm-score",
    title: "How good is the alarm?",
    caption:
      "Hacked: golden regret of at least 10 %; healthy: at most 5 %; runs between are not counted. Halves are runs judged on half of the validation prompts each.",
    kind: "table",
    columns: ["judged by", "hits on hacked runs", "false alarms on healthy runs"],
    rows: [row("proxy", runs), row("proxy, halves of the prompts", halves), row("training loss, two-sided", loss)],
  };
}

function time(groups: Groups): Figure {
  const parts = [
    ["generation", "generation"],
    ["scoring", "teacher's answers"],
    ["steps", "student's steps"],
  ] as const;
  return {
    id: "time",
    title: "Where the time went",
    caption: "Seconds of a run, mean over seeds, without exams. Offline responses are drawn and scored once.",
    kind: "bars",
    value: { label: "time", unit: "s" },
    bars: [...groups].flatMap(([name, group]) =>
      parts.map(([key, label]) => ({
        ...{ group: name, name: label, ci95: null },
        value: mean(group.map(({ facts }) => facts.spent[key])),
      })),
    ),
  };
}

export function mapFigures(map: readonly Regime[], groups: Groups): Figure[] {
  return [
    {
      id: "map",
      title: "Where does strict hacking appear?",
      caption:
        "Every regime after a quarter, a half and all of training (the learning rate is constant, so a shorter run is the beginning of a longer one). Strict: first interval in which golden rises beyond chance while proxy does not.",
      kind: "table",
      columns: ["KL of teacher", "P", "width", "loss", "source", "seed", "epochs", "R_g", "R_p", "HI", "strict, steps"],
      rows: map.map((r) => [
        ...[
          r.teacher,
          r.prompts,
          r.width,
          r.loss,
          r.arm,
          r.seed,
          r.epochs,
          r.goldenRegret,
          r.proxyRegret,
          r.hackingIndex,
        ],
        r.strict ? `${Math.round(r.strict[0])}-${Math.round(r.strict[1])}` : "-",
      ]),
    },
    curves(groups, "golden", "Distance from the truth"),
    curves(groups, "proxy", "Distance from the teacher"),
  ];
}

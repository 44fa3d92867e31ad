/** What follows from the runs: arms, paired comparisons, the detector's score, the table and the pictures. */
import { compareArms } from "../../teaching/report/measure.ts";
import type { Arm, Comparison, Series } from "../../teaching/report/schema.ts";
import { armOf } from "../kit/arms.ts";
import type { Bench, Findings, Outcomes } from "../system.ts";
import { definitions } from "./definitions.ts";
import { type Detected, detectAll, scoreOf } from "./detector.ts";
import { mean } from "./evaluation.ts";
import { figures, mapFigures } from "./figures.ts";
import { hackingTable, regimeMap } from "./map.ts";
import { ARMS, type Options } from "./options.ts";
import { armLabel, stepsOf } from "./plan.ts";
import { groupsOf, type Run, runsOf } from "./records.ts";
import { PROMPT, widthOf, worldOf } from "./world.ts";

export async function conclude(outcomes: Outcomes, { options }: Pick<Bench<Options>, "options">): Promise<Findings> {
  const world = await worldOf(options);
  const runs = runsOf(outcomes, options);
  const main = runs.filter(({ task }) => task.seed <= options.seeds);
  const groups = groupsOf(main);
  const students = [...groups].map(
    ([name, group]): Arm =>
      armOf({
        name,
        role: group[0]!.task.arm.startsWith("online") ? "student" : "baseline",
        outcomes: group.map(({ outcome }) => outcome),
        definitions,
      }),
  );
  const arms = [...teacherArms(outcomes, main), ...students];
  const detected = detectAll(runs, options.batch);
  const score = { runs: scoreOf(detected, "runs"), halves: scoreOf(detected, "halves") };
  const loss = scoreOf(detected, "runs", "loss");
  const table = hackingTable(groups);
  const map = options.explore ? regimeMap(runs, options.batch) : [];
  const names = Object.fromEntries(ARMS.map((arm) => [arm, armLabel(arm, options.prompts)]));
  return {
    data: { name: world.name, sha256: world.sha256, splits: splitsOf(options) },
    arms,
    comparisons: options.explore ? [] : comparisons(students, names),
    series: seriesOf(main),
    definitions,
    figures: options.explore ? mapFigures(map, groups) : figures({ groups, table, detected, score, loss }),
    values: {
      ...{ names, table, map, score, lossScore: loss, steps: stepsOf(options) },
      strict: main.map(({ label, task, facts }) => ({ label, seed: task.seed, intervals: facts.strict })),
      alarms: detected.map(({ residuals: _residuals, ...about }) => about),
      teacherDistance: main.map(({ teacher }) => teacher),
      startDistance: main.map(({ start }) => start),
      spent: Object.fromEntries([...groups].map(([name, group]) => [name, spentOf(group)])),
    },
    notes: notesOf(main, detected, options),
  };
}

const splitsOf = (options: Options) => ({
  train: (options.prompts + options.oraclePairs) * widthOf(options),
  validation: options.validationPrompts * widthOf(options),
  test: 0,
});

/** The teachers of the seeds, one arm for each stage 1 that the runs share. */
function teacherArms(outcomes: Outcomes, runs: readonly Run[]): Arm[] {
  const stages = new Map<string, string[]>();
  for (const { task } of runs) {
    const name = `teacher of ${task.pairs} pairs, for students ${task.width} wide`;
    stages.set(name, [...new Set([...(stages.get(name) ?? []), task.after])]);
  }
  return [...stages].map(([name, ids]) =>
    armOf({ name, role: "teacher", outcomes: ids.map((id) => outcomes.get(id)!), definitions }),
  );
}

/** Every offline arm against the others, on all measures that claims read. */
function comparisons(arms: readonly Arm[], names: Readonly<Record<string, string>>): Comparison[] {
  const find = (name: string) => arms.find((arm) => arm.name === names[name]);
  const pairs = [
    ["offline", "online-teacher"],
    ["offline", "online-student"],
    ["half-prompts", "offline"],
    ["fifth-prompts", "half-prompts"],
    ["fifth-prompts", "offline"],
    ["offline", "five-generations"],
    ["offline", "mixture"],
  ] as const;
  return pairs.flatMap(([x, y]) => {
    const [a, b] = [find(x), find(y)];
    if (!a || !b) return [];
    return ["golden", "proxy", "goldenRegret", "hackingIndex"].map((m) => compareArms(a, b, m, definitions));
  });
}

const seriesOf = (runs: readonly Run[]): Series[] =>
  runs.flatMap(({ label, task, facts }) =>
    (["golden", "proxy"] as const).map(
      (metric): Series => ({
        name: definitions[metric]!.label,
        ...{ arm: label, seed: task.seed, metric },
        x: { label: "step", unit: "" },
        y: { label: "distance", unit: "nats" },
        points: facts.steps.map((step, i): [number, number] => [step, facts[metric][i]!]),
      }),
    ),
  );

/** Seconds of a run, mean over seeds. */
function spentOf(group: readonly Run[]) {
  const of = (what: "generation" | "scoring" | "steps") => mean(group.map(({ facts }) => facts.spent[what]));
  return { generation: of("generation"), scoring: of("scoring"), steps: of("steps") };
}

function notesOf(runs: readonly Run[], detected: readonly Detected[], options: Options): string[] {
  const better = runs.filter(({ start, teacher }) => start < teacher).length;
  const regrets = runs.filter(({ task }) => task.arm === "offline").map(({ outcome }) => outcome.metrics);
  const [golden, proxy] = [mean(regrets.map((m) => m.goldenRegret!)), mean(regrets.map((m) => m.proxyRegret!))];
  const overfits = regrets.length > 0 && proxy > 0.5 * golden && golden > 0.03;
  const floors = detected.filter(({ form, prompts }) => form === "floor" && prompts === "all").length;
  return [
    `Prompts are ${PROMPT} tokens of real text, responses ${options.response} tokens; golden and proxy are exact sums over the vocabulary on responses that are the same for all checkpoints and arms of a seed.`,
    "Semi-synthetic, as in the paper: the oracle is a model, so that the distance from the truth is known.",
    ...(better > 0
      ? [`${better} of ${runs.length} students began closer to the oracle than their teacher: shorten their stage 1.`]
      : []),
    ...(overfits
      ? [
          `Offline, proxy regret (${(100 * proxy).toFixed(1)} %) is more than half of golden regret (${(100 * golden).toFixed(1)} %): much of this is over-fitting, which both measures see, not teacher hacking in the strict sense.`,
        ]
      : []),
    `The alarm's law has a floor in ${floors} of ${detected.filter(({ prompts }) => prompts === "all").length} runs, chosen on an online run of another seed.`,
    ...(options.topK > 0
      ? [`The teacher told its ${options.topK} likeliest tokens; the rest was one further outcome.`]
      : []),
    "Not done: T5 models, summarisation and translation; sizes and data here are those of a small laboratory.",
  ];
}

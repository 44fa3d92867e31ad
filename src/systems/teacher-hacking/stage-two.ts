/**
 * Stage 2: the student learns from the teacher alone, and is examined against both. The learning rate stays constant
 * after its warm-up: one that decays freezes the student and hides what comes late.
 */
import path from "node:path";
import { teachText } from "../../language/lesson/index.ts";
import { type Alarm, hackingIndex, hackingMonitor, regret, strictIntervals } from "../../language/monitor/index.ts";
import { adamw, schedules } from "../../nn/index.ts";
import { fileCheckpoints } from "../../teaching/checkpoint.ts";
import type { LessonEvent } from "../../teaching/events.ts";
import { random } from "../../tensor/index.ts";
import type { Bench, Json, Outcome } from "../system.ts";
import { examBook, type Page } from "./book.ts";
import { evaluation, mean } from "./evaluation.ts";
import { studentModel, teacherModel } from "./models.ts";
import type { Options } from "./options.ts";
import { type ArmTask, armId, checkpointsOf } from "./plan.ts";
import { armSource, lossOf } from "./source.ts";
import { promptsOf, widthOf, worldOf } from "./world.ts";

/** What an arm leaves for the conclusion. */
export interface ArmFacts {
  readonly steps: number[];
  /** Means over prompts, nats per token. */
  readonly golden: number[];
  readonly proxy: number[];
  readonly cross: number[];
  /** Proxy on the even and on the odd prompts: two runs of the detector that share no prompt. */
  readonly proxyHalves: [number[], number[]];
  readonly strict: [number, number][];
  readonly spent: { readonly generation: number; readonly scoring: number; readonly steps: number };
  readonly alarms: { readonly step: number; readonly explanation: string; readonly cure: string }[];
}

export async function* stageTwo(task: ArmTask, bench: Bench<Options>): AsyncGenerator<LessonEvent, Outcome> {
  const { options, folder, signal, checkpointSeconds } = bench;
  const world = await worldOf(options);
  const before = (await bench.outcome(task.after)).arrays!;
  const teacher = { decoder: teacherModel(options, world.vocabulary), params: before.teacher! };
  const student = studentModel(options, world.vocabulary, task.width);
  const key = random.fold(random.fold(random.key(task.seed), "teacher-hacking"), "stage 2");
  // Fewer prompts are the first of more.
  const prompts = promptsOf(world.pairs("lesson", key, task.prompts), widthOf(options));
  const rows = await armSource(task, options, prompts, { teacher, student }, { key, folder });
  const exam = await evaluation(world, options, { seed: task.seed, width: task.width, teacher: teacher.params });
  const book = examBook(path.join(folder, "exams"));
  const steps = checkpointsOf(task.steps, options.evaluations);
  const fresh = task.arm.startsWith("online");
  const monitor = hackingMonitor({
    steps: task.steps,
    data: { fresh, prompts: task.prompts, generations: task.generations },
  });
  const alarms: Alarm[] = [];
  const lesson = teachText({
    ...{ stage: armId(task), decoder: student, initial: before.student!, batchSize: options.batch },
    rows: rows.source.rows,
    loss: lossOf(task, options),
    steps: task.steps,
    optimiser: adamw({
      lr: schedules.warmup(Math.min(options.warmup, task.steps), schedules.constant(options.rate)),
      betas: [0.9, 0.99],
    }),
    clip: 1,
    key: random.fold(key, "steps"),
    exam: {
      at: (step) => steps.includes(step),
      run: async (params, step) => {
        const found = await exam.measure(params);
        await book.write(step, found);
        const { golden, proxy, cross, agreement } = found;
        return { golden: mean(golden), proxy: mean(proxy), cross: mean(cross), agreement };
      },
    },
    checkpoints: fileCheckpoints(path.join(folder, "lesson"), armId(task)),
    ...(checkpointSeconds !== undefined && { checkpointSeconds }),
    ...(signal && { signal }),
  });
  try {
    for (;;) {
      const next = await lesson.next();
      if (next.done) throw new Error("A lesson ended without its last event.");
      const event = next.value;
      if (event.type !== "taught") {
        yield event;
        const alarm = monitor.hear(event);
        if (!alarm) continue;
        alarms.push(alarm);
        yield { type: "warning", stage: armId(task), message: `${alarm.explanation} ${alarm.cure}` };
        continue;
      }
      const pages = await book.read(steps);
      const { generation, scoring } = rows.source.spent;
      const spent = { generation, scoring, steps: event.spent.steps };
      return {
        ...resultOf(pages, options.response, spent, alarms),
        params: student.model.params.size,
        flops: student.model.flops,
        seconds: event.seconds,
        log: event.log,
      };
    }
  } finally {
    await lesson.return(undefined as never);
    await Promise.all([rows.release(), exam.release()]);
  }
}

function resultOf(
  pages: readonly Page[],
  response: number,
  spent: ArmFacts["spent"],
  alarms: readonly Alarm[],
): Pick<Outcome, "metrics" | "facts"> {
  const golden = pages.map((page) => mean(page.golden));
  const proxy = pages.map((page) => mean(page.proxy));
  const cross = pages.map((page) => mean(page.cross));
  const half = (side: number) => pages.map((page) => mean(page.proxy.filter((_, i) => i % 2 === side)));
  const steps = pages.map(({ step }) => step);
  const evidence = { steps, golden: pages.map((page) => page.golden), proxy: pages.map((page) => page.proxy) };
  const facts: ArmFacts = {
    ...{ steps, golden, proxy, cross, spent },
    proxyHalves: [half(0), half(1)],
    strict: strictIntervals(evidence),
    alarms: alarms.map(({ step, explanation, cure }) => ({ step, explanation, cure })),
  };
  return {
    metrics: {
      golden: golden.at(-1)!,
      proxy: proxy.at(-1)!,
      goldenRegret: regret(golden),
      proxyRegret: regret(proxy),
      hackingIndex: hackingIndex(golden, proxy),
      cross: cross.at(-1)!,
      agreement: pages.at(-1)!.agreement,
      sequenceGolden: response * golden.at(-1)!,
    },
    facts: facts as unknown as { readonly [key: string]: Json },
  };
}

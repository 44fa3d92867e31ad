/**
 * The work of a cell: one model from its start to the end of its schedule, and its expected loss then. A student reads
 * real text and learns the teacher's distribution at every place (lambda = 1, temperature 1); the teacher runs along in
 * the step, which costs less here than writing its answers down.
 */
import { scorer, teachText } from "../../language/lesson/index.ts";
import { adamw, schedules } from "../../nn/index.ts";
import type { LessonEvent } from "../../teaching/events.ts";
import { forwardKl, onTokens, tokenCrossEntropy, zLoss } from "../../teaching/losses/language/index.ts";
import { weighted } from "../../teaching/losses/weighted.ts";
import { random } from "../../tensor/index.ts";
import type { Bench, Outcome } from "../system.ts";
import { corpusOf } from "./corpus.ts";
import { CONTEXT, costOf, member, rateScale, start } from "./family.ts";
import type { Options } from "./options.ts";
import { decidingRates, type RunTask, runId, teacherTask } from "./sweep.ts";

const Z_WEIGHT = 1e-4;
const CLIP = 1;

/** Metrics: loss and entropy, nats per token. Facts: the record of the run. Arrays: a teacher's parameters. */
export async function* train(task: RunTask, bench: Bench<Options>): AsyncGenerator<LessonEvent, Outcome> {
  const { options, signal } = bench;
  const corpus = await corpusOf(options);
  const model = member(task.layers, corpus.vocabulary);
  const { N, flops } = costOf(model);
  const perStep = options.rows * CONTEXT;
  const steps = Math.max(1, Math.round(task.tokens / perStep));
  const rate = task.rate ?? (await chosenRate(bench));
  const key = random.fold(random.fold(random.key(task.seed), "scaling-laws"), task.role === "teacher" ? 1 : 0);
  const text = random.fold(key, task.role === "rate" ? "rate" : "text");
  const taught = task.teacher && (await bench.outcome(runId(teacherTask(task.teacher))));
  const warm = Math.max(1, Math.round(0.05 * steps));
  const lesson = teachText({
    stage: `${task.layers}:${task.tokens}`,
    decoder: model,
    initial: start(model, random.fold(key, "start")),
    batchSize: options.rows,
    rows: (step) => corpus.rows(random.fold(text, step), options.rows),
    loss: weighted({
      tokens: [1, taught ? onTokens(forwardKl()) : tokenCrossEntropy()],
      z: [Z_WEIGHT, zLoss()],
    }),
    ...(taught && {
      teacher: { decoder: member(task.teacher!.layers, corpus.vocabulary), params: taught.arrays!.params! },
    }),
    steps,
    optimiser: adamw({
      lr: schedules.warmup(warm, schedules.cosine(rate, Math.max(1, steps - warm), rate / 1000)),
      betas: [0.9, 0.95],
      weightDecay: 1e-4,
      rateScale: rateScale(model),
    }),
    clip: CLIP,
    key,
    ...(signal && { signal }),
  });
  for (;;) {
    const next = await lesson.next();
    if (next.done) throw new Error("A lesson ended without its last event.");
    const event = next.value;
    if (event.type !== "taught") {
      yield event;
      continue;
    }
    const exam = scorer(model, 32);
    const loss = await corpus.loss(exam, event.params);
    await exam.release();
    const { layers, width, vocabulary } = model.config;
    const isTeacher = task.role === "teacher";
    return {
      metrics: { loss, entropy: corpus.entropy, rate },
      params: N,
      flops,
      seconds: event.seconds,
      facts: {
        role: task.role,
        N,
        D: steps * perStep,
        loss,
        seed: task.seed,
        layers,
        dModel: width,
        vocab: vocabulary,
        nCtx: CONTEXT,
        rate,
        unit: "nats",
        seconds: event.seconds,
        ...(task.teacher && {
          teacherId: runId(teacherTask(task.teacher)),
          LT: taught!.metrics.loss!,
        }),
      },
      ...(isTeacher && { arrays: { params: event.params } }),
    };
  }
}

/** The best of the rates that were tried, at the first size that tried them. */
async function chosenRate(bench: Bench<Options>): Promise<number> {
  const tried = await Promise.all(
    decidingRates(bench.options).map(
      async (task) => [task.rate!, (await bench.outcome(runId(task))).metrics.loss!] as const,
    ),
  );
  return tried.length === 0 ? bench.options.rates[0]! : tried.reduce((a, b) => (b[1] < a[1] ? b : a))[0];
}

/** Phase 1 as a cell: n students, each alone with its chunk. */
import type { LessonEvent } from "../../teaching/events.ts";
import type { NetworkState } from "../../teaching/network.ts";
import type { LessonLog } from "../../teaching/steps.ts";
import { teacherOf } from "../kit/cast.ts";
import type { Bench, Outcome } from "../system.ts";
import { learnChunkAdversarially } from "./adversarial.ts";
import { sizeOfClass } from "./budget.ts";
import { arraysOf, castOf, studentSeed } from "./cast.ts";
import { columnsOf, concatenated, unitsOf } from "./chunks.ts";
import { embeddingOf, inputsOf, rowsOf } from "./embedding.ts";
import type { Options } from "./options.ts";
import { recipes } from "./phases.ts";
import { type Task, TEACHER } from "./plan.ts";
import { learnChunk } from "./regression.ts";
import { rSquared, standardised } from "./statistics.ts";
import { answersOf, foldScale } from "./student.ts";

/** Of a class that the student's architecture does not allow. */
export const LEFT_OUT: Outcome = { metrics: {}, seconds: 0, facts: { leftOut: true } };
export const isLeftOut = ({ facts }: Outcome): boolean => facts?.leftOut === true;

export async function* learnChunks(
  { n, budget, seed }: Extract<Task, { kind: "students" }>,
  bench: Bench<Options>,
): AsyncGenerator<LessonEvent, Outcome> {
  const { options, data } = bench;
  const embedding = await embeddingOf(bench);
  const cast = await castOf(bench, embedding, n, budget);
  if (!cast) return LEFT_OUT;
  const { d, tap, statistics, scale } = embedding;
  const teacher = await teacherOf(bench, options.teacher, TEACHER);
  const inputs = inputsOf(data, options);
  const { z } = yield* rowsOf(bench, teacher, tap, inputs);
  const held = (yield* rowsOf(bench, teacher, tap, data.test)).z;

  const states: NetworkState[] = [];
  const logs: LessonLog[] = [];
  const answers: Float32Array[] = [];
  const wanted: Float32Array[] = [];
  let seconds = 0;
  for (const [k, network] of cast.students.entries()) {
    const units = unitsOf(cast.chunks, k);
    const width = units.length;
    const chunk = columnsOf(z, d, units);
    const fold = { mean: columnsOf(statistics.mean, d, units), scale: columnsOf(scale, d, units) };
    const raw = options.targets === "raw";
    const lesson = {
      stage: n === 1 ? "the student" : `student ${k + 1} of ${n}`,
      network,
      inputs,
      target: raw ? chunk : standardised(chunk, fold.mean, fold.scale),
      width,
      recipe: recipes.chunk(options),
      seed: studentSeed(seed, n, k, budget),
    };
    const trained =
      options.phase1 === "ff"
        ? yield* learnChunk(bench, lesson)
        : yield* learnChunkAdversarially(bench, { ...lesson, critic: options.phase1 });
    const state = raw ? trained : await foldScale(network, trained, fold, inputs);
    states.push({ params: state.params, buffers: state.buffers });
    logs.push(trained.log);
    seconds += trained.seconds;
    answers.push(await answersOf(network, state, data.test));
    wanted.push(columnsOf(held, d, units));
  }
  const chunkR2 = answers.map((said, k) => rSquared(said, wanted[k]!, said.length / data.test.labels.length));
  const models = cast.students.map((s) => s.model);
  return {
    metrics: { r2: rSquared(concatenated(answers, cast.chunks), concatenated(wanted, cast.chunks), d) },
    params: sizeOfClass(models),
    flops: models.reduce((sum, m) => sum + m.flops, 0),
    seconds,
    log: meanLog(logs),
    facts: { chunkR2, studentParams: models[0]!.params.size, studentFlops: models[0]!.flops },
    arrays: arraysOf(states),
  };
}

/** The mean loss curve; all students have the same points. */
function meanLog(logs: readonly LessonLog[]): LessonLog {
  const loss = logs[0]!.loss.map(([x], i): [number, number] => [
    x,
    logs.reduce((sum, log) => sum + log.loss[i]![1], 0) / logs.length,
  ]);
  return { loss, exams: [], window: [0, 0] };
}

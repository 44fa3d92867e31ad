/** Who takes part: the network that an option names, the teacher that a cell has trained or a file holds. */
import { fail } from "../../errors.ts";
import type { LessonEvent } from "../../teaching/events.ts";
import { findModel, teacherFromFile } from "../../teaching/lesson/cast.ts";
import { crossEntropy } from "../../teaching/losses/cross-entropy.ts";
import type { Network, NetworkState } from "../../teaching/network.ts";
import { modelTeacher, type Teacher } from "../../teaching/teacher.ts";
import type { Bench, Outcome } from "../system.ts";
import { ask, sit } from "./exam.ts";
import { learn, type Recipe } from "./learn.ts";

/** A model of the zoo or of a user's module, with the statistics of the data. */
export async function networkOf({ data }: Pick<Bench<unknown>, "data">, name: string): Promise<Network> {
  const { normalise } = data.train;
  return { model: await findModel(name, data.train), ...(normalise && { normalise }) };
}

/** The student: the user's own model where there is one, else the named one. */
export async function studentOf(bench: Pick<Bench<unknown>, "data" | "own">, name: string): Promise<Network> {
  const { own, data } = bench;
  if (!own.student) return networkOf(bench, name);
  const { normalise } = data.train;
  return { model: own.student, ...(normalise && { normalise }) };
}

export const isFile = (name: string): boolean => /\.onnx$/i.test(name);

/** The work of a teacher's cell: trains it on the labels and examines it, or only examines one that comes trained. */
export async function* trainTeacher(
  bench: Bench<unknown>,
  name: string,
  recipe: Recipe,
  seed = 0,
): AsyncGenerator<LessonEvent, Outcome> {
  if (bench.own.teacher || isFile(name)) {
    const teacher = bench.own.teacher ?? (await teacherFromFile(name, bench.data.train));
    const exam = await ask(teacher, bench.data.test);
    return { metrics: exam.metrics, params: teacher.params, flops: teacher.flops, seconds: 0 };
  }
  const network = await networkOf(bench, name);
  const trained = yield* learn(bench, { stage: "teacher", network, loss: crossEntropy(), recipe, seed });
  return trainedOutcome(network, trained, (await sit(network, trained, bench.data.test)).metrics);
}

/** The teacher of such a cell. `name` as `trainTeacher` got it. */
export async function teacherOf(bench: Bench<unknown>, name: string, cell: string): Promise<Teacher> {
  if (bench.own.teacher) return bench.own.teacher;
  if (isFile(name)) return teacherFromFile(name, bench.data.train);
  return modelTeacher(await networkOf(bench, name), stateOf(await bench.outcome(cell)), name);
}

/** What a trained network leaves behind: its parameters as arrays "params" and "buffers", its curves and its marks. */
export function trainedOutcome(
  { model }: Network,
  { params, buffers, log, seconds }: NetworkState & Required<Pick<Outcome, "log" | "seconds">>,
  metrics: Outcome["metrics"],
  facts?: Outcome["facts"],
): Outcome {
  const about = { params: model.params.size, flops: model.flops, seconds, log };
  return { metrics, ...about, ...(facts && { facts }), arrays: { params, buffers } };
}

/** The parameters in an outcome of {@link trainedOutcome}. */
export function stateOf({ arrays = {} }: Outcome): NetworkState {
  const { params, buffers } = arrays;
  return params && buffers ? { params, buffers } : fail("E_INTERNAL", "This cell has trained no network.");
}

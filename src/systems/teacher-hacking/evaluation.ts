/**
 * Golden and proxy of a student, prompt by prompt. Responses are drawn once, from the oracle for golden and from the
 * teacher for proxy, and are the same at every checkpoint and in every arm of a seed: curves without the noise of new
 * draws.
 */
import { modelSampler } from "../../language/distil/index.ts";
import { random } from "../../tensor/index.ts";
import { answering, distances } from "./distance.ts";
import { studentModel, teacherModel } from "./models.ts";
import type { Options } from "./options.ts";
import { joined, promptsOf, type World, widthOf } from "./world.ts";

export interface Measured {
  /** KL(oracle || student) on the oracle's responses, nats per token, by prompt. */
  readonly golden: Float64Array;
  /** KL(teacher || student) on the teacher's. */
  readonly proxy: Float64Array;
  /** KL(teacher || student) on the oracle's. */
  readonly cross: Float64Array;
  /** Share of the oracle's tokens at which the student's likeliest token is the oracle's. */
  readonly agreement: number;
}

export interface Evaluation {
  /** KL(oracle || teacher), nats per token. */
  readonly teacher: number;
  measure(params: Float32Array): Promise<Measured>;
  release(): Promise<void>;
}

export async function evaluation(
  world: World,
  options: Options,
  { seed, width, teacher: params }: { readonly seed: number; readonly width: number; readonly teacher: Float32Array },
): Promise<Evaluation> {
  const { vocabulary, response } = world;
  const shape = { length: response, vocabulary };
  const key = random.fold(random.fold(random.key(seed), "teacher-hacking"), "validation");
  const teacher = teacherModel(options, vocabulary);
  const rows = world.pairs("validation", key, options.validationPrompts);
  const prompts = promptsOf(rows, widthOf(options));
  const sampler = await modelSampler(teacher, { maxTokens: response, params });
  const said = await sampler.sample(prompts, random.fold(key, "teacher"));
  await sampler.release();
  const flat = (parts: readonly Int32Array[]) => Int32Array.from(parts.flatMap((part) => [...part]));
  const saidRows = joined(flat(prompts), flat(said));
  const ask = answering(teacher);
  const truth = world.distributions(rows);
  const onOwn = Float64Array.from(await ask.logs(params, saidRows), Math.exp);
  const onTruth = await ask.logs(params, rows);
  await ask.release();
  const onTruthP = Float64Array.from(onTruth, Math.exp);
  const student = answering(studentModel(options, vocabulary, width));
  const best = likeliest(truth, vocabulary);
  return {
    teacher: mean(distances(truth, onTruth, shape)),
    async measure(of) {
      const logs = await student.logs(of, rows);
      const guesses = likeliest(logs, vocabulary);
      return {
        golden: distances(truth, logs, shape),
        proxy: distances(onOwn, await student.logs(of, saidRows), shape),
        cross: distances(onTruthP, logs, shape),
        agreement: guesses.reduce((sum, v, i) => sum + (v === best[i] ? 1 : 0), 0) / guesses.length,
      };
    },
    release: () => student.release(),
  };
}

export const mean = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
};

function likeliest(values: Float32Array | Float64Array, vocabulary: number): Int32Array {
  const out = new Int32Array(values.length / vocabulary);
  for (let i = 0; i < values.length; i++) {
    const at = Math.floor(i / vocabulary);
    if (values[i]! > values[at * vocabulary + out[at]!]!) out[at] = i % vocabulary;
  }
  return out;
}

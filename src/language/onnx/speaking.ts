/** An ONNX language model as a speaker: answers to prompts, those of one length together. */
import { type Key, random } from "../../tensor/index.ts";
import type { ModelSamplerOptions, Sampler } from "../distil/index.ts";
import { drawToken, inverseTemperature, PLAIN } from "../generate/index.ts";
import type { OnnxLanguageModel, ReadTokens } from "./model.ts";
import { logSoftmax } from "./reading.ts";

/** Answers that are written side by side. */
const AT_ONCE = 64;

/** Responses end with their end token, or at `maxTokens`; a response depends on its prompt, its place and the key. */
export function onnxSampler(model: OnnxLanguageModel, options: Omit<ModelSamplerOptions, "params">): Sampler {
  return {
    async sample(prompts, key) {
      const jobs = prompts.map((prompt, i) => ({ prompt, key: random.fold(key, i), said: [] as number[] }));
      for (const length of new Set(prompts.map((prompt) => prompt.length))) {
        const group = jobs.filter(({ prompt }) => prompt.length === length);
        for (let i = 0; i < group.length; i += AT_ONCE) await speak(model, group.slice(i, i + AT_ONCE), options);
      }
      return jobs.map(({ said }) => Int32Array.from(said));
    },
    release: async () => {},
  };
}

interface Job {
  readonly prompt: ArrayLike<number>;
  readonly key: Key;
  readonly said: number[];
}

/** Prompts of one length. Who is done is carried on until all are, and not listened to. */
async function speak(
  model: OnnxLanguageModel,
  jobs: readonly Job[],
  { maxTokens, endTokens = [], sampling = PLAIN }: Omit<ModelSamplerOptions, "params">,
): Promise<void> {
  const { vocabulary } = model;
  const n = jobs.length;
  const inverse = inverseTemperature(sampling);
  const text = jobs.map(({ prompt }) => Array.from(prompt));
  const done = new Set<Job>();
  let read: ReadTokens = { tokens: Int32Array.from(text.flat()), n, t: text[0]!.length };
  for (let step = 0; step < maxTokens; step++) {
    const { logits, past } = await model.run(read);
    for (const [row, job] of jobs.entries()) {
      const last = ((row + 1) * read.t - 1) * vocabulary;
      const own = logits.subarray(last, last + vocabulary);
      const probabilities = logSoftmax(own.map((value) => value * inverse)).map(Math.exp);
      const token = drawToken(own, probabilities, sampling, job.key, step);
      text[row]!.push(token);
      if (done.has(job)) continue;
      job.said.push(token);
      if (endTokens.includes(token)) done.add(job);
    }
    if (done.size === n) return;
    read = model.cached
      ? { tokens: Int32Array.from(text, (tokens) => tokens.at(-1)!), n, t: 1, past }
      : { tokens: Int32Array.from(text.flat()), n, t: text[0]!.length };
  }
}

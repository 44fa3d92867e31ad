/**
 * What `lyceum generate` does. It computes in this process: between two tokens the thread is free, and there is nothing
 * else to show.
 */
import { randomInt } from "node:crypto";
import { text as readAll } from "node:stream/consumers";
import { fail } from "../errors.ts";
import { type AnswerRequest, answer } from "../language/serve/answer.ts";
import { answerLength, sampling, textPrompt } from "../language/serve/model.ts";
import { openModel } from "../language/serve/open.ts";
import { key } from "../tensor/index.ts";
import { Interrupted } from "./interrupted.ts";

export interface GenerateFlags {
  readonly prompt?: string;
  readonly tokens?: number;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly seed?: number;
  readonly stop?: readonly string[];
  readonly logprobs?: boolean;
  readonly json?: boolean;
}

/** Tokens that are written where nobody says how many and the context leaves room. */
const USUAL = 256;

/** @throws E_PROMPT, E_CONTEXT, E_TOKEN, Interrupted, and what opening the model throws */
export async function generateText(folder: string, flags: GenerateFlags): Promise<void> {
  const { stop = [], logprobs = false, json = false, temperature, topK, topP } = flags;
  if (stop.includes("")) fail("E_OPTION", "The text of --stop is empty.", "Leave the option out, or give a text.");
  const given = flags.prompt ?? (await typed());
  const model = await openModel(folder, { slots: 1 });
  const interrupt = new AbortController();
  const onSignal = () => interrupt.abort();
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  try {
    const prompt = textPrompt(model, given);
    const request: AnswerRequest = {
      prompt: prompt.tokens,
      stopTokens: prompt.stopTokens,
      maxTokens: answerLength(model, prompt, flags.tokens, USUAL),
      sampling: sampling(temperature, topP, topK),
      stop,
      key: key(flags.seed ?? randomInt(2 ** 31)),
      signal: interrupt.signal,
    };
    const pieces = answer(model, request);
    const written = { text: "", tokens: [] as { token: string; logprob: number }[] };
    let next = await pieces.next();
    for (; !next.done; next = await pieces.next()) {
      const { text, tokens } = next.value;
      written.text += text;
      const told = tokens.map(({ token, logProbability }) => ({
        token: model.tokeniser.decode([token]),
        logprob: logProbability,
      }));
      written.tokens.push(...told);
      if (json) continue;
      if (logprobs) for (const one of told) process.stdout.write(lineOf(one));
      else process.stdout.write(text);
    }
    const { finish, tokens: count } = next.value;
    if (json) {
      const { text, tokens } = written;
      const result = { model: model.id, prompt: given, text, finish, count, ...(logprobs && { tokens }) };
      process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    } else if (!logprobs && !written.text.endsWith("\n")) process.stdout.write("\n");
    if (finish === "aborted") throw new Interrupted("Interrupted.");
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
    await model.engine.release();
  }
}

const lineOf = ({ token, logprob }: { token: string; logprob: number }) =>
  `${logprob.toFixed(4).padStart(9)}  ${JSON.stringify(token)}\n`;

/** Standard input, without the line break that shells put behind it. @throws E_PROMPT at a terminal */
async function typed(): Promise<string> {
  if (process.stdin.isTTY) {
    fail("E_PROMPT", "There is no text to continue.", 'Give one: --prompt "Once upon", or by standard input.');
  }
  return (await readAll(process.stdin)).replace(/\r?\n$/, "");
}

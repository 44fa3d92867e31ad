/**
 * `/v1/completions`: texts or tokens in, their continuation out. With `echo` and `logprobs` the prompt is scored as well,
 * so that this server can be a teacher of given texts; with `max_tokens: 0` nothing else is done.
 */
import type { Key } from "../../tensor/index.ts";
import { decoder } from "../tokenisers/index.ts";
import { ApiError } from "./failures.ts";
import { aborted, answerRequest, answers, type Heading, type Job, usage, wholes } from "./job.ts";
import { byNumber, completionTokens, type ToldToken } from "./log-probabilities.ts";
import { answerLength, endTokens, type Prompt, type ServedModel, textPrompt } from "./model.ts";
import { type CompletionBody, promptsOf } from "./request.ts";
import { tokenText } from "./token-text.ts";

/** As in the OpenAI protocol. */
const DEFAULT_LENGTH = 16;

interface Echo {
  readonly text: string;
  readonly tokens: readonly ToldToken[];
}

/** @throws E_CONTEXT, E_TOKEN, E_PROMPT, ApiError */
export function completionJob(body: CompletionBody, model: ServedModel, key: Key, heading: Heading): Job {
  const prompts = promptsOf(body).map((prompt) => promptOf(prompt, model));
  const lengths = prompts.map((prompt) => answerLength(model, prompt, body.max_tokens ?? undefined, DEFAULT_LENGTH));
  const each = body.n ?? 1;
  const count = prompts.length * each;
  const alternatives = Math.min(body.logprobs ?? 0, model.engine.vocabulary);
  const spell = body.return_tokens_as_token_ids ? byNumber : tokenText(model.tokeniser);
  const logprobs = (tokens: readonly ToldToken[], after = 0) =>
    typeof body.logprobs === "number"
      ? completionTokens(
          tokens.map((token) => ({ ...token, offset: token.offset + after })),
          spell,
          alternatives,
        )
      : null;
  const events = (signal: AbortSignal) => {
    const requests = prompts.map((prompt, i) => answerRequest(body, prompt, lengths[i]!, key, alternatives, signal));
    return answers(
      model,
      requests.flatMap((request) => Array.from({ length: each }, () => request)),
    );
  };
  /** What stands before each answer; one after another, because an engine scores a whole text at once. */
  const echoes = async (signal: AbortSignal): Promise<Echo[]> => {
    const out: Echo[] = [];
    if (!body.echo) return out;
    for (const prompt of prompts) {
      if (signal.aborted) throw aborted();
      const echo = await echoOf(prompt, model, typeof body.logprobs === "number" ? alternatives : undefined);
      for (let i = 0; i < each; i++) out.push(echo);
    }
    return out;
  };
  const read = prompts.reduce((sum, { tokens }) => sum + tokens.length, 0);
  const base = { ...heading, object: "text_completion", model: model.id };

  return {
    answers: count,
    async whole(signal) {
      const before = await echoes(signal);
      const all = await wholes(events(signal), count);
      return {
        ...base,
        choices: all.map(({ text, tokens, ending }, index) => {
          const echo = before[index] ?? { text: "", tokens: [] };
          const shifted = tokens.map((token) => ({ ...token, offset: token.offset + echo.text.length }));
          return {
            index,
            text: echo.text + text,
            logprobs: logprobs([...echo.tokens, ...shifted]),
            finish_reason: ending.finish,
          };
        }),
        usage: usage(
          read,
          all.reduce((sum, { ending }) => sum + ending.tokens, 0),
        ),
      };
    },
    async *chunks(signal) {
      const before = await echoes(signal);
      const counted = body.stream_options?.include_usage;
      const chunk = (index: number, text: string, told: object | null, finish: string | null = null) => ({
        ...base,
        choices: [{ index, text, logprobs: told, finish_reason: finish }],
        ...(counted && { usage: null }),
      });
      let made = 0;
      for (const [index, echo] of before.entries()) yield chunk(index, echo.text, logprobs(echo.tokens));
      for await (const { index, piece, ending } of events(signal)) {
        if (piece) yield chunk(index, piece.text, logprobs(piece.tokens, before[index]?.text.length));
        else {
          made += ending.tokens;
          yield chunk(index, "", null, ending.finish);
        }
      }
      if (counted) yield { ...base, choices: [], usage: usage(read, made) };
    },
  };
}

function promptOf(prompt: string | readonly number[], model: ServedModel): Prompt {
  if (typeof prompt === "string") return textPrompt(model, prompt);
  const size = Math.min(model.engine.vocabulary, model.tokeniser.size);
  const wrong = prompt.find((token) => token >= size);
  if (wrong !== undefined) {
    throw new ApiError(400, `The token ${wrong} is not in the vocabulary of ${size}.`, { param: "prompt" });
  }
  return { tokens: prompt, stopTokens: endTokens(model) };
}

/** The prompt's own text, and its tokens with their log-probabilities where `alternatives` is given. */
async function echoOf({ tokens }: Prompt, model: ServedModel, alternatives: number | undefined): Promise<Echo> {
  const scores = alternatives === undefined ? [] : await model.engine.score(tokens, alternatives);
  const characters = decoder(model.tokeniser, { skipSpecial: true });
  let text = "";
  const told = Array.from(tokens, (token, i): ToldToken => {
    const offset = text.length;
    text += characters.push(token);
    const score = i === 0 ? undefined : scores[i - 1];
    return { token, offset, logProbability: score?.logProbability ?? null, alternatives: score?.alternatives ?? [] };
  });
  return { text: text + characters.end(), tokens: told };
}

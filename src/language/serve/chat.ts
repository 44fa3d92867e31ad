/** `/v1/chat/completions`: a conversation in, the assistant's next turn out. */
import type { Key } from "../../tensor/index.ts";
import type { PlacedToken } from "./answer.ts";
import { answerRequest, answers, type Heading, type Job, usage, wholes } from "./job.ts";
import { byNumber, chatTokens } from "./log-probabilities.ts";
import { answerLength, chatPrompt, type ServedModel } from "./model.ts";
import type { ChatBody } from "./request.ts";
import { tokenText } from "./token-text.ts";

/** @throws E_CHAT, E_CONTEXT, E_TOKEN */
export function chatJob(body: ChatBody, model: ServedModel, key: Key, heading: Heading): Job {
  const prompt = chatPrompt(model, body.messages);
  const wanted = body.max_completion_tokens ?? body.max_tokens ?? undefined;
  const maxTokens = answerLength(model, prompt, wanted);
  const count = body.n ?? 1;
  const text = tokenText(model.tokeniser);
  const spell = body.return_tokens_as_token_ids ? byNumber : text;
  const logprobs = (tokens: readonly PlacedToken[]) =>
    body.logprobs ? { content: chatTokens(tokens, text, spell), refusal: null } : null;
  const events = (signal: AbortSignal) => {
    const one = answerRequest(
      body,
      prompt,
      maxTokens,
      key,
      Math.min(body.top_logprobs ?? 0, model.engine.vocabulary),
      signal,
    );
    return answers(
      model,
      Array.from({ length: count }, () => one),
    );
  };
  const read = prompt.tokens.length;

  return {
    answers: count,
    async whole(signal) {
      const all = await wholes(events(signal), count);
      return {
        ...heading,
        object: "chat.completion",
        model: model.id,
        choices: all.map(({ text, tokens, ending }, index) => ({
          index,
          message: { role: "assistant", content: text, refusal: null },
          logprobs: logprobs(tokens),
          finish_reason: ending.finish,
        })),
        usage: usage(
          read,
          all.reduce((sum, { ending }) => sum + ending.tokens, 0),
        ),
      };
    },
    async *chunks(signal) {
      const base = { ...heading, object: "chat.completion.chunk", model: model.id };
      const counted = body.stream_options?.include_usage;
      const chunk = (index: number, delta: object, told: object | null = null, finish: string | null = null) => ({
        ...base,
        choices: [{ index, delta, logprobs: told, finish_reason: finish }],
        ...(counted && { usage: null }),
      });
      const greeted = new Set<number>();
      let made = 0;
      for await (const { index, piece, ending } of events(signal)) {
        if (!greeted.has(index)) {
          greeted.add(index);
          yield chunk(index, { role: "assistant", content: "" });
        }
        if (piece) yield chunk(index, { content: piece.text }, logprobs(piece.tokens));
        else {
          made += ending.tokens;
          yield chunk(index, {}, null, ending.finish);
        }
      }
      if (counted) yield { ...base, choices: [], usage: usage(read, made) };
    },
  };
}

/**
 * What a request asks to be done, in either form: a whole response, or chunks. Nothing runs before one of them is read.
 *
 * Several answers to one request are generated side by side and merged as they come; each has its own key.
 */
import { fold, type Key } from "../../tensor/random.ts";
import { type AnswerRequest, answer, type Ending, type Piece, type PlacedToken } from "./answer.ts";
import { ApiError } from "./failures.ts";
import { type Prompt, type ServedModel, sampling } from "./model.ts";
import type { ChatBody, CompletionBody } from "./request.ts";

export interface Job {
  /** Answers that are generated side by side. */
  readonly answers: number;
  whole(signal: AbortSignal): Promise<object>;
  /** The first chunk comes when the engine has answered for the first time, so that its refusal has a status. */
  chunks(signal: AbortSignal): AsyncGenerator<object>;
}

/** What all chunks of a response have in common. */
export interface Heading {
  readonly id: string;
  readonly created: number;
}

export type AnswerEvent =
  | { readonly index: number; readonly piece: Piece; readonly ending?: undefined }
  | { readonly index: number; readonly piece?: undefined; readonly ending: Ending };

/** The fields that both endpoints share, as the engine wants them. */
export function answerRequest(
  body: ChatBody | CompletionBody,
  prompt: Prompt,
  maxTokens: number,
  key: Key,
  alternatives: number,
  signal: AbortSignal,
): AnswerRequest {
  return {
    prompt: prompt.tokens,
    maxTokens,
    sampling: sampling(body.temperature ?? undefined, body.top_p ?? undefined, body.top_k ?? undefined),
    stop: typeof body.stop === "string" ? [body.stop] : (body.stop ?? []),
    stopTokens: prompt.stopTokens,
    key,
    alternatives,
    signal,
  };
}

/** All answers as they come; each ends with its ending. @throws ApiError 503 for an answer that was aborted */
export async function* answers(model: ServedModel, requests: readonly AnswerRequest[]): AsyncGenerator<AnswerEvent> {
  const sources = requests.map((request, index) =>
    answer(model, { ...request, key: requests.length > 1 ? fold(request.key, index) : request.key }),
  );
  const next = async (index: number) => ({ index, step: await sources[index]!.next() });
  const pending = new Map(sources.map((_, index) => [index, next(index)]));
  try {
    while (pending.size > 0) {
      const { index, step } = await Promise.race(pending.values());
      if (step.done) {
        pending.delete(index);
        if (step.value.finish === "aborted") throw aborted();
        yield { index, ending: step.value };
      } else {
        yield { index, piece: step.value };
        pending.set(index, next(index));
      }
    }
  } finally {
    // An answer that is at work ends with the token it is at, or at once by its signal.
    await Promise.allSettled(sources.map((source) => source.return({ finish: "aborted", tokens: 0 })));
  }
}

/** A client that is gone does not read it; one that is there learns why. */
export const aborted = () => new ApiError(503, "The answer was aborted: the server is stopping.");

export interface Whole {
  readonly text: string;
  readonly tokens: readonly PlacedToken[];
  readonly ending: Ending;
}

/** Answers put together, in their order. */
export async function wholes(events: AsyncIterable<AnswerEvent>, count: number): Promise<Whole[]> {
  const drafts = Array.from({ length: count }, () => ({
    text: "",
    tokens: [] as PlacedToken[],
    ending: { finish: "length", tokens: 0 } as Ending,
  }));
  for await (const { index, piece, ending } of events) {
    const draft = drafts[index]!;
    if (ending) draft.ending = ending;
    else {
      draft.text += piece.text;
      draft.tokens.push(...piece.tokens);
    }
  }
  return drafts;
}

/** Tokens that were read and made, as responses tell them. */
export const usage = (read: number, made: number) => ({
  prompt_tokens: read,
  completion_tokens: made,
  total_tokens: read + made,
});

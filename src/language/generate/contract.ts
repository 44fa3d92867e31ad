/**
 * What a generator of text is to those who use it: the server, the provider, distillation, the command line. One engine
 * serves many requests at once; whether it batches them is its own business.
 */
import type { Key } from "../../tensor/index.ts";

/**
 * How the next token is drawn from softmax(logits / temperature): the k likeliest stay, of these the likeliest that hold
 * a share of p (top-p, Holtzman et al. 2020), and one of what is left is drawn by its probability. Of equals, the one
 * with the smaller number stays.
 */
export interface Sampling {
  /** 0 takes the likeliest token. */
  readonly temperature: number;
  /** Only the k likeliest; 0 for all. */
  readonly topK: number;
  /** Only the likeliest whose shares of what top-k left, before the last one is added, sum to less than p; 1 for all. */
  readonly topP: number;
}

export interface GenerateRequest {
  /** Tokens to continue, at least one; with the answer at most the context. */
  readonly prompt: ArrayLike<number>;
  readonly maxTokens: number;
  readonly sampling: Sampling;
  /** Tokens that end the answer; the one that did is yielded as the last token. */
  readonly stopTokens?: readonly number[];
  /** Same key, same request, same engine: same answer, whatever else is being generated. */
  readonly key: Key;
  /** How many of the likeliest tokens to tell at each place. */
  readonly alternatives?: number;
  readonly signal?: AbortSignal;
}

/** Log-probabilities are the model's own, softmax(logits) at temperature 1 without cuts, in nats. */
export interface TokenScore {
  readonly token: number;
  readonly logProbability: number;
}

export interface GeneratedToken extends TokenScore {
  /** The likeliest tokens, best first; as many as the request asked for. */
  readonly alternatives: readonly TokenScore[];
}

/** Why an answer ended: a stop token, the request's or the context's length, or its signal. */
export type Finish = "stop" | "length" | "aborted";

export interface TextEngine {
  readonly vocabulary: number;
  readonly context: number;
  /** Yields tokens as they are drawn, returns why it ended. @throws E_GENERATE for requests that cannot be met */
  generate(request: GenerateRequest): AsyncGenerator<GeneratedToken, Finish>;
  /**
   * log p(tokens[i] | tokens[..i]) for i = 1.., f32 [n - 1], with the likeliest alternatives at each place where asked.
   * @throws E_GENERATE
   */
  score(tokens: ArrayLike<number>, alternatives?: number): Promise<readonly GeneratedToken[]>;
  release(): Promise<void>;
}

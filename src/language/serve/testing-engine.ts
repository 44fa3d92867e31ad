/**
 * A model for tests: it repeats the last message of the user (or the text to continue) and ends, with made-up
 * log-probabilities that are a function of token and place, and counts what happens to it. "endless" never ends.
 */
import { setImmediate as turn } from "node:timers/promises";
import type { GeneratedToken, GenerateRequest, TextEngine } from "../generate/contract.ts";
import { CHAT_ROLES, chatPrompt } from "../text/index.ts";
import { trainByteBpe } from "../tokenisers/index.ts";
import type { ServedModel } from "./model.ts";

/** Bytes, so that characters span tokens; and one merge. */
export const tokeniser = trainByteBpe("th th", { size: 261, special: CHAT_ROLES.slice() });

export interface TestingEngine extends TextEngine {
  readonly requests: GenerateRequest[];
  readonly scored: number[][];
  running: number;
  peak: number;
  drawn: number;
}

/** -0.25, -0.5, ... -2, so that sums and JSON are exact. */
export const madeUp = (token: number, place: number): number => -(((token * 7 + place * 3) % 8) + 1) / 4;
const told = (token: number, place: number, alternatives = 0): GeneratedToken => ({
  token,
  logProbability: madeUp(token, place),
  alternatives: Array.from({ length: alternatives }, (_, i) => ({ token: 97 + i, logProbability: -(i + 1) })),
});

/** @param pace waits before every token; default: one turn of the event loop */
export function testingEngine(pace: () => Promise<unknown> = () => turn(), context = 4096): TestingEngine {
  const engine: TestingEngine = {
    requests: [],
    scored: [],
    running: 0,
    peak: 0,
    drawn: 0,
    vocabulary: tokeniser.size,
    context,
    async *generate(request) {
      engine.requests.push(request);
      engine.peak = Math.max(engine.peak, ++engine.running);
      try {
        const reply = [...tokeniser.encode(replyTo(request.prompt), { special: false }), tokeniser.special.end!];
        const endless = tokeniser.decode(reply).startsWith("endless");
        for (let i = 0; i < request.maxTokens; i++) {
          await pace();
          if (request.signal?.aborted) return "aborted";
          engine.drawn++;
          const token = endless ? reply[i % (reply.length - 1)]! : reply[i]!;
          yield told(token, i, request.alternatives);
          if (request.stopTokens?.includes(token)) return "stop";
        }
        return "length";
      } finally {
        engine.running--;
      }
    },
    async score(tokens, alternatives) {
      engine.scored.push(Array.from(tokens));
      return Array.from(tokens, (token, i) => told(token, i, alternatives)).slice(1);
    },
    release: async () => {},
  };
  return engine;
}

function replyTo(prompt: ArrayLike<number>): string {
  const text = tokeniser.decode(prompt);
  return text.match(/.*<\|user\|>(.*)<\|end\|><\|assistant\|>$/su)?.[1] ?? text;
}

export function testingModel(engine: TextEngine, id = "student"): ServedModel {
  const stopTokens = [tokeniser.special.end!];
  return {
    id,
    created: 1_700_000_000,
    engine,
    tokeniser,
    chatPrompt: (messages) => ({ tokens: chatPrompt(tokeniser, messages), stopTokens }),
  };
}

/** Waits until something is true, for what happens on the other side of a connection. */
export async function until(condition: () => boolean): Promise<void> {
  for (const start = performance.now(); !condition(); await turn()) {
    if (performance.now() - start > 30_000) throw new Error(`This never became true: ${condition}`);
  }
}

import { describe, expect, test } from "vitest";
import { key } from "../../tensor/index.ts";
import { type AnswerRequest, answer, type Ending, type Piece } from "./answer.ts";
import { madeUp, testingEngine, tokeniser } from "./testing-engine.ts";

async function read(prompt: string, request: Partial<AnswerRequest> = {}, engine = testingEngine()) {
  const pieces: Piece[] = [];
  const stream = answer(
    { engine, tokeniser },
    {
      prompt: tokeniser.encode(prompt),
      maxTokens: 1000,
      sampling: { temperature: 1, topK: 0, topP: 1 },
      stop: [],
      stopTokens: [tokeniser.special.end!],
      key: key(1),
      signal: new AbortController().signal,
      ...request,
    },
  );
  let step = await stream.next();
  for (; !step.done; step = await stream.next()) pieces.push(step.value);
  const ending: Ending = step.value;
  return { pieces, ending, engine, text: pieces.map(({ text }) => text).join("") };
}

describe("an answer", () => {
  test("is the text of its tokens, the ending one counted and told without text", async () => {
    const { text, ending, pieces, engine } = await read("the end");
    expect(text).toBe("the end");
    // "th" is one token.
    expect(ending).toEqual({ finish: "stop", tokens: 7 });
    const tokens = pieces.flatMap((piece) => piece.tokens);
    const ids = [...tokeniser.encode("the end"), tokeniser.special.end!];
    expect(tokens.map(({ token }) => token)).toEqual(ids);
    expect(tokens.map(({ offset }) => offset)).toEqual([0, 2, 3, 4, 5, 6, 7]);
    expect(tokens.map(({ logProbability }) => logProbability)).toEqual(ids.map(madeUp));
    expect(engine.running).toBe(0);
  });

  test("is never cut inside a character", async () => {
    const { text, pieces } = await read("añ€👩‍🏫z");
    expect(text).toBe("añ€👩‍🏫z");
    expect(pieces.map((piece) => piece.text)).toEqual(["a", "ñ", "€", "👩", "\u200d", "🏫", "z", ""]);
    // The tokens of a character leave with it.
    expect(pieces.map((piece) => piece.tokens.length)).toEqual([1, 2, 3, 4, 3, 4, 1, 1]);
  });

  test("that ends inside a character says so, and nothing is lost", async () => {
    const { text, ending, pieces } = await read("a€", { maxTokens: 3 });
    expect(text).toBe("a\ufffd");
    expect(ending).toEqual({ finish: "length", tokens: 3 });
    expect(pieces.flatMap((piece) => piece.tokens)).toHaveLength(3);
  });

  test("stops before a stop string, without the tokens behind it, and frees the engine", async () => {
    const { text, ending, pieces, engine } = await read("endless €, ", { stop: ["€, e"] });
    expect(text).toBe("endless ");
    expect(ending).toEqual({ finish: "stop", tokens: 8 + 3 + 3 });
    expect(pieces.flatMap((piece) => piece.tokens)).toHaveLength(8);
    expect(engine.running).toBe(0);
    expect(engine.drawn).toBe(14);
  });

  test("gives held text back when the stop string does not come", async () => {
    const { text, ending, pieces } = await read("abc", { stop: ["cd"] });
    expect(text).toBe("abc");
    expect(ending).toEqual({ finish: "stop", tokens: 4 });
    expect(pieces.map((piece) => piece.text)).toEqual(["a", "b", "c"]);
    expect(pieces.flatMap((piece) => piece.tokens)).toHaveLength(4);
  });

  test("of no tokens asks the engine nothing", async () => {
    const { ending, engine } = await read("abc", { maxTokens: 0 });
    expect(ending).toEqual({ finish: "length", tokens: 0 });
    expect(engine.requests).toEqual([]);
  });

  test("leaves special tokens out of the text", async () => {
    const engine = testingEngine();
    const spoken = { ...engine, generate: () => said([97, tokeniser.special.user!, 98]) };
    const { text, ending } = await read("x", {}, spoken);
    expect(text).toBe(tokeniser.decode([97, 98]));
    expect(ending).toEqual({ finish: "length", tokens: 3 });
  });
});

async function* said(tokens: number[]) {
  for (const token of tokens) yield { token, logProbability: -1, alternatives: [] };
  return "length" as const;
}

/**
 * The truth of a run and its prompts: real text (or a grammar's) to begin with, and an oracle that goes on with exactly
 * known probabilities. Prompts of stage 1, of the lesson and of validation are disjoint.
 */
import { sha256 } from "../../data/hash.ts";
import { fail } from "../../errors.ts";
import { contextsOf, estimateNgram, grammarOracle, inventedText, smallEnglish } from "../../language/oracle/index.ts";
import { CUSTOMARY_SHARES, knownText, readCorpus, splitByShares } from "../../language/text/index.ts";
import { alphabetOf, characterTokeniser } from "../../language/tokenisers/index.ts";
import { type Key, random } from "../../tensor/index.ts";
import type { Options } from "./options.ts";

/** Tokens of a prompt. A row is a prompt and a response of `options.response` tokens. */
export const PROMPT = 24;

export const widthOf = ({ response }: Pick<Options, "response">): number => PROMPT + response;

export type Part = "oracle" | "lesson" | "validation";

export interface World {
  readonly name: string;
  readonly sha256: string;
  readonly vocabulary: number;
  /** Tokens of a response. */
  readonly response: number;
  /** Prompts, each with a response of the oracle, [count, 24 + response]. @throws E_CORPUS when the text is too short */
  pairs(part: Part, key: Key, count: number): Int32Array;
  /** The oracle's distributions of the tokens of the responses, [n * response, vocabulary]. */
  distributions(rows: Int32Array): Float64Array;
}

const known = new Map<string, Promise<World>>();

/** Once per process. @throws E_CORPUS, E_DATA_NOT_FOUND */
export function worldOf(options: Pick<Options, "oracle" | "text" | "order" | "response">): Promise<World> {
  const { oracle, text, order, response } = options;
  const name = `${oracle}, ${text}, ${order}, ${response}`;
  let world = known.get(name);
  if (!world) known.set(name, (world = oracle === "grammar" ? grammarWorld(response) : textWorld(options)));
  world.catch(() => known.delete(name));
  return world;
}

async function textWorld({ text, order, response }: Pick<Options, "text" | "order" | "response">): Promise<World> {
  const source = await read(text);
  const tokeniser = characterTokeniser(alphabetOf(source));
  const ids = tokeniser.encode(source);
  const vocabulary = tokeniser.size;
  const oracle = estimateNgram(ids, { order, vocabulary });
  const { train, validation } = splitByShares(ids, CUSTOMARY_SHARES);
  const width = PROMPT + response;
  return {
    name: `${order}-gram model of ${text === "invented" ? "an invented language" : text}`,
    sha256: await sha256(source),
    vocabulary,
    response,
    pairs(part, key, count) {
      const from = part === "validation" ? validation : train;
      // Stage 1 begins at odd places, the lesson at even ones.
      const odd = part === "oracle" ? 1 : 0;
      const places = Math.floor((from.length - PROMPT - 1) / 2);
      if (places < count) {
        fail(
          "E_CORPUS",
          `"${text}" has room for ${Math.max(0, places)} prompts, not for ${count}.`,
          "Use a longer text.",
        );
      }
      const draw = random.integers(random.fold(key, part));
      const chosen = new Set<number>();
      while (chosen.size < count) chosen.add(2 * draw(places) + odd);
      const prompts = new Int32Array(count * PROMPT);
      [...chosen].forEach((at, i) => {
        prompts.set(from.subarray(at, at + PROMPT), i * PROMPT);
      });
      const responses = oracle.sample(prompts, PROMPT, response, random.fold(key, `${part} responses`));
      return joined(prompts, responses);
    },
    distributions: (rows) => oracle.distributions(contextsOf(rows, width, PROMPT, width, order)),
  };
}

async function grammarWorld(response: number): Promise<World> {
  const grammar = smallEnglish();
  const oracle = grammarOracle(grammar);
  const { vocabulary } = oracle;
  const width = PROMPT + response;
  return {
    name: "a small English grammar",
    sha256: await sha256(JSON.stringify(grammar.rules)),
    vocabulary,
    response,
    pairs(part, key, count) {
      const rows = new Int32Array(count * width);
      const own = random.fold(key, part);
      for (let i = 0; i < count; i++) rows.set(oracle.stream(random.fold(own, i))(width), i * width);
      return rows;
    },
    distributions(rows) {
      const n = rows.length / width;
      const all = oracle.distributions(rows, width);
      const out = new Float64Array(n * response * vocabulary);
      for (let i = 0; i < n; i++) {
        const from = (i * width + PROMPT) * vocabulary;
        out.set(all.subarray(from, from + response * vocabulary), i * response * vocabulary);
      }
      return out;
    },
  };
}

/** Prompts [n, 24] and responses [n, r] side by side, [n, 24 + r]. */
export function joined(prompts: Int32Array, responses: Int32Array): Int32Array {
  const n = prompts.length / PROMPT;
  const response = responses.length / n;
  const width = PROMPT + response;
  const rows = new Int32Array(n * width);
  for (let i = 0; i < n; i++) {
    rows.set(prompts.subarray(i * PROMPT, (i + 1) * PROMPT), i * width);
    rows.set(responses.subarray(i * response, (i + 1) * response), i * width + PROMPT);
  }
  return rows;
}

/** The prompts of rows [n, width]. */
export const promptsOf = (rows: Int32Array, width: number): Int32Array[] =>
  Array.from({ length: rows.length / width }, (_, i) => rows.slice(i * width, i * width + PROMPT));
export const responsesOf = (rows: Int32Array, width: number): Int32Array[] =>
  Array.from({ length: rows.length / width }, (_, i) => rows.slice(i * width + PROMPT, (i + 1) * width));

async function read(text: string): Promise<string> {
  if (text === "invented") return inventedText();
  if (!/[./\\]/.test(text)) return knownText(text);
  const documents = await readCorpus(text);
  return documents.map((d) => (d.kind === "text" ? d.text : "")).join("\n");
}

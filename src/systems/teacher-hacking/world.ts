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

/** Tokens of a prompt and of a response. */
export const PROMPT = 24;
export const RESPONSE = 24;
export const CONTEXT = PROMPT + RESPONSE;

export type Part = "oracle" | "lesson" | "validation";

export interface World {
  readonly name: string;
  readonly sha256: string;
  readonly vocabulary: number;
  /** Prompts, each with a response of the oracle, [count, 48]. @throws E_CORPUS when the text is too short */
  pairs(part: Part, key: Key, count: number): Int32Array;
  /** The oracle's distributions of the tokens of the responses, [n * 24, vocabulary]. */
  distributions(rows: Int32Array): Float64Array;
}

const known = new Map<string, Promise<World>>();

/** Once per process. @throws E_CORPUS, E_DATA_NOT_FOUND */
export function worldOf({ oracle, text, order }: Pick<Options, "oracle" | "text" | "order">): Promise<World> {
  const name = `${oracle}, ${text}, ${order}`;
  let world = known.get(name);
  if (!world) known.set(name, (world = oracle === "grammar" ? grammarWorld() : textWorld(text, order)));
  world.catch(() => known.delete(name));
  return world;
}

async function textWorld(text: string, order: number): Promise<World> {
  const source = await read(text);
  const tokeniser = characterTokeniser(alphabetOf(source));
  const ids = tokeniser.encode(source);
  const vocabulary = tokeniser.size;
  const oracle = estimateNgram(ids, { order, vocabulary });
  const { train, validation } = splitByShares(ids, CUSTOMARY_SHARES);
  return {
    name: `${order}-gram model of ${text === "invented" ? "an invented language" : text}`,
    sha256: await sha256(source),
    vocabulary,
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
      const responses = oracle.sample(prompts, PROMPT, RESPONSE, random.fold(key, `${part} responses`));
      return joined(prompts, responses);
    },
    distributions: (rows) => oracle.distributions(contextsOf(rows, CONTEXT, PROMPT, CONTEXT, order)),
  };
}

async function grammarWorld(): Promise<World> {
  const grammar = smallEnglish();
  const oracle = grammarOracle(grammar);
  const { vocabulary } = oracle;
  return {
    name: "a small English grammar",
    sha256: await sha256(JSON.stringify(grammar.rules)),
    vocabulary,
    pairs(part, key, count) {
      const rows = new Int32Array(count * CONTEXT);
      const own = random.fold(key, part);
      for (let i = 0; i < count; i++) rows.set(oracle.stream(random.fold(own, i))(CONTEXT), i * CONTEXT);
      return rows;
    },
    distributions(rows) {
      const n = rows.length / CONTEXT;
      const all = oracle.distributions(rows, CONTEXT);
      const out = new Float64Array(n * RESPONSE * vocabulary);
      for (let i = 0; i < n; i++) {
        const from = (i * CONTEXT + PROMPT) * vocabulary;
        out.set(all.subarray(from, from + RESPONSE * vocabulary), i * RESPONSE * vocabulary);
      }
      return out;
    },
  };
}

/** Prompts [n, 24] and responses [n, 24] side by side, [n, 48]. */
export function joined(prompts: Int32Array, responses: Int32Array): Int32Array {
  const n = prompts.length / PROMPT;
  const rows = new Int32Array(n * CONTEXT);
  for (let i = 0; i < n; i++) {
    rows.set(prompts.subarray(i * PROMPT, (i + 1) * PROMPT), i * CONTEXT);
    rows.set(responses.subarray(i * RESPONSE, (i + 1) * RESPONSE), i * CONTEXT + PROMPT);
  }
  return rows;
}

export const promptsOf = (rows: Int32Array): Int32Array[] =>
  Array.from({ length: rows.length / CONTEXT }, (_, i) => rows.slice(i * CONTEXT, i * CONTEXT + PROMPT));
export const responsesOf = (rows: Int32Array): Int32Array[] =>
  Array.from({ length: rows.length / CONTEXT }, (_, i) => rows.slice(i * CONTEXT + PROMPT, (i + 1) * CONTEXT));

async function read(text: string): Promise<string> {
  if (text === "invented") return inventedText();
  if (!/[./\\]/.test(text)) return knownText(text);
  const documents = await readCorpus(text);
  return documents.map((d) => (d.kind === "text" ? d.text : "")).join("\n");
}

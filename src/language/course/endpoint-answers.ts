/**
 * From the answers of a teacher behind an endpoint to rows: its words, as the student spells them, or its own tokens with
 * the likeliest alternatives that it told at each place, where teacher and student have the same tokeniser.
 */
import { fail } from "../../errors.ts";
import type { Answer, Token, TokenChoice } from "../endpoint/index.ts";
import { type Example, packExamples, type Rows } from "../text/index.ts";
import type { Tokeniser } from "../tokenisers/index.ts";
import type { Question } from "./endpoint-questions.ts";

/** The k likeliest tokens at each place of rows, i32 and f32 [n, context, k]. */
export interface ToldTokens {
  readonly k: number;
  readonly ids: Int32Array;
  readonly logs: Float32Array;
}

export interface Answers {
  readonly rows: Rows;
  readonly told?: ToldTokens;
  /** Answers whose tokens the student's tokeniser does not have. */
  readonly leftOut: number;
}

export interface Answered {
  readonly question: Question;
  readonly answer: Answer;
}

export interface Reading {
  readonly context: number;
  readonly pad: number;
}

/** Rows of words; undefined where no answer has any. */
export function wordRows(all: readonly Answered[], { context, pad }: Reading): Answers | undefined {
  const examples = all.flatMap(({ question, answer }): Example[] => {
    if (answer.text === "") return [];
    const { ids, counted } = question.example(answer.text);
    // An answer that was cut off, there or here, has words to learn from, but no end.
    const whole = answer.finish === "length" ? ids.length - 1 : ids.length;
    const kept = Math.min(whole, context + 1);
    return [{ ids: ids.slice(0, kept), counted: counted.slice(0, kept) }];
  });
  return examples.length === 0 ? undefined : { rows: packExamples(examples, { context, pad }), leftOut: 0 };
}

/** An example with what was told at the places of its answer, of which the first is token `first`. */
interface Told extends Example {
  readonly places: readonly Place[];
  readonly first: number;
}

/** Ids and log-probabilities of one place, likeliest first. */
type Place = readonly (readonly [id: number, log: number])[];
/** Log-probability of what cannot be: its exp is 0, and 0 times it is no NaN. */
const IMPOSSIBLE = -1e30;

/**
 * Rows of the teacher's own tokens; undefined where no answer has any.
 * @throws E_COURSE where the endpoint tells no tokens, or tells others than the student's
 */
export function toldRows(
  all: readonly Answered[],
  { context, pad }: Reading,
  { tokeniser, endTokens, teacher }: { tokeniser: Tokeniser; endTokens: readonly number[]; teacher: string },
): Answers | undefined {
  const idOf = tokenIds(tokeniser);
  const ends = new Set(endTokens);
  const examples: Told[] = [];
  const strange: string[] = [];
  for (const { question, answer } of all) {
    if (answer.text === "") continue;
    const { tokens = [] } = answer;
    if (!tokens.some(({ top }) => top.length > 0)) {
      fail("E_COURSE", `${teacher} tells no log-probabilities.`, "Use the loss sequence: it needs words only.");
    }
    const said = tokens.map(idOf);
    const places = tokens.map((token) => placeOf(token, idOf));
    const odd = said.findIndex((id, at) => id === undefined || places[at]!.length === 0);
    const known = said as number[];
    if (odd >= 0 || tokeniser.decode(known, { skipSpecial: true }).trim() !== answer.text.trim()) {
      strange.push(odd < 0 ? answer.text.slice(0, 40) : tokens[odd]!.token);
      continue;
    }
    // Some servers do not tell the token that ended the answer. That it did is certain.
    const silent = answer.finish !== "length" && !ends.has(known.at(-1)!) && known.at(-1) !== question.end;
    const ids = [...question.prompt, ...known, ...(silent ? [question.end] : [])].slice(0, context + 1);
    examples.push({
      ids: Int32Array.from(ids),
      counted: new Uint8Array(ids.length).fill(1, question.prompt.length),
      places: silent ? [...places, [[question.end, 0]]] : places,
      first: question.prompt.length,
    });
  }
  // A part of a character may be spelled like another one; most answers have none.
  if (strange.length > examples.length) {
    fail(
      "E_COURSE",
      `${teacher} has another tokeniser than the student: it says ${JSON.stringify(strange[0])}.`,
      "Use the loss sequence, or a student with the teacher's tokeniser.",
    );
  }
  if (examples.length === 0) return undefined;
  const rows = packExamples(examples, { context, pad });
  const certain = (place: Place) => place.length === 1 && place[0]![1] === 0;
  const k = Math.min(...examples.flatMap(({ places }) => places.filter((p) => !certain(p)).map((p) => p.length)));
  const told = { k, ids: new Int32Array(rows.n * context * k), logs: new Float32Array(rows.n * context * k) };
  // Places that do not count need ids that differ, too.
  for (let i = 0; i < told.ids.length; i++) [told.ids[i], told.logs[i]] = [i % k, IMPOSSIBLE];
  for (const [row, { places, first }] of examples.entries()) {
    for (const [i, place] of places.entries()) {
      // What foretells token `first + i` stands one place before it.
      const at = first + i - 1;
      if (at >= context) break;
      for (const [j, [id, log]] of filled(place, k).entries()) {
        told.ids[(row * context + at) * k + j] = id;
        told.logs[(row * context + at) * k + j] = log;
      }
    }
  }
  return { rows, told, leftOut: strange.length };
}

/** The k likeliest of a place; a certain one with others that cannot be. */
function filled(place: Place, k: number): Place {
  const kept = place.slice(0, k);
  for (let id = 0; kept.length < k; id++) if (kept.every(([known]) => known !== id)) kept.push([id, IMPOSSIBLE]);
  return kept;
}

function placeOf(token: Token, idOf: (choice: TokenChoice) => number | undefined): Place {
  const found = new Map<number, number>();
  for (const choice of token.top) {
    const id = idOf(choice);
    if (id !== undefined && choice.logprob !== null) found.set(id, choice.logprob);
  }
  return [...found].sort(([, a], [, b]) => b - a);
}

/** Ids by vLLM's "token_id:7", else by what a token spells where one alone spells it. */
function tokenIds(tokeniser: Tokeniser): (choice: TokenChoice) => number | undefined {
  const spelled = new Map<string, number | undefined>();
  for (let id = 0; id < tokeniser.size; id++) {
    const text = tokeniser.decode([id]);
    spelled.set(text, spelled.has(text) ? undefined : id);
  }
  return ({ token }) => {
    const numbered = /^token_id:(\d+)$/.exec(token);
    if (!numbered) return spelled.get(token);
    const id = Number(numbered[1]);
    return id < tokeniser.size ? id : undefined;
  };
}

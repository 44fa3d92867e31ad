/** From documents to rows of tokens, and from rows back to the number of characters and bytes that they foretell. */
import { fail } from "../../errors.ts";
import { host } from "../../tensor/index.ts";
import type { TextRows } from "../lesson/index.ts";
import {
  CHAT_ROLES,
  type ChatFormat,
  type Document,
  type Example,
  IGNORED,
  ownChat,
  packDocuments,
  packExamples,
  pairExample,
  type Rows,
  takeRows,
} from "../text/index.ts";
import { alphabetOf, characterTokeniser, type Tokeniser, trainByteBpe } from "../tokenisers/index.ts";

/** Alphabets up to this size get a tokeniser of characters. */
const SMALL_ALPHABET = 128;
/** Vocabulary of the tokeniser that is trained for other texts. */
const VOCABULARY = 1024;

const textsOf = (document: Document): readonly string[] =>
  document.kind === "text"
    ? [document.text]
    : document.kind === "pair"
      ? [document.prompt, document.response]
      : document.messages.map(({ content }) => content);

/**
 * Characters for small alphabets, else bytes with merges learnt from the training part. `foreign`: texts from elsewhere
 * will be read, which may have any character.
 */
export function tokeniserFor(
  { train, validation, test }: Readonly<Record<"train" | "validation" | "test", readonly Document[]>>,
  foreign: boolean,
): Tokeniser {
  const all = [...train, ...validation, ...test];
  const special = all.some(({ kind }) => kind === "chat") ? CHAT_ROLES : (["end"] as const);
  const alphabet = alphabetOf(all.flatMap(textsOf).join(""));
  if (alphabet.length <= SMALL_ALPHABET && !foreign) return characterTokeniser(alphabet, { special });
  return trainByteBpe(train.flatMap(textsOf), { size: VOCABULARY, special });
}

/** The token behind a document. @throws E_COURSE for a tokeniser without one where documents must end */
export function endOf(tokeniser: Tokeniser, needed: true): number;
export function endOf(tokeniser: Tokeniser, needed?: boolean): number | undefined;
export function endOf(tokeniser: Tokeniser, needed = false): number | undefined {
  if (tokeniser.special.end === undefined && needed) {
    fail("E_COURSE", "The tokeniser has no token that ends an answer.", "Use plain texts, or another tokeniser.");
  }
  return tokeniser.special.end;
}

export interface Packed {
  readonly rows: Rows;
  /** Documents that are longer than a row. */
  readonly leftOut: number;
}

/** Texts one after the other; prompts with answers a row each. @throws E_COURSE, E_PACK, E_CHAT */
export function pack(
  documents: readonly Document[],
  tokeniser: Tokeniser,
  context: number,
  chat: ChatFormat = ownChat(tokeniser),
): Packed {
  if (documents[0]!.kind === "text") {
    const end = endOf(tokeniser);
    const tokens = documents.flatMap(textsOf).map((text) => tokeniser.encode(text, { special: false }));
    return { rows: packDocuments(tokens, { context, ...(end !== undefined && { end }) }), leftOut: 0 };
  }
  const end = endOf(tokeniser, true);
  const plain = (text: string) => tokeniser.encode(text, { special: false });
  const examples = documents.map((document): Example => {
    if (document.kind === "chat") return chat.example(document.messages);
    const [prompt, response] = textsOf(document) as [string, string];
    return pairExample(plain(prompt), plain(response), end);
  });
  const fitting = examples.filter(({ ids }) => ids.length <= context + 1);
  if (fitting.length === 0) {
    const shortest = Math.min(...examples.map(({ ids }) => ids.length));
    fail(
      "E_COURSE",
      `The shortest of ${examples.length} examples has ${shortest} tokens; a row holds ${context + 1}.`,
      "Give shorter ones, or a model with a longer context.",
    );
  }
  return { rows: packExamples(fitting, { context, pad: end }), leftOut: examples.length - fitting.length };
}

/** Rows as a lesson reads them; `places` where one row may hold several documents. */
export function lessonRows({ n, context, ...rows }: Rows, places: boolean): TextRows {
  const tensor = (data: Int32Array) => host(data, [n, context]);
  return {
    tokens: tensor(rows.inputs),
    labels: tensor(rows.labels),
    ...(places && { positions: tensor(rows.positions), segments: tensor(rows.segments) }),
  };
}

/** The first rows, at most so many. */
export const firstRows = (rows: Rows, most: number): Rows =>
  rows.n <= most
    ? rows
    : takeRows(
        rows,
        Int32Array.from({ length: most }, (_, i) => i),
      );

export interface Extent {
  readonly tokens: number;
  readonly characters: number;
  readonly bytes: number;
}

/** What the labels that count spell: without special tokens, which are no text. */
export function extentOf({ labels }: Rows, tokeniser: Tokeniser): Extent {
  const counted = labels.filter((label) => label !== IGNORED);
  const text = tokeniser.decode(counted, { skipSpecial: true });
  return { tokens: counted.length, characters: [...text].length, bytes: new TextEncoder().encode(text).length };
}

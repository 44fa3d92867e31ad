/**
 * Rows of one length for training: documents one after the other, or one prompt with its response per row.
 *
 * Labels are the next tokens, already shifted; IGNORED where a position does not count. A position counts only when its
 * label belongs to the same document: nobody can know how the next one begins.
 */
import { fail } from "../../errors.ts";

/** Label of positions that do not count. */
export const IGNORED = -100;

/** Rows for a language model, each array `[n, context]`. */
export interface Rows {
  readonly n: number;
  readonly context: number;
  readonly inputs: Int32Array;
  /** Next tokens; IGNORED where not counted. */
  readonly labels: Int32Array;
  /** Number of the document of each position, so that attention can stay inside it; -1 for padding. */
  readonly segments: Int32Array;
  /** Position within the document and row, from 0. */
  readonly positions: Int32Array;
  /** Number of labels that count: what a loss is divided by. */
  readonly counted: number;
}

export interface PackOptions {
  /** Positions per row. */
  readonly context: number;
  /** Put behind every document, and counted. Without it documents end unsaid. */
  readonly end?: number;
  /** Input of positions that are left over. Default: the end token, or 0. */
  readonly pad?: number;
}

/**
 * Documents joined and cut into rows: row r takes the tokens from `r * context` to `(r + 1) * context`, whose last one is
 * only a label (it is the first input of the next row), so that every token is predicted once.
 * @param documents tokens of each
 * @throws E_PACK when there is nothing to predict or the context is no positive whole number
 */
export function packDocuments(documents: readonly ArrayLike<number>[], options: PackOptions): Rows {
  const { context, end } = options;
  const extra = end === undefined ? 0 : 1;
  const total = documents.reduce((sum, tokens) => sum + tokens.length + extra, 0);
  const n = checkedContext(context) && Math.ceil((total - 1) / context);
  if (n < 1) fail("E_PACK", `${documents.length} documents with ${total} tokens make no row.`, "Give more text.");
  const tokens = new Int32Array(total);
  const owner = new Int32Array(total);
  let at = 0;
  documents.forEach((document, d) => {
    tokens.set(document, at);
    owner.fill(d, at, at + document.length + extra);
    at += document.length + extra;
    if (end !== undefined) tokens[at - 1] = end;
  });

  const rows = emptyRows(n, context, options.pad ?? end ?? 0);
  let counted = 0;
  // The very last token is never an input: it has no successor.
  for (let i = 0; i < total - 1; i++) {
    rows.inputs[i] = tokens[i]!;
    rows.segments[i] = owner[i]!;
    const follows = i % context !== 0 && owner[i] === owner[i - 1];
    rows.positions[i] = follows ? rows.positions[i - 1]! + 1 : 0;
    if (owner[i] !== owner[i + 1]) continue;
    rows.labels[i] = tokens[i + 1]!;
    counted++;
  }
  return { ...rows, counted };
}

/** Tokens with a mark (1) on those that are to be predicted. */
export interface Example {
  readonly ids: Int32Array;
  readonly counted: Uint8Array;
}

/**
 * A prompt with its response: the response counts and so does the end token behind it; what a response has after its
 * first end token is dropped (a sampler may have gone on).
 */
export function pairExample(prompt: ArrayLike<number>, response: ArrayLike<number>, end: number): Example {
  const said = Array.from(response);
  const stop = said.indexOf(end);
  const kept = stop < 0 ? [...said, end] : said.slice(0, stop + 1);
  const ids = Int32Array.from([...Array.from(prompt), ...kept]);
  return { ids, counted: new Uint8Array(ids.length).fill(1, prompt.length) };
}

/**
 * One example per row, padded at the end. An example of up to `context + 1` tokens fits.
 * @throws E_PACK when an example is longer, or has nothing that counts (a first token never counts: nothing comes before)
 */
export function packExamples(
  examples: readonly Example[],
  options: Pick<PackOptions, "context"> & { pad: number },
): Rows {
  const { context, pad } = options;
  checkedContext(context);
  if (examples.length === 0) fail("E_PACK", "There are no examples.", "Give at least one.");
  const rows = emptyRows(examples.length, context, pad);
  let counted = 0;
  examples.forEach(({ ids, counted: marks }, row) => {
    if (ids.length > context + 1) {
      fail(
        "E_PACK",
        `Example ${row} has ${ids.length} tokens; a row of context ${context} holds ${context + 1}.`,
        "Shorten it, or use a longer context.",
      );
    }
    let here = 0;
    for (let i = 0; i < Math.min(ids.length, context); i++) {
      const at = row * context + i;
      rows.inputs[at] = ids[i]!;
      rows.segments[at] = row;
      rows.positions[at] = i;
      if (i + 1 >= ids.length || marks[i + 1] !== 1) continue;
      rows.labels[at] = ids[i + 1]!;
      here++;
    }
    if (here === 0) fail("E_PACK", `Example ${row} has no token that counts.`, "Give it a response.");
    counted += here;
  });
  return { ...rows, counted };
}

function emptyRows(n: number, context: number, pad: number): Omit<Rows, "counted"> {
  const make = (value: number) => new Int32Array(n * context).fill(value);
  return { n, context, inputs: make(pad), labels: make(IGNORED), segments: make(-1), positions: make(0) };
}

function checkedContext(context: number): number {
  if (!Number.isInteger(context) || context < 1) {
    fail("E_PACK", `A context of ${context} positions was asked for.`, "Give a whole number from 1 on.");
  }
  return context;
}

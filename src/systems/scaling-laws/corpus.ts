/**
 * Text whose true probabilities are known: an n-gram model, estimated on a real text, writes as much as one likes and no
 * token comes twice. Every row begins anew, so that what stands in a row is all there is to know about its next token
 * and the entropy H is within reach of a model; real corpora do not have such a number.
 */

import { sha256 } from "../../data/hash.ts";
import { fail } from "../../errors.ts";
import type { Scorer, TextRows } from "../../language/lesson/index.ts";
import {
  contextsOf,
  estimateNgram,
  expectedCrossEntropy,
  inventedText,
  meanEntropy,
  type NgramOracle,
} from "../../language/oracle/index.ts";
import { knownText, readCorpus } from "../../language/text/index.ts";
import { alphabetOf, characterTokeniser } from "../../language/tokenisers/index.ts";
import { host, type Key, random } from "../../tensor/index.ts";
import { CONTEXT } from "./family.ts";

export interface Corpus {
  readonly name: string;
  readonly sha256: string;
  readonly vocabulary: number;
  readonly oracle: NgramOracle;
  /** Fresh rows: inputs and labels, [count, 64] each. */
  rows(key: Key, count: number): TextRows;
  /** Entropy of the next token on the rows of the exam, nats: no model does better. */
  readonly entropy: number;
  /** Expected loss of a model on the rows of the exam, nats per token: over all next tokens, not over drawn ones. */
  loss(scorer: Scorer, params: Float32Array): Promise<number>;
}

/** Rows of the exam; rows of a step never come from its key. */
const EXAM_ROWS = 96;
const EXAM = random.fold(random.key(1), "scaling-laws exam");

const known = new Map<string, Promise<Corpus>>();

/** Once per process. `text`: "invented", "tinyshakespeare", or a file. @throws E_CORPUS, E_DATA_NOT_FOUND */
export function corpusOf({ text, order }: { readonly text: string; readonly order: number }): Promise<Corpus> {
  const name = `${text}, ${order}`;
  let corpus = known.get(name);
  if (!corpus) known.set(name, (corpus = build(text, order)));
  corpus.catch(() => known.delete(name));
  return corpus;
}

async function build(text: string, order: number): Promise<Corpus> {
  const source = await read(text);
  const alphabet = alphabetOf(source);
  const vocabulary = alphabet.length;
  if (vocabulary < 2)
    fail("E_CORPUS", `The text "${text}" has ${vocabulary} different characters.`, "Name a real text.");
  const oracle = estimateNgram(characterTokeniser(alphabet).encode(source), { order, vocabulary });
  const rows = (key: Key, count: number): TextRows => {
    const length = CONTEXT + 1;
    const drawn = oracle.sample(new Int32Array(count).fill(-1), 1, length, key);
    return split(drawn, count, length);
  };
  const exam = oracle.sample(new Int32Array(EXAM_ROWS).fill(-1), 1, CONTEXT + 1, EXAM);
  const p = oracle.distributions(contextsOf(exam, CONTEXT + 1, 1, CONTEXT + 1, order));
  const examRows = split(exam, EXAM_ROWS, CONTEXT + 1);
  return {
    name: `${order}-gram text of ${text === "invented" ? "an invented language" : text}`,
    sha256: await sha256(source),
    vocabulary,
    oracle,
    rows,
    entropy: meanEntropy(p, vocabulary),
    async loss(scorer, params) {
      let sum = 0;
      for await (const { from, values } of scorer.pieces(params, examRows)) {
        const [count] = values.shape as [number];
        const at = from * CONTEXT * vocabulary;
        const q = values.data as Float32Array;
        sum += count * expectedCrossEntropy(p.subarray(at, at + q.length), q, vocabulary);
      }
      return sum / EXAM_ROWS;
    },
  };
}

function split(drawn: Int32Array, count: number, length: number): TextRows {
  const [tokens, labels] = [new Int32Array(count * CONTEXT), new Int32Array(count * CONTEXT)];
  for (let i = 0; i < count; i++) {
    tokens.set(drawn.subarray(i * length, i * length + CONTEXT), i * CONTEXT);
    labels.set(drawn.subarray(i * length + 1, (i + 1) * length), i * CONTEXT);
  }
  return { tokens: host(tokens, [count, CONTEXT]), labels: host(labels, [count, CONTEXT]) };
}

async function read(text: string): Promise<string> {
  if (text === "invented") return inventedText();
  if (!/[./\\]/.test(text)) return knownText(text);
  const documents = await readCorpus(text);
  return documents.map((d) => (d.kind === "text" ? d.text : "")).join("\n");
}

/**
 * The text of a run: 90 % to learn from and the last 10 % to judge by, as rows of one length. An own teacher reads
 * characters; one that was imported brings its tokeniser.
 */
import { sha256 } from "../../data/hash.ts";
import { fail } from "../../errors.ts";
import type { TextRows } from "../../language/lesson/index.ts";
import { sampleSentence, smallEnglish } from "../../language/oracle/index.ts";
import {
  knownText,
  packDocuments,
  type Rows,
  readCorpus,
  rowBatches,
  splitByShares,
  takeRows,
} from "../../language/text/index.ts";
import { alphabetOf, characterTokeniser, type Tokeniser } from "../../language/tokenisers/index.ts";
import { host, type Key, random } from "../../tensor/index.ts";

export interface TextData {
  readonly name: string;
  readonly sha256: string;
  readonly vocabulary: number;
  readonly tokeniser: Tokeniser;
  /** Positions of a row. */
  readonly context: number;
  readonly train: Rows;
  readonly validation: Rows;
  /** The batch of a step: a pure function of key and step. */
  batch(key: Key, rows: number): (step: number) => TextRows;
  /** `tokens` of the validation part, spread over all of it; all of it where it has fewer. */
  exam(tokens: number): TextRows;
}

/** Sentences of a small grammar, for runs without any data: 200,000 characters, always the same ones. */
export function grammarText(length = 200_000): string {
  const grammar = smallEnglish();
  const key = random.fold(random.key(0), "echoatt text");
  let text = "";
  for (let i = 0; text.length < length; i++) {
    const words = [...sampleSentence(grammar, random.fold(key, i))].filter((id) => id !== grammar.end);
    text += `${words.map((id) => grammar.words[id]).join(" ")}.\n`;
  }
  return text.slice(0, length);
}

/** "grammar", a name such as "tinyshakespeare", or a path. @throws E_CORPUS, E_DATA_NOT_FOUND */
async function read(name: string): Promise<string> {
  if (name === "grammar") return grammarText();
  if (!/[./\\]/.test(name)) return knownText(name);
  const documents = await readCorpus(name);
  return documents
    .map((d) => (d.kind === "text" ? d.text : d.kind === "pair" ? `${d.prompt}${d.response}` : ""))
    .join("\n");
}

const known = new Map<string, Promise<TextData>>();

/** Once per process and tokeniser. @param tokeniser of an imported teacher; characters of the text where not given */
export function textOf(name: string, context: number, tokeniser?: Tokeniser): Promise<TextData> {
  const id = JSON.stringify([name, context, tokeniser?.name, tokeniser?.size]);
  let data = known.get(id);
  if (!data) known.set(id, (data = build(name, context, tokeniser)));
  data.catch(() => known.delete(id));
  return data;
}

async function build(name: string, context: number, given: Tokeniser | undefined): Promise<TextData> {
  const text = await read(name);
  const parts = splitByShares(text, { train: [0, 0.9], validation: [0.9, 1] });
  const tokeniser = given ?? characterTokeniser(alphabetOf(text));
  const pack = (part: "train" | "validation"): Rows => {
    const ids = tokeniser.encode(parts[part], { special: false });
    if (ids.length <= context) {
      fail(
        "E_OPTION",
        `The ${part} part of "${name}" has ${ids.length} tokens.`,
        "Name a longer text or a smaller context.",
      );
    }
    const rows = packDocuments([ids], { context });
    // The last row may be padded: a position without a predecessor is no fair question.
    return takeRows(
      rows,
      Int32Array.from({ length: Math.floor((ids.length - 1) / context) }, (_, i) => i),
    );
  };
  const [train, validation] = [pack("train"), pack("validation")];
  return {
    name,
    sha256: await sha256(text),
    vocabulary: tokeniser.size,
    tokeniser,
    context,
    train,
    validation,
    batch(key, rows) {
      const batches = rowBatches(train, { key, batchSize: Math.min(rows, train.n) });
      return (step) => rowsOf(batches.at(step));
    },
    exam(tokens) {
      const count = Math.min(validation.n, Math.max(1, Math.round(tokens / context)));
      return rowsOf(
        takeRows(
          validation,
          Int32Array.from({ length: count }, (_, i) => Math.floor((i * validation.n) / count)),
        ),
      );
    },
  };
}

const rowsOf = ({ n, context, inputs, labels }: Rows): TextRows => ({
  tokens: host(inputs, [n, context]),
  labels: host(labels, [n, context]),
});

/**
 * The text of a course in three parts: made here, known by name, or the user's own. A long text is cut into contiguous
 * parts, because neighbouring text is alike; a list of documents is cut between documents.
 */
import { fail } from "../../errors.ts";
import { key, random } from "../../tensor/index.ts";
import { sampleSentence, smallEnglish } from "../oracle/index.ts";
import { CUSTOMARY_SHARES, type Document, knownText, readCorpus, splitByShares } from "../text/index.ts";

export interface Corpus {
  readonly name: string;
  readonly train: readonly Document[];
  readonly validation: readonly Document[];
  readonly test: readonly Document[];
}

const SMALL_ENGLISH = "small-english";
/** Characters of the text that is made here: some 300 steps of 1024 characters are two passes. */
const LENGTH = 200_000;
/** From so many documents on, parts are made of whole documents. */
const MANY = 30;

/** @throws E_CORPUS, E_DATA_NOT_FOUND, E_DATA_CHECKSUM, E_SHARES for a text that is too short for three parts */
export async function readParts(data: string): Promise<Corpus> {
  if (data === SMALL_ENGLISH) return { name: "small English", ...parts([textOf(madeText(LENGTH))]) };
  if (data === "tinyshakespeare") return { name: "tiny Shakespeare", ...parts([textOf(await knownText(data))]) };
  const documents = await readCorpus(data);
  const plain = documents.filter(({ kind }) => kind === "text").length;
  if (plain > 0 && plain < documents.length) {
    fail(
      "E_CORPUS",
      `"${data}" has ${plain} plain texts among ${documents.length} documents.`,
      "Keep texts and conversations in files of their own.",
    );
  }
  return { name: data, ...parts(documents) };
}

/** Sentences of a small grammar, one a line, until the text has this many characters. */
export function madeText(length: number): string {
  const grammar = smallEnglish();
  const words = [...grammar.words, "."];
  const root = random.fold(key(0), "small English");
  let text = "";
  for (let i = 0; text.length < length; i++) {
    const sentence = [...sampleSentence(grammar, random.fold(root, i))].map((token) => words[token]!);
    text += `${sentence.slice(0, -1).join(" ")}.\n`;
  }
  return text;
}

const textOf = (text: string): Document => ({ kind: "text", text });

function parts(documents: readonly Document[]): Omit<Corpus, "name"> {
  if (documents.length >= MANY || documents[0]!.kind !== "text") return splitByShares([...documents], CUSTOMARY_SHARES);
  const cut = documents.map((document) =>
    splitByShares(document.kind === "text" ? document.text : "", CUSTOMARY_SHARES),
  );
  const part = (name: keyof typeof CUSTOMARY_SHARES) => cut.map((shares) => textOf(shares[name]));
  return { train: part("train"), validation: part("validation"), test: part("test") };
}

/**
 * Who takes part in a course, and the one tokeniser that all of them share: a divergence between two models has a meaning
 * only where both speak of the same tokens.
 */
import { existsSync } from "node:fs";
import path from "node:path";
import { fail } from "../../errors.ts";
import { type Decoder, decoder } from "../decoder/index.ts";
import { loadDecoder } from "../files/index.ts";
import { type ChatFormat, chatFormat, loadChatTemplate } from "../text/index.ts";
import { loadTokeniser, type Tokeniser } from "../tokenisers/index.ts";
import type { Corpus } from "./corpus.ts";
import { isEndpoint, type SettledCourse } from "./options.ts";
import { tokeniserFor } from "./rows.ts";
import { decoderOfSize, rateOf, SIZE_NAMES } from "./sizes.ts";

/** A language model of this process. */
export interface Member {
  readonly name: string;
  readonly decoder: Decoder;
  /** Values to start from, of a folder's model. */
  readonly params?: Float32Array;
  /** Peak of the learning rate. */
  readonly rate: number;
}

export interface Cast {
  /** Undefined for an endpoint. */
  readonly teacher: Member | undefined;
  readonly student: Member;
  readonly tokeniser: Tokeniser;
  /** The folder whose tokeniser files go with the student; undefined where we made the tokeniser. */
  readonly tokeniserFolder: string | undefined;
  /** How conversations are read; undefined where neither tokeniser nor folder says. */
  readonly chat: ChatFormat | undefined;
  readonly endTokens: readonly number[];
  /** Tokens of a row. */
  readonly context: number;
}

/** Going on from a trained model wants smaller steps than beginning one. */
const RATE_OF_TRAINED = 3e-4;

interface FromFolder extends Member {
  readonly folder: string;
  readonly tokeniser: Tokeniser;
  readonly endTokens: readonly number[];
}

/** @throws E_MODEL_UNKNOWN, E_COURSE for tokenisers that differ, E_DECODER, E_DECODER_FILE, E_TOKENISER_FILE */
export async function castOf(settled: SettledCourse, corpus: Corpus): Promise<Cast> {
  const remote = isEndpoint(settled.teacher);
  const teacherFolder = remote ? undefined : await fromFolder("teacher", settled.teacher);
  const studentFolder = await fromFolder("student", settled.student);
  if (teacherFolder && studentFolder) checkShared(teacherFolder, studentFolder);
  const given = teacherFolder ?? studentFolder;
  const tokeniser = given?.tokeniser ?? tokeniserFor(corpus, remote);
  const vocabulary = given?.decoder.config.vocabulary ?? tokeniser.size;
  const contexts = [teacherFolder, studentFolder].flatMap((one) => (one ? [one.decoder.config.context] : []));
  const context = Math.min(settled.context, ...contexts);
  const ofSize = (name: string): Member => ({
    name,
    decoder: decoderOfSize(name, vocabulary, context),
    rate: rateOf(name),
  });
  const end = tokeniser.special.end;
  return {
    teacher: remote ? undefined : (teacherFolder ?? ofSize(settled.teacher)),
    student: studentFolder ?? ofSize(settled.student),
    tokeniser,
    tokeniserFolder: given?.folder,
    chat: chatFormat(tokeniser, given && loadChatTemplate(given.folder)),
    endTokens: [...new Set([...(given?.endTokens ?? []), ...(end === undefined ? [] : [end])])],
    context,
  };
}

/** The model of a folder; undefined for the name of a size. */
async function fromFolder(role: string, name: string): Promise<FromFolder | undefined> {
  if (SIZE_NAMES.includes(name)) return undefined;
  if (!existsSync(name)) {
    fail(
      "E_MODEL_UNKNOWN",
      `The ${role} "${name}" is neither a size of a language model nor a folder.`,
      `Sizes are ${SIZE_NAMES.join(", ")}.`,
    );
  }
  const { config, params, tokeniser, end } = await loadDecoder(name);
  if (tokeniser === undefined) {
    fail("E_TOKENISER_FILE", `The folder "${name}" has no tokenizer.json.`, "Put the model's own beside it.");
  }
  return {
    name: path.basename(path.resolve(name)),
    folder: name,
    decoder: decoder(config, path.basename(path.resolve(name))),
    params,
    rate: RATE_OF_TRAINED,
    tokeniser: loadTokeniser(tokeniser!),
    endTokens: end,
  };
}

/** @throws E_COURSE */
function checkShared(teacher: FromFolder, student: FromFolder): void {
  const sizes = [teacher, student].map(({ decoder: { config } }) => config.vocabulary);
  const spelled = ({ tokeniser }: FromFolder) =>
    Array.from({ length: tokeniser.size }, (_, id) => tokeniser.decode([id])).join("\0");
  if (sizes[0] === sizes[1] && spelled(teacher) === spelled(student)) return;
  fail(
    "E_COURSE",
    `The teacher "${teacher.name}" (${sizes[0]} tokens) and the student "${student.name}" (${sizes[1]}) have different tokenisers.`,
    "Name a student by its size, which then gets the teacher's tokeniser, or one that was trained with it.",
  );
}

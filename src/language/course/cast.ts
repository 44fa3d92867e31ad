/**
 * Who takes part in a course, and the one tokeniser that all of them share: a divergence between two models has a meaning
 * only where both speak of the same tokens.
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import { fail } from "../../errors.ts";
import { type Decoder, decoder } from "../decoder/index.ts";
import { knownOf, loadDecoder } from "../files/index.ts";
import { type OnnxLanguageModel, openOnnxModel } from "../onnx/index.ts";
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
  /** Undefined for an endpoint and for an ONNX file. */
  readonly teacher: Member | undefined;
  /** A teacher that is an ONNX file; whoever asked for the cast releases it. */
  readonly foreign?: OnnxLanguageModel;
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

/** What a model that exists already brings with it. */
interface Given {
  readonly name: string;
  readonly folder: string;
  readonly vocabulary: number;
  readonly context: number;
  readonly tokeniser: Tokeniser;
  readonly endTokens: readonly number[];
}
type FromFolder = Member & Given;

/** @throws E_MODEL_UNKNOWN, E_COURSE for tokenisers that differ, E_DECODER, E_DECODER_FILE, E_TOKENISER_FILE */
export async function castOf(settled: SettledCourse, corpus: Corpus): Promise<Cast> {
  const remote = isEndpoint(settled.teacher);
  const file = remote ? undefined : onnxFileOf(settled.teacher);
  const studentFolder = await fromFolder("student", settled.student);
  const foreign = file === undefined ? undefined : await openOnnxModel(file);
  try {
    const teacherFolder = remote || file ? undefined : await fromFolder("teacher", settled.teacher);
    const teacherGiven = foreign ? besides(file!, foreign) : teacherFolder;
    if (teacherGiven && studentFolder) checkShared(teacherGiven, studentFolder);
    const given = teacherGiven ?? studentFolder;
    return { ...together(settled, corpus, given, teacherFolder, studentFolder), ...(foreign && { foreign }) };
  } catch (error) {
    await foreign?.release();
    throw error;
  }
}

function together(
  settled: SettledCourse,
  corpus: Corpus,
  given: Given | undefined,
  teacherFolder: FromFolder | undefined,
  studentFolder: FromFolder | undefined,
): Cast {
  const remote = isEndpoint(settled.teacher);
  const tokeniser = given?.tokeniser ?? tokeniserFor(corpus, remote);
  const vocabulary = given?.vocabulary ?? tokeniser.size;
  const contexts = [given, studentFolder].flatMap((one) => (one ? [one.context] : []));
  const context = Math.min(settled.context, ...contexts);
  const ofSize = (name: string): Member => ({
    name,
    decoder: decoderOfSize(name, vocabulary, context),
    rate: rateOf(name),
  });
  const end = tokeniser.special.end;
  return {
    teacher: teacherFolder ?? (SIZE_NAMES.includes(settled.teacher) ? ofSize(settled.teacher) : undefined),
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
    vocabulary: config.vocabulary,
    context: config.context,
    decoder: decoder(config, path.basename(path.resolve(name))),
    params,
    rate: RATE_OF_TRAINED,
    tokeniser: loadTokeniser(tokeniser!),
    endTokens: end,
  };
}

/** The ONNX file of a teacher: named itself, or all that a folder has; undefined for anything else. */
function onnxFileOf(name: string): string | undefined {
  if (/\.onnx$/i.test(name)) return name;
  if (!existsSync(name) || !statSync(name).isDirectory()) return undefined;
  if (readdirSync(name).some((inside) => inside.includes(".safetensors"))) return undefined;
  return ["model.onnx", path.join("onnx", "model.onnx")].map((inside) => path.join(name, inside)).find(existsSync);
}

/** What lies beside an ONNX file, or above its folder `onnx/`. @throws E_TOKENISER_FILE */
function besides(file: string, { name, vocabulary }: OnnxLanguageModel): Given {
  const own = path.dirname(path.resolve(file));
  const folder = [own, path.dirname(own)].find((at) => existsSync(path.join(at, "tokenizer.json")));
  if (folder === undefined) {
    return fail("E_TOKENISER_FILE", `There is no tokenizer.json beside "${file}".`, "Put the model's own there.");
  }
  const { end, context } = knownOf(folder);
  return { name, folder, vocabulary, context, tokeniser: loadTokeniser(folder), endTokens: end };
}

/** @throws E_COURSE */
function checkShared(teacher: Given, student: Given): void {
  const sizes = [teacher, student].map(({ vocabulary }) => vocabulary);
  const spelled = ({ tokeniser }: Given) =>
    Array.from({ length: tokeniser.size }, (_, id) => tokeniser.decode([id])).join("\0");
  if (sizes[0] === sizes[1] && spelled(teacher) === spelled(student)) return;
  fail(
    "E_COURSE",
    `The teacher "${teacher.name}" (${sizes[0]} tokens) and the student "${student.name}" (${sizes[1]}) have different tokenisers.`,
    "Name a student by its size, which then gets the teacher's tokeniser, or one that was trained with it.",
  );
}

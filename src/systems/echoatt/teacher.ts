/** Who is compressed: a decoder trained here on characters, or one out of a folder with its own tokeniser. */
import { fail } from "../../errors.ts";
import { decoder, followersOf, llama } from "../../language/decoder/index.ts";
import { type LoadedDecoder, loadDecoder } from "../../language/files/index.ts";
import { scorer } from "../../language/lesson/index.ts";
import { loadTokeniser } from "../../language/tokenisers/index.ts";
import type { LessonEvent } from "../../teaching/events.ts";
import { tokenCrossEntropy } from "../../teaching/losses/language/index.ts";
import { random } from "../../tensor/index.ts";
import type { Bench, Outcome } from "../system.ts";
import { optimiserOf } from "./adjust.ts";
import { chooseBlocks } from "./blocks.ts";
import { teachText } from "./lesson.ts";
import type { Options } from "./options.ts";
import { TEACHER } from "./plan.ts";
import type { Trained } from "./surgery.ts";
import { type TextData, textOf } from "./text.ts";

export interface Setting {
  readonly teacher: Trained;
  readonly text: TextData;
}

const imported = new Map<string, Promise<LoadedDecoder>>();

/** Read once per process. @throws E_OPTION without a tokeniser, and whatever reading a folder throws */
async function fromFolder(folder: string, { text, context }: Options): Promise<Setting> {
  let loading = imported.get(folder);
  if (!loading) imported.set(folder, (loading = loadDecoder(folder)));
  const { config, params, tokeniser } = await loading;
  if (tokeniser === undefined) {
    fail("E_OPTION", `The teacher in "${folder}" has no tokenizer.json.`, "Put the one it was trained with beside it.");
  }
  if (followersOf(config).length > 0) {
    fail(
      "E_OPTION",
      `The layers of the teacher in "${folder}" share maps already.`,
      "Name the model that it was made of.",
    );
  }
  const length = Math.min(context, config.context);
  return {
    teacher: { decoder: decoder(config, "teacher"), params },
    text: await textOf(text, length, loadTokeniser(tokeniser)),
  };
}

/** Trained here, not read from a folder. */
export const isOwn = ({ teacher }: Options): boolean => teacher === "own";

async function ownSetting(options: Options) {
  const { text: name, context, width, layers, heads } = options;
  const text = await textOf(name, context);
  return { text, decoder: decoder(llama({ vocabulary: text.vocabulary, context, width, layers, heads }), "teacher") };
}

/** Of a cell that needs the teacher's. */
export async function settingOf(bench: Pick<Bench<Options>, "options" | "outcome">): Promise<Setting> {
  if (!isOwn(bench.options)) return fromFolder(bench.options.teacher, bench.options);
  const { text, decoder } = await ownSetting(bench.options);
  const { arrays } = await bench.outcome(TEACHER);
  return { text, teacher: { decoder, params: arrays!.params! } };
}

/** Steps for so many tokens, and rows of each. */
export function stepsOf(
  tokens: number,
  { batchTokens }: Pick<Options, "batchTokens">,
  { context }: Pick<TextData, "context">,
) {
  const rows = Math.max(1, Math.round(batchTokens / context));
  return { rows, steps: Math.max(1, Math.round(tokens / (rows * context))) };
}

/** Points at which the teacher is examined; the best one is kept. */
const EXAMS = 12;
/** Tokens of these exams. */
const GLANCE = 8192;

/** The work of the teacher's cell. */
export async function* workTeacher(bench: Bench<Options>): AsyncGenerator<LessonEvent, Outcome> {
  const { options, signal } = bench;
  if (!isOwn(options)) {
    const { teacher, text } = await fromFolder(options.teacher, options);
    return { metrics: {}, params: teacher.params.length, seconds: 0, facts: about(text, teacher) };
  }
  const { text, decoder } = await ownSetting(options);
  // What cannot be cut into such blocks is refused before anything is trained.
  chooseBlocks(options, () => 0);
  const { rows, steps } = stepsOf(options.teacherTokens, options, text);
  const judge = scorer(decoder, 8);
  const glance = text.exam(GLANCE);
  let best: { loss: number; params: Float32Array } | undefined;
  const every = Math.max(1, Math.floor(steps / EXAMS));
  const key = random.fold(random.key(0), "echoatt teacher");
  try {
    const taught = yield* teachText({
      stage: "teacher",
      decoder,
      batchSize: rows,
      rows: text.batch(random.fold(key, "rows"), rows),
      loss: tokenCrossEntropy(),
      steps,
      optimiser: optimiserOf(options.teacherRate, steps),
      clip: 1,
      key,
      exam: {
        at: (step) => step % every === 0,
        run: async (params) => {
          const loss = await judge.crossEntropy(params, glance);
          if (!best || loss < best.loss) best = { loss, params: params.slice() };
          return { crossEntropy: loss };
        },
      },
      ...(signal && { signal }),
    });
    const { params } = best ?? taught;
    const facts = about(text, { decoder, params });
    return { metrics: {}, params: params.length, seconds: taught.seconds, log: taught.log, facts, arrays: { params } };
  } finally {
    await judge.release();
  }
}

const about = ({ name, sha256, train, validation, context }: TextData, { decoder }: Trained) => ({
  config: JSON.stringify(decoder.config),
  text: name,
  sha256,
  context,
  rows: train.n,
  validationRows: validation.n,
});

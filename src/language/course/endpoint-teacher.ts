/**
 * A teacher behind an endpoint: it answers prompts once, in a labelling job of its own folder, and the student learns from
 * the answers. The job goes on by itself when the run is resumed; nothing is asked twice.
 */
import { readFile } from "node:fs/promises";
import { fail } from "../../errors.ts";
import type { LessonEvent } from "../../teaching/events.ts";
import { type Answer, label } from "../endpoint/index.ts";
import { type Answered, type Answers, toldRows, wordRows } from "./endpoint-answers.ts";
import { type Asking, type Question, questionsOf } from "./endpoint-questions.ts";
import { endOf } from "./rows.ts";

/** Room for tokens of the teacher's kind where the student has this many: ours are seldom longer. */
const FEWEST_TOKENS = 16;
/** Alternatives at each place: as many as hosted models and vLLM tell. */
const ALTERNATIVES = 20;

export interface AskedTeacher extends Asking {
  /** `URL#model`. */
  readonly teacher: string;
  /** Its likeliest tokens at each place, in place of words alone. */
  readonly probabilities: boolean;
  readonly endTokens: readonly number[];
  /** Folder of the labelling job. */
  readonly folder: string;
  /** Name for events. */
  readonly stage: string;
  readonly signal?: AbortSignal;
}

/** @throws what `label` throws; E_COURSE when the teacher gave no whole answer, or not the probabilities that are wanted */
export async function* askTeacher(asked: AskedTeacher): AsyncGenerator<LessonEvent, Answers> {
  const { teacher, rows, tokeniser, folder, stage, signal, probabilities } = asked;
  const questions = questionsOf(asked);
  const items = questions.map(({ messages }, i) => ({ id: `${i}`, messages }));
  const maxTokens = Math.max(FEWEST_TOKENS, Math.floor(rows.context / 2));
  // Spelled tokens may be ambiguous; numbers are not, where a server knows the field.
  const wanted = probabilities && { logprobs: ALTERNATIVES, extra: { return_tokens_as_token_ids: true } };
  yield { type: "stage", stage, state: "begins" };
  let file = "";
  const job = label({ teacher, items, out: folder, maxTokens, ...wanted }, signal ? { signal } : {});
  for await (const event of job) {
    if (event.type === "progress") yield { type: "working", stage, done: event.done + event.failed, of: event.of };
    if (event.type === "warning") yield { type: "warning", stage, message: event.message };
    if (event.type === "finished") {
      file = event.files.results!;
      const { done, failed } = event.report;
      if (failed > 0)
        yield { type: "warning", stage, message: `${failed} of ${done + failed} questions got no answer.` };
    }
  }
  const all = answered(await readFile(file, "utf8"), questions);
  const reading = { context: rows.context, pad: endOf(tokeniser, true) };
  const answers = probabilities ? toldRows(all, reading, asked) : wordRows(all, reading);
  if (!answers) fail("E_COURSE", `${teacher} gave no answer to any of ${items.length} prompts.`, `Look at ${file}.`);
  const { leftOut } = answers!;
  if (leftOut > 0) {
    const message = `${leftOut} of ${all.length} answers have tokens that the student's tokeniser cannot tell apart: left out.`;
    yield { type: "warning", stage, message };
  }
  yield { type: "stage", stage, state: "ends" };
  return answers!;
}

interface Result {
  readonly id: string;
  readonly answer: Answer;
}

/** In the order of the questions, whatever order the answers came in. */
const answered = (lines: string, questions: readonly Question[]): Answered[] =>
  lines
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Result)
    .sort((a, b) => Number(a.id) - Number(b.id))
    .map(({ id, answer }) => ({ question: questions[Number(id)]!, answer }));

/**
 * A teacher behind an endpoint: it answers prompts once, in a labelling job of its own folder, and the student learns from
 * the answers. The job goes on by itself when the run is resumed; nothing is asked twice.
 */
import { readFile } from "node:fs/promises";
import { fail } from "../../errors.ts";
import type { LessonEvent } from "../../teaching/events.ts";
import { label } from "../endpoint/index.ts";
import {
  type ChatFormat,
  type Document,
  type Example,
  type Message,
  ownChat,
  packExamples,
  pairExample,
  type Rows,
} from "../text/index.ts";
import type { Tokeniser } from "../tokenisers/index.ts";
import { endOf } from "./rows.ts";
import { promptsOf } from "./sources.ts";

/** Questions to a teacher that costs money: enough for a small student, not for a bill. */
const QUESTIONS = 256;
/** Room for tokens of the teacher's kind where the student has this many: ours are seldom longer. */
const FEWEST_TOKENS = 16;

export interface AskedTeacher {
  /** `URL#model`. */
  readonly teacher: string;
  readonly documents: readonly Document[];
  /** The documents as rows: beginnings of plain texts are the questions. */
  readonly rows: Rows;
  readonly tokeniser: Tokeniser;
  /** How the student reads conversations. */
  readonly chat: ChatFormat | undefined;
  /** Folder of the labelling job. */
  readonly folder: string;
  /** Name for events. */
  readonly stage: string;
  readonly signal?: AbortSignal;
}

/** What is asked, and what the student reads when the answer has come. */
interface Question {
  readonly messages: readonly Message[];
  /** Tokens that the student reads before the answer. */
  readonly length: number;
  example(answer: string): Example;
}

/** @throws what `label` throws; E_COURSE when the teacher gave no whole answer */
export async function* askTeacher(asked: AskedTeacher): AsyncGenerator<LessonEvent, Rows> {
  const { teacher, rows, tokeniser, folder, stage, signal } = asked;
  const questions = questionsOf(asked);
  const items = questions.map(({ messages }, i) => ({ id: `${i}`, messages }));
  const maxTokens = Math.max(FEWEST_TOKENS, Math.floor(rows.context / 2));
  yield { type: "stage", stage, state: "begins" };
  let file = "";
  const job = label({ teacher, items, out: folder, maxTokens }, signal ? { signal } : {});
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
  const examples = examplesOf(await readFile(file, "utf8"), questions, rows.context);
  if (examples.length === 0) {
    fail("E_COURSE", `${teacher} gave no answer to any of ${items.length} prompts.`, `Look at ${file}.`);
  }
  yield { type: "stage", stage, state: "ends" };
  return packExamples(examples, { context: rows.context, pad: endOf(tokeniser, true) });
}

/** Beginnings of texts, prompts, or conversations up to their first answer: each once. @throws E_COURSE when none fits */
function questionsOf({ documents, rows, tokeniser, chat }: AskedTeacher): Question[] {
  const plain = (text: string) => tokeniser.encode(text, { special: false });
  const format = chat ?? ownChat(tokeniser);
  const ofUser = (prompt: string): Question => ({
    messages: [{ role: "user", content: prompt }],
    length: plain(prompt).length,
    example: (answer) => pairExample(plain(prompt), plain(answer), endOf(tokeniser, true)),
  });
  const ofChat = (messages: readonly Message[]): Question => ({
    messages,
    length: format.prompt(messages).length,
    example: (answer) => format.example([...messages, { role: "assistant", content: answer }]),
  });
  const all =
    documents[0]!.kind === "text"
      ? promptsOf(rows, QUESTIONS).map((tokens) => ofUser(tokeniser.decode(tokens, { skipSpecial: true })))
      : documents.flatMap((document) => {
          if (document.kind === "pair") return [ofUser(document.prompt)];
          if (document.kind === "text") return [];
          return [
            ofChat(
              document.messages.slice(
                0,
                document.messages.findIndex(({ role }) => role === "assistant"),
              ),
            ),
          ];
        });
  const asked = new Map(all.map((question) => [JSON.stringify(question.messages), question]));
  const asking = [...asked.values()].filter(({ messages }) => messages.at(-1)?.content.trim());
  // An answer needs as much room as its question, and a question that the student cannot read costs money all the same.
  const fitting = asking.filter(({ length }) => length <= rows.context / 2);
  if (fitting.length === 0) {
    fail("E_COURSE", `Every prompt is longer than half a row of ${rows.context} tokens.`, "Give shorter prompts.");
  }
  return fitting.slice(0, QUESTIONS);
}

interface Result {
  readonly id: string;
  readonly answer: { readonly text: string; readonly finish: string };
}

/** Rows in the order of the questions, whatever order the answers came in. */
function examplesOf(lines: string, questions: readonly Question[], context: number): Example[] {
  const results = lines
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Result)
    .sort((a, b) => Number(a.id) - Number(b.id));
  return results.flatMap(({ id, answer }): Example[] => {
    if (answer.text === "") return [];
    const { ids, counted } = questions[Number(id)]!.example(answer.text);
    // An answer that was cut off, there or here, has words to learn from, but no end.
    const whole = answer.finish === "length" ? ids.length - 1 : ids.length;
    const kept = Math.min(whole, context + 1);
    return [{ ids: ids.slice(0, kept), counted: counted.slice(0, kept) }];
  });
}

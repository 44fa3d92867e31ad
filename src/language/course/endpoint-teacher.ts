/**
 * A teacher behind an endpoint: it answers prompts once, in a labelling job of its own folder, and the student learns from
 * the answers. The job goes on by itself when the run is resumed; nothing is asked twice.
 */
import { readFile } from "node:fs/promises";
import { fail } from "../../errors.ts";
import type { LessonEvent } from "../../teaching/events.ts";
import { label } from "../endpoint/index.ts";
import { type Example, packExamples, pairExample, type Rows } from "../text/index.ts";
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
  readonly rows: Rows;
  readonly tokeniser: Tokeniser;
  /** Folder of the labelling job. */
  readonly folder: string;
  /** Name for events. */
  readonly stage: string;
  readonly signal?: AbortSignal;
}

/** @throws what `label` throws; E_COURSE when the teacher gave no whole answer */
export async function* askTeacher(asked: AskedTeacher): AsyncGenerator<LessonEvent, Rows> {
  const { teacher, rows, tokeniser, folder, stage, signal } = asked;
  const prompts = promptsOf(rows, QUESTIONS).map((tokens) => tokeniser.decode(tokens, { skipSpecial: true }));
  const items = [...new Set(prompts)].filter((text) => text.trim() !== "").map((prompt, i) => ({ id: `${i}`, prompt }));
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
  const examples = examplesOf(await readFile(file, "utf8"), tokeniser, rows.context);
  if (examples.length === 0) {
    fail("E_COURSE", `${teacher} gave no answer to any of ${items.length} prompts.`, `Look at ${file}.`);
  }
  yield { type: "stage", stage, state: "ends" };
  return packExamples(examples, { context: rows.context, pad: endOf(tokeniser, true) });
}

interface Result {
  readonly id: string;
  readonly messages: readonly { readonly content: string }[];
  readonly answer: { readonly text: string; readonly finish: string };
}

/** Rows in the order of the questions, whatever order the answers came in. */
function examplesOf(lines: string, tokeniser: Tokeniser, context: number): Example[] {
  const results = lines
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Result)
    .sort((a, b) => Number(a.id) - Number(b.id));
  return results.flatMap(({ messages, answer }): Example[] => {
    const [prompt, said] = [messages.at(-1)!.content, answer.text].map((text) =>
      tokeniser.encode(text, { special: false }),
    ) as [Int32Array, Int32Array];
    if (said.length === 0 || prompt.length >= context) return [];
    const { ids, counted } = pairExample(prompt, said, endOf(tokeniser, true));
    // An answer that was cut off, there or here, has words to learn from, but no end.
    const whole = answer.finish === "length" ? ids.length - 1 : ids.length;
    const kept = Math.min(whole, context + 1);
    return [{ ids: ids.slice(0, kept), counted: counted.slice(0, kept) }];
  });
}

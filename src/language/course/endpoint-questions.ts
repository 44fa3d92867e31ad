/** What a teacher behind an endpoint is asked. */
import { fail } from "../../errors.ts";
import {
  type ChatFormat,
  type Document,
  type Example,
  type Message,
  ownChat,
  pairExample,
  type Rows,
} from "../text/index.ts";
import type { Tokeniser } from "../tokenisers/index.ts";
import { endOf } from "./rows.ts";
import { promptsOf } from "./sources.ts";

/** Questions to a teacher that costs money: enough for a small student, not for a bill. */
const QUESTIONS = 256;

export interface Asking {
  readonly documents: readonly Document[];
  /** The documents as rows: beginnings of plain texts are the questions. */
  readonly rows: Rows;
  readonly tokeniser: Tokeniser;
  /** How the student reads conversations. */
  readonly chat: ChatFormat | undefined;
}

/** What is asked, and what the student reads when the answer has come. */
export interface Question {
  readonly messages: readonly Message[];
  /** What the student reads before the answer. */
  readonly prompt: Int32Array;
  /** The token that ends an answer. */
  readonly end: number;
  example(answer: string): Example;
}

/** Beginnings of texts, prompts, or conversations up to their first answer: each once. @throws E_COURSE when none fits */
export function questionsOf({ documents, rows, tokeniser, chat }: Asking): Question[] {
  const plain = (text: string) => tokeniser.encode(text, { special: false });
  const format = chat ?? ownChat(tokeniser);
  const ofUser = (prompt: string): Question => ({
    messages: [{ role: "user", content: prompt }],
    prompt: plain(prompt),
    end: endOf(tokeniser, true),
    example: (answer) => pairExample(plain(prompt), plain(answer), endOf(tokeniser, true)),
  });
  const answered = (messages: readonly Message[], answer: string) =>
    format.example([...messages, { role: "assistant", content: answer }]);
  const ofChat = (messages: readonly Message[]): Question => ({
    messages,
    prompt: format.prompt(messages),
    // Whatever is said: words that the tokeniser knows.
    end: answered(messages, messages.at(-1)?.content ?? "").ids.at(-1)!,
    example: (answer) => answered(messages, answer),
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
  const fitting = asking.filter(({ prompt }) => prompt.length <= rows.context / 2);
  if (fitting.length === 0) {
    fail("E_COURSE", `Every prompt is longer than half a row of ${rows.context} tokens.`, "Give shorter prompts.");
  }
  return fitting.slice(0, QUESTIONS);
}

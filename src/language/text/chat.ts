/**
 * The chat template of our own models: `<|role|>content<|end|>` for each message, nothing else, with special tokens.
 *
 * Content is encoded as plain text, so that a user who writes "<|assistant|>" cannot speak in another's name. Templates
 * of other models (`chat_template` of Hugging Face, a Jinja program) are not run here.
 */
import { fail } from "../../errors.ts";
import type { Tokeniser } from "../tokenisers/index.ts";
import type { Message } from "./corpus.ts";
import type { Example } from "./pack.ts";

/** Roles that a tokeniser needs as special tokens for chats; `end` closes a message. */
export const CHAT_ROLES = ["end", "system", "user", "assistant"] as const;

/**
 * A conversation as a training example: what the assistant says counts, with the end token behind it.
 * @throws E_CHAT when a special token is missing or the assistant says nothing
 */
export function chatExample(tokeniser: Tokeniser, messages: readonly Message[]): Example {
  if (!messages.some(({ role }) => role === "assistant")) {
    fail(
      "E_CHAT",
      "The conversation has no message of the assistant.",
      "There is nothing to learn in it: leave it out.",
    );
  }
  const ids: number[] = [];
  const counted: number[] = [];
  for (const { role, content } of messages) {
    const said = [...tokeniser.encode(content, { special: false }), idOf(tokeniser, "end")];
    ids.push(idOf(tokeniser, role), ...said);
    counted.push(0, ...said.map(() => (role === "assistant" ? 1 : 0)));
  }
  return { ids: Int32Array.from(ids), counted: Uint8Array.from(counted) };
}

/**
 * A conversation as a prompt: its messages and the opening of the assistant's next one.
 * @throws E_CHAT when a special token is missing
 */
export function chatPrompt(tokeniser: Tokeniser, messages: readonly Message[]): Int32Array {
  const ids = messages.flatMap(({ role, content }) => [
    idOf(tokeniser, role),
    ...tokeniser.encode(content, { special: false }),
    idOf(tokeniser, "end"),
  ]);
  return Int32Array.from([...ids, idOf(tokeniser, "assistant")]);
}

const idOf = (tokeniser: Tokeniser, role: string): number =>
  tokeniser.special[role] ??
  fail(
    "E_CHAT",
    `The tokeniser "${tokeniser.name}" has no special token for "${role}".`,
    `Train it with the special tokens ${CHAT_ROLES.join(", ")}.`,
  );

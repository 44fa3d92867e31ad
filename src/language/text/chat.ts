/**
 * Conversations as tokens: as the model's own chat template writes them, or as ours does, which is `<|role|>content<|end|>`
 * for each message and nothing else, with special tokens.
 *
 * Content is encoded as plain text, so that a user who writes "<|assistant|>" cannot speak in another's name.
 */
import { fail } from "../../errors.ts";
import type { Tokeniser } from "../tokenisers/index.ts";
import { type ChatTemplate, encodeParts, renderedParts } from "./chat-template.ts";
import type { Message } from "./corpus.ts";
import type { Example } from "./pack.ts";

/** Our format as a chat template of Hugging Face, for the folders of students that converse. */
export const OWN_TEMPLATE =
  "{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}";

/** Whether a tokeniser has the special tokens of our format. */
export const converses = ({ special }: Tokeniser): boolean => CHAT_ROLES.every((role) => special[role] !== undefined);

/** How a model reads conversations. */
export interface ChatFormat {
  /**
   * A conversation as a training example: what the assistant says counts, to the token that ends it.
   * @throws E_CHAT when the assistant says nothing, and for what a template refuses
   */
  example(messages: readonly Message[]): Example;
  /** A conversation as a prompt, to the opening of the assistant's next message. @throws E_CHAT */
  prompt(messages: readonly Message[]): Int32Array;
}

/** Ours where the tokeniser has its special tokens, else the template; undefined for a model that does not converse. */
export function chatFormat(tokeniser: Tokeniser, template?: ChatTemplate): ChatFormat | undefined {
  if (converses(tokeniser)) return ownChat(tokeniser);
  return template && templateChat(tokeniser, template);
}

/** @throws E_CHAT when a special token is missing, at the first conversation */
export const ownChat = (tokeniser: Tokeniser): ChatFormat => ({
  example: (messages) => chatExample(tokeniser, messages),
  prompt: (messages) => chatPrompt(tokeniser, messages),
});

/** Roles that a tokeniser needs as special tokens for chats; `end` closes a message. */
export const CHAT_ROLES = ["end", "system", "user", "assistant"] as const;

/**
 * A conversation as a training example: what the assistant says counts, with the end token behind it.
 * @throws E_CHAT when a special token is missing or the assistant says nothing
 */
export function chatExample(tokeniser: Tokeniser, messages: readonly Message[]): Example {
  checkAnswered(messages);
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

/** @throws E_CHAT */
function checkAnswered(messages: readonly Message[]): void {
  if (messages.some(({ role }) => role === "assistant")) return;
  fail("E_CHAT", "The conversation has no message of the assistant.", "There is nothing to learn in it: leave it out.");
}

function templateChat(tokeniser: Tokeniser, template: ChatTemplate): ChatFormat {
  const prompt = (messages: readonly Message[]) => {
    const parts = renderedParts(tokeniser, template, messages, true);
    return Int32Array.from(encodeParts(tokeniser, parts, 0, Number.POSITIVE_INFINITY));
  };
  const example = (messages: readonly Message[]): Example => {
    checkAnswered(messages);
    const whole = template.render(messages, false);
    const parts = renderedParts(tokeniser, template, messages, false);
    const ids: number[] = [];
    const counted: number[] = [];
    let at = 0;
    const take = (to: number, counts: 0 | 1) => {
      const tokens = encodeParts(tokeniser, parts, at, to);
      ids.push(...tokens);
      counted.push(...tokens.map(() => counts));
      at = to;
    };
    messages.forEach(({ role }, i) => {
      if (role !== "assistant") return;
      const before = template.render(messages.slice(0, i), true);
      const after = template.render(messages.slice(0, i + 1), false);
      if (!whole.startsWith(after) || !after.startsWith(before)) {
        fail(
          "E_CHAT",
          `The model's chat template does not write message ${i + 1} of ${messages.length} the way it would be asked for it.`,
          "Give conversations with one answer, at their end.",
        );
      }
      take(before.length, 0);
      // Templates put a new line behind the token that ends an answer; nobody has to learn it.
      const ended = after.trimEnd();
      const closed =
        ended.length > at && tokeniser.decode(tokeniser.encode(ended).slice(-1), { skipSpecial: true }) === "";
      take(closed ? ended.length : after.length, 1);
    });
    return { ids: Int32Array.from(ids), counted: Uint8Array.from(counted) };
  };
  return { prompt, example };
}

const idOf = (tokeniser: Tokeniser, role: string): number =>
  tokeniser.special[role] ??
  fail(
    "E_CHAT",
    `The tokeniser "${tokeniser.name}" has no special token for "${role}".`,
    `Train it with the special tokens ${CHAT_ROLES.join(", ")}.`,
  );

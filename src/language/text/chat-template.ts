/**
 * Chat templates of Hugging Face: the Jinja program in a model's folder that writes a conversation down the way the model
 * was taught to read it. @huggingface/jinja runs it; here it is found, and its text becomes tokens.
 *
 * What a template writes is read with its special tokens, what people write without: "<|im_end|>" in a question cannot end
 * it. (Hugging Face's own `apply_chat_template` reads both the same way; without such words the tokens are equal.)
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Template } from "@huggingface/jinja";
import { z } from "zod";
import { fail } from "../../errors.ts";
import type { Tokeniser } from "../tokenisers/index.ts";
import type { Message } from "./corpus.ts";

export interface ChatTemplate {
  /**
   * The conversation as text; `opened`: with the beginning of the assistant's next message.
   * @throws E_CHAT for what the template refuses, and for a template that cannot be run
   */
  render(messages: readonly Message[], opened: boolean): string;
}

const named = z.array(z.looseObject({ name: z.string(), template: z.string() }));
const settings = z.looseObject({ chat_template: z.union([z.string(), named]).nullish() });
const spelled = z.union([z.string(), z.looseObject({ content: z.string() }).transform(({ content }) => content)]);

/** The template of a folder, from `chat_template.jinja` or `tokenizer_config.json`; undefined without one. */
export function loadChatTemplate(folder: string): ChatTemplate | undefined {
  const read = (name: string) => {
    const file = join(folder, name);
    return existsSync(file) ? readFileSync(file, "utf8") : undefined;
  };
  const config = read("tokenizer_config.json");
  const { data } = settings.safeParse(config === undefined ? {} : JSON.parse(config));
  const inside = data?.chat_template ?? undefined;
  const source =
    read("chat_template.jinja") ??
    (typeof inside === "string" ? inside : inside?.find(({ name }) => name === "default")?.template);
  if (source === undefined) return undefined;
  const tokens = Object.entries(data ?? {}).flatMap(([name, value]) => {
    const token = name.endsWith("_token") ? spelled.safeParse(value) : undefined;
    return token?.success ? [[name, token.data] as const] : [];
  });
  return chatTemplate(source, Object.fromEntries(tokens));
}

/**
 * @param source the Jinja program
 * @param tokens what it may name: `bos_token`, `eos_token`, ...
 */
export function chatTemplate(source: string, tokens: Readonly<Record<string, string>> = {}): ChatTemplate {
  // Compiled when a conversation comes: a model whose template cannot be run still continues texts.
  let compiled: Template | undefined;
  return {
    render(messages, opened) {
      try {
        compiled ??= new Template(source);
        return compiled.render({ ...tokens, messages, add_generation_prompt: opened });
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        return fail(
          "E_CHAT",
          `The model's chat template refuses ${messages.length} messages (${rolesOf(messages)}): ${reason}.`,
          "Change the order of roles, or ask the model to continue a text.",
          error,
        );
      }
    },
  };
}

const rolesOf = (messages: readonly Message[]): string => messages.map(({ role }) => role).join(", ");

/** Parts of a rendered conversation, in order; what people wrote is plain where it spells a special token. */
export interface Part {
  readonly text: string;
  readonly plain: boolean;
}

/** @throws E_CHAT where plain words cannot be found again in what the template wrote */
export function renderedParts(
  tokeniser: Tokeniser,
  template: ChatTemplate,
  messages: readonly Message[],
  opened: boolean,
): Part[] {
  const whole = template.render(messages, opened);
  if (!messages.some(({ content }) => spellsSpecial(tokeniser, content))) return [{ text: whole, plain: false }];
  // Written once more with a mark in place of each content.
  const marked = template.render(
    messages.map((message, i) => ({ ...message, content: `${OPEN}${i}${CLOSE}` })),
    opened,
  );
  const parts: Part[] = [];
  let at = 0;
  const take = (text: string, plain: boolean) => {
    parts.push({ text, plain });
    at += text.length;
  };
  for (const [i, piece] of marked.split(MARK).entries()) {
    if (i % 2 === 0) {
      take(piece, false);
      continue;
    }
    const { content } = messages[Number(piece)]!;
    // Templates like to trim.
    const written = [content, content.trim(), content.trimStart(), content.trimEnd()];
    take(written.find((text) => whole.startsWith(text, at)) ?? content, true);
  }
  if (parts.map(({ text }) => text).join("") === whole) return parts.filter(({ text }) => text !== "");
  return fail(
    "E_CHAT",
    "A message spells a special token, and the model's chat template rewrites what messages say.",
    "Leave the special token out of the message.",
  );
}

const [OPEN, CLOSE] = ["\ue0f0", "\ue0f1"];
const MARK = new RegExp(`${OPEN}(\\d+)${CLOSE}`, "u");

const spellsSpecial = (tokeniser: Tokeniser, text: string): boolean => {
  const [special, plain] = [tokeniser.encode(text), tokeniser.encode(text, { special: false })];
  return special.length !== plain.length || special.some((id, i) => id !== plain[i]);
};

/** Tokens of the characters `from` to `to - 1` of what was rendered. */
export function encodeParts(tokeniser: Tokeniser, parts: readonly Part[], from: number, to: number): number[] {
  let at = 0;
  return parts.flatMap(({ text, plain }) => {
    const piece = text.slice(Math.max(0, from - at), Math.max(0, to - at));
    at += text.length;
    return piece === "" ? [] : [...tokeniser.encode(piece, { special: !plain })];
  });
}

import { expect, test } from "vitest";
import { characterTokeniser } from "../tokenisers/index.ts";
import { CHAT_ROLES, chatExample, chatFormat, chatPrompt, converses, OWN_TEMPLATE } from "./chat.ts";
import { chatTemplate } from "./chat-template.ts";
import type { Message } from "./corpus.ts";

const tokeniser = characterTokeniser([...new Set("abc<>|endursit ")], { special: CHAT_ROLES.slice() });
const messages: Message[] = [
  { role: "user", content: "ab" },
  { role: "assistant", content: "c" },
];

test("an example: only what the assistant says counts, with its end", () => {
  const { ids, counted } = chatExample(tokeniser, messages);
  expect(tokeniser.decode(ids)).toBe("<|user|>ab<|end|><|assistant|>c<|end|>");
  expect(ids).toHaveLength(7);
  expect([...counted]).toEqual([0, 0, 0, 0, 0, 1, 1]);
});

test("a prompt opens the assistant's message and begins its example", () => {
  const prompt = chatPrompt(tokeniser, messages.slice(0, 1));
  expect(tokeniser.decode(prompt)).toBe("<|user|>ab<|end|><|assistant|>");
  expect([...chatExample(tokeniser, messages).ids.slice(0, prompt.length)]).toEqual([...prompt]);
});

test("content cannot speak for another", () => {
  const prompt = chatPrompt(tokeniser, [{ role: "user", content: "<|end|>" }]);
  expect(prompt.filter((id) => id === tokeniser.special.end)).toHaveLength(1);
});

test("our format as a template of Hugging Face writes the same", () => {
  const template = chatTemplate(OWN_TEMPLATE);
  expect(template.render(messages, true)).toBe(tokeniser.decode(chatPrompt(tokeniser, messages)));
  expect(template.render(messages, false)).toBe(tokeniser.decode(chatExample(tokeniser, messages).ids));
});

test("a tokeniser with our tokens keeps our format, whatever template lies beside it", () => {
  const other = chatTemplate("{{ messages[0].content }}");
  const format = chatFormat(tokeniser, other)!;
  expect(format.prompt(messages)).toEqual(chatPrompt(tokeniser, messages));
  expect(format.example(messages)).toEqual(chatExample(tokeniser, messages));
  const plain = characterTokeniser(["a", "b", "c"]);
  expect([converses(tokeniser), converses(plain)]).toEqual([true, false]);
  expect(chatFormat(plain)).toBeUndefined();
  expect(plain.decode(chatFormat(plain, other)!.prompt(messages))).toBe("ab");
});

test("what cannot be", () => {
  expect(() => chatExample(tokeniser, messages.slice(0, 1))).toThrow(/no message of the assistant/);
  expect(() => chatPrompt(characterTokeniser(["a", "b"]), messages)).toThrow(/no special token for "user"/);
});

import { expect, test } from "vitest";
import { characterTokeniser } from "../tokenisers/index.ts";
import { CHAT_ROLES, chatExample, chatPrompt } from "./chat.ts";
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

test("what cannot be", () => {
  expect(() => chatExample(tokeniser, messages.slice(0, 1))).toThrow(/no message of the assistant/);
  expect(() => chatPrompt(characterTokeniser(["a", "b"]), messages)).toThrow(/no special token for "user"/);
});

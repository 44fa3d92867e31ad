/** Chat templates against Python transformers (fixtures/make-chats.py), and what they must not let through. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseTokeniser, type Tokeniser } from "../tokenisers/index.ts";
import { chatFormat } from "./chat.ts";
import { chatTemplate, loadChatTemplate } from "./chat-template.ts";
import type { Message } from "./corpus.ts";

interface Fixture {
  readonly tokeniser: object;
  readonly tokens: Record<string, string>;
  readonly chats: readonly Message[][];
  readonly templates: Record<string, { source: string; written: { opened: boolean; text: string; ids: number[] }[] }>;
}
const fixture = JSON.parse(readFileSync(new URL("./fixtures/chats.json", import.meta.url), "utf8")) as Fixture;
const config = JSON.stringify(fixture.tokens);
const tokeniser: Tokeniser = parseTokeniser(JSON.stringify(fixture.tokeniser), config);
const names = Object.keys(fixture.templates);
const templateOf = (name: string) => chatTemplate(fixture.templates[name]!.source, fixture.tokens);
const formatOf = (name: string) => chatFormat(tokeniser, templateOf(name))!;
const user = (content: string): Message => ({ role: "user", content });
const assistant = (content: string): Message => ({ role: "assistant", content });

describe.each(names)("template %s", (name) => {
  test("writes and reads conversations as Python does", () => {
    const { written } = fixture.templates[name]!;
    expect(written).toHaveLength(2 * fixture.chats.length);
    for (const [i, { opened, text, ids }] of written.entries()) {
      const chat = fixture.chats[i >> 1]!;
      expect(templateOf(name).render(chat, opened)).toBe(text);
      if (opened) expect([...formatOf(name).prompt(chat)]).toEqual(ids);
    }
  });

  test("an example begins with its prompt; only answers count, to the token that ends them", () => {
    const chat = fixture.chats[2]!;
    const { ids, counted } = formatOf(name).example(chat);
    const prompt = formatOf(name).prompt(chat.slice(0, 1));
    expect([...ids.slice(0, prompt.length)]).toEqual([...prompt]);
    expect(counted.indexOf(1)).toBe(prompt.length);
    const said = tokeniser.decode(ids.filter((_, i) => counted[i] === 1));
    const [end, space] = { turns: ["<|im_end|>", ""], headers: ["<|eot|>", ""] }[name] ?? ["</s>", " "];
    const first = name === "turns" || name === "short" ? "Four.\n" : "Four.";
    expect(said).toBe(`${space}${first}${end}${space}three${end}`);
    expect(counted.at(-1)).toBe(1);
  });

  test("what people write cannot end their message", () => {
    const bad = ["<|im_end|>", "</s><s>", " <|eot|> ", "[INST] <|im_start|>system"].map((words) => [
      user(words),
      assistant("two"),
      user(`${words} again`),
    ]);
    const specials = (ids: Iterable<number>) => [...ids].filter((id) => id < 6);
    const harmless = specials(formatOf(name).prompt([user("two"), assistant("two"), user("two")]));
    for (const chat of bad) {
      const prompt = formatOf(name).prompt(chat);
      expect(specials(prompt)).toEqual(harmless);
      // Nothing is lost on the way.
      expect(tokeniser.decode(prompt)).toBe(templateOf(name).render(chat, true));
    }
  });
});

test("a template may refuse, and may be broken: the error says so", () => {
  const twice = [user("two"), user("three")];
  expect(() => formatOf("inst").prompt(twice)).toThrow(
    /refuses 2 messages \(user, user\): .*user and assistant must take turns/,
  );
  const broken = chatFormat(tokeniser, chatTemplate("{% for m in messages %}"))!;
  expect(() => broken.prompt(twice)).toThrow(expect.objectContaining({ code: "E_CHAT" }));
});

test("a conversation that a template rewrites later, or in which nobody answers, is no example", () => {
  // Earlier answers are left out, as models that think aloud do it.
  const forgetful = chatTemplate(
    "{% for m in messages %}{% if m.role == 'user' or loop.last %}{{ m.content }}|{% endif %}{% endfor %}",
  );
  const format = chatFormat(tokeniser, forgetful)!;
  expect(() => format.example(fixture.chats[2]!)).toThrow(/does not write message 2 of 4/);
  expect(format.example([user("two"), assistant("Four.")]).counted).toContain(1);
  expect(() => format.example([user("two")])).toThrow(/no message of the assistant/);
  const shouting = chatFormat(tokeniser, chatTemplate("{% for m in messages %}{{ m.content | upper }}{% endfor %}"))!;
  expect(() => shouting.prompt([user("a </s> b")])).toThrow(/rewrites what messages say/);
});

test("a folder's template: its own file before the configuration, the default one of several; tokens in either spelling", () => {
  const folder = mkdtempSync(join(tmpdir(), "template-"));
  const configure = (value: object) => writeFileSync(join(folder, "tokenizer_config.json"), JSON.stringify(value));
  const chat = [user("two")];
  try {
    expect(loadChatTemplate(folder)).toBeUndefined();
    configure({ bos_token: { content: "<s>" }, eos_token: "</s>" });
    expect(loadChatTemplate(folder)).toBeUndefined();
    configure({ bos_token: { content: "<s>" }, eos_token: "</s>", chat_template: "{{ bos_token }}{{ eos_token }}" });
    expect(loadChatTemplate(folder)!.render(chat, true)).toBe("<s></s>");
    configure({
      chat_template: [
        { name: "tools", template: "t" },
        { name: "default", template: "d" },
      ],
    });
    expect(loadChatTemplate(folder)!.render(chat, true)).toBe("d");
    writeFileSync(join(folder, "chat_template.jinja"), "{{ messages[0].content }}");
    expect(loadChatTemplate(folder)!.render(chat, true)).toBe("two");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** What a teacher behind an endpoint is asked, and what the student reads of its answers. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type FakeServer, fakeServer } from "../endpoint/testing-server.ts";
import { CHAT_ROLES, chatFormat, type Document, IGNORED, type Message } from "../text/index.ts";
import { trainByteBpe } from "../tokenisers/index.ts";
import { askTeacher } from "./endpoint-teacher.ts";
import { pack } from "./rows.ts";

const root = mkdtempSync(join(tmpdir(), "lyceum-asked-"));
let server: FakeServer;
beforeAll(async () => void (server = await fakeServer()));
afterAll(async () => {
  await server.close();
  rmSync(root, { recursive: true });
});

const tokeniser = trainByteBpe("what is two", { size: 262, special: CHAT_ROLES.slice() });
const CONTEXT = 96;

/** Messages that arrived, and rows as text: all of it, and what counts. */
async function ask(name: string, documents: readonly Document[]) {
  const before = server.log.length;
  const { rows } = pack(documents, tokeniser, CONTEXT);
  const asked = askTeacher({
    ...{ teacher: `${server.url}#sage`, documents, rows, tokeniser, chat: chatFormat(tokeniser) },
    ...{ folder: join(root, name), stage: "questions" },
  });
  for (;;) {
    const next = await asked.next();
    if (!next.done) continue;
    const { n, inputs, labels, segments } = next.value;
    const read = Array.from({ length: n }, (_, row) => {
      const of = (all: Int32Array) => [...all.slice(row * CONTEXT, (row + 1) * CONTEXT)];
      const own = of(segments);
      return {
        text: tokeniser.decode(of(inputs).filter((_, i) => own[i]! >= 0)),
        counted: tokeniser.decode(of(labels).filter((label) => label !== IGNORED)),
      };
    });
    return { read, heard: server.log.slice(before).map(({ body }) => body.messages as Message[]) };
  }
}

test("conversations are asked with their roles, up to the first answer, and read back as conversations", async () => {
  const question: Message[] = [
    { role: "system", content: "short" },
    { role: "user", content: "what is two" },
  ];
  const chat = (more: Message[]): Document => ({ kind: "chat", messages: [...question, ...more] });
  const old: Message = { role: "assistant", content: "an old answer" };
  // The same question twice is one.
  const { read, heard } = await ask("chats", [chat([old]), chat([old, { role: "user", content: "more" }, old])]);
  expect(heard).toEqual([question]);
  expect(read).toHaveLength(1);
  expect(read[0]!.text).toMatch(/^<\|system\|>short<\|end\|><\|user\|>what is two<\|end\|><\|assistant\|>./);
  expect(read[0]!.text).not.toContain("old");
  expect(read[0]!.counted).toMatch(/^[^<]+<\|end\|>$/);
});

test("prompts are asked as they are; one that is longer than half a row is not paid for", async () => {
  const pair = (prompt: string): Document => ({ kind: "pair", prompt, response: "old" });
  const long = "what is two ".repeat(6);
  const { read, heard } = await ask("pairs", [pair("what is"), pair(long), pair("two")]);
  expect(new Set(heard.map((messages) => messages.map(({ content }) => content).join()))).toEqual(
    new Set(["what is", "two"]),
  );
  expect(read.map(({ text, counted }) => counted.endsWith("<|end|>") && text.endsWith(counted))).toEqual([true, true]);
  await expect(ask("long", [pair(long)])).rejects.toThrow(/longer than half a row of 96 tokens/);
});

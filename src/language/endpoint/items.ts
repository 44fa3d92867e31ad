/** What a labelling job is given: questions with names of their own. */
import { z } from "zod";
import { fail } from "../../errors.ts";
import type { Message } from "./request.ts";

export interface LabelItem {
  readonly id: string;
  /** One question of a user, or the turns of a conversation so far. */
  readonly prompt?: string;
  readonly messages?: readonly Message[];
}

const row = z.object({
  id: z.union([z.string().min(1), z.int()]).optional(),
  prompt: z.string().min(1).optional(),
  messages: z
    .array(z.object({ role: z.enum(["system", "user", "assistant"]), content: z.string() }))
    .min(1)
    .optional(),
});

export const turnsOf = ({ prompt, messages }: LabelItem): readonly Message[] =>
  messages ?? [{ role: "user", content: prompt! }];

/**
 * Items of a file of JSON lines with `prompt` or `messages`, and `id`; without it, the number of the line is its name.
 * Other fields are left alone. @throws E_LABEL_ITEMS with the line
 */
export function itemsFromLines(text: string, name: string): LabelItem[] {
  const out: LabelItem[] = [];
  for (const [i, line] of text
    .replace(/^\uFEFF/, "")
    .split("\n")
    .entries()) {
    if (line.trim() === "") continue;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      bad(`Line ${i + 1} of ${name} is not JSON`);
    }
    const read = row.safeParse(value);
    if (!read.success) {
      const { path, message } = read.error.issues[0]!;
      bad(`Line ${i + 1} of ${name}${path.length > 0 ? `, field ${path.join(".")}` : ""}: ${message}`);
    }
    const { id, prompt, messages } = read.data!;
    if ((prompt === undefined) === (messages === undefined)) {
      bad(`Line ${i + 1} of ${name} needs either "prompt" or "messages"`);
    }
    out.push({ id: String(id ?? i + 1), ...(prompt !== undefined ? { prompt } : { messages: messages! }) });
  }
  return out;
}

/** @throws E_LABEL_ITEMS when there are none, an id comes twice or an item asks nothing */
export function checkItems(items: readonly LabelItem[]): void {
  if (items.length === 0) bad("There is no item to label");
  const seen = new Set<string>();
  for (const item of items) {
    if (seen.has(item.id)) bad(`The id "${item.id}" comes twice, and each item is labelled once`);
    seen.add(item.id);
    if ((item.prompt === undefined) === (item.messages === undefined) || item.prompt === "" || !turnsOf(item).length) {
      bad(`Item "${item.id}" needs either a prompt or messages`);
    }
  }
}

const bad = (what: string): never =>
  fail(
    "E_LABEL_ITEMS",
    `${what.replace(/\.$/, "")}.`,
    'A line is {"id": "1", "prompt": "..."} or {"id": "1", "messages": [{"role": "user", "content": "..."}]}.',
  );

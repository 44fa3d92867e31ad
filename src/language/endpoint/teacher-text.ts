/**
 * Answers as training data: rows of JSON lines in the order of the items, whatever order they came in, so that the same
 * answers give the same file.
 *
 * A question of one user turn becomes {"prompt", "response", ...}; a conversation {"messages": [...]} with the answer as
 * its last turn. `gen` numbers several answers to one question. What is no whole answer (cut off, filtered, empty) is not
 * taken: a student would learn to stop in the middle.
 */
import { open, rename, rm } from "node:fs/promises";
import { explain } from "../../teaching/files.ts";
import { type Result, resultsFile, taskName } from "./ledger.ts";
import { openLine, readLines } from "./lines.ts";

/** Writes the whole answers in `folder` to `file`, for `tasks` in order. @throws E_WRITE, E_DISK_FULL */
export async function writeTeacherText(
  folder: string,
  file: string,
  tasks: readonly { readonly name: string }[],
): Promise<{ readonly rows: number; readonly left: number }> {
  const results = resultsFile(folder);
  const places = new Map<string, { readonly from: number; readonly length: number }>();
  for await (const { value, from, length } of readLines(results)) {
    places.set(taskName(value.id as string, value.sample as number), { from, length });
  }
  // Row by row: with log-probabilities the file may be larger than memory.
  const draft = `${file}.${process.pid}.tmp`;
  const count = { rows: 0, left: 0 };
  await explain(file, async () => {
    const input = await open(results, "r");
    try {
      const output = await open(draft, "w");
      try {
        for (const { name } of tasks) {
          const place = places.get(name);
          if (!place) continue;
          const { buffer } = await input.read(Buffer.alloc(place.length), 0, place.length, place.from);
          const row = rowOf(openLine(buffer.toString("utf8")) as unknown as Result);
          if (row) await output.writeFile(`${JSON.stringify(row)}\n`);
          count[row ? "rows" : "left"]++;
        }
        await output.sync();
      } finally {
        await output.close();
      }
      await rename(draft, file);
    } finally {
      await input.close();
      await rm(draft, { force: true });
    }
  });
  return count;
}

/** A row of training data; undefined where the answer is not whole. */
export function rowOf({ id, sample, messages, answer }: Result): Record<string, unknown> | undefined {
  const { text, reasoning, finish, tokens } = answer;
  if (text === "" || finish === "length" || finish === "content-filter" || finish === "error") return undefined;
  const [first] = messages;
  const single = messages.length === 1 && first!.role === "user";
  const said = single
    ? { prompt: first!.content, response: text }
    : { messages: [...messages, { role: "assistant", content: text }] };
  return {
    ...said,
    source: "teacher",
    epoch: 0,
    gen: sample,
    id,
    ...(reasoning && { reasoning }),
    ...(tokens && { tokens }),
  };
}

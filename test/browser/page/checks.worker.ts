/** Answers one question in a thread of its own. */
import * as checks from "./checks.ts";

const asked = checks as unknown as Readonly<Record<string, (argument: unknown) => Promise<unknown>>>;

addEventListener("message", async ({ data: { name, argument } }) => {
  try {
    postMessage({ value: await asked[name]!(argument) });
  } catch (error) {
    postMessage({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
});

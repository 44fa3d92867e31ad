/**
 * What `lyceum serve` does: it opens the models, tells how to ask, and waits for Ctrl-C. It computes in this process: the
 * engine frees the thread between two tokens, which is when requests are read and answers sent.
 */
import { basename, resolve } from "node:path";
import { checkBinding } from "../language/serve/guard.ts";
import { serveFolders } from "../language/serve/open.ts";

export interface ServerFlags {
  readonly host: string;
  readonly port: number;
  readonly token?: string;
}

/** Resolves when the server was closed by a signal. @throws E_SERVE, and what opening a model throws */
export async function runServer(folders: readonly string[], flags: ServerFlags): Promise<void> {
  // Before models are read, which may take a while.
  checkBinding(flags.host, flags.token);
  const { url, close } = await serveFolders(folders, flags);
  const [first = ""] = folders.map((folder) => basename(resolve(folder)));
  process.stdout.write(`${greeting(url, first, flags.token !== undefined)}\n`);
  await signalled();
  process.stderr.write("Closing: answers that are being written may end. Press Ctrl-C again to stop at once.\n");
  await close();
}

/** The second signal finds no listener of ours and ends the process. */
function signalled(): Promise<void> {
  return new Promise((done) => {
    const heard = () => {
      process.off("SIGINT", heard).off("SIGTERM", heard);
      done();
    };
    process.on("SIGINT", heard).on("SIGTERM", heard);
  });
}

/** The address, and a question that can be copied. The token itself is not shown. */
function greeting(url: string, model: string, guarded: boolean): string {
  const body = JSON.stringify({ model, prompt: "The ", max_tokens: 32 }).replaceAll("'", "'\\''");
  const token = guarded ? ` -H "Authorization: Bearer $LYCEUM_TOKEN"` : "";
  return [
    `Serving at ${url}/v1 (Ctrl-C ends it). Try:`,
    `  curl ${url}/v1/completions -H 'Content-Type: application/json'${token} -d '${body}'`,
  ].join("\n");
}

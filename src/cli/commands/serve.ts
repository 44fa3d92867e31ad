/** `lyceum serve MODEL...`: language models of this machine behind the OpenAI protocol. */
import type { Command } from "commander";
import { whole } from "../options.ts";

interface Flags {
  readonly host: string;
  readonly port: number;
  readonly token?: string;
}

const AFTER = `
Clients of the OpenAI protocol use the address with /v1, and the folder's name as the model.
A folder of Hugging Face converses by its own chat template.
The token, their "API key", may come from LYCEUM_TOKEN: the command line is seen by others.`;

export function serve(program: Command): void {
  program
    .command("serve")
    .description("serve language models to clients of the OpenAI protocol")
    .argument("<models...>", "folders of models; a folder's name becomes the model's")
    .option("--host <address>", "where to listen; addresses that others can reach need a token", "127.0.0.1")
    .option("--port <n>", "0 for a free one", whole(0, 65_535), 8000)
    .option("--token <text>", "what clients must send (default: LYCEUM_TOKEN, else nothing)")
    .addHelpText("after", AFTER)
    .action(
      async (folders: readonly string[], { host, port, token = process.env.LYCEUM_TOKEN || undefined }: Flags) => {
        const { runServer } = await import("../run-server.ts");
        await runServer(folders, { host, port, ...(token !== undefined && { token }) });
      },
    );
}

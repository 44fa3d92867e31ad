/** Own models behind the OpenAI protocol, on this machine or, with a token, beyond it. */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { createAdaptorServer } from "@hono/node-server";
import { fail } from "../../errors.ts";
import { type ApplicationOptions, application } from "./application.ts";
import { openDesk } from "./desk.ts";
import { checkBinding } from "./guard.ts";
import type { ServedModel } from "./model.ts";

export interface ServeOptions extends ApplicationOptions {
  readonly models: readonly ServedModel[];
  /** Default 127.0.0.1. Addresses that others can reach need a token. */
  readonly host?: string;
  /** 0 for a free one. */
  readonly port: number;
  /** Answers that are generated or wait in the engine at once; further requests get status 429. Default 256. */
  readonly places?: number;
  /** Milliseconds that answers may go on when the server is closed. Default 10,000. */
  readonly grace?: number;
}

export interface RunningServer {
  /** `http://127.0.0.1:8000`; clients want it with /v1. */
  readonly url: string;
  /** Lets answers finish for the grace time and aborts the rest. The models stay the caller's, to release. */
  close(): Promise<void>;
}

/** Enough for an aborted answer to say so. */
const FAREWELL = 1000;

/**
 * Starts the server; resolves when it listens.
 * @throws E_SERVE for no models, two of one name, an address that is taken, or that others can reach without a token
 */
export async function serve({ models, host = "127.0.0.1", port, ...options }: ServeOptions): Promise<RunningServer> {
  checkBinding(host, options.token);
  const byId = new Map(models.map((model) => [model.id, model]));
  if (byId.size === 0 || byId.size < models.length) {
    const given = models.map(({ id }) => id).join(", ");
    fail("E_SERVE", `The models to serve are: ${given || "none"}.`, "Give at least one, and each a name of its own.");
  }
  const desk = openDesk(options.places ?? 256);
  const app = application(byId, desk, options);
  const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false }) as Server;
  await listen(server, host, port);
  const { address, family, port: bound } = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;

  const close = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    const drained = desk.drain();
    await within(options.grace ?? 10_000, drained);
    desk.abort();
    await within(FAREWELL, drained);
    server.closeAllConnections();
    await closed;
  };
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${bound}`,
    close: () => (closing ??= close()),
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("listening", resolve);
    server.once("error", (error: NodeJS.ErrnoException) => {
      const why = WHY[error.code ?? ""] ?? error.message;
      try {
        fail("E_SERVE", `Port ${port} of ${host} cannot be listened at: ${why}.`, "Choose another one.", error);
      } catch (told) {
        reject(told);
      }
    });
    server.listen(port, host);
  });
}

const WHY: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program has it",
  EACCES: "this user may not",
  EADDRNOTAVAIL: "this machine has no such address",
  ENOTFOUND: "there is no such host",
};

/** Waits for a promise, but not longer than some milliseconds. */
async function within(milliseconds: number, promise: Promise<void>): Promise<void> {
  const timer = new AbortController();
  const late = wait(milliseconds, undefined, { signal: timer.signal }).catch(() => {});
  await Promise.race([promise, late]);
  timer.abort();
}

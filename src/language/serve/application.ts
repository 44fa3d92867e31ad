/**
 * Paths, methods and middleware: the OpenAI protocol over HTTP.
 *
 * Bodies must be declared as JSON: a page on another site cannot send that without asking first (CORS), and only origins
 * that are named are allowed.
 */
import { randomInt, randomUUID } from "node:crypto";
import type { HttpBindings } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { cors } from "hono/cors";
import { secureHeaders } from "hono/secure-headers";
import { type Key, key } from "../../tensor/index.ts";
import { readJson } from "./body.ts";
import { chatJob } from "./chat.ts";
import { completionJob } from "./completions.ts";
import type { Desk } from "./desk.ts";
import { EVENT_HEADERS, eventStream } from "./event-stream.ts";
import { ApiError, apiError } from "./failures.ts";
import { guard } from "./guard.ts";
import type { Heading, Job } from "./job.ts";
import { requestKeys, type ServedModel } from "./model.ts";
import { readChat, readCompletion } from "./request.ts";

export interface ApplicationOptions {
  /** What clients send as `Authorization: Bearer TOKEN` (their "API key"). */
  readonly token?: string;
  /** Origins of pages that may ask, as `https://example.org`. Default: none. */
  readonly origins?: readonly string[];
  /** Largest body in bytes. Default 8 MiB. */
  readonly bodyLimit?: number;
  /** Answers without a seed draw from it; default: a random one. */
  readonly key?: Key;
  /** Told of errors that are the server's fault. Default: standard error. */
  readonly onError?: (error: unknown) => void;
}

type Environment = { Bindings: HttpBindings };

/** What the two endpoints read of their bodies in common. */
interface Asked {
  readonly model: string;
  readonly stream?: boolean | null;
  readonly seed?: number | null;
}

export function application(
  models: ReadonlyMap<string, ServedModel>,
  desk: Desk,
  { token, origins = [], onError = console.error, ...options }: ApplicationOptions,
): Hono<Environment> {
  const limit = options.bodyLimit ?? 8 * 2 ** 20;
  const keyOf = requestKeys(options.key ?? key(randomInt(2 ** 48 - 1)));
  const told = (error: unknown): ApiError => {
    const answer = apiError(error);
    if (answer.status === 500) onError(error);
    return answer;
  };
  const modelOf = (id: string): ServedModel => {
    const model = models.get(id);
    if (model) return model;
    const known = [...models.keys()].join(", ");
    throw new ApiError(404, `There is no model "${id}" here, only: ${known}.`, {
      param: "model",
      code: "model_not_found",
    });
  };
  const endpoint =
    <Body extends Asked>(
      prefix: string,
      read: (body: unknown) => Body,
      begin: (body: Body, model: ServedModel, key: Key, heading: Heading) => Job,
    ) =>
    async (c: Context<Environment>): Promise<Response> => {
      const body = read(await readJson(c.env.incoming, limit));
      const heading = { id: `${prefix}-${randomUUID()}`, created: Math.floor(Date.now() / 1000) };
      const job = begin(body, modelOf(body.model), keyOf(body.seed ?? undefined), heading);
      const visit = desk.enter(c.env.outgoing, job.answers);
      c.header("x-request-id", heading.id);
      if (body.stream) return c.body(await eventStream(job.chunks(visit.signal), visit, told), 200, EVENT_HEADERS);
      try {
        return c.json(await job.whole(visit.signal));
      } finally {
        visit.leave();
      }
    };

  const app = new Hono<Environment>();
  app.use(secureHeaders());
  if (origins.length > 0) app.use(cors({ origin: [...origins], exposeHeaders: ["x-request-id"] }));
  app.onError((error, c) => {
    const { body, status, details } = told(error);
    return c.json(body, status, details.headers);
  });
  app.notFound((c) => {
    throw new ApiError(404, `There is nothing at ${c.req.method} ${c.req.path}.`, { code: "unknown_url" });
  });
  // Says no more than that the process lives, to whoever watches it.
  app.get("/health", (c) => c.json({ status: "ok" }));
  app.use(guard(token));
  app.post("/v1/chat/completions", endpoint("chatcmpl", readChat, chatJob));
  app.post("/v1/completions", endpoint("cmpl", readCompletion, completionJob));
  app.get("/v1/models", (c) => c.json({ object: "list", data: [...models.values()].map(card) }));
  app.get("/v1/models/:id{.+}", (c) => c.json(card(modelOf(c.req.param("id")))));
  for (const [path, methods] of METHODS) {
    app.all(path, (c) => {
      throw new ApiError(405, `${c.req.path} takes ${methods}, not ${c.req.method}.`, { headers: { Allow: methods } });
    });
  }
  return app;
}

const METHODS = [
  ["/health", "GET, HEAD"],
  ["/v1/models/*", "GET, HEAD"],
  ["/v1/chat/completions", "POST"],
  ["/v1/completions", "POST"],
] as const;

const card = ({ id, created, engine }: ServedModel) => ({
  id,
  object: "model",
  created,
  owned_by: "lyceum",
  // Extension: what clients need to know before they ask.
  context_length: engine.context,
});

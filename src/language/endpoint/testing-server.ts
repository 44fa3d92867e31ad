/**
 * A local OpenAI-compatible server that misbehaves on purpose and keeps the books of what it billed: the other side of
 * the account, written without a line of the code under test.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fold, key, uniform } from "../../tensor/random.ts";

/** What it does with a request. The second group has worked, and bills, without the client learning what. */
export type Fault =
  | "none"
  | "slow"
  | "cut"
  | "rate"
  | "rate date"
  | "overloaded"
  | "server"
  | "truncated"
  | "refuse"
  | "auth"
  | "quota"
  | "no usage"
  | "timeout"
  | "bad json"
  | "page"
  | "die"
  | "reset";

export const UNHEARD: ReadonlySet<Fault> = new Set(["no usage", "timeout", "bad json", "page", "die", "reset"]);

interface Billed {
  readonly input: number;
  readonly cached: number;
  readonly output: number;
}

export interface Served {
  readonly requestId: string;
  readonly prompt: string;
  readonly fault: Fault;
  readonly body: Record<string, unknown>;
  readonly authorisation: string | undefined;
  /** Null where it bills nothing. */
  readonly billed: Billed | null;
}

export interface FakeServer {
  readonly url: string;
  readonly log: readonly Served[];
  close(): Promise<void>;
}

/** @param faultOf what happens to the `attempt`-th request (from 0) with a prompt */
export async function fakeServer(
  faultOf: (prompt: string, attempt: number) => Fault = () => "none",
  latency = 0,
): Promise<FakeServer> {
  const log: Served[] = [];
  const attempts = new Map<string, number>();
  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const body = JSON.parse(text) as Record<string, unknown>;
    const messages = (body.messages ?? [{ content: body.prompt }]) as { content: string }[];
    const prompt = messages.at(-1)!.content;
    const attempt = attempts.get(prompt) ?? 0;
    attempts.set(prompt, attempt + 1);
    const fault = faultOf(prompt, attempt);
    const answer = body.messages ? chat(body, messages, fault) : completion(body);
    const free = FREE[fault];
    log.push({
      requestId: String(request.headers["x-client-request-id"] ?? ""),
      prompt,
      fault,
      body,
      authorisation: request.headers.authorization,
      billed: free || fault === "page" ? null : answer.billed,
    });
    if (latency > 0 || fault === "slow")
      await new Promise((go) => setTimeout(go, latency + (fault === "slow" ? 30 : 0)));
    const json = { "content-type": "application/json" };
    if (free) {
      response.writeHead(free.status, { ...json, ...free.headers?.() });
      response.end(JSON.stringify({ error: { message: free.message, type: free.type ?? "error", code: null } }));
      return;
    }
    const whole = JSON.stringify(answer.body);
    if (fault === "timeout") return;
    if (fault === "reset") response.socket!.destroy();
    else if (fault === "page") {
      response.writeHead(200, { "content-type": "text/html" }).end("<html>The gateway is being repaired.</html>");
    } else if (fault === "die") {
      response.writeHead(200, { ...json, "content-length": Buffer.byteLength(whole) });
      // Without the usage, which comes first: nothing of it can be known.
      response.write(whole.slice(0, 12), () => response.socket?.destroy());
    } else if (fault === "truncated") response.writeHead(200, json).end(whole.slice(0, -25));
    else if (fault === "bad json") response.writeHead(200, json).end(`{"choices": [{"message": ${prompt}`);
    else response.writeHead(200, json).end(whole);
  }
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    log,
    close: async () => {
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Free {
  readonly status: number;
  readonly message: string;
  readonly type?: string;
  readonly headers?: () => Record<string, string>;
}

const FREE: Partial<Record<Fault, Free>> = {
  rate: { status: 429, message: "Too many requests.", headers: () => ({ "retry-after-ms": "15" }) },
  // Whole seconds: this one has just passed.
  "rate date": { status: 429, message: "Too many.", headers: () => ({ "retry-after": new Date(0).toUTCString() }) },
  overloaded: { status: 503, message: "Overloaded." },
  server: { status: 500, message: "Internal error." },
  refuse: { status: 400, message: "The prompt is too long." },
  auth: { status: 401, message: "Incorrect API key provided: sk-secret." },
  quota: { status: 429, message: "You exceeded your current quota.", type: "insufficient_quota" },
};

const words = (text: string): string[] => text.match(/\s*\S+/g) ?? [];

function chat(body: Record<string, unknown>, messages: readonly { content: string }[], fault: Fault) {
  const prompt = messages.at(-1)!.content;
  const limit = (body.max_tokens ?? body.max_completion_tokens) as number;
  const all = words(`Answer to: ${prompt}`);
  const cut = fault === "cut" || all.length > limit;
  const said = cut ? all.slice(0, Math.min(limit, 2)) : all;
  const input = messages.reduce((sum, { content }) => sum + words(content).length, 3);
  const billed: Billed = { input, cached: input % 4, output: said.length };
  const logprobs = body.logprobs && { content: said.map((token, i) => logprob(token, i, body.top_logprobs as number)) };
  return {
    billed,
    body: {
      id: "chatcmpl-1",
      ...(fault !== "no usage" && { usage: usage(billed) }),
      model: `${String(body.model)}-2026`,
      choices: [
        {
          index: 0,
          ...(logprobs ? { logprobs } : {}),
          message: { role: "assistant", content: said.join("") },
          finish_reason: cut ? "length" : "stop",
        },
      ],
    },
  };
}

function logprob(token: string, place: number, top: number) {
  const list = Array.from({ length: top }, (_, i) => ({ token: i === 0 ? token : `${token}${i}`, logprob: -i - 0.25 }));
  return { token, logprob: -0.25 - place, bytes: [...Buffer.from(token)], top_logprobs: list };
}

/** The older interface, with `echo`. */
function completion(body: Record<string, unknown>) {
  const said = [...(body.echo ? words(String(body.prompt)) : []), " next"];
  const billed: Billed = { input: said.length - 1, cached: 0, output: 1 };
  const logprobs = {
    tokens: said,
    token_logprobs: said.map((_, i) => (i === 0 ? null : -i / 2)),
    top_logprobs: said.map((token, i) => (i === 0 ? null : { other: -9, [token]: -i / 2 })),
  };
  return {
    billed,
    body: {
      usage: usage(billed),
      choices: [{ text: said.join(""), ...(body.logprobs !== undefined && { logprobs }), finish_reason: "length" }],
    },
  };
}

const usage = ({ input, cached, output }: Billed) => ({
  prompt_tokens: input,
  completion_tokens: output,
  total_tokens: input + output,
  prompt_tokens_details: { cached_tokens: cached },
});

/** Some of every fault that a job survives, drawn from the prompt and the number of its try. */
export function mixedFaults(seed: number): (prompt: string, attempt: number) => Fault {
  const shares: readonly [Fault, number][] = [
    ...(["rate", "rate date", "overloaded", "server", "truncated", "bad json", "page", "die", "reset"] as const).map(
      (fault): [Fault, number] => [fault, 0.03],
    ),
    ["slow", 0.02],
    ["cut", 0.02],
    ["no usage", 0.02],
    ["timeout", 0.006],
  ];
  return (prompt, attempt) => {
    let left = uniform(fold(fold(key(seed), prompt), attempt), 1)[0]!;
    for (const [fault, share] of shares) if ((left -= share) < 0) return fault;
    return "none";
  };
}

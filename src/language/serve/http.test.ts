/** What clients do not do, but others: raw requests against the running server. */
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningServer, type ServeOptions, serve } from "./server.ts";
import { testingEngine, testingModel } from "./testing-engine.ts";

const models = [testingModel(testingEngine())];
let server: RunningServer;
beforeAll(async () => {
  server = await serve({ models, port: 0, bodyLimit: 10_000 });
});
afterAll(() => server.close());

const JSON_TYPE = { "Content-Type": "application/json" };
const chat = JSON.stringify({ model: "student", messages: [{ role: "user", content: "hi" }] });
const post = (body: BodyInit, headers: Record<string, string> = JSON_TYPE, more: object = {}) =>
  fetch(`${server.url}/v1/chat/completions`, { method: "POST", headers, body, ...more });
const refused = async (response: Response) => {
  const { error } = (await response.json()) as { error: { message: string; type: string; code: unknown } };
  return [response.status, error.type, error.code, error.message];
};

/** Sends bytes as they are; gives what comes back until the other side closes. */
function raw(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let seen = "";
    const socket = connect(Number(port), hostname, () => socket.write(text));
    socket.on("data", (data) => (seen += data)).on("close", () => resolve(seen));
    socket.on("error", reject);
  });
}

/** Runs with a server of its own. */
async function withServer<T>(options: Partial<ServeOptions>, use: (server: RunningServer) => Promise<T>): Promise<T> {
  const own = await serve({ models, port: 0, ...options });
  try {
    return await use(own);
  } finally {
    await own.close();
  }
}

describe("bodies", () => {
  test("that are not JSON, not an object, or not declared", async () => {
    for (const body of ["{", "", "{'a': 1}", "NaN"]) {
      const [status, type, code, message] = await refused(await post(body));
      expect([status, type, code]).toEqual([400, "invalid_request_error", "invalid_json"]);
      expect(message).toMatch(/^The body is not JSON/);
    }
    for (const body of ["[]", "null", '"text"', "5"]) {
      expect((await refused(await post(body)))[3]).toBe("The body must be a JSON object.");
    }
    expect((await refused(await post(chat, { "Content-Type": "text/plain" })))[0]).toBe(415);
    expect((await post(chat, { "Content-Type": "application/json; charset=utf-8" })).status).toBe(200);
  });

  test("that nest deeply are refused, not run into", async () => {
    const nested = `{"model":${"[".repeat(4000)}${"]".repeat(4000)}}`;
    expect((await refused(await post(nested)))[0]).toBe(400);
  });

  test("that are too large, declared or in chunks", async () => {
    const large = JSON.stringify({ model: "student", prompt: "a".repeat(20_000) });
    const [status, , code] = await refused(await post(large));
    expect([status, code]).toEqual([413, "request_too_large"]);
    const stream = new Blob([large]).stream();
    expect((await refused(await post(stream, JSON_TYPE, { duplex: "half" })))[0]).toBe(413);
    expect((await post(chat)).status).toBe(200);
    expect((await post(new Blob([chat]).stream(), JSON_TYPE, { duplex: "half" })).status).toBe(200);
  });

  test("that are not UTF-8", async () => {
    const body = new Uint8Array([...new TextEncoder().encode(chat)].map((byte) => (byte === 0x68 ? 0xff : byte)));
    expect((await refused(await post(body)))[2]).toBe("invalid_json");
  });
});

describe("paths and methods", () => {
  test("that are not there", async () => {
    expect(await refused(await fetch(`${server.url}/v1/embeddings`, { method: "POST" }))).toEqual([
      404,
      "invalid_request_error",
      "unknown_url",
      "There is nothing at POST /v1/embeddings.",
    ]);
    for (const [path, method, allow] of [
      ["/v1/chat/completions", "GET", "POST"],
      ["/v1/completions", "PUT", "POST"],
      ["/v1/models", "POST", "GET, HEAD"],
      ["/v1/models/student", "DELETE", "GET, HEAD"],
      ["/health", "POST", "GET, HEAD"],
    ] as const) {
      const response = await fetch(`${server.url}${path}`, { method });
      expect([path, (await refused(response))[0], response.headers.get("allow")]).toEqual([path, 405, allow]);
    }
  });

  test("health needs nothing and says nothing", async () => {
    await withServer({ token: "secret" }, async ({ url }) => {
      expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: "ok" });
    });
  });
});

describe("strangers", () => {
  test("need the token for everything else", async () => {
    await withServer({ token: "secret" }, async ({ url }) => {
      const ask = (authorization?: string) =>
        fetch(`${url}/v1/models`, { headers: authorization ? { authorization } : {} });
      for (const right of ["Bearer secret", "bearer secret"]) expect((await ask(right)).status).toBe(200);
      for (const wrong of ["Bearer secret2", "Bearer secre", "Bearer ", "secret", "Basic secret", "Bearer a secret"]) {
        const response = await ask(wrong);
        expect([wrong, response.status, response.headers.get("www-authenticate")]).toEqual([wrong, 401, "Bearer"]);
      }
      const [status, type, code, message] = await refused(await ask());
      expect([status, type, code]).toEqual([401, "authentication_error", "invalid_api_key"]);
      expect(message).not.toContain("secret");
      expect((await fetch(`${url}/v1/chat/completions`, { method: "POST", body: chat })).status).toBe(401);
      expect((await fetch(`${url}/v1/nothing`)).status).toBe(401);
    });
  });

  test("of another name do not get in without a token (DNS rebinding)", async () => {
    const ask = (host: string) =>
      raw(server.url, `GET /v1/models HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    expect(await ask("evil.example:80")).toMatch(/^HTTP\/1.1 403 [\s\S]*host_not_allowed/);
    expect(await ask("127.0.0.1.evil.example")).toMatch(/^HTTP\/1.1 403 /);
    for (const host of ["localhost:1", "127.0.0.1", "127.9.9.9", "[::1]:80"]) {
      expect([host, (await ask(host)).slice(0, 12)]).toEqual([host, "HTTP/1.1 200"]);
    }
    await withServer({ token: "secret" }, async ({ url }) => {
      const head = "GET /v1/models HTTP/1.1\r\nHost: proxy.example\r\nConnection: close\r\n";
      expect(await raw(url, `${head}Authorization: Bearer secret\r\n\r\n`)).toMatch(/^HTTP\/1.1 200 /);
    });
  });

  test("of other origins are allowed only by name", async () => {
    const preflight = (url: string, origin: string) =>
      fetch(`${url}/v1/chat/completions`, {
        method: "OPTIONS",
        headers: {
          origin,
          "access-control-request-method": "POST",
          "access-control-request-headers": "authorization,content-type",
        },
      });
    const allowed = (response: Response) => response.headers.get("access-control-allow-origin");
    expect(allowed(await preflight(server.url, "https://a.example"))).toBeNull();
    await withServer({ origins: ["https://a.example"], token: "secret" }, async ({ url }) => {
      const answer = await preflight(url, "https://a.example");
      expect([answer.ok, allowed(answer)]).toEqual([true, "https://a.example"]);
      expect(answer.headers.get("access-control-allow-headers")).toBe("authorization,content-type");
      expect(allowed(await preflight(url, "https://b.example"))).toBeNull();
    });
  });
});

test("headers for browsers", async () => {
  const { headers } = await post(chat);
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(headers.get("x-frame-options")).toBe("SAMEORIGIN");
});

test("a stream, byte by byte", async () => {
  const body = JSON.stringify({ model: "student", stream: true, messages: [{ role: "user", content: "é" }] });
  const response = await post(body);
  expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  const events = (await response.text()).split("\n\n");
  expect(events.slice(-2)).toEqual(["data: [DONE]", ""]);
  expect(events.slice(0, -2).every((event) => /^data: \{.*\}$/.test(event))).toBe(true);
});

test("faults of the server are told to its log, not to the client", async () => {
  const seen: unknown[] = [];
  const broken = {
    ...testingEngine(),
    generate: () => broke(0),
    score: () => Promise.reject(new Error("/etc/secret")),
  };
  const late = { ...testingEngine(), generate: () => broke(2) };
  const options = {
    models: [testingModel(broken, "broken"), testingModel(late, "late")],
    onError: (error: unknown) => void seen.push(error),
  };
  await withServer(options, async ({ url }) => {
    const ask = (body: object) =>
      fetch(`${url}/v1/chat/completions`, {
        method: "POST",
        headers: JSON_TYPE,
        body: JSON.stringify({ messages: [{ role: "user", content: "a" }], ...body }),
      });
    for (const stream of [false, true]) {
      const refusal = await refused(await ask({ model: "broken", stream }));
      expect(refusal).toEqual([500, "server_error", null, "The server failed; its log says why."]);
    }
    const events = (await (await ask({ model: "late", stream: true })).text()).trim().split("\n\n");
    // What was said before stays; the error is the last event, and no [DONE] pretends a good end.
    expect(events).toHaveLength(4);
    expect(JSON.parse(events[3]!.slice(6))).toEqual({
      error: { message: "The server failed; its log says why.", type: "server_error", param: null, code: null },
    });
    expect(seen.map(String)).toEqual(Array(3).fill("Error: /etc/secret"));
  });
});

async function* broke(after: number) {
  for (let i = 0; i < after; i++) yield { token: 70 + i, logProbability: -1, alternatives: [] };
  throw new Error("/etc/secret");
  // biome-ignore lint/correctness/noUnreachable: gives the generator its type
  return "stop" as const;
}

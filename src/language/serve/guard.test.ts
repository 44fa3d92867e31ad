import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { checkBinding, isLoopback } from "./guard.ts";
import { serve } from "./server.ts";
import { testingEngine, testingModel } from "./testing-engine.ts";

const model = testingModel(testingEngine());

describe("where the server listens", () => {
  test.each(["127.0.0.1", "127.255.0.3", "::1", "localhost"])("%s is this machine", (host) => {
    expect(isLoopback(host)).toBe(true);
    expect(() => checkBinding(host, undefined)).not.toThrow();
  });

  test.each([
    "0.0.0.0",
    "::",
    "",
    "192.168.1.2",
    "127.0.0.1.example",
    "128.0.0.1",
    "127.1",
    "example.org",
    "LOCALHOST2",
  ])('without a token not at "%s"', async (host) => {
    await expect(serve({ models: [model], port: 0, host })).rejects.toMatchObject({
      code: "E_SERVE",
      message: `The address "${host}" can be reached by others, and no token was given. Give a token, or bind to 127.0.0.1.`,
    });
  });

  test("with a token at every address of the machine", async () => {
    const server = await serve({ models: [model], port: 0, host: "0.0.0.0", token: "secret" });
    const url = server.url.replace("0.0.0.0", "127.0.0.1");
    expect((await fetch(`${url}/v1/models`)).status).toBe(401);
    expect((await fetch(`${url}/v1/models`, { headers: { authorization: "Bearer secret" } })).status).toBe(200);
    await server.close();
  });

  test.each(["", "two words", "tokén", "line\n"])("no token may be %j", (token) => {
    expect(() => checkBinding("0.0.0.0", token)).toThrow(/token is empty or holds/);
  });

  test("a port that is taken is an error that says so", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const { port } = other.address() as AddressInfo;
    await expect(serve({ models: [model], port })).rejects.toThrow(
      `Port ${port} of 127.0.0.1 cannot be listened at: another program has it. Choose another one.`,
    );
    other.close();
  });

  test("models need names of their own", async () => {
    await expect(serve({ models: [], port: 0 })).rejects.toMatchObject({ code: "E_SERVE" });
    await expect(serve({ models: [model, model], port: 0 })).rejects.toThrow(/student, student/);
  });
});

import { inspect } from "node:util";
import { expect, test } from "vitest";
import { parseEndpoint } from "./endpoint.ts";

test.each([
  ["http://localhost:8000/v1#my-model", "http://localhost:8000/v1", "my-model"],
  ["http://localhost:8000/v1/#org/model:7b#q4", "http://localhost:8000/v1", "org/model:7b#q4"],
  ["https://host/v1/chat/completions#m", "https://host/v1", "m"],
  ["https://host#m", "https://host", "m"],
  ["openai#some-model", "https://api.openai.com/v1", "some-model"],
  ["ollama#llama", "http://localhost:11434/v1", "llama"],
])("%s", (text, url, model) => {
  expect(parseEndpoint(text, {})).toMatchObject({ url, model, name: `${url}#${model}` });
});

test.each([
  "",
  "openai",
  "openai#",
  "#model",
  "unknown#m",
  "toString#m",
  "ftp://host#m",
  "http://host?key=k-1#m",
  "http://u:k-1@host#m",
])("%j is refused, without repeating a secret", (text) => {
  const parse = () => parseEndpoint(text, {});
  expect(parse).toThrow(expect.objectContaining({ code: "E_ENDPOINT" }));
  expect(parse).toThrow(expect.objectContaining({ message: expect.not.stringContaining("k-1") }));
});

test("each service's key goes to its own host only; LYCEUM_API_KEY goes where it is told", () => {
  const environment = { OPENAI_API_KEY: "open", MISTRAL_API_KEY: "mis" };
  const sent = (text: string, more = {}) => parseEndpoint(text, { ...environment, ...more }).authorisation();
  expect(sent("openai#m")).toEqual({ Authorization: "Bearer open" });
  expect(sent("https://api.openai.com/v1#m")).toEqual({ Authorization: "Bearer open" });
  expect(sent("mistral#m")).toEqual({ Authorization: "Bearer mis" });
  expect(sent("https://api.openai.com.evil.example/v1#m")).toEqual({});
  expect(sent("http://localhost:1/v1#m")).toEqual({});
  expect(sent("http://localhost:1/v1#m", { LYCEUM_API_KEY: "own" })).toEqual({ Authorization: "Bearer own" });
});

test("the key cannot be seen", () => {
  const endpoint = parseEndpoint("openai#m", { OPENAI_API_KEY: "sk-1234" });
  expect(JSON.stringify(endpoint) + inspect(endpoint, { depth: 9, showHidden: true })).not.toContain("sk-1234");
  expect(endpoint.hide("Incorrect key sk-1234, sk-1234.")).toBe("Incorrect key ***, ***.");
  expect(() => parseEndpoint("openai#m", { OPENAI_API_KEY: "sk-1234\nX: y" })).toThrow(/^(?!.*sk-1234)/s);
});

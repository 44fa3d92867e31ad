/**
 * Documents from files: plain text, folders of it, and JSON lines of text, of prompt and response, or of a chat.
 *
 * What a line is follows from its fields, line by line. Fields that are not named here are left alone: people keep notes
 * in them.
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { readFileBytes } from "../../data/bytes.ts";
import { sha256 } from "../../data/hash.ts";
import { dataFolders } from "../../data/resolve.ts";
import { fail } from "../../errors.ts";

export interface Message {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

export type Document =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "pair"; readonly prompt: string; readonly response: string }
  | { readonly kind: "chat"; readonly messages: readonly Message[] };

const ROLES: readonly string[] = ["system", "user", "assistant"];

/**
 * Documents of a `.txt` file (one), of a folder of `.txt` files (one each, by name), or of a `.jsonl` file (one a line).
 * @throws E_CORPUS when nothing is there or a line is wrong
 */
export async function readCorpus(path: string): Promise<Document[]> {
  if (!existsSync(path)) fail("E_CORPUS", `There is no text at "${path}".`, "Name a .txt or .jsonl file, or a folder.");
  if (!statSync(path).isDirectory()) return readText(path);
  const names = readdirSync(path).filter((name) => name.endsWith(".txt"));
  if (names.length === 0) fail("E_CORPUS", `The folder "${path}" has no .txt files.`, "Name a folder that has some.");
  const read = await Promise.all(names.sort().map((name) => readText(join(path, name))));
  return read.flat();
}

async function readText(path: string): Promise<Document[]> {
  const bytes = await readFileBytes(path);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    return fail("E_CORPUS", `"${path}" is not UTF-8 text.`, "Convert it, for example with iconv.", error);
  }
  if (/\.(jsonl|ndjson)$/.test(path)) return parseJsonLines(text, path);
  if (text === "") fail("E_CORPUS", `"${path}" is empty.`, "Name a file with text in it.");
  return [{ kind: "text", text }];
}

/**
 * Documents of JSON lines: `{"text"}`, `{"prompt", "response"}` or `{"messages": [{"role", "content"}]}`.
 * @param name of the file, for errors
 * @throws E_CORPUS with line number and field
 */
export function parseJsonLines(text: string, name = "the text"): Document[] {
  const documents: Document[] = [];
  text.split(/\r?\n/).forEach((line, i) => {
    if (line.trim() !== "") documents.push(parseLine(line, `Line ${i + 1} of "${name}"`));
  });
  if (documents.length === 0) fail("E_CORPUS", `"${name}" has no lines.`, "Write one JSON object per line.");
  return documents;
}

function parseLine(line: string, where: string): Document {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail("E_CORPUS", `${where} is not JSON: ${reason}.`, "Write one JSON object per line.", error);
  }
  const fields = isObject(value) ? value : {};
  const string = (field: string): string => {
    const found = fields[field];
    return typeof found === "string" ? found : wrong(where, `the field "${field}"`, found, "a string");
  };
  if ("messages" in fields) return { kind: "chat", messages: parseMessages(fields.messages, where) };
  if ("prompt" in fields || "response" in fields) {
    return { kind: "pair", prompt: string("prompt"), response: string("response") };
  }
  if ("text" in fields) return { kind: "text", text: string("text") };
  const names = Object.keys(fields).join(", ") || "none";
  return fail(
    "E_CORPUS",
    `${where} has the fields ${names}.`,
    'Expected "text", "prompt" and "response", or "messages".',
  );
}

function parseMessages(value: unknown, where: string): Message[] {
  if (!Array.isArray(value) || value.length === 0)
    wrong(where, 'the field "messages"', value, "a list that is not empty");
  return value.map((message: unknown, i) => {
    const { role, content } = isObject(message) ? message : {};
    const at = `the field "messages[${i}]`;
    if (typeof role !== "string" || !ROLES.includes(role))
      wrong(where, `${at}.role"`, role, `one of ${ROLES.join(", ")}`);
    if (typeof content !== "string") wrong(where, `${at}.content"`, content, "a string");
    return { role: role as Message["role"], content };
  });
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function wrong(where: string, field: string, found: unknown, expected: string): never {
  const given = found === undefined ? "is missing" : `is ${JSON.stringify(found).slice(0, 60)}`;
  return fail("E_CORPUS", `${where}: ${field} ${given}; expected ${expected}.`, "Mend the line or leave it out.");
}

/** A text known by name: its files, any of which will do, with their SHA-256. */
interface KnownText {
  readonly file: string;
  readonly sums: Readonly<Record<string, string>>;
  readonly from: string;
}

const KNOWN: Readonly<Record<string, KnownText>> = {
  // Public domain. The second sum is that of the file cut at the blank line before 90 %: its end is kept elsewhere.
  tinyshakespeare: {
    file: "input.txt",
    sums: {
      "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed": "whole",
      "016ab9b6705d6b6861788bca0b8c31dc7c13b3fe85ee04f007039f563621ebe0": "first 90 %",
    },
    from: "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
  },
};

/**
 * A text known by name ("tinyshakespeare"), from `$LYCEUM_DATA` or the cache, after a check of its SHA-256.
 * @throws E_DATA_NOT_FOUND, E_DATA_CHECKSUM
 */
export async function knownText(name: string): Promise<string> {
  const known = KNOWN[name];
  if (!known) {
    return fail("E_DATA_NOT_FOUND", `No text is known as "${name}".`, `Known are: ${Object.keys(KNOWN).join(", ")}.`);
  }
  const tried = dataFolders(name).map((folder) => join(folder, known.file));
  const path = tried.find((candidate) => existsSync(candidate));
  if (path === undefined) {
    return fail(
      "E_DATA_NOT_FOUND",
      `The text "${name}" is not here: looked at ${tried.join(", ")}.`,
      `Put ${known.from} there.`,
    );
  }
  const bytes = await readFileBytes(path);
  const sum = await sha256(bytes);
  if (!(sum in known.sums)) {
    fail(
      "E_DATA_CHECKSUM",
      `"${path}" is not the text "${name}": its SHA-256 is ${sum}.`,
      `Get it again: ${known.from}`,
    );
  }
  return new TextDecoder().decode(bytes);
}

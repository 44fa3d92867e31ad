/**
 * The body of a request, as JSON and not beyond a size.
 *
 * Read from Node's own stream: the limit of Hono makes a new Request of the one it is given, which the adapter's are not
 * fit for unless the globals of the whole process are replaced.
 */
import type { IncomingMessage } from "node:http";
import { ApiError } from "./failures.ts";

/** @throws ApiError 415 for another type, 413 for more than `limit` bytes, 400 for what is not JSON in UTF-8 */
export async function readJson(incoming: IncomingMessage, limit: number): Promise<unknown> {
  const type = incoming.headers["content-type"] ?? "";
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new ApiError(415, `The body is declared as "${type}". Send it as application/json.`);
  }
  const bytes = await readBytes(incoming, limit);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new ApiError(400, `The body is not JSON: ${(error as Error).message}.`, { code: "invalid_json" });
  }
}

async function readBytes(incoming: IncomingMessage, limit: number): Promise<Uint8Array> {
  const tooLarge = () => new ApiError(413, `The body is larger than ${limit} bytes.`, { code: "request_too_large" });
  if (Number(incoming.headers["content-length"]) > limit) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    // The connection must outlive the reading, or the client could not be told that it sent too much.
    for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
      size += chunk.length;
      if (size > limit) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError(400, "The body ended before it was complete.");
  }
  return Buffer.concat(chunks);
}

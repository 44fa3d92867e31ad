/**
 * Downloads that survive bad connections: progress events, resume by HTTP Range, checksum, atomic rename.
 *
 * Data arrives in `<target>.part`, which is kept whenever the connection fails, so that the next attempt (or the next
 * process) continues there. If the finished file has the wrong checksum it is moved to `<target>.bad`: nothing is
 * deleted silently, and the next attempt begins afresh. `target` itself exists only complete and checked.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, rename, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fail, LyceumError } from "../errors.ts";

/** Bytes so far and in all (undefined when the server does not say). */
export type DownloadEvent =
  | { readonly kind: "progress"; readonly url: string; readonly received: number; readonly total: number | undefined }
  | {
      readonly kind: "retry";
      readonly url: string;
      readonly received: number;
      readonly attempt: number;
      readonly reason: string;
    }
  | {
      readonly kind: "done";
      readonly url: string;
      readonly path: string;
      readonly bytes: number;
      readonly sha256: string;
    };

export interface DownloadOptions {
  /** Lower-case hex; without it the file is accepted as it comes, and the hash is in the `done` event. */
  readonly sha256?: string;
  /** Attempts in a row that bring no new byte before giving up. */
  readonly attempts?: number;
  /** Pause before the second attempt, doubled after each failure, ms. */
  readonly pause?: number;
  readonly signal?: AbortSignal;
}

/** Progress is reported at most this often, ms. */
const PROGRESS_EVERY = 100;
/** A connection that brings nothing for this long is given up, ms. */
const STALL_LIMIT = 30_000;

/**
 * Downloads `url` to `target`; consume the events to the end.
 * @throws E_DOWNLOAD_STATUS (404 and other refusals), E_DOWNLOAD_NETWORK, E_DATA_CHECKSUM
 */
export async function* download(
  url: string,
  target: string,
  options: DownloadOptions = {},
): AsyncGenerator<DownloadEvent, void> {
  const { attempts = 5, pause = 500, signal } = options;
  const part = `${target}.part`;
  await mkdir(dirname(target), { recursive: true });
  let fruitless = 0;
  for (;;) {
    const before = await sizeOf(part);
    try {
      yield* receive(url, part, before, signal);
      break;
    } catch (error) {
      if (error instanceof LyceumError || signal?.aborted) throw error;
      const received = await sizeOf(part);
      fruitless = received > before ? 1 : fruitless + 1;
      const reason = reasonOf(error);
      if (fruitless >= attempts) {
        fail(
          "E_DOWNLOAD_NETWORK",
          `"${url}" could not be downloaded: ${reason} (${attempts} attempts without progress, ${received} bytes so far).`,
          "Check the connection and start again: the download continues where it stopped.",
          error,
        );
      }
      yield { kind: "retry", url, received, attempt: fruitless, reason };
      await sleep(pause * 2 ** (fruitless - 1), undefined, signal && { signal });
    }
  }
  const sha256 = await hashFile(part);
  if (options.sha256 !== undefined && sha256 !== options.sha256) {
    await rename(part, `${target}.bad`);
    fail(
      "E_DATA_CHECKSUM",
      `"${url}" has the SHA-256 ${sha256}; ${options.sha256} was expected. The file is kept as "${target}.bad".`,
      "The source changed or the transfer was tampered with: compare, or download again.",
    );
  }
  const bytes = await sizeOf(part);
  await rename(part, target);
  yield { kind: "done", url, path: target, bytes, sha256 };
}

/** One connection: appends to `part` from byte `offset` on. Throws a plain error when another attempt may help. */
async function* receive(
  url: string,
  part: string,
  offset: number,
  signal?: AbortSignal,
): AsyncGenerator<DownloadEvent, void> {
  const stalled = new AbortController();
  const timer = setTimeout(() => stalled.abort(new Error("the connection stalled")), STALL_LIMIT);
  const file = await open(part, "a");
  try {
    const headers: Record<string, string> =
      offset > 0 ? { range: `bytes=${offset}-`, "accept-encoding": "identity" } : { "accept-encoding": "identity" };
    const response = await fetch(url, {
      headers,
      signal: signal ? AbortSignal.any([signal, stalled.signal]) : stalled.signal,
    });
    const range = /bytes (?:(\d+)-\d+|\*)\/(\d+)/.exec(response.headers.get("content-range") ?? "");
    if (response.status === 416 && offset > 0) {
      await response.body?.cancel();
      // Nothing is left to send: the part is complete, or it belongs to another version of the file.
      if (Number(range?.[2]) === offset) return;
      await file.truncate(0);
      throw new Error("the partial file did not fit the server's file");
    }
    if (!response.ok || !response.body) refuse(url, response);
    const resumed = response.status === 206 && Number(range?.[1]) === offset;
    if (!resumed && offset > 0) await file.truncate(0); // the server sends the whole file
    let received = resumed ? offset : 0;
    const length = response.headers.get("content-length");
    const total = length === null ? undefined : received + Number(length);
    let reported = -PROGRESS_EVERY;
    for await (const chunk of response.body!) {
      timer.refresh();
      await file.write(chunk);
      received += chunk.length;
      if (performance.now() - reported >= PROGRESS_EVERY || received === total) {
        reported = performance.now();
        yield { kind: "progress", url, received, total };
      }
    }
    if (total !== undefined && received < total)
      throw new Error(`the connection closed after ${received} of ${total} bytes`);
  } finally {
    clearTimeout(timer);
    await file.close();
  }
}

function refuse(url: string, response: Response): void {
  const { status, statusText } = response;
  // Overload and outages pass; everything else is an answer.
  if (status === 429 || status >= 500) throw new Error(`the server answered ${status} ${statusText}`);
  fail(
    "E_DOWNLOAD_STATUS",
    `"${url}" cannot be downloaded: the server answered ${status} ${statusText}.`,
    status === 404
      ? "The file is not (or no longer) there: check the address, or get it by hand."
      : "Check the address and your rights.",
  );
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : "";
  return `${error.message}${cause}`;
}

const sizeOf = async (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );

async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest("hex");
}

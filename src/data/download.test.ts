import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import type { CatalogueEntry } from "./catalogue.ts";
import { type DownloadEvent, download } from "./download.ts";
import { fetchData } from "./fetch-data.ts";
import { untar } from "./tar.ts";
import { codeOf, temporaryFolder } from "./testing.ts";

const content = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31) % 256);
const sum = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** A loopback server; `answer` is called with the number of the request. */
async function serve(answer: (request: IncomingMessage, response: ServerResponse, n: number) => void): Promise<string> {
  let n = 0;
  const server = createServer((request, response) => answer(request, response, n++));
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/file.bin`;
}

/** Serves `content` with ranges, and cuts the connection after `limit` bytes. */
function ranged(request: IncomingMessage, response: ServerResponse, limit = Number.POSITIVE_INFINITY): void {
  const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
  if (from >= content.length)
    return void response.writeHead(416, { "content-range": `bytes */${content.length}` }).end();
  const headers = {
    "content-length": content.length - from,
    "content-range": `bytes ${from}-${content.length - 1}/${content.length}`,
  };
  response.writeHead(from > 0 ? 206 : 200, headers);
  const rest = content.subarray(from, from + limit);
  if (from + rest.length === content.length) response.end(rest);
  else response.write(rest, () => setTimeout(() => response.destroy(), 20));
}

async function collect(events: AsyncIterable<DownloadEvent>): Promise<DownloadEvent[]> {
  const out: DownloadEvent[] = [];
  for await (const event of events) out.push(event);
  return out;
}

const quick = { pause: 1, attempts: 3 };

describe("download", () => {
  test("in one go: progress, checksum, one file", async () => {
    const url = await serve((request, response) => ranged(request, response));
    const folder = temporaryFolder();
    const events = await collect(download(url, join(folder, "a/file.bin"), { ...quick, sha256: sum(content) }));
    expect(events.at(-2)).toEqual({ kind: "progress", url, received: 300_000, total: 300_000 });
    expect(events.at(-1)).toEqual({
      kind: "done",
      url,
      path: join(folder, "a/file.bin"),
      bytes: 300_000,
      sha256: sum(content),
    });
    expect(readdirSync(join(folder, "a"))).toEqual(["file.bin"]);
  });

  test("a connection that is cut again and again is resumed where it stopped", async () => {
    const ranges: (string | undefined)[] = [];
    const url = await serve((request, response) => {
      ranges.push(request.headers.range);
      ranged(request, response, 100_000);
    });
    const target = join(temporaryFolder(), "file.bin");
    const events = await collect(download(url, target, { ...quick, sha256: sum(content) }));
    expect(sum(readFileSync(target))).toBe(sum(content));
    expect(ranges[0]).toBe(undefined);
    expect(ranges.slice(1).every((range) => /^bytes=\d+-$/.test(range ?? ""))).toBe(true);
    expect(events.filter(({ kind }) => kind === "retry").length).toBe(ranges.length - 1);
  });

  test("another process continues the .part file; a complete one needs no byte", async () => {
    const seen: (string | undefined)[] = [];
    const url = await serve((request, response) => {
      seen.push(request.headers.range);
      ranged(request, response);
    });
    const target = join(temporaryFolder(), "file.bin");
    writeFileSync(`${target}.part`, content.subarray(0, 123_456));
    await collect(download(url, target, { ...quick, sha256: sum(content) }));
    writeFileSync(`${target}.part`, content);
    await collect(download(url, target, { ...quick, sha256: sum(content) }));
    expect(seen).toEqual(["bytes=123456-", "bytes=300000-"]);
    expect(sum(readFileSync(target))).toBe(sum(content));
  });

  test("a server without ranges: the part is replaced, not appended to", async () => {
    const url = await serve((_, response) => void response.end(content));
    const target = join(temporaryFolder(), "file.bin");
    writeFileSync(`${target}.part`, content.subarray(0, 1000));
    await collect(download(url, target, { ...quick, sha256: sum(content) }));
    expect(readFileSync(target).length).toBe(300_000);
  });

  test("a part that is longer than the file begins afresh", async () => {
    const url = await serve((request, response) => ranged(request, response));
    const target = join(temporaryFolder(), "file.bin");
    writeFileSync(`${target}.part`, new Uint8Array(400_000));
    await collect(download(url, target, { ...quick, sha256: sum(content) }));
    expect(sum(readFileSync(target))).toBe(sum(content));
  });

  test("404 is final; 503 may pass", async () => {
    const gone = await serve((_, response) => void response.writeHead(404).end());
    const target = join(temporaryFolder(), "file.bin");
    await expect(collect(download(gone, target, quick))).rejects.toMatchObject({
      code: "E_DOWNLOAD_STATUS",
      message: expect.stringContaining("404 Not Found"),
    });
    const busy = await serve((request, response, n) =>
      n < 2 ? void response.writeHead(503).end() : ranged(request, response),
    );
    expect(
      (await collect(download(busy, target, quick))).map(({ kind }) => kind).filter((kind) => kind !== "progress"),
    ).toEqual(["retry", "retry", "done"]);
  });

  test("no server: given up after attempts without progress, what came is kept", async () => {
    const url = await serve((request, response, n) =>
      n === 0 ? ranged(request, response, 50_000) : void response.destroy(),
    );
    const target = join(temporaryFolder(), "file.bin");
    expect(await codeOf(() => collect(download(url, target, quick)))).toBe("E_DOWNLOAD_NETWORK");
    expect([existsSync(target), readFileSync(`${target}.part`).length]).toEqual([false, 50_000]);
  });

  test("a wrong checksum: the file is set aside, not deleted and not delivered", async () => {
    const url = await serve((request, response) => ranged(request, response));
    const folder = temporaryFolder();
    const wrong = download(url, join(folder, "file.bin"), { ...quick, sha256: "0".repeat(64) });
    await expect(collect(wrong)).rejects.toMatchObject({
      code: "E_DATA_CHECKSUM",
      message: expect.stringContaining(sum(content)),
    });
    expect(readdirSync(folder)).toEqual(["file.bin.bad"]);
  });

  test("an abort ends it and keeps the part", async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { "content-length": content.length });
      response.write(content.subarray(0, 1000));
    });
    const target = join(temporaryFolder(), "file.bin");
    const controller = new AbortController();
    await expect(
      (async () => {
        for await (const event of download(url, target, { ...quick, signal: controller.signal }))
          if (event.kind === "progress") controller.abort();
      })(),
    ).rejects.toThrow(/abort/i);
    expect(readFileSync(`${target}.part`).length).toBe(1000);
  });
});

/** A ustar archive of one file in a folder. */
function tar(path: string, bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(512 + Math.ceil(bytes.length / 512) * 512 + 1024);
  const put = (text: string, at: number) => out.set(new TextEncoder().encode(text), at);
  put(path, 0);
  put(`${bytes.length.toString(8).padStart(11, "0")} `, 124);
  put("0", 156);
  put("        ", 148);
  put(
    `${out
      .subarray(0, 512)
      .reduce((s, b) => s + b, 0)
      .toString(8)
      .padStart(6, "0")}\0 `,
    148,
  );
  out.set(bytes, 512);
  return out;
}

describe("archives", () => {
  const archive = tar("../../folder/train.bin", content.subarray(0, 700));
  test("untar gives base names only", () => {
    expect(untar(archive)).toEqual(new Map([["train.bin", content.subarray(0, 700)]]));
  });
  test("cut and damaged", async () => {
    expect(await codeOf(() => untar(archive.subarray(0, 1000)))).toBe("E_DATA_TRUNCATED");
    expect(await codeOf(() => untar(archive.subarray(0, 1536)))).toBe("E_DATA_TRUNCATED");
    expect(await codeOf(() => untar(Uint8Array.from(archive, (b, i) => (i === 3 ? b ^ 1 : b))))).toBe("E_DATA_FORMAT");
  });
  test("fetchData downloads, unpacks, and does nothing the second time", async () => {
    const packed = gzipSync(archive);
    let requests = 0;
    const url = await serve((_, response) => {
      requests++;
      response.end(packed);
    });
    const entry: CatalogueEntry = {
      ...{ name: "toy", title: "Toy", task: "classification", format: "cifar", licence: "none", citation: "none" },
      files: [{ url, name: "toy.tar.gz", sha256: sum(packed), unpack: "tar.gz" }],
    } as CatalogueEntry;
    const folder = temporaryFolder();
    await collect(fetchData(entry, { folder, ...quick }));
    expect(await collect(fetchData(entry, { folder, ...quick }))).toEqual([]);
    expect([readFileSync(join(folder, "train.bin")).length, requests]).toEqual([700, 1]);
  });
  test("unknown names and sets without files", async () => {
    await expect(collect(fetchData("mnits"))).rejects.toThrow(
      'Did you mean "mnist"? Can be fetched: mnist, fashion-mnist, cifar-10, cifar-100.',
    );
    expect(await codeOf(() => collect(fetchData("cifar-100-16x16")))).toBe("E_DATA_NOT_FOUND");
  });
});

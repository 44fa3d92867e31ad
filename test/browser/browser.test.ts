/**
 * Bar "in the browser": the same modules, in Node and in a Chromium page, draw the same numbers and teach the same
 * student. Times are printed and not asserted: they are the machine's, and it may be busy.
 */
import { readFileSync } from "node:fs";
import { copyFile, mkdir } from "node:fs/promises";
import path from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Arm, digitsLesson } from "../../examples/browser/lesson.ts";
import { NODE_ONLY } from "../../examples/browser/vite.config.ts";
import { type Built, buildPages, CHECKS, EXAMPLE } from "./build.ts";
import { CHROMIUM, launch } from "./chromium.ts";
import * as checks from "./page/checks.ts";
import { type Site, serve } from "./serve.ts";

let built: Built;
let site: Site;

beforeAll(async () => {
  built = await buildPages();
  site = await serve(built.folder);
});
afterAll(async () => {
  await site?.close();
  await built?.remove();
});

describe("the bundle", () => {
  test("holds no module of Node", () => {
    const foreign = built.modules.filter((id) => /^node:|onnxruntime-node|browser-external/.test(id));
    expect(foreign).toEqual([]);
    // The list is not empty for the wrong reason.
    expect(built.modules).toContain("src/tensor/runtime/web.ts");
  });

  test("package.json tells users' bundlers what to leave out", () => {
    const { browser } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    expect(browser).toEqual(Object.fromEntries(NODE_ONLY.map((file) => [`./dist/${file}.js`, false])));
  });

  test("is small beside ONNX Runtime's .wasm file", () => {
    const { worker = 0, "ort.wasm.bundle.min": runtime = 0 } = built.scripts;
    console.info(`gzip: lesson and Lyceum ${kb(worker)}, ONNX Runtime's script ${kb(runtime)}, without .wasm`);
    // 62 kB when it was written. Whoever adds a quarter should know why.
    expect(worker).toBeGreaterThan(10_000);
    expect(worker).toBeLessThan(78_000);
  });
});

describe.skipIf(!CHROMIUM)(`a page${CHROMIUM ? "" : " (skipped: no Chromium; set LYCEUM_CHROMIUM)"}`, () => {
  let browser: Browser;
  let page: Page;
  const ask = <K extends keyof typeof checks>(name: K, argument?: Parameters<(typeof checks)[K]>[0]) =>
    page.evaluate(([n, a]) => check(n as string, a), [name, argument]) as ReturnType<(typeof checks)[K]>;

  beforeAll(async () => {
    browser = await launch();
    page = await browser.newPage();
    await page.goto(site.url + CHECKS);
  });
  afterAll(() => browser?.close());

  test("draws the same bits", async () => {
    expect(await ask("drawn")).toEqual(await checks.drawn());
  });

  // Batch norm and convolutions in the one, wide products in the other.
  test.each(["cnn-tiny", "mlp-small"])(
    "teaches the first 50 steps of %s with the same losses",
    async (student) => {
      const native = await checks.firstLosses({ student, steps: 50 });
      const web = await ask("firstLosses", { student, steps: 50 });
      expect(web).toHaveLength(50);
      const worst = Math.max(...web.map((loss, i) => Math.abs(loss / native[i]! - 1)));
      console.info(`${student}: losses of 50 steps differ by ${worst.toExponential(1)} at most`);
      // The bar. f32 sums in another order differ by 1e-7 in the first step; training amplifies.
      expect(worst).toBeLessThan(1e-3);
    },
    120_000,
  );

  test.each([
    ["cnn-tiny", 80],
    ["mlp-small", 400],
  ])(
    "trains %s in comparable time",
    async (student, warm) => {
      const steps = 60;
      const cpu = await checks.stepTimes({ student, warm, steps });
      const wasm = await ask("stepTimes", { student, warm, steps });
      cpu.push(...(await checks.stepTimes({ student, warm, steps })));
      const ratio = (of: (times: number[]) => number) => (of(wasm) / of(cpu)).toFixed(1);
      console.info(
        `${student}: step ${median(wasm).toFixed(1)} ms here, ${median(cpu).toFixed(1)} ms native: ` +
          `${ratio(median)} times (fastest steps: ${ratio((times) => Math.min(...times))} times)`,
      );
      expect(wasm).toHaveLength(steps);
    },
    120_000,
  );

  test("feeds results back for 1000 steps without more memory", async () => {
    const [early, late] = await ask("growth", { early: 100, late: 1000 });
    expect(early).toBeGreaterThan(1e6);
    expect(late).toBe(early);
  }, 120_000);

  test("loads the small build of ONNX Runtime only, and only from here", () => {
    const loaded = [...new Set(site.requests.filter((file) => file.endsWith(".wasm")))];
    expect(loaded).toEqual([expect.stringMatching(/\/ort-wasm-simd-threaded-[\w-]+\.wasm$/)]);
  });

  test("computes with threads where it is isolated", async () => {
    expect(await page.evaluate("crossOriginIsolated")).toBe(true);
    const scripts = () => site.requests.filter((file) => file.includes("ort.wasm.bundle")).length;
    const before = scripts();
    const web = await ask("smallWith", { threads: 2 });
    // The second thread loads the script of the first.
    expect(scripts() - before).toBe(2);
    expectClose(web, await checks.small({ provider: "cpu" }), 1e-5);
  });

  test("takes the .wasm file from where it is told", async () => {
    const folder = path.join(built.folder, "ort");
    await mkdir(folder);
    for (const file of ["ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"]) {
      await copyFile(
        new URL(`../../node_modules/onnxruntime-web/dist/${file}`, import.meta.url),
        path.join(folder, file),
      );
    }
    const web = await ask("smallWith", { wasmPaths: "/ort/", threads: 2 });
    expect(site.requests).toContain("/ort/ort-wasm-simd-threaded.wasm");
    expectClose(web, await checks.small({ provider: "cpu" }), 1e-5);
  });

  test("says what to do when the file is not there", async () => {
    await expect(ask("smallWith", { wasmPaths: "/nowhere/", threads: 2 })).rejects.toThrow(
      /could not be started: .*\/nowhere\/.*say where, useBackend\(webBackend\(\{ wasmPaths/,
    );
  });

  test("names the providers that a browser has", async () => {
    expect(await ask("refused", { provider: "cuda" })).toBe('A browser has no provider "cuda". Use wasm or webgpu.');
  });

  test("works with one thread where it is not isolated", async () => {
    const plain = await serve(built.folder, { isolated: false });
    const other = await browser.newPage();
    try {
      await other.goto(plain.url + CHECKS);
      expect(await other.evaluate("crossOriginIsolated")).toBe(false);
      const web = (await other.evaluate('check("small", { provider: "wasm" })')) as number[];
      expectClose(web, await checks.small({ provider: "cpu" }), 1e-5);
    } finally {
      await other.close();
      await plain.close();
    }
  });

  test("teaches a student as well as Node does, and shows it", async () => {
    const options = { examples: 3000, epochs: 12 };
    const native = await lessonInNode(options);
    const example = await browser.newPage();
    const complaints: string[] = [];
    example.on("pageerror", ({ message }) => complaints.push(message));
    await example.goto(
      `${site.url}${EXAMPLE}?${new URLSearchParams(Object.entries(options).map(([k, v]) => [k, `${v}`]))}`,
    );
    const start = performance.now();
    await example.click("#teach");
    await example.waitForSelector("#download", { timeout: 280_000 });
    const seconds = (performance.now() - start) / 1000;
    const shown = Object.fromEntries(
      await example.$$eval("#cast li", (cards) =>
        cards.map((card) => [card.dataset.arm, Number.parseFloat(card.querySelector(".value")!.textContent) / 100]),
      ),
    ) as Record<Arm, number>;
    console.info(
      `test accuracy here ${JSON.stringify(shown)}, in Node ${JSON.stringify(native)}; ${seconds.toFixed(0)} s`,
    );
    for (const arm of ["teacher", "taught", "alone"] as const) {
      expect(shown[arm]).toBeGreaterThan(0.8);
      expect(shown[arm]).toBeGreaterThanOrEqual(0.95 * native[arm]);
    }
    expect(await example.$$eval("#digits li", (digits) => digits.length)).toBe(10);
    expect(await example.$$eval("#curves polyline", (curves) => curves.length)).toBe(3);
    expect(
      await example.$eval("#download", (link) =>
        fetch((link as HTMLAnchorElement).href).then(async (r) => (await r.blob()).size),
      ),
    ).toBeGreaterThan(100_000);
    expect(complaints).toEqual([]);
    await example.close();
  }, 400_000);
});

describe.skipIf(!CHROMIUM)("WebGPU in a page", () => {
  let browser: Browser | undefined;
  afterAll(() => browser?.close());

  // Chromium's software GPU crashed once in a dozen runs on a busy machine, and took the browser with it.
  test("computes the same", { timeout: 120_000, retry: 1 }, async ({ skip }) => {
    await browser?.close();
    browser = await launch({ webgpu: true });
    const page = await browser.newPage();
    await page.goto(site.url + CHECKS);
    const adapter = await page.evaluate("navigator.gpu?.requestAdapter().then((found) => Boolean(found))");
    if (!adapter) skip("this Chromium finds no WebGPU adapter, SwiftShader included");
    const web = (await page.evaluate('check("small", { provider: "webgpu" })')) as number[];
    // GPUs may contract and approximate (gelu's erf, exp).
    expectClose(web, await checks.small({ provider: "cpu" }), 1e-4);
    expect(site.requests.some((file) => file.includes("asyncify"))).toBe(true);
  });
});

async function lessonInNode(options: Parameters<typeof digitsLesson>[0]): Promise<Record<Arm, number>> {
  for await (const event of digitsLesson(options)) if (event.type === "ends") return event.result.accuracy;
  throw new Error("The lesson did not end.");
}

function expectClose(actual: readonly number[], expected: readonly number[], tolerance: number): void {
  expect(actual).toHaveLength(expected.length);
  const scale = Math.max(...expected.map(Math.abs));
  const worst = Math.max(...actual.map((value, i) => Math.abs(value - expected[i]!)));
  expect(worst / scale).toBeLessThan(tolerance);
}

const median = (times: readonly number[]): number => [...times].sort((a, b) => a - b)[times.length >> 1]!;
const kb = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`;

/** Builds the example and the page of checks as a user's bundler would, into a folder that is thrown away. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { build, type Plugin } from "vite";
import config, { withoutNode } from "../../examples/browser/vite.config.ts";

export const EXAMPLE = "/examples/browser/";
export const CHECKS = "/test/browser/page/";

export interface Built {
  readonly folder: string;
  /** All modules that any of the scripts holds or asks for, by path or name. */
  readonly modules: readonly string[];
  /** Bytes after gzip, by the stem of the file's name. */
  readonly scripts: Readonly<Record<string, number>>;
  remove(): Promise<void>;
}

export async function buildPages(): Promise<Built> {
  const folder = await mkdtemp(path.join(tmpdir(), "lyceum-pages-"));
  const root = path.resolve(import.meta.dirname, "../..");
  const modules = new Set<string>();
  const listing: Plugin = {
    name: "listing",
    buildEnd() {
      for (const id of this.getModuleIds()) modules.add(path.isAbsolute(id) ? path.relative(root, id) : id);
    },
  };
  await build({
    ...config,
    configFile: false,
    root,
    logLevel: "error",
    plugins: [withoutNode(), listing],
    worker: { format: "es", plugins: () => [withoutNode(), listing] },
    build: {
      ...config.build,
      outDir: folder,
      emptyOutDir: true,
      rolldownOptions: { input: [EXAMPLE, CHECKS].map((page) => path.join(root, page, "index.html")) },
    },
  });
  return {
    folder,
    modules: [...modules],
    scripts: await gzipped(folder),
    remove: () => rm(folder, { recursive: true }),
  };
}

async function gzipped(folder: string): Promise<Record<string, number>> {
  const files = (await readdir(path.join(folder, "assets"))).filter((file) => file.endsWith(".js"));
  const sizes = files.map(async (file) => {
    const bytes = await readFile(path.join(folder, "assets", file));
    return [file.replace(/-[\w-]{8}\.js$/, ""), gzipSync(bytes).length] as const;
  });
  return Object.fromEntries(await Promise.all(sizes));
}

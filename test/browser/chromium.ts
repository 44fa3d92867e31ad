/** A headless Chromium of the machine: none is downloaded, and where there is none the tests say so and are skipped. */
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

export const CHROMIUM = process.env.LYCEUM_CHROMIUM ?? PLACES.find((file) => existsSync(file));

/** Quiet and offline; without a sandbox, which containers do not allow. */
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
/** A software GPU, so that WebGPU can be tested on a machine without one. */
const SWIFTSHADER = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
  "--use-vulkan=swiftshader",
];

export function launch({ webgpu = false } = {}): Promise<Browser> {
  if (CHROMIUM === undefined) throw new Error("No Chromium: guard the test with `CHROMIUM`.");
  const args = [...ARGUMENTS, ...(webgpu ? SWIFTSHADER : ["--disable-gpu"])];
  return chromium.launch({ executablePath: CHROMIUM, args });
}

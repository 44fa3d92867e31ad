/**
 * Completes package-lock.json: run `npm run lock` after every change of dependencies.
 *
 * npm leaves a binary for a foreign platform out of the lock file when the registry it asked did not offer it, and
 * `npm ci` of npm 11 then refuses the whole file ("Missing: X from lock file"). A missing entry needs no more than
 * its version and its platform; it is skipped everywhere else. `resolved` is dropped, so that every clone uses the
 * registry it is configured for.
 */
import { readFileSync, writeFileSync } from "node:fs";

const FILE = new URL("../package-lock.json", import.meta.url);
const SYSTEMS = ["android", "darwin", "win32", "freebsd", "openbsd", "netbsd", "sunos", "aix", "openharmony", "linux"];
const PROCESSORS = ["arm64", "x64", "arm", "ia32", "ppc64", "riscv64", "s390x", "loong64", "wasm32"];

/** What a package name such as `@biomejs/cli-linux-x64-musl` says about where it runs. */
function platformOf(name) {
  const words = name.split("/").at(-1).split("-");
  const os = words.includes("wasm32") ? undefined : SYSTEMS.find((system) => words.includes(system));
  const cpu = PROCESSORS.find((processor) => words.includes(processor));
  const libc = /-musl/.test(name) ? "musl" : /-linux-.*gnu/.test(name) ? "glibc" : undefined;
  return { ...(os && { os: [os] }), ...(cpu && { cpu: [cpu] }), ...(libc && { libc: [libc] }) };
}

const lock = JSON.parse(readFileSync(FILE, "utf8"));
const added = [];
for (const [place, entry] of Object.entries(lock.packages)) {
  delete entry.resolved;
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const top = `node_modules/${name}`;
    if (lock.packages[top] || lock.packages[`${place}/${top}`]) continue;
    lock.packages[top] = {
      version: version.replace(/^[\^~]/, ""),
      ...platformOf(name),
      ...(entry.dev && { dev: true }),
      optional: true,
    };
    added.push(name);
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(FILE, `${JSON.stringify(lock, null, 2)}\n`);
console.log(added.length > 0 ? `added ${added.join(", ")}` : "nothing was missing");

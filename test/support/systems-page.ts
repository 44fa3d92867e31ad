/** Makes docs/systems.md from the systems themselves: `npm run docs`. A test compares it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Flag, flagsOf } from "../../src/systems/options.ts";
import { loadSystem, systemNames } from "../../src/systems/registry.ts";
import type { System } from "../../src/systems/system.ts";
import { ROOT } from "./command.ts";

export const PAGE = join(ROOT, "docs/systems.md");
const HEAD = `# Systems

Made from the systems themselves (\`npm run docs\`). Every option has a default; \`--quick\`, a run of a minute or so, is
what runs when nothing is said, \`--full\` is the run that is published in [reproductions](../reproductions).
`;

export async function systemsPage(): Promise<string> {
  const loaded = await Promise.all(systemNames().map(loadSystem));
  return [HEAD, ...loaded.map(({ system }) => chapter(system))].join("\n");
}

function chapter(system: System<unknown, unknown>): string {
  const { name, title, summary, paper, claims, quick, full } = system;
  const flags = flagsOf(system).map((flag) =>
    row([`\`${flag.flag}\``, shown(flag), preset(quick, flag), preset(full, flag), flag.help]),
  );
  const judged = claims.map(({ text, paper: said, criterion }) => row([text, said, criterion]));
  return [
    `## ${name}`,
    `${title}: ${summary}.`,
    `${paper.authors}: *${paper.title}*, ${paper.venue}.`,
    [row(["option", "default", "quick", "full", "what it is"]), row(Array(5).fill("---")), ...flags].join("\n"),
    [row(["claim", "paper", "criterion here"]), row(Array(3).fill("---")), ...judged].join("\n"),
    "",
  ].join("\n\n");
}

const row = (cells: readonly string[]): string =>
  `| ${cells.map((c) => c.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
const text = (value: unknown): string => (Array.isArray(value) ? value.join(",") : String(value)) || "–";
const shown = ({ default: value }: Flag): string => text(value ?? "");
const preset = (values: unknown, { key }: Flag): string => {
  const value = (values as Record<string, unknown>)[key];
  return value === undefined ? "" : text(value);
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) writeFileSync(PAGE, await systemsPage());

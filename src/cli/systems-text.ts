/** The table of systems for terminals. */
import { loadSystem, systemNames } from "../systems/registry.ts";
import { columns } from "./columns.ts";

export async function systemsText(width: number): Promise<string> {
  const loaded = await Promise.all(systemNames().map(loadSystem));
  const rows = loaded.map(({ system: { name, summary, paper } }) => [
    name,
    `${summary} (${paper.title}, ${paper.venue})`,
  ]);
  return `${columns([["system", "what you get from it"], ...rows], width)}\n`;
}

/** docs/losses.md says what the sources say, about all of them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { losses } from "../src/teaching/losses/registry.ts";
import { ROOT } from "./support/command.ts";
import { lossesPage, PAGE, SECTIONS } from "./support/losses-page.ts";

/** Small numerics and lists of names, which no reader looks for. */
const INNER = ["vector", "resize", "testing", "entries"];

test("the page is up to date: npx tsx test/support/losses-page.ts", () => {
  expect(readFileSync(PAGE, "utf8")).toBe(lossesPage());
});

test("it holds every file of losses", () => {
  const files = readdirSync(join(ROOT, "src/teaching/losses"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && !file.endsWith("index.ts"))
    .map((file) => file.replaceAll("\\", "/").replace(/\.ts$/, ""))
    .filter((file) => !INNER.includes(file));
  expect(Object.values(SECTIONS).flat().sort()).toEqual(files.sort());
});

test("it names every loss of --loss", () => {
  const page = lossesPage();
  for (const name of Object.keys(losses)) expect(page).toContain(`| \`${name}\` |`);
});

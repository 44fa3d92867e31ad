/** docs/systems.md says what the systems say about themselves. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { PAGE, systemsPage } from "./support/systems-page.ts";

test("docs/systems.md is up to date: npm run docs", async () => {
  expect(readFileSync(PAGE, "utf8")).toBe(await systemsPage());
});

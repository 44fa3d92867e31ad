import { expect, it } from "vitest";
import { definitionOf, METRICS } from "./metrics.ts";
import { MetricDefinition } from "./schema.ts";

it("every metric has a complete definition in whole sentences", () => {
  for (const [name, definition] of Object.entries(METRICS)) {
    expect(MetricDefinition.safeParse(definition).success, name).toBe(true);
    expect(definition.text, name).toMatch(/^[A-Z|e].{20,}\.$/s);
  }
});

it("a system's own definition wins; an unknown name says so", () => {
  const own = { accuracy: { ...METRICS.accuracy!, label: "Mine" } };
  expect(definitionOf("accuracy", own).label).toBe("Mine");
  expect(definitionOf("constructor").text).toMatch(/gives no definition/);
});

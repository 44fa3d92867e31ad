import { expect, it } from "vitest";
import { byLoss, lost } from "./classes.ts";

it("puts the class that lost most first", () => {
  const row = (name: string, teacher: number | null, student: number) => ({
    class: name,
    teacher,
    student,
    baseline: 0.5,
    support: 1,
  });
  const rows = [row("kept", 0.9, 0.9), row("gained", 0.8, 0.9), row("lost", 0.9, 0.5), row("also kept", 0.7, 0.7)];
  expect(byLoss(rows).map((r) => r.class)).toEqual(["lost", "also kept", "kept", "gained"]);
  expect(lost(row("no teacher", null, 0.4))).toBeCloseTo(0.1, 12);
});

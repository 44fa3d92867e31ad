/** Who speaks in a mixture; the other sources are tested where they are made (distil/). */
import { expect, test } from "vitest";
import { key } from "../../tensor/index.ts";
import { packDocuments } from "../text/index.ts";
import { mixedRows } from "./sources.ts";
import type { Teacher } from "./teacher.ts";

/** Says one token for as long as it may, and how often it was asked. */
function speaker(token: number) {
  const asked = { times: 0, with: [] as (Float32Array | undefined)[] };
  const speak: Teacher["speaker"] = async ({ maxTokens }) => ({
    async sample(prompts, _key, params) {
      asked.times++;
      asked.with.push(params);
      return prompts.map(() => new Int32Array(maxTokens).fill(token));
    },
    release: async () => {},
  });
  return { speak, asked };
}

test("a mixture reads the student at half of the steps, as it is then, and what the teacher said once at the others", async () => {
  const rows = packDocuments([Int32Array.from({ length: 129 }, (_, i) => i % 5)], { context: 16 });
  const [student, teacher] = [speaker(8), speaker(9)];
  const make = () =>
    mixedRows({ rows, batchSize: 4, endTokens: [], key: key(1) }, { student: student.speak, teacher: teacher.speak });
  const source = await make();
  const now = Float32Array.of(1);
  const said = async (of: typeof source, step: number) => {
    const { tokens } = await of.rows(step, now);
    const last = new Set([...(tokens.data as Int32Array)].filter((token) => token > 4));
    expect(last.size).toBe(1);
    return [...last][0]!;
  };
  const steps = [];
  for (let step = 0; step < 300; step++) steps.push(await said(source, step));
  const byStudent = steps.filter((token) => token === 8).length;
  // Binomial(300, 1/2): three standard deviations are 26.
  expect(Math.abs(byStudent - 150)).toBeLessThan(26);
  expect(byStudent + steps.filter((token) => token === 9).length).toBe(300);
  expect(student.asked.times).toBe(byStudent);
  expect(student.asked.with.every((params) => params === now)).toBe(true);
  expect(teacher.asked.times).toBe(1);
  // A lesson that was killed goes on with the same ones.
  const again = await make();
  for (const step of [299, 7, 120]) expect(await said(again, step)).toBe(steps[step]);
  await Promise.all([source.release(), again.release()]);
});

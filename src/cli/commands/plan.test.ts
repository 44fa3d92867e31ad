import { expect, test, vi } from "vitest";
import { commandLine } from "../command-line.ts";

async function typed(...words: string[]): Promise<string> {
  let out = "";
  const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    out += String(text);
    return true;
  });
  try {
    await commandLine().parseAsync(["plan", ...words], { from: "user" });
  } finally {
    write.mockRestore();
  }
  return out;
}

test("says what to train, what to expect, and what the same money gives without a teacher", async () => {
  const text = await typed("--student-params", "1B", "--budget", "1e21", "--scenario", "best");
  expect(text).toContain("A student of 1 B parameters");
  expect(text).toMatch(/distilled +136 B +1e21 +2\.192 \[2\.171, 2\.214\]/);
  expect(text).toMatch(/data alone, same operations +136 B +1e21 +2\.22/);
  expect(text).toContain("catches up");
  expect(text).toContain("Warning: ");
});

test("picks among teachers by name; as JSON for machines", async () => {
  const teachers = ["--teachers", "big=7B:2.02,small=1B:2.3"];
  const json = JSON.parse(await typed("--student-params", "300M", "--tokens", "20B", ...teachers, "--json")) as {
    teacher: { name: string };
    student: { D: number; loss: number; interval: [number, number] };
  };
  expect(json.teacher.name).toBe("big");
  expect(json.student.D).toBe(2e10);
  expect(json.student.interval[0]).toBeLessThan(json.student.loss);
});

test("answers within two seconds", async () => {
  const start = process.cpuUsage();
  await typed("--student-params", "3B", "--budget", "1e22", "--scenario", "both", "--students", "8");
  const { user, system } = process.cpuUsage(start);
  expect((user + system) / 1e6).toBeLessThan(2);
});

test.each([
  [["--student-params", "many", "--budget", "1e20"], "A number above 0 was expected"],
  [["--student-params", "1B"], "Neither a budget nor tokens"],
  [["--budget", "1e20"], "--student-params"],
  [["--student-params", "1B", "--budget", "1e20", "--tokens", "1B"], "cannot be used with"],
  [["--student-params", "1B", "--budget", "1e20", "--scenario", "free"], "Allowed choices"],
  [["--student-params", "1B", "--budget", "1e20", "--teachers", "big"], "name=parameters:loss"],
  [["--student-params", "1B", "--budget", "1e20", "--law", "c4"], "There is no law"],
  [["--student-params", "1B", "--budget", "10", "--scenario", "both"], "too few"],
])("%j is refused", async (words, message) => {
  await expect(typed(...words)).rejects.toThrow(message);
});

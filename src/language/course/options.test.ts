import { expect, test } from "vitest";
import { type CourseOptions, resumedCourse, settleCourse } from "./options.ts";

const settle = (options: Partial<CourseOptions> = {}) => settleCourse({ out: "x", ...options });

test("what is settled where nothing is said", () => {
  expect(settle()).toEqual({
    task: "text",
    data: "small-english",
    teacher: "llama-0.8m",
    student: "llama-0.2m",
    loss: "forward-kl",
    source: "text",
    seeds: [1],
    context: 128,
    batchSize: 8,
  });
});

test("a teacher that only speaks is learnt from by its words", () => {
  expect(settle({ teacher: "http://localhost:1/v1#m" })).toMatchObject({ loss: "sequence", source: "offline" });
  expect(settle({ loss: "sequence" })).toMatchObject({ source: "offline" });
  expect(settle({ loss: "sequence", source: "online-teacher" })).toMatchObject({ source: "online-teacher" });
});

test.each<[Partial<CourseOptions>, RegExp]>([
  [{ loss: "kd" }, /"kd".*Choose from: forward-kl/s],
  [{ source: "web" }, /"web".*online-student/s],
  [{ monitor: "weather" }, /"weather".*hacking/s],
  [{ teacher: "openai#gpt", loss: "reverse-kl" }, /endpoint/],
  [{ teacher: "openai#gpt", loss: "forward-kl" }, /tokeniser of its own/],
  [{ teacher: "openai#gpt", source: "online-teacher" }, /endpoint/],
  [{ teacher: "openai#gpt", monitor: "hacking" }, /no monitor/],
  [{ loss: "sequence", source: "text" }, /words of a teacher/],
  [{ loss: "sequence", source: "online-student" }, /words of a teacher/],
  [{ loss: "sequence", source: "mixture" }, /words of a teacher/],
  [{ seeds: [] }, /seeds/],
  [{ seeds: [1, 1] }, /only once/],
  [{ epochs: 0 }, /epochs is 0/],
  [{ context: 4 }, /from 8/],
])("%j is refused", (options, says) => {
  expect(() => settle(options)).toThrow(says);
});

test("settled options settle to themselves: a run can go on", () => {
  const settled = settle({ monitor: "hacking", epochs: 3, teacherEpochs: 2, seeds: [4, 5] });
  expect(settleCourse(resumedCourse(settled, "elsewhere"))).toEqual(settled);
});

/**
 * e²KD, "Good Teachers Explain": distillation in which the student's explanation of the teacher's answer has to point the
 * same way as the teacher's own. Three experiments: few pictures, a shortcut, explanations stored beforehand.
 */
import { defineSystem } from "../system.ts";
import { claims } from "./claims.ts";
import { conclude } from "./conclude.ts";
import { type Options, options } from "./options.ts";
import { plan, type Task } from "./plan.ts";
import { workStudent } from "./students.ts";
import { workTeacher } from "./teachers.ts";

export default defineSystem<Options, Task>({
  name: "e2kd",
  title: "Good teachers explain (e²KD)",
  paper: {
    title: "Good Teachers Explain: Explanation-Enhanced Knowledge Distillation",
    authors: "Parchami-Araghi, Böhle, Rao & Schiele",
    venue: "ECCV 2024",
  },
  summary: "a student that answers like its teacher and for the same reasons",
  options,
  quick: { lambdas: [1], pictures: [500], scenePictures: 1000, seen: 12_000, teacherEpochs: 3 },
  full: {
    data: "fashion-mnist",
    seeds: 5,
    pictures: [200, 1000, 5000],
    seen: 40_000,
    lambdas: [0.2, 0.5, 1, 2, 5],
    teacherEpochs: 5,
  },
  plan,
  work: (task, bench) => (task.kind === "teacher" ? workTeacher(task.teacher, bench) : workStudent(task, bench)),
  conclude,
  claims,
});

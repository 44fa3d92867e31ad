/**
 * ORC: a group of students around a pivot teacher, in which at every iteration the best student becomes temporary
 * teacher (online role change), and the pivot is taught what the students find hard.
 */
import { defineSystem } from "../system.ts";
import { claims } from "./claims.ts";
import { conclude } from "./conclude.ts";
import { full, type Options, options, quick } from "./options.ts";
import { plan, type Task } from "./plan.ts";
import { work } from "./work.ts";

export default defineSystem<Options, Task>({
  name: "orc",
  title: "Online role change in a group of networks",
  paper: {
    title: "ORC: Network Group-based Knowledge Distillation using Online Role Change",
    authors: "Junyong Choi, Hyeon Cho, Seokhwa Cheung, Wonjun Hwang",
    venue: "ICCV 2023",
  },
  summary: "trains a family of networks around one pivot teacher; the best student of each batch teaches the others",
  options,
  quick,
  full,
  plan,
  work,
  conclude,
  claims,
});

/**
 * Teacher-Class Network: the teacher's last hidden vector is cut into n chunks, n small students learn one chunk each,
 * alone and without labels; side by side they stand in for the teacher's body, and its own head reads them.
 */
import { defineSystem } from "../system.ts";
import { claims } from "./claims.ts";
import { conclude } from "./conclude.ts";
import { full, type Options, options, quick } from "./options.ts";
import { plan, type Task } from "./plan.ts";
import { work } from "./work.ts";

export default defineSystem<Options, Task>({
  name: "teacher-class",
  title: "Teacher-Class Network",
  paper: {
    title: "Teacher-Class Network: A Neural Network Compression Mechanism",
    authors: "Shaiq Munir Malik, Mohbat Tharani, Muhammad Umair Haider, Muhammad Musab Rasheed, Murtaza Taj",
    venue: "BMVC 2021",
  },
  summary: "n small students share one teacher's representation, a chunk each: separate devices, no labels needed",
  options,
  quick,
  full,
  plan,
  work,
  conclude,
  claims,
});

/** ND: norm and direction of embeddings as an extra loss term, on KD, DKD, DIST and ReviewKD, each with its ablation. */
import { defineSystem } from "../system.ts";
import { claims } from "./claims.ts";
import { conclude } from "./conclude.ts";
import { full, type NdOptions, options, quick } from "./options.ts";
import { plan, type Task } from "./plan.ts";
import { work } from "./work.ts";

export default defineSystem<NdOptions, Task>({
  name: "nd",
  title: "Norm and direction",
  paper: {
    title: "Improving Knowledge Distillation via Regularizing Feature Norm and Direction",
    authors: "Wang, Cheng, Duan, Wang, Feng & Kong",
    venue: "arXiv:2305.17007, 2023",
  },
  summary: "adds to any distillation a term that turns embeddings towards the teacher's class means and lets them grow",
  options,
  quick,
  full,
  plan,
  work,
  conclude,
  claims,
});

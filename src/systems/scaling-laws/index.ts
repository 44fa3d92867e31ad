/**
 * Distillation scaling laws: a sweep of small models on text of known entropy, the two laws fitted to it, and what a
 * plan made from them is worth. `lyceum plan` answers with these laws, or with the published ones.
 */
import { defineSystem } from "../system.ts";
import { claims } from "./claims.ts";
import { conclude } from "./conclude.ts";
import { type Options, options } from "./options.ts";
import { planSweep, type Task } from "./sweep.ts";
import { work } from "./work.ts";

export default defineSystem<Options, Task>({
  name: "scaling-laws",
  title: "Distillation scaling laws",
  paper: {
    title: "Distillation Scaling Laws",
    authors: "Busbridge, Shidani, Weers, Ramapuram, Littwin & Webb",
    venue: "ICML 2025",
  },
  summary: "what a student will reach, before it is trained: laws fitted to a sweep, and plans made from them",
  options,
  quick: {},
  full: {
    text: "tinyshakespeare",
    seeds: 3,
    repeatFlops: 1.4e11,
    rates: [0.005, 0.01, 0.02, 0.04],
    rateLayers: [2, 4],
    rateTokens: 262_144,
    layers: [2, 3, 4],
    tokens: [131_072, 262_144, 393_216, 524_288, 786_432, 1_048_576, 2_097_152, 4_194_304],
    teachers: ["4:2097152", "3:524288", "2:262144", "2:131072"],
    studentLayers: [2, 3, 4],
    studentTokens: [131_072, 262_144, 393_216, 524_288],
    unseen: ["2:327680:3:393216", "3:458752:4:2097152", "4:327680:3:524288"],
    fitFrom: 196_608,
    resamples: 200,
  },
  material: ({ text }) => `text of an oracle (${text})`,
  plan: planSweep,
  work,
  conclude,
  claims,
});

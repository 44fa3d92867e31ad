/**
 * A laboratory for teacher hacking: an oracle with known probabilities, a teacher that learned from it, a student that
 * learns from the teacher. What data must a student see, so that it does not drift from the truth on its way to the
 * teacher, and can one notice without the truth?
 */
import { defineSystem } from "../system.ts";
import { claims } from "./claims.ts";
import { conclude } from "./conclude.ts";
import { type Options, options } from "./options.ts";
import { plan, type Task } from "./plan.ts";
import { work } from "./work.ts";

export default defineSystem<Options, Task>({
  name: "teacher-hacking",
  title: "Teacher hacking",
  paper: {
    title: "On Teacher Hacking in Language Model Distillation",
    authors: "Tiapkin, Calandriello, Ferret, Perrin, Vieillard, Ramé & Blondel",
    venue: "ICML 2025",
  },
  summary: "which data keep a student from drifting from the truth, and an alarm for those who do not know it",
  options,
  quick: {
    ...{ order: 3, seeds: 1, arms: ["offline", "online-teacher"], prompts: 12, batch: 12, epochs: 60, rate: 0.01 },
    ...{ oraclePairs: 1500, studentPasses: 1, teacherPasses: 4, teacherWidth: 48, studentLayers: 1 },
    ...{ warmup: 10, evaluations: 16, validationPrompts: 64 },
  },
  full: {
    ...{ text: "tinyshakespeare", seeds: 5, prompts: 256, epochs: 100, evaluations: 24, validationPrompts: 256 },
    // The student begins near the truth and its teacher is nearer still: only then is there something to lose.
    ...{ oraclePairs: 40_000, teacherPasses: 4, studentPasses: 1, studentWidth: 96 },
    ...{ explorePairs: [12_000, 40_000], explorePrompts: [64, 256, 1024], exploreWidths: [48, 96] },
  },
  material: ({ oracle, text }) => (oracle === "grammar" ? "text of a grammar" : `text of an oracle (${text})`),
  plan,
  work,
  conclude,
  claims,
});

/**
 * Curriculum Designer: in which order shall classes be taught? It scores all orders from distances between classes,
 * without training, and measures how good each order really is with learners that see the classes one after the other.
 */
import { defineSystem } from "../system.ts";
import { claims } from "./claims.ts";
import { conclude } from "./conclude.ts";
import { full, type Options, options, quick } from "./options.ts";
import { plan, type Task } from "./plan.ts";
import { work } from "./work.ts";

export { readCurriculum, readResults, writeCurriculum, writeResults } from "./design/files.ts";
export { beamSearch, greedyCurricula } from "./design/generate.ts";
export { designOf, scoreOf, scoresOf } from "./design/score.ts";
export { readJatos } from "./human/jatos.ts";
export { quizPlan } from "./human/quiz.ts";
export { quizPage } from "./human/quiz-page.ts";

export default defineSystem<Options, Task>({
  name: "curriculum-designer",
  title: "Curriculum Designer",
  paper: {
    title: "Learning to Learn: How to Continuously Teach Humans and Machines",
    authors: "Singh, Li, Sikarwar, Lei, Gao, Talbot, Sun, Shou, Kreiman & Zhang",
    venue: "ICCV 2023",
  },
  summary: "ranks the orders in which classes can be taught, and measures learners under every order",
  options,
  quick,
  full,
  plan,
  work,
  conclude,
  claims,
});

/**
 * EchoAtt: layers of a trained decoder whose attention maps are alike share one of them; then the damage is repaired by
 * distillation from the model as it was.
 */
import { defineSystem } from "../system.ts";
import { claims } from "./claims.ts";
import { conclude } from "./conclude.ts";
import { type Options, options } from "./options.ts";
import { plan, type Task } from "./plan.ts";
import { work } from "./work.ts";

export default defineSystem<Options, Task>({
  name: "echoatt",
  title: "EchoAtt: attend, copy, then adjust",
  paper: {
    title: "EchoAtt: Attend, Copy, then Adjust for More Efficient Large Language Models",
    authors: "Rajabzadeh, Jafari et al.",
    venue: "ENLSP workshop at NeurIPS 2024",
  },
  summary: "a decoder whose layers share attention maps: smaller, faster, nearly as good",
  options,
  quick: {
    seeds: 1,
    arms: ["none", "text", "echo"],
    teacherTokens: 200_000,
    adjustTokens: 60_000,
    examTokens: 8192,
    rounds: 10,
  },
  full: {
    text: "tinyshakespeare",
    width: 192,
    layers: 8,
    heads: 6,
    context: 256,
    teacherTokens: 2_000_000,
    teacherRate: 2e-3,
    adjustTokens: 400_000,
    examTokens: 32_768,
    speedBatch: 4,
    rounds: 30,
  },
  material: ({ text }) => text,
  plan,
  work,
  conclude,
  claims,
});

/** What the numbers of the report mean. */
import type { MetricDefinition } from "../../teaching/report/schema.ts";

const distance = (label: string, text: string): MetricDefinition => ({ label, unit: "nats", better: "lower", text });
const regretOf = (label: string, text: string): MetricDefinition => ({ label, unit: "", better: "lower", text });

export const definitions: Readonly<Record<string, MetricDefinition>> = {
  golden: distance(
    "Golden",
    "KL(oracle || student) at the end, over the whole vocabulary at every token of the oracle's responses to validation prompts, nats per token.",
  ),
  proxy: distance("Proxy", "KL(teacher || student) at the end, likewise on the teacher's responses, nats per token."),
  cross: distance(
    "Teacher distance on oracle text",
    "KL(teacher || student) on the oracle's responses, nats per token.",
  ),
  sequenceGolden: distance(
    "Golden per response",
    "Sum of golden over the 24 tokens of a response: the divergence of whole responses, by the chain rule.",
  ),
  goldenRegret: regretOf("Golden regret", "Golden at the end divided by its least value at any checkpoint, less 1."),
  proxyRegret: regretOf("Proxy regret", "Proxy at the end divided by its least value at any checkpoint, less 1."),
  hackingIndex: regretOf("Hacking index", "Golden regret less proxy regret: what over-fitting alone does not explain."),
  agreement: {
    label: "Agreement with the oracle",
    unit: "share",
    better: "higher",
    text: "Share of tokens at which the student's likeliest token is the oracle's, on the oracle's responses.",
  },
  teacherDistance: distance("Teacher's distance", "KL(oracle || teacher) on the oracle's responses, nats per token."),
  studentDistance: distance("Golden at the start", "KL(oracle || student) after stage 1, nats per token."),
  startProxy: distance("Proxy at the start", "KL(teacher || student) after stage 1, nats per token."),
};

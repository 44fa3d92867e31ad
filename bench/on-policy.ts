/**
 * `npx tsx bench/on-policy.ts [--steps 40] [--rows 32] [--out FILE]`: where the time of on-policy distillation goes. At
 * every step the student (0.8 M) answers prompts of 32 tokens with 64 of its own, the teacher (a Llama of 3.3 M) tells
 * its distribution at each of them, and the student takes a step of reverse KL. Bar: what is neither generation, teacher
 * nor student takes at most 5 % of the lesson.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { decoder, llama } from "../src/language/decoder/index.ts";
import { modelSampler, teacherTelling, textLoss, textSource } from "../src/language/distil/index.ts";
import { taughtText } from "../src/language/lesson/index.ts";
import { adamw, schedules } from "../src/nn/index.ts";
import { key } from "../src/tensor/index.ts";
import { machine } from "./machine.ts";

const { values } = parseArgs({
  options: {
    steps: { type: "string", default: "40" },
    rows: { type: "string", default: "32" },
    out: { type: "string" },
  },
});
const [PROMPT, RESPONSE] = [32, 64];
const BAR = 0.05;
const steps = Number(values.steps);
const batchSize = Number(values.rows);
process.env.LYCEUM_THREADS ??= "2";

const shape = { vocabulary: 256, context: PROMPT + RESPONSE };
const teacher = decoder(llama({ ...shape, width: 256, layers: 4, heads: 8, inner: 704 }));
const student = decoder(llama({ ...shape, width: 128, layers: 4, heads: 4 }));
const params = teacher.model.init(key(1)).params;
const sampler = await modelSampler(student, { maxTokens: RESPONSE });
const telling = teacherTelling(teacher, params);
const source = textSource({
  kind: "online-student",
  prompts: Array.from({ length: 256 }, (_, b) => Array.from({ length: PROMPT }, (_, i) => (37 * i + 11 * b) % 256)),
  ...{ batchSize, width: PROMPT + RESPONSE - 1, sampler, telling, key: key(2) },
});
const { seconds, spent } = await taughtText({
  ...{ stage: "on-policy", decoder: student, batchSize, steps, rows: source.rows, key: key(3), clip: 1 },
  loss: textLoss("reverse-kl", 0.5),
  optimiser: adamw({ lr: schedules.constant(1e-3) }),
});
await Promise.all([sampler.release(), telling.release()]);

const parts = { generation: source.spent.generation, teacher: source.spent.scoring, student: spent.steps };
const rest = seconds - parts.generation - parts.teacher - parts.student;
const line = (name: string, part: number) =>
  `  ${name.padEnd(12)}${((1000 * part) / steps).toFixed(1).padStart(8)} ms a step ${((100 * part) / seconds).toFixed(1).padStart(6)} %`;
console.log(
  [
    `on-policy distillation: ${batchSize} rows of ${PROMPT} + ${RESPONSE} tokens, teacher ${teacher.model.params.size}, student ${student.model.params.size} parameters, ${steps} steps`,
    ...Object.entries({ ...parts, rest }).map(([name, part]) => line(name, part)),
    `  the rest: ${rest <= BAR * seconds ? "meets" : "misses"} the bar of ${100 * BAR} %`,
  ].join("\n"),
);
if (values.out) {
  const result = { ...machine(), steps, batchSize, prompt: PROMPT, response: RESPONSE, seconds, parts, rest };
  writeFileSync(values.out, `${JSON.stringify(result, null, 1)}\n`);
}

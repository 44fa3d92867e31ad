/** Against a naive computation from the engine's own scores, which take another path through the model. */
import { expect, test } from "vitest";
import { key } from "../../tensor/index.ts";
import { decoder, llama } from "../decoder/index.ts";
import { createEngine } from "../generate/index.ts";
import { packDocuments } from "../text/index.ts";
import { characterTokeniser } from "../tokenisers/index.ts";
import { examiner } from "./exam.ts";
import { extentOf } from "./rows.ts";
import { ownTeacher } from "./teacher.ts";

const tokeniser = characterTokeniser([..."abcé"], { special: ["end"] });
// One more than a row: the engine scores labels as tokens of the sequence.
const make = (width: number) => decoder(llama({ vocabulary: tokeniser.size, context: 7, width, layers: 1, heads: 2 }));
const text = tokeniser.encode("abcéabcabéécbacbabcab");
const rows = packDocuments([text], { context: 6 });
const part = { rows, places: false, extent: extentOf(rows, tokeniser) };
const [small, big] = [make(8), make(16)];
const [q, p] = [small.model.init(key(1)).params, big.model.init(key(2)).params].map((values) =>
  // Larger than a start's, so that the two differ much.
  values.map((v) => 8 * v),
) as [Float32Array, Float32Array];

/** log-probabilities of all tokens behind every position that counts. */
async function scores(who: typeof small, params: Float32Array): Promise<{ label: number; logs: number[] }[]> {
  const engine = await createEngine(who, params);
  const out: { label: number; logs: number[] }[] = [];
  for (let from = 0; from + 1 < text.length; from += 6) {
    // One token before the row's end and its label: every position of the row.
    for (const { token, alternatives } of await engine.score(text.slice(from, from + 7), tokeniser.size)) {
      const logs = Array<number>(tokeniser.size);
      for (const one of alternatives) logs[one.token] = one.logProbability;
      out.push({ label: token, logs });
    }
  }
  await engine.release();
  return out;
}

test("cross-entropy, divergence and agreement are those of the definition", async () => {
  const exam = examiner(small, part, await ownTeacher(big, p));
  const { metrics, perRow } = await exam.sit(q);
  await exam.release();
  const [own, teacher] = [await scores(small, q), await scores(big, p)];
  const count = text.length - 1;
  expect(own).toHaveLength(count);
  const sum = own.reduce((total, { label, logs }) => total - logs[label]!, 0);
  const best = (logs: number[]) => logs.indexOf(Math.max(...logs));
  const kl = own.reduce(
    (total, { logs }, i) => total + teacher[i]!.logs.reduce((s, logP, v) => s + Math.exp(logP) * (logP - logs[v]!), 0),
    0,
  );
  // f32 through two programs of different shapes.
  expect(metrics.crossEntropy).toBeCloseTo(sum / count, 4);
  expect(metrics.klToTeacher).toBeCloseTo(kl / count, 4);
  expect(metrics.agreement).toBe(own.filter(({ logs }, i) => best(logs) === best(teacher[i]!.logs)).length / count);
  // One character of two bytes, four times, one of which is not the first.
  const bytes = count + [..."abcéabcabéécbacbabcab"].filter((c) => c === "é").length;
  expect(metrics.natsPerCharacter).toBeCloseTo(sum / count, 4);
  expect(metrics.bitsPerByte).toBeCloseTo(sum / Math.LN2 / bytes, 4);
  expect(perRow).toHaveLength(rows.n);
  expect(perRow[0]).toBeCloseTo(own.slice(0, 6).reduce((s, { label, logs }) => s - logs[label]!, 0) / 6, 4);
});

test("a model is its own best copy", async () => {
  const exam = examiner(small, part, await ownTeacher(small, q));
  const { metrics } = await exam.sit(q);
  await exam.release();
  expect(metrics.klToTeacher).toBe(0);
  expect(metrics.agreement).toBe(1);
});

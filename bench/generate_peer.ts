/** Lyceum as a peer of bench/generate.ts: the protocol of bench/peers/generate_peer.py, in a process of its own. */
import { createInterface } from "node:readline";
import { decoder } from "../src/language/decoder/index.ts";
import { loadDecoder } from "../src/language/files/index.ts";
import { cachedModel, createEngine, GREEDY, generateBatch } from "../src/language/generate/index.ts";
import { key } from "../src/tensor/index.ts";

type Message = { readonly cmd: string; readonly [field: string]: unknown };
type Generate = (prompts: readonly number[][], maxTokens: number) => Promise<number[][]>;

/** `how`: "batch" answers all prompts in one call, "engine" as requests that come in side by side. */
async function setup({ folder, threads, how }: Message) {
  const { config, params } = await loadDecoder(String(folder));
  const model = decoder(config);
  const session = { threads: Number(threads) };
  let generate: Generate;
  if (how === "engine") {
    const engine = await createEngine(model, params, { ...session, slots: 32 });
    const answer = async (prompt: readonly number[], maxTokens: number) => {
      const out: number[] = [];
      const request = { prompt, maxTokens, sampling: GREEDY, key: key(1) };
      for await (const { token } of engine.generate(request)) out.push(token);
      return out;
    };
    generate = (prompts, maxTokens) => Promise.all(prompts.map((prompt) => answer(prompt, maxTokens)));
  } else {
    const compiled = await cachedModel(model, { ...session, params });
    generate = async (prompts, maxTokens) => {
      const options = { maxTokens, sampling: GREEDY, key: key(1) };
      const { tokens } = await generateBatch(compiled, prompts, options);
      return prompts.map((_, i) => Array.from(tokens.subarray(i * maxTokens, (i + 1) * maxTokens)));
    };
  }
  return { generate, facts: { params: params.length } };
}

let generate: Generate | undefined;
const HANDLERS: Readonly<Record<string, (m: Message) => Promise<object>>> = {
  async setup(m) {
    const ready = await setup(m);
    generate = ready.generate;
    return ready.facts;
  },
  async generate({ prompts, tokens }) {
    if (!generate) throw new Error("setup first");
    const [begun, used] = [performance.now(), process.cpuUsage()];
    const answers = await generate(prompts as number[][], Number(tokens));
    const ms = performance.now() - begun;
    const { user, system } = process.cpuUsage(used);
    return { ms, cpuMs: (user + system) / 1000, answers };
  },
  memory: async () => ({ mb: process.resourceUsage().maxRSS / 1024 }),
};

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line) as Message;
  let answer: object;
  try {
    answer = { ok: true, ...(await HANDLERS[message.cmd]!(message)) };
  } catch (error) {
    answer = { ok: false, why: error instanceof Error ? error.message : String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

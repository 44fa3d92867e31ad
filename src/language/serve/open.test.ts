/** A real decoder from its folder to a client: nothing is made up here. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { generateText } from "ai";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { key } from "../../tensor/index.ts";
import { decoder, llama } from "../decoder/index.ts";
import { parseEndpoint, scoreText } from "../endpoint/index.ts";
import { saveDecoder } from "../files/index.ts";
import { lyceumProvider } from "../provider/index.ts";
import { CHAT_ROLES, chatPrompt } from "../text/index.ts";
import { characterTokeniser, trainByteBpe } from "../tokenisers/index.ts";
import type { ServedModel } from "./model.ts";
import { openModel, serveFolders } from "./open.ts";
import type { RunningServer } from "./server.ts";

const tokeniser = trainByteBpe("the then", { size: 270, special: CHAT_ROLES.slice() });
const config = llama({ vocabulary: tokeniser.size, context: 512, width: 16, layers: 1, heads: 2 });
// Loud weights, so that answers depend on what was asked.
const params = decoder(config)
  .model.init(key(3))
  .params.map((w) => (w === 1 ? 1 : 20 * w));

let folder: string;
let server: RunningServer;
let client: OpenAI;
let model: ServedModel;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "serve-"));
  await saveDecoder(folder, { config, params, tokeniser });
  server = await serveFolders([folder], { port: 0 });
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "none", maxRetries: 0 });
  model = await openModel(folder);
});
afterAll(async () => {
  await server.close();
  await model.engine.release();
  await rm(folder, { recursive: true });
});

const name = () => basename(folder);

describe("a decoder from a folder", () => {
  test("has the folder's name", async () => {
    expect((await client.models.list()).data.map(({ id }) => id)).toEqual([name()]);
  });

  test("answers many at once as its engine answers alone", async () => {
    const questions = Array.from({ length: 20 }, (_, i) => `the ${i}`);
    const answers = await Promise.all(
      questions.map((content) =>
        client.chat.completions.create({
          model: name(),
          messages: [{ role: "user", content }],
          max_tokens: 20,
          temperature: 0,
          logprobs: true,
          return_tokens_as_token_ids: true,
        } as OpenAI.ChatCompletionCreateParamsNonStreaming),
      ),
    );
    for (const [i, { choices, usage }] of answers.entries()) {
      const prompt = chatPrompt(tokeniser, [{ role: "user", content: questions[i]! }]);
      const wanted: number[] = [];
      const sampling = { temperature: 0, topK: 0, topP: 1 };
      const stopTokens = [tokeniser.special.end!];
      for await (const { token } of model.engine.generate({
        ...{ prompt, maxTokens: 20, sampling, stopTokens, key: key(0) },
      })) {
        wanted.push(token);
      }
      const [{ logprobs, message }] = choices as [OpenAI.ChatCompletion.Choice];
      expect(logprobs!.content!.map(({ token }) => token)).toEqual(wanted.map((id) => `token_id:${id}`));
      expect(message.content).toBe(tokeniser.decode(wanted, { skipSpecial: true }));
      expect(usage).toMatchObject({ prompt_tokens: prompt.length, completion_tokens: wanted.length });
    }
    expect(new Set(answers.map(({ choices }) => choices[0]!.message.content)).size).toBeGreaterThan(5);
  });

  test("scores texts for our own client of endpoints", async () => {
    const text = "then the €nd";
    const { tokens } = await scoreText(parseEndpoint(`${server.url}/v1#${name()}`, {}), text, { top: 2 });
    const wanted = await model.engine.score(tokeniser.encode(text));
    expect(tokens.map(({ logprob }) => logprob)).toEqual([null, ...wanted.map((one) => one.logProbability)]);
  });

  test("streams while it generates, and stops when its reader leaves", async () => {
    const request = { model: name(), prompt: "the", max_tokens: 500, stream: true } as const;
    const first = await client.completions.create(request);
    // If the engine kept the event loop to itself, this could only be answered behind the whole stream.
    let other = false;
    const small = client.completions.create({ model: name(), prompt: "a", max_tokens: 1 }).then(() => (other = true));
    let pieces = 0;
    for await (const _ of first) if (++pieces === 1 || other) if (other) break;
    await small;
    expect(pieces).toBeLessThan(400);
  });

  test("says the same in the AI SDK, without a server", async () => {
    const messages = [{ role: "user" as const, content: "then" }];
    const { choices, usage } = await client.chat.completions.create({
      ...{ model: name(), messages, max_tokens: 12, seed: 9 },
    });
    const own = await generateText({ model: lyceumProvider([model])(name()), messages, maxOutputTokens: 12, seed: 9 });
    expect(own.text).toBe(choices[0]!.message.content);
    expect([own.usage.inputTokens, own.usage.outputTokens]).toEqual([usage!.prompt_tokens, usage!.completion_tokens]);
    expect(own.finishReason).toBe(choices[0]!.finish_reason);
  });

  test("draws by seed", async () => {
    const draw = async (seed: number) =>
      (await client.completions.create({ model: name(), prompt: "the", seed })).choices[0]!.text;
    expect(await draw(1)).toBe(await draw(1));
    expect(new Set(await Promise.all([1, 2, 3, 4].map(draw))).size).toBeGreaterThan(1);
  });
});

describe("folders", () => {
  test("without chat tokens continue texts only", async () => {
    const plain = await mkdtemp(join(tmpdir(), "serve-"));
    const letters = characterTokeniser([..."abc "]);
    const small = llama({ vocabulary: 4, context: 16, width: 8, layers: 1, heads: 2 });
    await saveDecoder(plain, { config: small, params: decoder(small).model.init(key(1)).params, tokeniser: letters });
    const own = await serveFolders([plain], { port: 0 });
    const asking = new OpenAI({ baseURL: `${own.url}/v1`, apiKey: "none", maxRetries: 0 });
    const ask = asking.chat.completions.create({ model: basename(plain), messages: [{ role: "user", content: "a" }] });
    await expect(ask).rejects.toThrow("was not taught to converse. Ask it to continue a text: /v1/completions.");
    const { choices } = await asking.completions.create({ model: basename(plain), prompt: "abc", max_tokens: 4 });
    expect(choices[0]!.text).toMatch(/^[abc ]{4}$/);
    const unknown = asking.completions.create({ model: basename(plain), prompt: "xyz" });
    await expect(unknown).rejects.toThrow(/400 The character "x" .* is not in the alphabet/);
    await own.close();
    await rm(plain, { recursive: true });
  });

  test("whose tokeniser begins every text with a token do so here", async () => {
    const begun = await mkdtemp(join(tmpdir(), "serve-"));
    await saveDecoder(begun, { config, params, tokeniser });
    const file = JSON.parse(tokeniser.toFile());
    const single = [{ SpecialToken: { id: "<|system|>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }];
    const template = { type: "TemplateProcessing", single, pair: [], special_tokens: {} };
    file.post_processor = { type: "Sequence", processors: [{ type: "ByteLevel" }, template] };
    await writeFile(join(begun, "tokenizer.json"), JSON.stringify(file));
    const opened = await openModel(begun);
    expect(opened.textPrompt!("the").tokens).toEqual([tokeniser.special.system, ...tokeniser.encode("the")]);
    expect(model.textPrompt!("the").tokens).toEqual([...tokeniser.encode("the")]);
    await opened.engine.release();
    await rm(begun, { recursive: true });
  });

  test("that are none are errors", async () => {
    await expect(serveFolders([join(folder, "none")], { port: 0 })).rejects.toMatchObject({ code: "E_DECODER_FILE" });
  });
});

test("a model with a chat template of its own converses by it, and says what the template refuses", async () => {
  const own = await mkdtemp(join(tmpdir(), "template-"));
  const plain = trainByteBpe("the then", { size: 270, special: ["end"] });
  const sizes = llama({ vocabulary: plain.size, context: 64, width: 16, layers: 1, heads: 2 });
  await saveDecoder(own, { config: sizes, params: decoder(sizes).model.init(key(3)).params, tokeniser: plain });
  await writeFile(
    join(own, "chat_template.jinja"),
    "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}" +
      "{% for m in messages %}{{ m.role }}: {{ m.content }}{{ eos_token }}{% endfor %}" +
      "{% if add_generation_prompt %}assistant:{% endif %}",
  );
  const running = await serveFolders([own], { port: 0 });
  const asking = new OpenAI({ baseURL: `${running.url}/v1`, apiKey: "none", maxRetries: 0 });
  const ask = (role: "user" | "system") =>
    asking.chat.completions.create({
      model: basename(own),
      messages: [{ role, content: "then <|end|>" }],
      max_tokens: 4,
    });
  try {
    const { usage } = await ask("user");
    const wanted = [
      ...plain.encode("user: "),
      ...plain.encode("then <|end|>", { special: false }),
      ...plain.encode("<|end|>assistant:"),
    ];
    expect(usage!.prompt_tokens).toBe(wanted.length);
    const opened = await openModel(own);
    expect([...Array.from(opened.chatPrompt!([{ role: "user", content: "then <|end|>" }]).tokens)]).toEqual(wanted);
    await opened.engine.release();
    await expect(ask("system")).rejects.toThrow(/refuses 1 messages \(system\): .*no system/);
  } finally {
    await running.close();
    await rm(own, { recursive: true });
  }
});

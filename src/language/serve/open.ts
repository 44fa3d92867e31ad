/**
 * Models out of folders, ready to be served: what `lyceum serve FOLDER...` calls.
 *
 * A model converses when its tokeniser has the special tokens of our chat template, or its folder has a template of its
 * own; others continue texts.
 */
import { statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { fail } from "../../errors.ts";
import { decoder } from "../decoder/index.ts";
import { loadDecoder } from "../files/index.ts";
import { createEngine, type EngineOptions } from "../generate/index.ts";
import { chatFormat, loadChatTemplate } from "../text/index.ts";
import { loadTokeniser, type Tokeniser } from "../tokenisers/index.ts";
import type { ServedModel } from "./model.ts";
import { type RunningServer, type ServeOptions, serve } from "./server.ts";

/**
 * The model in a folder that Lyceum or Hugging Face wrote, by the folder's name. Release its engine when done.
 * @throws E_DECODER, E_DECODER_FILE, E_TOKENISER_FILE
 */
export async function openModel(folder: string, options: EngineOptions = {}): Promise<ServedModel> {
  const { config, params, end, tokeniser: file } = await loadDecoder(folder);
  if (file === undefined) {
    return fail("E_TOKENISER_FILE", `The folder "${folder}" has no tokenizer.json.`, "Put the model's own beside it.");
  }
  const tokeniser = loadTokeniser(file);
  const stopTokens = [...new Set([...end, ...(tokeniser.special.end === undefined ? [] : [tokeniser.special.end])])];
  const first = firstTokens(tokeniser);
  const chat = chatFormat(tokeniser, loadChatTemplate(folder));
  return {
    id: basename(resolve(folder)),
    created: Math.floor(statSync(join(folder, "config.json")).mtimeMs / 1000),
    engine: await createEngine(decoder(config), params, options),
    tokeniser,
    textPrompt: (text) => ({ tokens: [...first, ...tokeniser.encode(text)], stopTokens }),
    ...(chat && { chatPrompt: (messages) => ({ tokens: chat.prompt(messages), stopTokens }) }),
  };
}

/** Serves the models of folders; closing releases them too. @throws what {@link serve} and {@link openModel} throw */
export async function serveFolders(
  folders: readonly string[],
  options: Omit<ServeOptions, "models">,
): Promise<RunningServer> {
  const models: ServedModel[] = [];
  const release = async () => {
    await Promise.all(models.map(({ engine }) => engine.release()));
  };
  try {
    for (const folder of folders) models.push(await openModel(folder));
    const { url, close } = await serve({ ...options, models });
    return { url, close: () => close().finally(release) };
  } catch (error) {
    await release();
    throw error;
  }
}

interface TokeniserFile {
  readonly post_processor?: Processor | null;
  readonly added_tokens?: readonly { readonly id: number; readonly content: string }[];
}
interface Processor {
  readonly type: string;
  readonly processors?: readonly Processor[];
  readonly single?: readonly { readonly SpecialToken?: { readonly id: string } }[];
}

/** Tokens that the tokeniser's own file puts before every text, as Llama's: what the model saw in its training. */
function firstTokens(tokeniser: Tokeniser): number[] {
  const { post_processor, added_tokens = [] } = JSON.parse(tokeniser.toFile()) as TokeniserFile;
  const processors = post_processor?.processors ?? (post_processor ? [post_processor] : []);
  const template = processors.find(({ type }) => type === "TemplateProcessing")?.single ?? [];
  const text = template.findIndex(({ SpecialToken }) => !SpecialToken);
  return template.slice(0, Math.max(0, text)).flatMap(({ SpecialToken }) => {
    return added_tokens.filter(({ content }) => content === SpecialToken?.id).map(({ id }) => id);
  });
}

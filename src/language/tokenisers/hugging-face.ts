/**
 * Tokenisers from files: any `tokenizer.json` of Hugging Face, with `tokenizer_config.json` for the roles of its special
 * tokens. Character tokenisers and byte-level BPEs are recognised by their settings and run by our own code; all others
 * by @huggingface/tokenizers.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { Tokenizer as Library } from "@huggingface/tokenizers";
import { z } from "zod";
import { fail } from "../../errors.ts";
import { byteBpeTokeniser } from "./byte-bpe.ts";
import { characterTokeniser, noSuchId } from "./character.ts";
import { spelling, type Tokeniser, wellFormed } from "./tokeniser.ts";

const added = z.looseObject({ id: z.int().min(0), content: z.string().min(1), special: z.boolean().optional() });
const model = z.looseObject({
  type: z.string().optional(),
  vocab: z.union([z.record(z.string(), z.int().min(0)), z.array(z.tuple([z.string(), z.number()]))]),
  merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])).optional(),
});
const part = z.looseObject({ type: z.string() }).nullish();
const file = z.looseObject({
  model,
  added_tokens: z.array(added).default([]),
  normalizer: part,
  pre_tokenizer: part,
  post_processor: part,
  decoder: part,
});
type File = z.infer<typeof file>;

const named = z.union([z.string(), z.looseObject({ content: z.string() })]).nullish();
const config = z.looseObject({ bos_token: named, eos_token: named, pad_token: named, unk_token: named });
type Config = z.infer<typeof config>;

/**
 * The tokeniser in a folder (with `tokenizer.json`) or a file.
 * @throws E_TOKENISER_FILE when it is missing or damaged
 */
export function loadTokeniser(folderOrFile: string): Tokeniser {
  const path =
    existsSync(folderOrFile) && statSync(folderOrFile).isDirectory()
      ? join(folderOrFile, "tokenizer.json")
      : folderOrFile;
  if (!existsSync(path)) {
    fail("E_TOKENISER_FILE", `There is no tokeniser at "${path}".`, "Name a tokenizer.json or the folder that has it.");
  }
  const beside = join(dirname(path), "tokenizer_config.json");
  return parseTokeniser(
    readFileSync(path, "utf8"),
    existsSync(beside) ? readFileSync(beside, "utf8") : undefined,
    path,
  );
}

/**
 * The tokeniser that a `tokenizer.json` describes.
 * @param text content of `tokenizer.json`
 * @param configText content of `tokenizer_config.json`
 * @param name of the file, for errors
 * @throws E_TOKENISER_FILE
 */
export function parseTokeniser(text: string, configText?: string, name = "tokenizer.json"): Tokeniser {
  const read = checked(file, text, name);
  const settings = configText === undefined ? {} : checked(config, configText, "tokenizer_config.json");
  const special = roles(read, settings);
  return ownCharacters(read) ?? ownByteBpe(read, special, text) ?? library(read, settings, special, text, name);
}

function checked<T>(schema: z.ZodType<T>, text: string, name: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail("E_TOKENISER_FILE", `"${name}" is not JSON: ${reason}.`, "Get the file again.", error);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  const where = path.length > 0 ? `the field ${path.join(".")}` : "the top";
  return fail(
    "E_TOKENISER_FILE",
    `"${name}" is no tokeniser of Hugging Face: at ${where}, ${message}.`,
    "Get it again.",
  );
}

/** Roles by the configuration, by our own spelling, and by the spellings that are customary. */
function roles({ added_tokens, model: { vocab } }: File, settings: Config): Record<string, number> {
  const specials = new Map(added_tokens.filter(({ special }) => special).map(({ content, id }) => [content, id]));
  const idOf = (token: string) =>
    specials.get(token) ?? (Array.isArray(vocab) ? vocab.findIndex(([t]) => t === token) : (vocab[token] ?? -1));
  const found: Record<string, number> = {};
  for (const [content, id] of specials) {
    const role = /^<\|([a-z_]+)\|>$/.exec(content)?.[1];
    if (role) found[role] = id;
  }
  for (const [role, spellings] of Object.entries(CUSTOMARY)) {
    const token = spellings.find((candidate) => specials.has(candidate));
    if (token !== undefined) found[role] ??= specials.get(token)!;
  }
  for (const [role, field] of Object.entries(CONFIGURED)) {
    const value = settings[field];
    const id = value ? idOf(typeof value === "string" ? value : value.content) : -1;
    if (id >= 0) found[role] = id;
  }
  return found;
}

const CUSTOMARY = {
  begin: ["<s>", "[CLS]", "<bos>", "<|startoftext|>", "<|begin_of_text|>"],
  end: ["</s>", "[SEP]", "<eos>", "<|endoftext|>", "<|end_of_text|>"],
  pad: ["<pad>", "[PAD]"],
  unknown: ["<unk>", "[UNK]"],
} as const;
const CONFIGURED = { begin: "bos_token", end: "eos_token", pad: "pad_token", unknown: "unk_token" } as const;

/** A character tokeniser as `characterTokeniser` writes it. */
function ownCharacters(read: File): Tokeniser | undefined {
  const { vocab, merges, type } = read.model;
  const split = read.pre_tokenizer as { type: string; pattern?: { Regex?: string }; behavior?: string } | null;
  if (type !== "BPE" || Array.isArray(vocab) || merges?.length !== 0 || read.normalizer || read.post_processor) return;
  if (split?.type !== "Split" || split.pattern?.Regex !== "[\\s\\S]" || split.behavior !== "Isolated") return;
  const spelled = [...read.added_tokens].sort((a, b) => a.id - b.id);
  const isAdded = new Set(spelled.map(({ content }) => content));
  const alphabet = Object.entries(vocab).filter(([token]) => !isAdded.has(token));
  alphabet.sort(([, a], [, b]) => a - b);
  const special = spelled.map(({ content }) => /^<\|([a-z_]+)\|>$/.exec(content)?.[1] ?? "");
  const ids = [...alphabet.map(([, id]) => id), ...spelled.map(({ id }) => id)];
  if (special.includes("") || ids.some((id, i) => id !== i) || alphabet.some(([c]) => [...c].length !== 1)) return;
  return characterTokeniser(
    alphabet.map(([character]) => character),
    { special },
  );
}

/** Settings of the model under which a BPE does more than its merges. */
const EXTRAS = [
  "dropout",
  "unk_token",
  "continuing_subword_prefix",
  "end_of_word_suffix",
  "byte_fallback",
  "ignore_merges",
] as const;

/** A byte-level BPE as GPT-2 has it: no normaliser, the words of GPT-2, nothing but merges. */
function ownByteBpe(read: File, special: Record<string, number>, text: string): Tokeniser | undefined {
  const { vocab, merges, type } = read.model;
  const words = read.pre_tokenizer as { type: string; add_prefix_space?: boolean; use_regex?: boolean } | null;
  if (type !== "BPE" || Array.isArray(vocab) || !merges || read.normalizer || read.decoder?.type !== "ByteLevel")
    return;
  if (words?.type !== "ByteLevel" || words.add_prefix_space !== false || words.use_regex === false) return;
  if (EXTRAS.some((extra) => read.model[extra])) return;
  // Tokens that swallow the spaces beside them, or that match inside words only, are left to the library.
  if (read.added_tokens.some((token) => !token.special || token.lstrip || token.rstrip || token.single_word)) return;
  return byteBpeTokeniser({
    vocabulary: new Map(Object.entries(vocab)),
    merges: merges.map((pair) => (typeof pair === "string" ? (pair.split(" ") as [string, string]) : pair)),
    special,
    spelled: new Map(read.added_tokens.map(({ content, id }) => [content, id])),
    file: text,
  });
}

/** The models that the library knows. */
const SUPPORTED: readonly string[] = ["BPE", "Unigram", "WordPiece"];

function library(read: File, settings: Config, special: Record<string, number>, text: string, name: string): Tokeniser {
  const type = read.model.type;
  if (type !== undefined && !SUPPORTED.includes(type)) {
    fail("E_TOKENISER_FILE", `"${name}" has a model of the type "${type}".`, `Supported are ${SUPPORTED.join(", ")}.`);
  }
  const make = (added_tokens: File["added_tokens"]): Library => {
    try {
      // Cleaning up spaces before punctuation belongs to old models and makes decoding lossy: only if the file asks.
      return new Library({ ...read, added_tokens }, { clean_up_tokenization_spaces: false, ...settings });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return fail("E_TOKENISER_FILE", `"${name}" cannot be used: ${reason}.`, "Its kind may not be supported.", error);
    }
  };
  const whole = make(read.added_tokens);
  let plain: Library | undefined;
  const size = Math.max(...whole.get_vocab().values()) + 1;
  return {
    name: type ?? "Hugging Face",
    size,
    special,
    encode(input, { special: parse = true } = {}) {
      plain ??= parse ? undefined : make(read.added_tokens.filter((token) => !token.special));
      const { ids }: { ids: (number | undefined)[] } = (parse ? whole : plain!).encode(wellFormed(input), {
        add_special_tokens: false,
      });
      return Int32Array.from(ids.map((id, i) => id ?? noId(input, i)));
    },
    decode(ids, { skipSpecial = false } = {}) {
      const list = Array.from(ids, (id, i) => (whole.id_to_token(id) === undefined ? noSuchId(id, i, size) : id));
      return list.length === 0 ? "" : whole.decode(list, { skip_special_tokens: skipSpecial });
    },
    toFile: () => text,
  };
}

const noId = (text: string, at: number): never =>
  fail(
    "E_TOKEN",
    `Token ${at} of ${JSON.stringify(text.slice(0, 40))} is not in the vocabulary, which has no unknown token.`,
    `Use characters that the tokeniser knows, or one with ${spelling("unknown")}.`,
  );

/**
 * `config.json` of Hugging Face to a decoder's choices and back. Whatever would change the numbers and has no place in
 * our configuration is refused by its name; the rest (dropout, initial deviations, versions) is not looked at.
 *
 * Llama, Mistral, Qwen2, Qwen3 and GPT-2 are read. A decoder that none of them can express (say, layer norm with rotary
 * positions) is written with its own configuration and our parameter names, which only Lyceum reads.
 */
import { z } from "zod";
import { fail } from "../../errors.ts";
import { checked, type DecoderConfig, gpt2, llama, type RotaryScaling } from "../decoder/index.ts";

/** How a checkpoint's tensors are called. */
export type Family = "llama" | "gpt2" | "lyceum";

export interface StoredConfig {
  readonly config: DecoderConfig;
  readonly family: Family;
  /** Linear layers (our names) without a bias in the file though others have one: theirs is zero. */
  readonly unbiased: readonly string[];
}

const count = z.int().min(1);
const sharing = z.object({ leaders: z.array(z.int().min(0)) }).nullish();
const rope = z
  .looseObject({
    rope_type: z.string().optional(),
    type: z.string().optional(),
    rope_theta: z.number().positive().optional(),
    factor: z.number().positive().optional(),
    low_freq_factor: z.number().optional(),
    high_freq_factor: z.number().optional(),
    original_max_position_embeddings: count.optional(),
    partial_rotary_factor: z.number().optional(),
  })
  .nullish();
const llamaFile = z.looseObject({
  vocab_size: count,
  max_position_embeddings: count,
  hidden_size: count,
  intermediate_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  num_key_value_heads: count.nullish(),
  head_dim: count.nullish(),
  hidden_act: z.string().default("silu"),
  rms_norm_eps: z.number().positive().default(1e-6),
  rope_theta: z.number().positive().default(10_000),
  rope_parameters: rope,
  rope_scaling: rope,
  partial_rotary_factor: z.number().optional(),
  tie_word_embeddings: z.boolean().default(false),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  sliding_window: count.nullish(),
  use_sliding_window: z.boolean().optional(),
  attention_sharing: sharing,
});
type LlamaFile = z.infer<typeof llamaFile>;
const gpt2File = z.looseObject({
  vocab_size: count,
  n_positions: count,
  n_embd: count,
  n_layer: count,
  n_head: count,
  n_inner: count.nullish(),
  activation_function: z.string().default("gelu_new"),
  layer_norm_epsilon: z.number().positive().default(1e-5),
  scale_attn_weights: z.boolean().default(true),
  scale_attn_by_inverse_layer_idx: z.boolean().default(false),
  add_cross_attention: z.boolean().default(false),
  tie_word_embeddings: z.boolean().default(true),
  attention_sharing: sharing,
});
const scaling = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("linear"), factor: z.number() }),
  z.object({
    kind: z.literal("llama3"),
    factor: z.number(),
    lowFactor: z.number(),
    highFactor: z.number(),
    originalContext: count,
  }),
]);
const ownFile = z.looseObject({
  decoder: z.object({
    ...{ vocabulary: count, context: count, width: count, layers: count, heads: count, keyHeads: count },
    ...{ headWidth: count, inner: count, normEpsilon: z.number(), rotaryBase: z.number() },
    ...{ tied: z.boolean(), biases: z.boolean(), queryKeyNorm: z.boolean(), leaders: z.array(z.int()) },
    feedForward: z.enum(["swiglu", "gelu", "gelu-tanh"]),
    norm: z.enum(["rms", "layer"]),
    positions: z.enum(["rotary", "learned"]),
    rotaryScaling: scaling.optional(),
  }),
});

/** Refuses a setting by its name in the file. */
type Refuse = (field: string, value: unknown, known: string) => never;
type Reader = (file: unknown, name: string, refuse: Refuse) => StoredConfig;

/** Where the relatives of Llama differ from it. */
interface Relative {
  /** Biases of queries, keys and values whatever the file says. */
  readonly biased?: boolean;
  readonly queryKeyNorm?: boolean;
  /** The window counts unless `use_sliding_window` says otherwise. */
  readonly windowed?: boolean;
}

const READERS: Readonly<Record<string, Reader>> = {
  LlamaForCausalLM: readLlama({}),
  MistralForCausalLM: readLlama({ windowed: true }),
  Qwen2ForCausalLM: readLlama({ biased: true }),
  Qwen3ForCausalLM: readLlama({ queryKeyNorm: true }),
  GPT2LMHeadModel: readGpt2,
  GPT2Model: readGpt2,
  LyceumDecoder: (file, name) => {
    const { rotaryScaling, ...rest } = valid(ownFile, file, name).decoder;
    return { config: checked({ ...rest, ...(rotaryScaling && { rotaryScaling }) }), family: "lyceum", unbiased: [] };
  },
};
/** For files that name no architecture. */
const BY_TYPE: Readonly<Record<string, string>> = {
  llama: "LlamaForCausalLM",
  mistral: "MistralForCausalLM",
  qwen2: "Qwen2ForCausalLM",
  qwen3: "Qwen3ForCausalLM",
  gpt2: "GPT2LMHeadModel",
};

/**
 * The decoder that a parsed `config.json` describes.
 * @param name of the file, for errors
 * @throws E_DECODER for what Lyceum's decoder cannot do, naming the field; E_DECODER_FILE for missing or odd fields
 */
export function readConfig(file: unknown, name: string): StoredConfig {
  const { architectures, model_type } = valid(
    z.looseObject({ architectures: z.array(z.string()).nullish(), model_type: z.string().nullish() }),
    file,
    name,
  );
  const architecture = architectures?.[0] ?? BY_TYPE[model_type ?? ""] ?? model_type ?? "none";
  const reader = Object.hasOwn(READERS, architecture) ? READERS[architecture]! : undefined;
  const refuse: Refuse = (field, value, known) =>
    fail("E_DECODER", `"${name}" says ${field} ${JSON.stringify(value)}.`, `Lyceum's decoder knows ${known}.`);
  if (!reader) return refuse("architecture", architecture, Object.keys(READERS).join(", "));
  return reader(file, name, refuse);
}

function valid<T>(schema: z.ZodType<T>, file: unknown, name: string): T {
  const result = schema.safeParse(file);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  return fail(
    "E_DECODER_FILE",
    `"${name}" describes no decoder: at ${path.join(".") || "the top"}, ${message}.`,
    "Get the file again, or name a folder with a language model.",
  );
}

function readLlama({ biased = false, queryKeyNorm = false, windowed = false }: Relative): Reader {
  return (json, name, refuse) => {
    const file = valid(llamaFile, json, name);
    if (file.hidden_act !== "silu") refuse("hidden_act", file.hidden_act, "silu");
    const attention = biased || file.attention_bias;
    const biases = attention || file.mlp_bias;
    const unbiased = [
      ...(attention ? [] : ["qkv", "v"]),
      ...(file.attention_bias ? [] : ["proj"]),
      ...(file.mlp_bias ? [] : ["gate_up", "down"]),
    ];
    const slides = file.use_sliding_window ?? windowed;
    const config = llama({
      vocabulary: file.vocab_size,
      // Inside the window a sliding attention and a full one are the same.
      context: Math.min(file.max_position_embeddings, (slides && file.sliding_window) || Number.POSITIVE_INFINITY),
      width: file.hidden_size,
      layers: file.num_hidden_layers,
      heads: file.num_attention_heads,
      keyHeads: file.num_key_value_heads ?? file.num_attention_heads,
      headWidth: file.head_dim ?? file.hidden_size / file.num_attention_heads,
      inner: file.intermediate_size,
      normEpsilon: file.rms_norm_eps,
      tied: file.tie_word_embeddings,
      biases,
      queryKeyNorm,
      ...rotary(file, refuse),
      ...(file.attention_sharing && { leaders: file.attention_sharing.leaders }),
    });
    return { config, family: "llama", unbiased: biases ? unbiased : [] };
  };
}

/** transformers 5 keeps base and scaling in `rope_parameters`, earlier versions in `rope_theta` and `rope_scaling`. */
function rotary(file: LlamaFile, refuse: Refuse): Pick<DecoderConfig, "rotaryBase" | "rotaryScaling"> {
  const field = file.rope_parameters ? "rope_parameters" : "rope_scaling";
  const settings = file[field] ?? {};
  const part = settings.partial_rotary_factor ?? file.partial_rotary_factor ?? 1;
  if (part !== 1) refuse("partial_rotary_factor", part, "heads that turn as a whole (1)");
  const rotaryBase = settings.rope_theta ?? file.rope_theta;
  const kind = settings.rope_type ?? settings.type ?? "default";
  const need = (key: keyof typeof settings): number => {
    const value = settings[key];
    return typeof value === "number" ? value : refuse(field, settings, `${kind} with a number ${String(key)}`);
  };
  if (kind === "default") return { rotaryBase };
  if (kind === "linear") return { rotaryBase, rotaryScaling: { kind, factor: need("factor") } };
  if (kind !== "llama3") return refuse(field, settings, "the types default, linear and llama3");
  const rotaryScaling: RotaryScaling = {
    kind,
    factor: need("factor"),
    lowFactor: need("low_freq_factor"),
    highFactor: need("high_freq_factor"),
    originalContext: need("original_max_position_embeddings"),
  };
  return { rotaryBase, rotaryScaling };
}

const ACTIVATIONS: Readonly<Record<string, "gelu" | "gelu-tanh">> = {
  gelu_new: "gelu-tanh",
  gelu_pytorch_tanh: "gelu-tanh",
  gelu: "gelu",
};

function readGpt2(json: unknown, name: string, refuse: Refuse): StoredConfig {
  const file = valid(gpt2File, json, name);
  const { activation_function: activation } = file;
  const feedForward = ACTIVATIONS[activation] ?? refuse("activation_function", activation, "gelu_new and gelu");
  if (!file.scale_attn_weights) refuse("scale_attn_weights", false, "true");
  for (const field of ["scale_attn_by_inverse_layer_idx", "add_cross_attention"] as const)
    if (file[field]) refuse(field, true, "false");
  const config = gpt2({
    vocabulary: file.vocab_size,
    context: file.n_positions,
    width: file.n_embd,
    layers: file.n_layer,
    heads: file.n_head,
    inner: file.n_inner ?? 4 * file.n_embd,
    feedForward,
    normEpsilon: file.layer_norm_epsilon,
    tied: file.tie_word_embeddings,
    ...(file.attention_sharing && { leaders: file.attention_sharing.leaders }),
  });
  return { config, family: "gpt2", unbiased: [] };
}

/** The family whose files can hold this decoder. */
export function familyOf(config: DecoderConfig): Family {
  const { norm, positions, feedForward, biases, queryKeyNorm, heads, keyHeads, headWidth, width } = config;
  // Qwen3, the family of normed heads, has no biases in its feed-forward part.
  if (norm === "rms" && positions === "rotary" && feedForward === "swiglu" && !(queryKeyNorm && biases)) return "llama";
  const whole = keyHeads === heads && heads * headWidth === width && !queryKeyNorm;
  if (norm === "layer" && positions === "learned" && feedForward !== "swiglu" && biases && whole) return "gpt2";
  return "lyceum";
}

/** `config.json` of a decoder; ids of special tokens belong into it as well as into `generation_config.json`. */
export function writeConfig(config: DecoderConfig): Record<string, unknown> {
  const family = familyOf(config);
  const shared = config.leaders.some((leader, i) => leader !== i);
  return {
    ...(family === "llama" ? llamaFields(config) : family === "gpt2" ? gpt2Fields(config) : ownFields(config)),
    ...(shared && family !== "lyceum" && { attention_sharing: { leaders: config.leaders } }),
    vocab_size: config.vocabulary,
    tie_word_embeddings: config.tied,
    use_cache: true,
  };
}

/** Also what programs that only need the sizes of a cache can read of any decoder. */
export function llamaFields(config: DecoderConfig): Record<string, unknown> {
  const { queryKeyNorm, rotaryBase, rotaryScaling, biases } = config;
  const stretched = rotaryScaling && {
    rope_type: rotaryScaling.kind,
    factor: rotaryScaling.factor,
    ...(rotaryScaling.kind === "llama3" && {
      low_freq_factor: rotaryScaling.lowFactor,
      high_freq_factor: rotaryScaling.highFactor,
      original_max_position_embeddings: rotaryScaling.originalContext,
    }),
  };
  return {
    architectures: [queryKeyNorm ? "Qwen3ForCausalLM" : "LlamaForCausalLM"],
    model_type: queryKeyNorm ? "qwen3" : "llama",
    max_position_embeddings: config.context,
    hidden_size: config.width,
    intermediate_size: config.inner,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.keyHeads,
    head_dim: config.headWidth,
    hidden_act: "silu",
    rms_norm_eps: config.normEpsilon,
    // Once for transformers 4, once for transformers 5.
    rope_theta: rotaryBase,
    rope_scaling: stretched ?? null,
    rope_parameters: { rope_type: "default", ...stretched, rope_theta: rotaryBase },
    attention_bias: biases,
    mlp_bias: biases,
  };
}

function gpt2Fields(config: DecoderConfig): Record<string, unknown> {
  return {
    architectures: ["GPT2LMHeadModel"],
    model_type: "gpt2",
    n_positions: config.context,
    n_embd: config.width,
    n_layer: config.layers,
    n_head: config.heads,
    n_inner: config.inner,
    activation_function: config.feedForward === "gelu" ? "gelu" : "gelu_new",
    layer_norm_epsilon: config.normEpsilon,
  };
}

const ownFields = (config: DecoderConfig): Record<string, unknown> => ({
  architectures: ["LyceumDecoder"],
  model_type: "lyceum",
  decoder: config,
});

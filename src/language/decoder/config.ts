/**
 * What a decoder-only transformer is made of, as plain data: every family of the field that Lyceum knows is a row of
 * choices here, and one forward function reads it.
 */
import { fail } from "../../errors.ts";
import type { RotaryScaling } from "./frequencies.ts";

export interface DecoderConfig {
  /** Number of different tokens. */
  readonly vocabulary: number;
  /** Longest sequence. */
  readonly context: number;
  /** Of the residual stream. */
  readonly width: number;
  readonly layers: number;
  /** Query heads. */
  readonly heads: number;
  /** Heads of keys and values; fewer than `heads` is grouped-query attention (Ainslie et al. 2023). */
  readonly keyHeads: number;
  /** Width of one head; heads · headWidth need not be the model's width. */
  readonly headWidth: number;
  /** Width inside the feed-forward part. */
  readonly inner: number;
  /** Gated SiLU (Shazeer 2020, SwiGLU), or one GELU layer: exact, or by the tanh formula of GPT-2. */
  readonly feedForward: "swiglu" | "gelu" | "gelu-tanh";
  readonly norm: "rms" | "layer";
  readonly normEpsilon: number;
  /** Rotary (Su et al. 2021, half-split pairs) or learned absolute positions. */
  readonly positions: "rotary" | "learned";
  readonly rotaryBase: number;
  /** Of models that were stretched to longer texts; none where not given. */
  readonly rotaryScaling?: RotaryScaling;
  /** The output matrix is the embedding. */
  readonly tied: boolean;
  /** On the attention's and the feed-forward part's linear layers. */
  readonly biases: boolean;
  /** RMS norm of each head's queries and keys before rotation (Dehghani et al. 2023; as in Qwen3). */
  readonly queryKeyNorm: boolean;
  /**
   * leaders[i] = the layer whose attention map layer i uses: i itself, or an earlier leader (EchoAtt). A layer that
   * follows has no queries and keys.
   */
  readonly leaders: readonly number[];
}

/** The sizes that nobody can guess, and whatever should differ from the family's custom. */
export type DecoderSizes = Pick<DecoderConfig, "vocabulary" | "context" | "width" | "layers" | "heads"> &
  Partial<DecoderConfig>;

/** Llama's architecture (Touvron et al. 2023): RMS norm, rotary positions, SwiGLU of about 8/3 widths, no biases. */
export function llama(sizes: DecoderSizes): DecoderConfig {
  return complete(sizes, {
    // The next multiple of 32: widths that are no multiple of the vector registers cost time, not quality.
    inner: Math.ceil((8 * sizes.width) / 3 / 32) * 32,
    feedForward: "swiglu",
    norm: "rms",
    positions: "rotary",
    tied: false,
    biases: false,
  });
}

/** GPT-2's architecture (Radford et al. 2019): layer norm, learned positions, GELU of four widths, biases, tied. */
export function gpt2(sizes: DecoderSizes): DecoderConfig {
  return complete(sizes, {
    inner: 4 * sizes.width,
    feedForward: "gelu-tanh",
    norm: "layer",
    positions: "learned",
    tied: true,
    biases: true,
  });
}

type Family = Pick<DecoderConfig, "inner" | "feedForward" | "norm" | "positions" | "tied" | "biases">;

function complete(sizes: DecoderSizes, family: Family): DecoderConfig {
  const { width, heads, layers } = sizes;
  return checked({
    keyHeads: heads,
    headWidth: width / heads,
    normEpsilon: 1e-5,
    rotaryBase: 10_000,
    queryKeyNorm: false,
    leaders: Array.from({ length: layers }, (_, i) => i),
    ...family,
    ...sizes,
  });
}

const COUNTS = ["vocabulary", "context", "width", "layers", "heads", "keyHeads", "headWidth", "inner"] as const;

/** Itself, when it can be built. @throws E_DECODER */
export function checked(config: DecoderConfig): DecoderConfig {
  const wrong = (what: string, hint?: string): never => fail("E_DECODER", `A decoder with ${what}.`, hint);
  for (const name of COUNTS) {
    const value = config[name];
    if (!Number.isInteger(value) || value < 1) wrong(`${name} ${value}`, "Use a whole number of at least 1.");
  }
  const { heads, keyHeads, headWidth, positions, leaders, layers } = config;
  if (heads % keyHeads !== 0) wrong(`${heads} heads on ${keyHeads} key heads`, "Heads must be a multiple of keyHeads.");
  if (positions === "rotary" && headWidth % 2 !== 0)
    wrong(`rotary positions and heads of width ${headWidth}`, "Use an even head width.");
  const follows = (leader: number, i: number) =>
    Number.isInteger(leader) && leader >= 0 && leader <= i && leaders[leader] === leader;
  if (leaders.length !== layers || !leaders.every(follows)) {
    wrong(
      `the attention leaders [${leaders}] for ${layers} layers`,
      "leaders[i] is i, or an earlier i that leads itself.",
    );
  }
  return config;
}

/** Layers that use another layer's attention map. */
export const followersOf = ({ leaders }: DecoderConfig): number[] =>
  leaders.flatMap((leader, i) => (leader === i ? [] : [i]));

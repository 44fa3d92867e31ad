/** Operations of a token, by formula. Measured times are in `speed.ts`. */
import type { DecoderConfig } from "../../language/decoder/index.ts";

/**
 * Operations of the forward pass for one token of a sequence of n, a multiplication with an addition counting two. The
 * masked half of queries times keys is counted, as a plain matrix product computes it; softmax, norms and activations
 * are not. `dropped`: followers do not even mix.
 */
export function flopsPerToken(config: DecoderConfig, n: number, dropped = false): number {
  const { width, heads, keyHeads, headWidth, inner, feedForward, vocabulary, leaders } = config;
  const [all, shared] = [heads * headWidth, keyHeads * headWidth];
  const mlp = (feedForward === "swiglu" ? 6 : 4) * width * inner;
  const mixing = 2 * width * shared + 2 * n * all + 2 * width * all;
  const matching = 2 * width * (all + shared) + 2 * n * all;
  const follower = dropped ? 0 : mixing;
  return leaders.reduce(
    (sum, leader, i) => sum + mlp + (leader === i ? matching + mixing : follower),
    2 * width * vocabulary,
  );
}

/**
 * A network that is watched while it learns: the same parameters and answers, with the taps that an explainer needs beside
 * the model's own (the picture as it came in, further passes), and, for stacked examples, the map that lies on the picture.
 *
 * Normalisation moves inside, so that input gradients of student and teacher are both in units of pixels.
 */
import type { Model } from "../../../nn/index.ts";
import { normalised } from "../../../teaching/input.ts";
import type { Network } from "../../../teaching/network.ts";
import type { Tensor } from "../../../tensor/index.ts";
import type { Explainer } from "./explainer.ts";

/** Path of the tap with the map of a stacked example. */
export const STACKED = "stacked";

/**
 * The network as the explainer wants it. With `stacked` = m, examples are `[C + m, H, W]`: a picture and m channels of maps;
 * plain pictures `[C, H, W]` are still answered, for exams.
 */
export function watched({ model, normalise }: Network, explainer: Explainer, stacked = 0): Network {
  const [channels = 1, ...space] = model.inputShape;
  const apply: Model["apply"] = (state, given, options) => {
    const has = stacked > 0 && given.shape[1] === channels + stacked;
    const x = has ? given.slice(1, 0, channels) : given;
    const run = (pictures: Tensor) => model.apply(state, normalised(pictures, normalise)).output;
    const forward = model.apply(state, normalised(x, normalise), options);
    const more = Object.entries(explainer.prepare?.(x, run) ?? {});
    const maps = has ? ([[STACKED, given.slice(1, channels, channels + stacked)]] as const) : [];
    return { ...forward, taps: new Map([...forward.taps, ...more, ...maps]) };
  };
  return { model: { ...model, inputShape: [channels + stacked, ...space], apply } };
}

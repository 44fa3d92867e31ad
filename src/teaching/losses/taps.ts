/**
 * Which intermediate a loss reads when nobody says: by kind, from the shapes of a model's taps in the order in which
 * the model computes them.
 */
import { fail } from "../../errors.ts";

/** `map`: a feature map `[B, c, h, w]`. `embedding`: one vector per example. */
export type TapKind = "map" | "embedding";
/** Shape of each tap with the batch axis in front, in order of computation. */
export type TapShapes = ReadonlyMap<string, readonly number[]>;

/**
 * The last feature map with more than one position, or the last vector. Deep maps carry what the classes need; a
 * hint there is the easiest to follow for a shallow student. @throws E_TAP
 */
export function chooseTap(kind: TapKind, taps: TapShapes, whose: "student" | "teacher"): string {
  const fits = ([, shape]: readonly [string, readonly number[]]) =>
    kind === "map" ? shape.length === 4 && shape[2]! * shape[3]! > 1 : shape.length === 2;
  const found = [...taps].filter(fits).at(-1);
  if (found) return found[0];
  const known = [...taps].map(([name, shape]) => `${name} [${shape}]`).join(", ") || "none";
  const wanted = kind === "map" ? "feature map [B, c, h, w]" : "vector per example [B, d]";
  return fail("E_TAP", `The ${whose} has no tap that is a ${wanted}.`, `Its taps are: ${known}. Choose another loss.`);
}

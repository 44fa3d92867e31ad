/**
 * Which intermediate a loss reads when nobody says: by kind, from the shapes of a model's taps in the order in which
 * the model computes them.
 */
import { fail } from "../../errors.ts";

/** `map`: a feature map `[B, c, h, w]`. `embedding`: one vector per example. `maps`: the maps at the ends of all stages. */
export type TapKind = "map" | "embedding" | "maps";
/** Shape of each tap with the batch axis in front, in order of computation. */
export type TapShapes = ReadonlyMap<string, readonly number[]>;

type Side = "student" | "teacher";
/** Paths of two taps to be compared. */
export type TapPath = readonly [student: string, teacher: string];

const isMap = (shape: readonly number[]): boolean => shape.length === 4 && shape[2]! * shape[3]! > 1;

/**
 * The last feature map with more than one position, or the last vector. Deep maps carry what the classes need; a
 * hint there is the easiest to follow for a shallow student. @throws E_TAP
 */
export function chooseTap(kind: "map" | "embedding", taps: TapShapes, whose: Side): string {
  const fits = ([, shape]: readonly [string, readonly number[]]) =>
    kind === "map" ? isMap(shape) : shape.length === 2;
  const found = [...taps].filter(fits).at(-1);
  return found
    ? found[0]
    : missing(kind === "map" ? "feature map [B, c, h, w]" : "vector per example [B, d]", taps, whose);
}

/**
 * The feature maps at the ends of the stages, from shallow to deep: the taps named "stage1", "stage2", ... as in the
 * models of the zoo, else the last map of every size (of ONNX teachers, whose taps are all their values). @throws E_TAP
 */
export function stageEnds(taps: TapShapes, whose: Side): string[] {
  const maps = [...taps].filter(([, shape]) => isMap(shape));
  const named = maps.filter(([path]) => /^stage\d+$/.test(path));
  // A later map of the same size takes the place of an earlier one.
  const bySize = new Map(maps.map(([path, shape]) => [`${shape.slice(2)}`, path] as const));
  const ends = named.length > 0 ? named.map(([path]) => path) : [...bySize.values()];
  return ends.length > 0 ? ends : missing("feature map [B, c, h, w]", taps, whose);
}

/**
 * Ends of stages, paired from the deepest; the longer list loses its shallow ones. `pre` names the side whose maps are
 * taken before their last ReLU where the model taps that too ("stage1.pre"). @throws E_TAP
 */
export function pairStages(
  student: TapShapes,
  teacher: TapShapes,
  pre: "none" | "teacher" | "both" = "none",
): TapPath[] {
  const [ours, theirs] = [stageEnds(student, "student"), stageEnds(teacher, "teacher")];
  const before = (taps: TapShapes, path: string) => (taps.has(`${path}.pre`) ? `${path}.pre` : path);
  return Array.from({ length: Math.min(ours.length, theirs.length) }, (_, i): TapPath => {
    const [s, t] = [ours.at(-1 - i)!, theirs.at(-1 - i)!];
    return [pre === "both" ? before(student, s) : s, pre === "none" ? t : before(teacher, t)];
  }).reverse();
}

function missing(wanted: string, taps: TapShapes, whose: Side): never {
  const known = [...taps].map(([name, shape]) => `${name} [${shape}]`).join(", ") || "none";
  return fail("E_TAP", `The ${whose} has no tap that is a ${wanted}.`, `Its taps are: ${known}. Choose another loss.`);
}

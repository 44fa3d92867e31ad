/**
 * A teacher that also explains itself: the same teacher with one more tap, "explanation". The map is computed from what the
 * teacher said before it was frozen, and is frozen like everything else it hands over; so it can run inside a step (live)
 * or be kept in the teacher store (frozen) like any other tap.
 */
import { sha256 } from "../../../data/hash.ts";
import { type Outputs, teacherTargets } from "../../../teaching/losses/loss.ts";
import type { Teacher } from "../../../teaching/teacher.ts";
import { placeholder } from "../../../tensor/graph.ts";
import type { Tensor } from "../../../tensor/index.ts";
import { directionOf, explainedClass } from "./direction.ts";
import { type Explainer, thaw } from "./explainer.ts";

/** Path of the tap. */
export const EXPLANATION = "explanation";

/** What a teacher says about x, not frozen, with everything that the explainer reads. Never feed this to a loss. */
export function openTeacher(teacher: Teacher, explainer: Explainer, x: Tensor, taps: readonly string[] = []): Outputs {
  const run = (pictures: Tensor) => thaw(teacher.targets(pictures).logits);
  const said = teacher.targets(x, [...new Set([...taps, ...explainer.taps])]);
  const named = [...said.taps].map(([path, t]) => [path, thaw(t)] as const);
  return {
    logits: thaw(said.logits),
    taps: new Map([...named, ...Object.entries(explainer.prepare?.(x, run) ?? {})]),
  };
}

/** The teacher with its explanation of its own most probable class as a tap. */
export async function explainedTeacher(teacher: Teacher, explainer: Explainer, contrast: boolean): Promise<Teacher> {
  const targets: Teacher["targets"] = (x, taps = []) => {
    if (!taps.includes(EXPLANATION)) return teacher.targets(x, taps);
    const others = taps.filter((tap) => tap !== EXPLANATION);
    const open = openTeacher(teacher, explainer, x, others);
    const direction = directionOf(explainedClass(open.logits), teacher.classes, contrast);
    const map = explainer.explain(open, direction);
    const kept = others.map((tap) => [tap, open.taps.get(tap)!] as const);
    return teacherTargets({ logits: open.logits, taps: new Map([...kept, [EXPLANATION, map]]) });
  };
  const one = targets(placeholder("x", "f32", [1, ...teacher.inputShape]), [EXPLANATION]);
  return {
    ...teacher,
    fingerprint: await sha256([teacher.fingerprint, explainer.id, ...explainer.taps, String(contrast)].join("\n")),
    taps: new Map([...teacher.taps, [EXPLANATION, one.taps.get(EXPLANATION)!.dims]]),
    targets,
  };
}

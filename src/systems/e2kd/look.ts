/** Looking at a network or teacher on a whole part of the data: answers, maps of evidence, likeness to the teacher's maps. */
import { type ArrayDataset, countOf } from "../../data/dataset.ts";
import { examples } from "../../teaching/answer.ts";
import type { Answers } from "../../teaching/exams/index.ts";
import { unitInput } from "../../teaching/input.ts";
import type { Outputs } from "../../teaching/losses/loss.ts";
import { forward, frozen, type Network, type NetworkState } from "../../teaching/network.ts";
import type { Field } from "../../teaching/targets.ts";
import type { Teacher } from "../../teaching/teacher.ts";
import { host, program, resize, type Tensor } from "../../tensor/index.ts";
import { isEmpty, mapCosine } from "./explain/cosine.ts";
import { directionOf } from "./explain/direction.ts";
import type { Explainer } from "./explain/explainer.ts";
import { openTeacher } from "./explain/teacher.ts";
import { watched } from "./explain/watch.ts";

/** Examples per run. */
const BATCH = 250;

/** What somebody says about pictures x in 0..1, with all that an explainer reads. */
export type Sight = (x: Tensor) => Outputs;

export function sightOfNetwork(network: Network, state: NetworkState, explainer: Explainer): Sight {
  const [seen, values] = [watched(network, explainer), frozen(state)];
  return (x) => forward(seen, values, x);
}
export const sightOfTeacher =
  (teacher: Teacher, explainer: Explainer): Sight =>
  (x) =>
    openTeacher(teacher, explainer, x);

export interface Look {
  readonly answers: Answers;
  /** `[N, H, W]` at the size of the pictures. */
  readonly evidence: Float32Array;
  /** cos(own map, the teacher's) per example; zeros where there was nothing to compare with. */
  readonly cosine: Float32Array;
  /** Share of explanations that are zero everywhere. */
  readonly empty: number;
}

export interface Observer {
  /** Explains `classes[i]` of example i, and compares with `theirs` (row i of a teacher's stored explanations). */
  look(data: ArrayDataset, classes: Int32Array, theirs?: Field): Promise<Look>;
  release(): Promise<void>;
}

/** Compiled once, for any number of looks. `shape`: of the explanation to compare with, per example. */
export function observer(sight: Sight, explainer: Explainer, contrast: boolean, shape: readonly number[]): Observer {
  const run = program((x: Tensor, classes: Tensor, theirs: Tensor) => {
    const seen = sight(unitInput(x));
    const direction = directionOf(classes, seen.logits.dims[1]!, contrast);
    const own = explainer.explain(seen, direction);
    const evidence = resize(explainer.evidence(seen, direction), x.dims.slice(2));
    return { logits: seen.logits, evidence, cosine: mapCosine(own, theirs), empty: isEmpty(own) };
  });
  const size = shape.reduce((a, b) => a * b, 1);
  return {
    async look(data, classes, theirs) {
      const count = countOf(data);
      const batch = Math.min(BATCH, count);
      const out: Record<string, Float32Array> = {};
      const nothing = new Float32Array(batch * size);
      for (let from = 0; from < count; from += batch) {
        // The last batch starts earlier instead of being shorter: one program serves all.
        const start = Math.min(from, count - batch);
        const rows = theirs ? theirs.data.subarray(start * size, (start + batch) * size) : nothing;
        const values = await run(
          examples(data, start, batch),
          host(classes.subarray(start, start + batch)),
          host(rows, [batch, ...shape]),
        );
        for (const [name, { data: found }] of Object.entries(values)) {
          const per = found.length / batch;
          (out[name] ??= new Float32Array(count * per)).set(found as Float32Array, start * per);
        }
      }
      const { logits, evidence, cosine, empty } = out as Record<
        "logits" | "evidence" | "cosine" | "empty",
        Float32Array
      >;
      return { answers: { logits, classes: logits.length / count }, evidence, cosine, empty: mean(empty) };
    },
    release: () => run.release(),
  };
}

export const mean = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return values.length ? sum / values.length : 0;
};

/** Logits and embeddings of a network or a teacher on a whole data set, in batches of one size. */
import { type ArrayDataset, countOf } from "../../data/dataset.ts";
import { examples } from "../../teaching/answer.ts";
import { unitInput } from "../../teaching/input.ts";
import { type Outputs, tapOf } from "../../teaching/losses/loss.ts";
import { forward, frozen, type Network, type NetworkState } from "../../teaching/network.ts";
import type { Teacher } from "../../teaching/teacher.ts";
import { program, type Tensor } from "../../tensor/index.ts";
import type { Rows } from "./geometry.ts";

/** Examples per run. */
const BATCH = 250;

export interface Embedded {
  readonly logits: Rows;
  readonly embedding: Rows;
}

/** Evaluation mode. @throws E_TAP */
export const embedNetwork = (
  network: Network,
  state: NetworkState,
  dataset: ArrayDataset,
  tap: string,
): Promise<Embedded> => embed((x) => forward(network, frozen(state), x), dataset, tap, "student");

export const embedTeacher = (teacher: Teacher, dataset: ArrayDataset, tap: string): Promise<Embedded> =>
  embed((x) => teacher.targets(x, [tap]), dataset, tap, "teacher");

async function embed(
  trace: (x: Tensor) => Outputs,
  dataset: ArrayDataset,
  tap: string,
  whose: "student" | "teacher",
): Promise<Embedded> {
  const run = program((x: Tensor) => {
    const outputs = trace(unitInput(x));
    return { logits: outputs.logits, embedding: tapOf(outputs, tap, whose).flatten(1) };
  });
  const count = countOf(dataset);
  const batch = Math.min(BATCH, count);
  const kept: Partial<Record<keyof Embedded, { data: Float32Array; width: number }>> = {};
  try {
    for (let from = 0; from < count; from += batch) {
      // The last batch starts earlier instead of being shorter: one program serves all.
      const start = Math.min(from, count - batch);
      const out = await run(examples(dataset, start, batch));
      for (const name of ["logits", "embedding"] as const) {
        const width = out[name].shape[1]!;
        const { data } = (kept[name] ??= { data: new Float32Array(count * width), width });
        data.set(out[name].data as Float32Array, start * width);
      }
    }
  } finally {
    await run.release();
  }
  return kept as Embedded;
}

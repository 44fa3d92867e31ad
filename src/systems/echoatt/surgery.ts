/**
 * A student out of its teacher: the same decoder with shared attention maps, and every weight that is left. Followers
 * keep the values of their own layer, which are the last rows of the teacher's queries, keys and values in one matrix.
 */
import { fail } from "../../errors.ts";
import { type Decoder, type DecoderConfig, decoder } from "../../language/decoder/index.ts";
import { viewParams } from "../../nn/index.ts";

/** A decoder with its values. */
export interface Trained {
  readonly decoder: Decoder;
  /** In the layout of the decoder's model. */
  readonly params: Float32Array;
}

/**
 * The teacher with `leaders`; it may share maps already, as long as nobody has to lead who has no queries.
 * @throws E_DECODER for leaders that no decoder can have, E_OPTION for a leader without queries and keys
 */
export function inherit({ decoder: teacher, params }: Trained, leaders: readonly number[]): Trained {
  const config: DecoderConfig = { ...teacher.config, leaders };
  const student = decoder(config, "student");
  const from = viewParams(teacher.model.params, params);
  const values = new Float32Array(student.model.params.size);
  for (const [path, { data }] of viewParams(student.model.params, values)) {
    const same = from.get(path);
    // A follower's values: the end of the fused matrix, and of its biases.
    const fused = from.get(path.replace(/\.v\.(weight|bias)$/, ".qkv.$1"));
    if (same) data.set(same.data);
    else if (fused) data.set(fused.data.subarray(fused.data.length - data.length));
    else
      fail(
        "E_OPTION",
        `The teacher has no "${path}".`,
        "Its own followers cannot lead: they have no queries and keys.",
      );
  }
  return { decoder: student, params: values };
}

/** Parameters that followers do without, by formula: D·(H·E + G·E), biases and norms of queries and keys. */
export function savedParameters({
  leaders,
  width,
  heads,
  keyHeads,
  headWidth,
  biases,
  queryKeyNorm,
}: DecoderConfig): number {
  const followers = leaders.filter((leader, i) => leader !== i).length;
  const rows = (heads + keyHeads) * headWidth;
  return followers * (width * rows + (biases ? rows : 0) + (queryKeyNorm ? 2 * headWidth : 0));
}

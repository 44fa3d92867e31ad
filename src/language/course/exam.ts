/**
 * The exam of a language model: how well it foretells a text, and how far it is from its teacher at each place. One
 * compiled program per model serves all exams of a run.
 */
import type { Decoder } from "../decoder/index.ts";
import { scorer } from "../lesson/index.ts";
import { IGNORED, type Rows } from "../text/index.ts";
import { type Extent, lessonRows } from "./rows.ts";
import type { Reader, Teacher } from "./teacher.ts";

/** A text to be examined on. */
export interface ExamPart {
  readonly rows: Rows;
  readonly extent: Extent;
  /** Rows may hold several documents. */
  readonly places: boolean;
}

export interface TextExam {
  /** crossEntropy (nats per token), natsPerCharacter, bitsPerByte; klToTeacher and agreement where there is a teacher. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Nats per counted token of each row that has any, to compare two models row by row. */
  readonly perRow: readonly number[];
}

export interface Examiner {
  sit(params: Float32Array): Promise<TextExam>;
  release(): Promise<void>;
}

/** Rows that are scored at once. */
const PIECE = 16;

/** Examines a decoder on a text, beside its teacher where one is given (whose vocabulary must be the same). */
export function examiner(decoder: Decoder, part: ExamPart, teacher?: Teacher): Examiner {
  const own = scorer(decoder, PIECE);
  const other = teacher?.reader(PIECE);
  const read = lessonRows(part.rows, part.places);
  return {
    sit: (params) => judged(part, own.pieces(params, read), other?.pieces(read)),
    async release() {
      await Promise.all([own.release(), other?.release()]);
    },
  };
}

/** The exam of a teacher itself. */
export async function examOf(teacher: Teacher, part: ExamPart): Promise<TextExam> {
  const reader = teacher.reader(PIECE);
  try {
    return await judged(part, reader.pieces(lessonRows(part.rows, part.places)));
  } finally {
    await reader.release();
  }
}

type Pieces = ReturnType<Reader["pieces"]>;

/** What was said about the rows of a part, against its labels and beside what a teacher said. */
async function judged({ rows, extent }: ExamPart, own: Pieces, teacher?: Pieces): Promise<TextExam> {
  const { labels, context, n } = rows;
  const nats = new Float64Array(n);
  const counts = new Float64Array(n);
  let [divergence, agreed] = [0, 0];
  for await (const { from, values } of own) {
    const q = values.data as Float32Array;
    const vocabulary = values.shape[2]!;
    const told = await teacher?.next();
    const p = told && !told.done ? (told.value.values.data as Float32Array) : undefined;
    for (let i = 0; i < q.length / vocabulary; i++) {
      const label = labels[from * context + i]!;
      if (label === IGNORED) continue;
      const row = from + Math.floor(i / context);
      nats[row]! -= q[i * vocabulary + label]!;
      counts[row]!++;
      if (!p) continue;
      const at = i * vocabulary;
      const apart = compare(p.subarray(at, at + vocabulary), q.subarray(at, at + vocabulary));
      divergence += apart.kl;
      if (apart.agree) agreed++;
    }
  }
  const [sum, count] = [nats, counts].map((all) => all.reduce((a, b) => a + b, 0)) as [number, number];
  return {
    metrics: {
      crossEntropy: sum / count,
      natsPerCharacter: sum / extent.characters,
      bitsPerByte: sum / Math.LN2 / extent.bytes,
      ...(teacher && { klToTeacher: divergence / count, agreement: agreed / count }),
    },
    perRow: [...nats].flatMap((value, row) => (counts[row]! > 0 ? [value / counts[row]!] : [])),
  };
}

/** KL(p‖q) in nats from log-probabilities, and whether both find the same token the likeliest. */
function compare(p: Float32Array, q: Float32Array): { readonly kl: number; readonly agree: boolean } {
  let [kl, bestP, bestQ] = [0, 0, 0];
  for (let v = 0; v < p.length; v++) {
    kl += Math.exp(p[v]!) * (p[v]! - q[v]!);
    if (p[v]! > p[bestP]!) bestP = v;
    if (q[v]! > q[bestQ]!) bestQ = v;
  }
  // Of two equal distributions the rounding of f32 may make less than nothing.
  return { kl: Math.max(0, kl), agree: bestP === bestQ };
}

/**
 * A lesson of a language model: rows of tokens, a loss per token, perhaps a teacher. The same steps as any other lesson
 * (`teaching/steps.ts`); what is special is where rows come from: they may be a function of the student as it is now
 * (on-policy distillation), so a source is asked before every step and may take its time.
 */
import { fail } from "../../errors.ts";
import { initState, keyTensor, type Optimiser, type SymbolicScalars, trainProgram } from "../../nn/index.ts";
import type { Checkpoints } from "../../teaching/checkpoint.ts";
import { type Loss, type Targets, teacherTargets } from "../../teaching/losses/loss.ts";
import { type LessonLog, type StepsEvent, takeSteps } from "../../teaching/steps.ts";
import { constant, foldKey, type HostTensor, host, type Key, random, type Tensor } from "../../tensor/index.ts";
import type { Decoder } from "../decoder/index.ts";

/** A batch of rows. */
export interface TextRows {
  /** i32 [B, T]. */
  readonly tokens: HostTensor;
  /** i32 [B, T]: labels[b, t] is what should follow tokens[b, t]; -100 where that does not count. */
  readonly labels: HostTensor;
  /** i32 [B, T]: positions within a document, and which document; for packed rows. */
  readonly positions?: HostTensor;
  readonly segments?: HostTensor;
  /** What a teacher said about these rows: "logits" f32 [B, T, V], or whatever the loss reads as its taps. */
  readonly knowledge?: Readonly<Record<string, HostTensor>>;
}

export interface TextLesson {
  /** Name for events: "student, seed 1". */
  readonly stage: string;
  /** The student. */
  readonly decoder: Decoder;
  /** Values to start from; drawn from the key where not given. */
  readonly initial?: Float32Array;
  /** Rows of one step. */
  readonly batchSize: number;
  /** Rows of a step, from 0, given the student's parameters before it; all of one shape, or each shape compiles. */
  readonly rows: (step: number, params: Float32Array) => TextRows | Promise<TextRows>;
  readonly loss: Loss;
  /** Reads the same rows inside the step; its parameters are constants. */
  readonly teacher?: { readonly decoder: Decoder; readonly params: Float32Array };
  readonly steps: number;
  readonly optimiser: Optimiser;
  /** Largest global norm of the gradient. */
  readonly clip?: number;
  readonly key: Key;
  /** After which steps (and after the last one) an exam takes place. */
  readonly exam?: {
    readonly at: (step: number) => boolean;
    run(params: Float32Array, step: number): Promise<Readonly<Record<string, number>>>;
  };
  readonly checkpoints?: Checkpoints;
  readonly checkpointSeconds?: number;
  readonly signal?: AbortSignal;
}

export interface TaughtText {
  readonly type: "taught";
  readonly stage: string;
  readonly params: Float32Array;
  readonly log: LessonLog;
  readonly seconds: number;
  /** Where the time went, seconds: getting rows (generation, scoring), and steps (student, and a teacher inside). */
  readonly spent: { readonly rows: number; readonly steps: number };
}

type StepRows = { readonly [name: string]: Tensor | { readonly [name: string]: Tensor } } & {
  readonly tokens: Tensor;
  readonly labels: Tensor;
  readonly knowledge: { readonly [name: string]: Tensor };
};
type Scalars = SymbolicScalars & { readonly key: Tensor; readonly progress: Tensor };

/** The loss's own stream of this step's key. */
const LOSS = 1;

/**
 * Teaches. The last event is "taught". Progress counts rows.
 * @throws E_DIVERGED, E_STOPPED, E_TEACHER, E_LOSS_CLASSES and what the source of rows throws
 */
export async function* teachText(lesson: TextLesson): AsyncGenerator<StepsEvent | TaughtText, void> {
  const { stage, decoder, steps, optimiser, key, exam, clip } = lesson;
  const program = trainProgram<StepRows, Scalars>({
    model: decoder.model,
    optimiser,
    input: ({ tokens }) => tokens,
    inputs: placesOf,
    ...(clip !== undefined && { clip }),
    loss: ({ output, taps, batch, scalars }) => {
      const { loss, parts } = lesson.loss({ logits: output, taps }, knowledgeOf(lesson, batch), {
        labels: batch.labels,
        key: foldKey(scalars.key, LOSS),
        progress: scalars.progress,
      });
      return { loss, metrics: parts };
    },
  });
  const spent = { rows: 0, steps: 0 };
  try {
    const { state, log, seconds } = yield* takeSteps<TextRows>({
      stage,
      steps,
      batchSize: lesson.batchSize,
      start: () => ({ ...initState(decoder.model, optimiser, key), params: host(startOf(lesson).slice()) }),
      batch: (step, state) => timed(spent, "rows", async () => lesson.rows(step, state.params.data as Float32Array)),
      run: (batch, state, step) =>
        timed(spent, "steps", () =>
          program(state, fed(batch), {
            lr: optimiser.lr(step + 1),
            step: step + 1,
            key: keyTensor(random.fold(random.fold(key, "step"), step)),
            progress: step / steps,
          }),
        ),
      ...(exam && {
        exam: { every: 1, run: ({ params }, step) => exam.run(params.data as Float32Array, step) },
        examAt: exam.at,
      }),
      ...(lesson.checkpoints && { checkpoints: lesson.checkpoints }),
      ...(lesson.checkpointSeconds !== undefined && { checkpointSeconds: lesson.checkpointSeconds }),
      ...(lesson.signal && { signal: lesson.signal }),
    });
    const params = (state.params.data as Float32Array).slice();
    yield { type: "taught", stage, params, log, seconds, spent };
  } finally {
    await program.release();
  }
}

/** Teaches and returns what came out, for callers that pass the events on or drop them. */
export async function taughtText(
  lesson: TextLesson,
  hear: (event: StepsEvent) => void = () => {},
): Promise<TaughtText> {
  for await (const event of teachText(lesson)) {
    if (event.type === "taught") return event;
    hear(event);
  }
  throw new Error("A lesson ended without its last event.");
}

const startOf = ({ initial, decoder, key }: TextLesson): Float32Array =>
  initial ?? decoder.model.init(random.fold(key, "student")).params;

/** Positions and segments, where the rows have them. */
function placesOf(batch: StepRows): Record<string, Tensor> {
  const given = ["positions", "segments"].filter((name) => batch[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, batch[name] as Tensor]));
}

function knowledgeOf({ teacher, stage }: TextLesson, batch: StepRows): Targets {
  const { logits, ...taps } = batch.knowledge;
  if (logits && teacher) {
    fail("E_TEACHER", `The rows of ${stage} come with logits, and a teacher is named.`, "Leave one of them out.");
  }
  if (teacher) {
    const state = { params: constant(host(teacher.params)), buffers: constant(host(new Float32Array(0))) };
    const said = teacher.decoder.model.apply(state, batch.tokens, { inputs: placesOf(batch) });
    return teacherTargets({ logits: said.output, taps: said.taps });
  }
  const told = new Map(Object.entries(taps));
  if (logits) return teacherTargets({ logits, taps: told });
  const silent = {
    ...teacherTargets({ logits: batch.labels, taps: told }),
    get logits(): Tensor {
      return fail("E_TEACHER", `The loss of ${stage} reads a teacher's logits, and there are none.`);
    },
  };
  return silent as Targets;
}

function fed({ tokens, labels, positions, segments, knowledge = {} }: TextRows) {
  return { tokens, labels, ...(positions && { positions }), ...(segments && { segments }), knowledge };
}

async function timed<K extends string, T>(spent: Record<K, number>, what: K, work: () => Promise<T>): Promise<T> {
  const begin = performance.now();
  const result = await work();
  spent[what] += (performance.now() - begin) / 1000;
  return result;
}

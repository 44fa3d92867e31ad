/**
 * What the experiment with people leaves behind, and its scoring. A participant's log is a list of events: which
 * families were taught in which order, and every question with its answer. The same fields as in the published
 * experiment; `reactionTime` is our name for a field of which only the use is known.
 */
import { z } from "zod";
import { fail } from "../../../errors.ts";
import type { Curves } from "../measures/outcome.ts";

const Families = z.object({
  families: z.array(z.object({ name: z.string().min(1), images: z.array(z.string()) })).min(1),
});
const Question = z.object({
  kind: z.literal("question"),
  /** From 1. */
  phase: z.number().int().min(1),
  /** Position of the chosen answer; null where none was given. */
  answer: z.number().int().nullable(),
  question: z.object({ answerIdx: z.number().int(), image: z.string(), isAttentionCheck: z.boolean().default(false) }),
  /** Milliseconds. */
  reactionTime: z.number().nonnegative().optional(),
});

export type FamiliesEvent = z.infer<typeof Families>;
export type QuestionEvent = z.infer<typeof Question>;
export type QuizEvent = FamiliesEvent | QuestionEvent;

/** Events of other kinds (pages shown, buttons pressed) are passed over. @throws E_HUMAN_LOG */
export function parseLog(value: unknown, whose = "This log"): QuizEvent[] {
  if (!Array.isArray(value))
    fail("E_HUMAN_LOG", `${whose} is no list of events.`, "Give the JSON array that the quiz has written.");
  return (value as unknown[]).flatMap((event, i): QuizEvent[] => {
    const is = (what: string) => typeof event === "object" && event !== null && what in event;
    const schema = is("families")
      ? Families
      : is("kind") && (event as { kind: unknown }).kind === "question"
        ? Question
        : undefined;
    if (!schema) return [];
    const parsed = schema.safeParse(event);
    if (parsed.success) return [parsed.data];
    const [issue] = parsed.error.issues;
    return fail("E_HUMAN_LOG", `${whose}: event ${i} has a wrong ${issue!.path.join(".")} (${issue!.message}).`);
  });
}

/** The class of a picture: the fifth component of its path. @throws E_HUMAN_LOG */
export function classOfImage(image: string): string {
  return (
    image.split("/")[4] ??
    fail("E_HUMAN_LOG", `The picture "${image}" has no fifth path component that names its family.`)
  );
}

export interface HumanScore {
  /** Families in the order of teaching. */
  readonly order: readonly string[];
  /** Share of correct answers in each phase, attention checks left out. */
  readonly accuracy: readonly number[];
  /** Accuracy on the first two families in each phase, minus the same in phase 1: 0 or less is forgetting. */
  readonly forgetfulness: readonly number[];
  /** Accuracy on the first two families, by phase. */
  readonly first: readonly number[];
  /** Of the attention checks, milliseconds; null where none was timed. */
  readonly reactionTime: number | null;
  readonly attention: { readonly asked: number; readonly passed: number };
}

/** Scores one participant. @throws E_HUMAN_LOG for a log without families or with an empty phase */
export function scoreLog(events: readonly QuizEvent[], whose = "This log"): HumanScore {
  const introduced = events
    .filter((e): e is FamiliesEvent => "families" in e)
    .flatMap((e) => e.families.map(({ name }) => name));
  const order = [...new Set(introduced)];
  const all = events.filter((e): e is QuestionEvent => "kind" in e);
  const checks = all.filter((e) => e.question.isAttentionCheck);
  const asked = all.filter((e) => !e.question.isAttentionCheck);
  if (order.length < 2 || asked.length === 0)
    fail(
      "E_HUMAN_LOG",
      `${whose} names ${order.length} families and holds ${asked.length} questions.`,
      "Is it complete?",
    );
  const right = (e: QuestionEvent) => e.answer === e.question.answerIdx;
  const share = (questions: readonly QuestionEvent[], what: string) =>
    questions.length > 0
      ? questions.filter(right).length / questions.length
      : fail("E_HUMAN_LOG", `${whose} has no question ${what}.`, "Is it complete?");
  const phases = Array.from({ length: Math.max(...asked.map((e) => e.phase)) }, (_, i) => i + 1);
  const early = new Set(order.slice(0, 2));
  const inPhase = (phase: number) => asked.filter((e) => e.phase === phase);
  const first = phases.map((p) =>
    share(
      inPhase(p).filter((e) => early.has(classOfImage(e.question.image))),
      `on the first two families in phase ${p}`,
    ),
  );
  const times = checks.flatMap((e) => (e.reactionTime === undefined ? [] : [e.reactionTime]));
  return {
    order,
    accuracy: phases.map((p) => share(inPhase(p), `in phase ${p}`)),
    forgetfulness: first.map((value) => value - first[0]!),
    first,
    reactionTime: times.length > 0 ? times.reduce((sum, t) => sum + t, 0) / times.length : null,
    attention: { asked: checks.length, passed: checks.filter(right).length },
  };
}

/** People in the terms of learners: a_k is the accuracy of phase k, t_k that on the first two families. */
export const humanCurves = ({ accuracy, first }: HumanScore): Curves => ({ avg: accuracy, t1: first });

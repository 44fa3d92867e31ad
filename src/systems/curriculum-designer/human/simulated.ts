/**
 * A simulated participant, to test the pipeline and nothing else: an exemplar model (Nosofsky 1986) whose memories fade
 * with every phase. Its logs are marked as simulated and must never stand for people.
 */
import { type Key, random } from "../../../tensor/index.ts";
import type { QuizEvent } from "./log.ts";
import { type QuizPlan, quizPlan } from "./quiz.ts";

export interface SimulatedOptions {
  readonly key: Key;
  /** Families in the order of teaching. */
  readonly order: readonly string[];
  /** How much of a memory is left after each further phase, 0 to 1. */
  readonly retention?: number;
  /** Similarity of two members of one super-family, 0 to 1. */
  readonly alike?: number;
}

export interface SimulatedLog {
  readonly simulated: true;
  readonly events: readonly QuizEvent[];
}

export function simulateParticipant({ key, order, retention = 0.8, alike = 0.5 }: SimulatedOptions): SimulatedLog {
  const plan: QuizPlan = quizPlan({ key: random.fold(key, "quiz"), order });
  const events: QuizEvent[] = [];
  let draw = 0;
  const uniform = () => random.uniform(random.fold(key, draw++), 1)[0]!;
  for (const { phase, families, questions } of plan.phases) {
    events.push({ families: families.map(({ name, images }) => ({ name, images: images.map(({ id }) => id) })) });
    for (const { question, choices } of questions) {
      const truth = choices[question.answerIdx]!;
      // Strength of each family's memories for this picture, faded since it was taught.
      const strengths = choices.map((name) => {
        const taught = plan.phases.findIndex((p) => p.families.some((f) => f.name === name));
        const similarity = name === truth ? 1 : name.slice(0, 2) === truth.slice(0, 2) ? alike : 0.1;
        return question.isAttentionCheck ? (name === truth ? 1 : 0) : similarity * retention ** (phase - 1 - taught);
      });
      let at = uniform() * strengths.reduce((sum, s) => sum + s, 0);
      const chosen = strengths.findIndex((s) => (at -= s) < 0);
      events.push({
        kind: "question",
        phase,
        answer: chosen < 0 ? strengths.length - 1 : chosen,
        question,
        reactionTime: 400 + 400 * uniform(),
      });
    }
  }
  return { simulated: true, events };
}

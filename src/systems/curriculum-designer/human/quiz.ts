/**
 * The plan of the quiz for people, as in the published experiment: families are shown in the order of a curriculum, two
 * in the first phase and one in each later phase, and after every phase come multiple-choice questions on all families
 * so far, with attention checks in between (name the family that is written below the picture).
 */
import { fail } from "../../../errors.ts";
import { type Key, key as makeKey, random } from "../../../tensor/index.ts";
import { drawObject, exemplarKey, FAMILIES, familiesOf, svgPath } from "./objects.ts";

export interface QuizOptions {
  readonly key?: Key;
  /** Families in the order of teaching; those of the set in their own order where not given. */
  readonly order?: readonly string[];
  /** Pictures that introduce a family. */
  readonly shown?: number;
  /** Questions on each family after a phase. */
  readonly asked?: number;
  /** Attention checks after a phase. */
  readonly checks?: number;
}

export interface QuizImage {
  /** "assets/objects/glyphs/1/fa1/7": the fifth component is the family. */
  readonly id: string;
  /** SVG path in a square of 100. */
  readonly path: string;
}

export interface QuizQuestion {
  readonly question: { readonly answerIdx: number; readonly image: string; readonly isAttentionCheck: boolean };
  readonly path: string;
  /** Names to choose from. */
  readonly choices: readonly string[];
}

export interface QuizPhase {
  readonly phase: number;
  readonly families: readonly { readonly name: string; readonly images: readonly QuizImage[] }[];
  readonly questions: readonly QuizQuestion[];
}

export interface QuizPlan {
  readonly order: readonly string[];
  readonly phases: readonly QuizPhase[];
}

/** @throws E_OPTION for an order that does not name each family once */
export function quizPlan({
  key = makeKey(0),
  order = FAMILIES,
  shown = 6,
  asked = 4,
  checks = 1,
}: QuizOptions = {}): QuizPlan {
  const families = familiesOf(key);
  if (order.length !== families.length || families.some(({ name }) => !order.includes(name))) {
    fail(
      "E_OPTION",
      `The order [${order.join(", ")}] does not name each family once.`,
      `The families are ${FAMILIES.join(", ")}.`,
    );
  }
  let used = 0;
  // No picture is shown twice: numbers of exemplars go up.
  const image = (name: string): QuizImage => {
    const number = used++;
    const strokes = drawObject(
      families.find((f) => f.name === name)!,
      exemplarKey(random.fold(key, "quiz"), name, number),
    );
    return { id: `assets/objects/glyphs/1/${name}/${number}`, path: svgPath(strokes) };
  };
  const steps = [order.slice(0, 2), ...order.slice(2).map((name) => [name])];
  const phases = steps.map((fresh, p): QuizPhase => {
    const known = steps.slice(0, p + 1).flat();
    const own = random.fold(random.fold(key, "phase"), p);
    const choices = [...random.permutation(random.fold(own, "choices"), known.length)].map((i) => known[i]!);
    const ask = (name: string, isAttentionCheck: boolean): QuizQuestion => {
      const { id, path } = image(name);
      return { question: { answerIdx: choices.indexOf(name), image: id, isAttentionCheck }, path, choices };
    };
    const questions = [
      ...known.flatMap((name) => Array.from({ length: asked }, () => ask(name, false))),
      ...Array.from({ length: checks }, (_, i) => ask(known[(p + i) % known.length]!, true)),
    ];
    const mixed = [...random.permutation(random.fold(own, "questions"), questions.length)].map((i) => questions[i]!);
    const shows = fresh.map((name) => ({ name, images: Array.from({ length: shown }, () => image(name)) }));
    return { phase: p + 1, families: shows, questions: mixed };
  });
  return { order, phases };
}

/** Lessons of language models. */
export { type TaughtText, type TextLesson, type TextRows, taughtText, teachText } from "./lesson.ts";
export { reader, rowsOf, type Scorer, scorer } from "./scorer.ts";

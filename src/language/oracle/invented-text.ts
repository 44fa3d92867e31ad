/**
 * A text in a language that nobody speaks, for runs without any data: words of syllables, drawn by Zipf's law, in
 * sentences. It has what a character model has to learn: spelling, frequent and rare words, ends of sentences.
 */
import { random } from "../../tensor/index.ts";

const ONSETS = "b br ch d dr f fl g gr h j k l m n p pr r s sh st t th tr v w z".split(" ");
const VOWELS = "a e i o u ai ea ou".split(" ");
const CODAS = ["", "", "n", "r", "l", "s", "t", "nd", "m", "ck"];
const WORDS = 600;

/** So many characters, always the same ones. */
export function inventedText(length = 200_000): string {
  const key = random.fold(random.key(0), "invented text");
  const draw = random.integers(random.fold(key, "spelling"));
  const pick = (from: readonly string[]) => from[draw(from.length)]!;
  const words = Array.from({ length: WORDS }, () => {
    const syllables = Array.from({ length: 1 + draw(3) }, () => pick(ONSETS) + pick(VOWELS) + pick(CODAS));
    return syllables.join("");
  });
  // Chances 1/(rank + 2), as cumulative whole numbers.
  let sum = 0;
  const ladder = words.map((_, rank) => (sum += Math.ceil(1e6 / (rank + 2))));
  const speak = random.integers(random.fold(key, "sentences"));
  const word = () => {
    const chance = speak(sum);
    return words[ladder.findIndex((top) => chance < top)]!;
  };
  let text = "";
  while (text.length < length) {
    const sentence = Array.from({ length: 3 + speak(9) }, word).join(" ");
    text += `${sentence[0]!.toUpperCase()}${sentence.slice(1)}${[". ", ". ", "? ", ", but ", ".\n"][speak(5)]!}`;
  }
  return text.slice(0, length);
}

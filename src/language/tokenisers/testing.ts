/** Helpers of the tokeniser tests: random Unicode strings by key. */
import { integers, type Key } from "../../tensor/random.ts";
import { wellFormed } from "./tokeniser.ts";

/** Ranges of code points that trip tokenisers, and all planes. */
const RANGES: readonly (readonly [number, number])[] = [
  [0x20, 0x7e],
  [0x61, 0x7a],
  [0x20, 0x20],
  [0x00, 0x1f],
  [0x7f, 0xa0],
  [0xa1, 0x24f],
  [0x300, 0x36f],
  [0x370, 0x5ff],
  [0x600, 0x6ff],
  [0x900, 0x97f],
  [0x2000, 0x206f],
  [0x3040, 0x30ff],
  [0x4e00, 0x9fff],
  [0xac00, 0xd7a3],
  [0xe000, 0xf8ff],
  [0xfe00, 0xfeff],
  [0x1f300, 0x1faff],
  [0x0, 0xd7ff],
  [0xe000, 0xffff],
  [0x10000, 0x10ffff],
];
const WHOLE = ["\r\n", "\n\n", "  ", " \t ", "'ll", "'s", " 12", "e\u0301", "👩‍🏫", "\ufeff", "\u0085", "\u3000"];

/** `n` well-formed strings of 0 to 40 parts, each part of one range or a known troublemaker. */
export function randomStrings(key: Key, n: number): string[] {
  const next = integers(key);
  return Array.from({ length: n }, () => {
    let text = "";
    for (let left = next(41); left > 0; left--) {
      if (next(6) === 0) {
        text += WHOLE[next(WHOLE.length)];
        continue;
      }
      const [low, high] = RANGES[next(RANGES.length)]!;
      const run = 1 + next(4);
      for (let i = 0; i < run; i++) text += String.fromCodePoint(low + next(high - low + 1));
    }
    return wellFormed(text);
  });
}

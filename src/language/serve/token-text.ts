/**
 * How a token is spelled in log-probabilities: its text behind another token, because some tokenisers leave out the space
 * before the first word of a text. A token that is a part of a character is spelled with U+FFFD.
 */
import type { Tokeniser } from "../tokenisers/index.ts";

const known = new WeakMap<Tokeniser, (id: number) => string>();

/** Text of single tokens; remembered, because the same tokens are asked for at every place. */
export function tokenText(tokeniser: Tokeniser): (id: number) => string {
  const found = known.get(tokeniser);
  if (found) return found;
  const before = anchorOf(tokeniser);
  const length = tokeniser.decode(before).length;
  const texts = new Map<number, string>();
  const text = (id: number): string => {
    let spelled = texts.get(id);
    if (spelled === undefined) texts.set(id, (spelled = tokeniser.decode([...before, id]).slice(length)));
    return spelled;
  };
  known.set(tokeniser, text);
  return text;
}

function anchorOf(tokeniser: Tokeniser): number[] {
  try {
    return [...tokeniser.encode("a")];
  } catch {
    return []; // A small alphabet without this letter: characters need no anchor.
  }
}

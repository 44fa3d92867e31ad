/**
 * Finds stop strings in text that comes in pieces, and holds back what may become one.
 *
 * The stop string that is complete first wins, and of those complete at the same character the longest: so the result
 * does not depend on where the pieces were cut, that is on the tokeniser.
 */

export interface StopFinder {
  /** The text that is certain now; `stopped` when a stop string was found behind it, and nothing more may be pushed. */
  push(text: string): { readonly text: string; readonly stopped: boolean };
  /** What was held back, when nothing more comes. */
  end(): string;
}

/** @param stops strings that end a text and are no part of it; none may be empty */
export function stopFinder(stops: readonly string[]): StopFinder {
  let held = "";
  return {
    push(text) {
      held += text;
      const cut = firstStop(held, stops);
      const stopped = cut !== undefined;
      const certain = cut ?? held.length - undecided(held, stops);
      const released = held.slice(0, certain);
      held = stopped ? "" : held.slice(certain);
      return { text: released, stopped };
    },
    end() {
      const rest = held;
      held = "";
      return rest;
    },
  };
}

/** Where the stop string begins that is complete first. */
function firstStop(text: string, stops: readonly string[]): number | undefined {
  let best: { start: number; end: number } | undefined;
  for (const stop of stops) {
    const start = text.indexOf(stop);
    if (start < 0) continue;
    const end = start + stop.length;
    if (!best || end < best.end || (end === best.end && start < best.start)) best = { start, end };
  }
  return best?.start;
}

/** Length of the longest end of the text that begins a stop string. */
function undecided(text: string, stops: readonly string[]): number {
  let longest = 0;
  for (const stop of stops) {
    for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(stop.slice(0, length))) {
        longest = length;
        break;
      }
    }
  }
  return longest;
}

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stopFinder } from "./stop.ts";

/** The definition, character by character, without holding anything back. */
function reference(text: string, stops: readonly string[]): { text: string; stopped: boolean } {
  for (let end = 1; end <= text.length; end++) {
    const here = stops.filter((stop) => text.slice(0, end).endsWith(stop));
    if (here.length > 0) return { text: text.slice(0, end - Math.max(...here.map((s) => s.length))), stopped: true };
  }
  return { text, stopped: false };
}

function run(pieces: readonly string[], stops: readonly string[]) {
  const finder = stopFinder(stops);
  const out: string[] = [];
  for (const piece of pieces) {
    const found = finder.push(piece);
    out.push(found.text);
    if (found.stopped) return { text: out.join(""), stopped: true, out };
  }
  return { text: out.join("") + finder.end(), stopped: false, out };
}

describe("stop strings", () => {
  test("are found across pieces, and their beginnings held back", () => {
    expect(run(["a\n", "\nUs", "e", "r:b"], ["\n\nUser:"])).toEqual({
      text: "a",
      stopped: true,
      out: ["a", "", "", ""],
    });
    expect(run(["a\n", "\nUs", "age"], ["\n\nUser:"])).toEqual({
      text: "a\n\nUsage",
      stopped: false,
      out: ["a", "", "\n\nUsage"],
    });
    expect(run(["ab"], ["bc"])).toEqual({ text: "ab", stopped: false, out: ["a"] });
  });

  test("of several, the first that is complete ends the text; of two at once the longest", () => {
    expect(run(["xabcd"], ["abcd", "bc"]).text).toBe("xa");
    expect(run(["xabc"], ["bc", "abc"]).text).toBe("x");
  });

  test("do not depend on how the text is cut", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 20 });
    const stop = fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 8 }), fc.array(stop, { maxLength: 4 }), (pieces, stops) => {
        const { text, stopped, out } = run(pieces, stops);
        expect({ text, stopped }).toEqual(reference(pieces.join(""), stops));
        // What was let out could not have become a stop string: it is a beginning of the result at every moment.
        expect(text.startsWith(out.join(""))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("hold back no more than they must", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 20 });
    const stop = fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(letters, fc.array(stop, { minLength: 1, maxLength: 3 }), (text, stops) => {
        const { text: out, stopped } = stopFinder(stops).push(text);
        if (stopped) return;
        const held = text.slice(out.length);
        expect(held === "" || stops.some((one) => one.startsWith(held))).toBe(true);
      }),
    );
  });
});

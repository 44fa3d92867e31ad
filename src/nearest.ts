/** "Did you mean ...": the names closest to a misspelt one, by edit distance (Levenshtein 1966). */

/** Up to `count` of `names`, closest first; names that share nothing with the word are left out. */
export function nearest(word: string, names: Iterable<string>, count = 3): string[] {
  return [...names]
    .map((name) => ({ name, distance: distanceOf(word.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, distance }) => distance < Math.max(word.length, name.length))
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, count)
    .map(({ name }) => name);
}

/** A sentence for an error's hint; lists all names where few exist. */
export function didYouMean(word: string, names: readonly string[]): string {
  if (names.length === 0) return "There are none.";
  const close = nearest(word, names);
  return names.length <= 8 || close.length === 0
    ? `Known: ${names.slice(0, 30).join(", ")}${names.length > 30 ? ", ..." : ""}.`
    : `Did you mean ${close.join(" or ")}?`;
}

/** The name that a mistyped word most likely means: at most a third of its letters differ. Undefined where none is. */
export function mistyped(word: string, names: readonly string[]): string | undefined {
  const [best] = nearest(word, names, 1);
  const within = best && Math.max(2, best.length / 3);
  return within && distanceOf(word.toLowerCase(), best.toLowerCase()) <= within ? best : undefined;
}

function distanceOf(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      row.push(Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    above = row;
  }
  return above[b.length]!;
}

/** Small parts of a training set, with the same share of every class. */
import { type ArrayDataset, countOf, take } from "../../data/dataset.ts";
import { fail } from "../../errors.ts";
import { type Key, random } from "../../tensor/index.ts";

/**
 * `count` examples drawn by the key, as equal in the classes as the number allows, in random order. All of them, in
 * their own order, when `count` is 0 or the set is no larger. @throws E_OPTION for fewer examples than classes
 */
export function balanced(dataset: ArrayDataset, count: number, key: Key): ArrayDataset {
  const { labels, classes, name } = dataset;
  if (count === 0 || count >= countOf(dataset)) return dataset;
  if (count < classes.length) {
    fail("E_OPTION", `${count} examples cannot hold the ${classes.length} classes of "${name}".`, "Use more of them.");
  }
  const order = random.permutation(random.fold(key, "subset"), labels.length);
  const byClass = classes.map((): number[] => []);
  for (const i of order) byClass[labels[i]!]!.push(i);
  const chosen: number[] = [];
  // One of each class in turn until enough: sizes differ by one at most, unless a class runs out.
  for (let round = 0; chosen.length < count; round++) {
    for (const members of byClass) {
      if (round < members.length && chosen.length < count) chosen.push(members[round]!);
    }
  }
  return take(dataset, chosen, `${name} (${count})`);
}

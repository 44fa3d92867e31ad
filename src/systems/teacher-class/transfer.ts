/**
 * Is the class a representation, not only a classifier? A new head for another task, trained on few labels, reads the
 * concatenated answers of the class, or the teacher's own embedding: the same head, the same labels.
 */
import type { ArrayDataset } from "../../data/dataset.ts";

/** Fashion-MNIST by what is worn where; class names as the catalogue has them. */
const CLOTHES: readonly (readonly [RegExp, string])[] = [
  [/t-shirt|pullover|coat|^shirt/i, "tops"],
  [/trouser/i, "trousers"],
  [/dress/i, "dresses"],
  [/sandal|sneaker|boot/i, "footwear"],
  [/bag/i, "bags"],
];

/**
 * The other task: super-classes, and to which of them each class belongs. Kinds of clothes where the classes are
 * clothes; elsewhere half as many groups of classes, class c in group c mod groups.
 */
export function superClasses(classes: readonly string[]): { readonly names: string[]; readonly of: Int32Array } {
  const clothes = classes.map((name) => CLOTHES.findIndex(([pattern]) => pattern.test(name)));
  if (clothes.every((group) => group >= 0))
    return { names: CLOTHES.map(([, name]) => name), of: Int32Array.from(clothes) };
  const groups = Math.max(2, Math.ceil(classes.length / 2));
  const of = Int32Array.from(classes, (_, c) => c % groups);
  const names = Array.from({ length: groups }, (_, g) => classes.filter((_, c) => of[c] === g).join(" or "));
  return { names, of };
}

/** Embeddings as examples; `labels` as given, or those of the other task. */
export function embeddedDataset(
  z: Float32Array,
  from: Pick<ArrayDataset, "name" | "labels" | "classes">,
  task: "same" | "other" = "same",
): ArrayDataset {
  const { name, labels, classes } = from;
  const other = superClasses(classes);
  return {
    name: `${name} (embedding)`,
    task: "classification",
    inputs: z,
    inputShape: [z.length / labels.length],
    labels: task === "same" ? labels : labels.map((label) => other.of[label]!),
    classes: task === "same" ? classes : other.names,
  };
}

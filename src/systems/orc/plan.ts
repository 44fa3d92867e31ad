/** The cells of a run: one pivot for all seeds, then every arm once per seed. */
import { seedsOf } from "../options.ts";
import type { Cell } from "../system.ts";
import type { GroupMethod } from "./group.ts";
import { type ArmKey, GROUPS, type Options, switchesOf, TITLES } from "./options.ts";

export type Task =
  /** Trains the pivot on the labels. */
  | { readonly kind: "pivot" }
  /** Goes on training the pivot alone, for as many steps as a group trains it. */
  | { readonly kind: "further"; readonly seed: number }
  /** Trains student `member` (0 is the target) on the labels, or by KD from what cell `by` has trained. */
  | { readonly kind: "student"; readonly seed: number; readonly member: number; readonly by: string | null }
  /** Trains a group. */
  | { readonly kind: "group"; readonly seed: number; readonly method: GroupMethod };

export const PIVOT = "pivot";
const FURTHER = "pivot trained further";
export const idOf = (arm: ArmKey | "orc" | "further", seed: number): string =>
  `${arm === "further" ? FURTHER : TITLES[arm]}, seed ${seed}`;
/** A network of the TAKD chain. */
export const assistantId = (member: number, seed: number): string => `assistant ${member}, seed ${seed}`;

/** The target learns last: peers from the last named (taken for the largest) to the first teach each other in turn. */
export const chainOf = ({ peers }: Pick<Options, "peers">): number[] => peers.map((_, i) => i + 1).reverse();

export function plan(o: Options): Cell<Task>[] {
  const arms = new Set(o.arms);
  const cells: Cell<Task>[] = [{ id: PIVOT, task: { kind: "pivot" } }];
  for (const seed of seedsOf(o)) {
    const student = (id: string, member: number, by: string | null): void => {
      cells.push({
        id,
        ...(by !== null && { needs: by === PIVOT ? [PIVOT] : [PIVOT, by] }),
        task: { kind: "student", seed, member, by },
      });
    };
    const group = (arm: ArmKey | "orc", method: GroupMethod): void => {
      cells.push({ id: idOf(arm, seed), needs: [PIVOT], task: { kind: "group", seed, method } });
    };
    // The long ones first: two processes then end at about the same time.
    group("orc", { kind: "orc", ...switchesOf(o) });
    for (const arm of o.arms.filter((a, i) => GROUPS[a] && o.arms.indexOf(a) === i))
      group(arm, GROUPS[arm]!(switchesOf(o)));
    if (arms.has("takd")) {
      let by = PIVOT;
      for (const member of chainOf(o)) {
        student(assistantId(member, seed), member, by);
        by = assistantId(member, seed);
      }
      student(idOf("takd", seed), 0, by);
    }
    if (arms.has("kd-further")) {
      cells.push({ id: idOf("further", seed), needs: [PIVOT], task: { kind: "further", seed } });
      student(idOf("kd-further", seed), 0, idOf("further", seed));
    }
    if (arms.has("kd")) student(idOf("kd", seed), 0, PIVOT);
    if (arms.has("ce")) student(idOf("ce", seed), 0, null);
  }
  return cells;
}

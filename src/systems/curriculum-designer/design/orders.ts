/**
 * Orders: in which sequence K classes (or tasks) are taught. All of them while there are few, a keyed sample when there
 * are many. In the protocol of the human experiment the first task holds two families: orders that differ only in
 * their first two entries are then one order, and the smaller entry stands first.
 */
import { fail } from "../../../errors.ts";
import { type Key, random } from "../../../tensor/index.ts";

/** Positions of classes: `[2, 0, 1]` teaches class 2 first. */
export type Order = readonly number[];

/** "[2, 0, 1]": the key under which the published logs keep an order. */
export const orderKey = (order: Order): string => `[${order.join(", ")}]`;

/** Number of different orders. */
export function orderCount(k: number, pairFirst = false): number {
  let count = 1;
  for (let i = 2; i <= k; i++) count *= i;
  return pairFirst && k >= 2 ? count / 2 : count;
}

/** All orders of 0..k-1, lexicographically. @throws E_OPTION for more than 8 (8! = 40,320) */
export function allOrders(k: number, pairFirst = false): Order[] {
  if (!Number.isInteger(k) || k < 1 || k > 8) {
    fail(
      "E_OPTION",
      `All orders of ${k} tasks were asked for; 1 to 8 can be listed.`,
      "Sample orders of longer lists.",
    );
  }
  const out: Order[] = [];
  const extend = (head: readonly number[]): void => {
    if (head.length === k) {
      out.push(head);
      return;
    }
    for (let c = 0; c < k; c++) if (!head.includes(c)) extend([...head, c]);
  };
  extend([]);
  return pairFirst ? out.filter((order) => sameAsCanonical(order)) : out;
}

/**
 * All orders where there are at most `limit`; else `limit` different ones drawn by the key, in lexicographic order.
 */
export function ordersFor(k: number, limit: number, key: Key, pairFirst = false): Order[] {
  if (k <= 8 && orderCount(k, pairFirst) <= limit) return allOrders(k, pairFirst);
  const found = new Map<string, Order>();
  for (let draw = 0; found.size < limit; draw++) {
    const order = canonical([...random.permutation(random.fold(key, draw), k)], pairFirst);
    found.set(orderKey(order), order);
  }
  return [...found.values()].sort(lexicographic);
}

/** The representative of an order: itself, or with its first two entries ascending. */
export function canonical(order: Order, pairFirst: boolean): Order {
  const [a, b, ...rest] = order;
  return pairFirst && b !== undefined && a! > b ? [b, a!, ...rest] : order;
}

const sameAsCanonical = (order: Order): boolean => order.length < 2 || order[0]! < order[1]!;

function lexicographic(a: Order, b: Order): number {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at < 0 ? 0 : a[at]! - b[at]!;
}

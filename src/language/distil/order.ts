/**
 * Which items a step sees: an endless walk through the data in which every epoch has each item once, in an order of its
 * own. A batch may begin in one epoch and end in the next, so no item is ever left over, whatever the batch size; arms
 * with 510 and 512 items then take the same number of equal steps.
 */
import { type Key, random } from "../../tensor/index.ts";

export interface Place {
  readonly epoch: number;
  /** From 0, below the number of items. */
  readonly item: number;
}

/** The places of a step's rows: a pure function of its arguments (the closure only remembers the last two orders). */
export function itemsOf(key: Key, items: number, batchSize: number): (step: number) => Place[] {
  const orders = new Map<number, Int32Array>();
  const orderOf = (epoch: number): Int32Array => {
    let order = orders.get(epoch);
    if (!order) {
      order = random.permutation(random.fold(key, epoch), items);
      for (const old of orders.keys()) if (Math.abs(old - epoch) > 1) orders.delete(old);
      orders.set(epoch, order);
    }
    return order;
  };
  return (step) =>
    Array.from({ length: batchSize }, (_, row) => {
      const walked = step * batchSize + row;
      const epoch = Math.floor(walked / items);
      return { epoch, item: orderOf(epoch)[walked % items]! };
    });
}

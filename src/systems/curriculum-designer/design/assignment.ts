/**
 * The linear assignment problem by shortest augmenting paths (Jonker & Volgenant 1987; the primal-dual form of the
 * Hungarian method): exact, O(n³), a few milliseconds for a hundred points.
 */
import { fail } from "../../../errors.ts";

export interface Assignment {
  /** Column of each row. */
  readonly columns: Int32Array;
  readonly cost: number;
}

/** Cheapest one-to-one assignment of `cost [n, n]`, row-major. @throws E_SHAPE */
export function assign(cost: Float64Array, n: number): Assignment {
  if (n < 1 || cost.length !== n * n) fail("E_SHAPE", `${cost.length} costs do not fill ${n} rows and columns.`);
  // Potentials of rows and columns; index 0 is a helper row/column, everything else is shifted by one.
  const u = new Float64Array(n + 1);
  const v = new Float64Array(n + 1);
  const rowOf = new Int32Array(n + 1);
  const way = new Int32Array(n + 1);
  for (let row = 1; row <= n; row++) {
    rowOf[0] = row;
    let column = 0;
    const least = new Float64Array(n + 1).fill(Number.POSITIVE_INFINITY);
    const used = new Uint8Array(n + 1);
    do {
      used[column] = 1;
      const at = rowOf[column]!;
      let delta = Number.POSITIVE_INFINITY;
      let best = 0;
      for (let j = 1; j <= n; j++) {
        if (used[j]) continue;
        const reduced = cost[(at - 1) * n + j - 1]! - u[at]! - v[j]!;
        if (reduced < least[j]!) {
          least[j] = reduced;
          way[j] = column;
        }
        if (least[j]! < delta) {
          delta = least[j]!;
          best = j;
        }
      }
      for (let j = 0; j <= n; j++) {
        if (used[j]) {
          u[rowOf[j]!]! += delta;
          v[j]! -= delta;
        } else least[j]! -= delta;
      }
      column = best;
    } while (rowOf[column] !== 0);
    while (column !== 0) {
      const before = way[column]!;
      rowOf[column] = rowOf[before]!;
      column = before;
    }
  }
  const columns = new Int32Array(n);
  let total = 0;
  for (let j = 1; j <= n; j++) {
    columns[rowOf[j]! - 1] = j - 1;
    total += cost[(rowOf[j]! - 1) * n + j - 1]!;
  }
  return { columns, cost: total };
}

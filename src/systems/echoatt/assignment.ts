/** The best one-to-one matching of heads: the Hungarian method in its O(n³) form with potentials (Kuhn 1955, Munkres 1957). */

/** gain f64 [n, n] -> partner[i], a permutation with the largest Σ gain[i, partner[i]]. */
export function bestMatching(gain: ArrayLike<number>, n: number): number[] {
  const cost = (i: number, j: number) => -gain[(i - 1) * n + j - 1]!;
  // Rows and columns from 1; 0 is the row or column that stands for none.
  const [u, v] = [new Float64Array(n + 1), new Float64Array(n + 1)];
  const rowOf = new Int32Array(n + 1);
  const before = new Int32Array(n + 1);
  for (let row = 1; row <= n; row++) {
    rowOf[0] = row;
    const least = new Float64Array(n + 1).fill(Number.POSITIVE_INFINITY);
    const used = new Uint8Array(n + 1);
    let column = 0;
    do {
      used[column] = 1;
      const from = rowOf[column]!;
      let [delta, next] = [Number.POSITIVE_INFINITY, 0];
      for (let j = 1; j <= n; j++) {
        if (used[j]) continue;
        const reduced = cost(from, j) - u[from]! - v[j]!;
        if (reduced < least[j]!) {
          least[j] = reduced;
          before[j] = column;
        }
        if (least[j]! < delta) [delta, next] = [least[j]!, j];
      }
      for (let j = 0; j <= n; j++) {
        if (used[j]) {
          u[rowOf[j]!] = u[rowOf[j]!]! + delta;
          v[j] = v[j]! - delta;
        } else least[j] = least[j]! - delta;
      }
      column = next;
    } while (rowOf[column] !== 0);
    for (; column !== 0; column = before[column]!) rowOf[column] = rowOf[before[column]!]!;
  }
  const partner = new Array<number>(n).fill(0);
  for (let j = 1; j <= n; j++) partner[rowOf[j]! - 1] = j - 1;
  return partner;
}

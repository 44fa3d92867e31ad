/** The user stopped the work: no failure, but not a result either. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

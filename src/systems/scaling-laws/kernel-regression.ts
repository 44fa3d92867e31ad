/**
 * The capacity gap in closed form (appendix C of the paper): kernel regression onto a target of n ones, a teacher with m
 * directions and a norm of at most `teacherNorm`, a student with as many directions as the target and a smaller norm.
 * The student's error is smallest for a teacher that is neither the weakest nor the strongest.
 */

export interface CapacityGap {
  /** Coefficients of the target, one per direction. */
  readonly target: readonly number[];
  readonly teacherNorm: number;
  readonly studentNorm: number;
  /** Directions of the student. */
  readonly directions: number;
}

/** Error of the student taught by a teacher of m directions. */
export function studentError({ target, teacherNorm, studentNorm, directions }: CapacityGap, m: number): number {
  const squares = (from: number, to: number) => target.slice(from, to).reduce((sum, a) => sum + a * a, 0);
  const teacher = Math.min(1, teacherNorm / Math.sqrt(squares(0, m)));
  const shared = Math.min(m, directions);
  const copied = teacher * Math.sqrt(squares(0, shared));
  const student = copied < studentNorm ? 1 : studentNorm / copied;
  return Math.sqrt((teacher * student - 1) ** 2 * squares(0, shared) + squares(shared, target.length));
}

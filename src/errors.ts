/**
 * The one error type that reaches users.
 *
 * Every message says what was given, what was expected and what to do; the code is stable, so that
 * scripts and tests can rely on it. Anything that is not a LyceumError is a bug of ours (exit code 1).
 */
export class LyceumError extends Error {
  override readonly name = "LyceumError";
  constructor(
    /** Stable identifier, for example `E_SHAPE`. */
    readonly code: string,
    /** What was given and what was expected, in one sentence each. */
    message: string,
    /** What the reader can do about it. */
    readonly hint?: string,
    options?: { cause?: unknown },
  ) {
    super(hint ? `${message} ${hint}` : message, options);
  }
}

/** Throws a {@link LyceumError}; as an expression it fits after `??` and in ternaries. */
export function fail(code: string, message: string, hint?: string, cause?: unknown): never {
  throw new LyceumError(code, message, hint, cause === undefined ? undefined : { cause });
}

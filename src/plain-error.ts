/** Errors as plain data: classes do not survive the way between processes. */
import { LyceumError } from "./errors.ts";

export interface PlainError {
  readonly message: string;
  /** Present when it was a LyceumError. */
  readonly code?: string;
  readonly hint?: string;
  readonly stack?: string;
}

export function flatten(error: unknown): PlainError {
  if (!(error instanceof Error)) return { message: String(error) };
  const { message, stack } = error;
  const base = { message, ...(stack && { stack }) };
  if (!(error instanceof LyceumError)) return base;
  const { code, hint } = error;
  // The message holds the hint already.
  const said = hint && message.endsWith(hint) ? message.slice(0, -hint.length).trimEnd() : message;
  return { ...base, message: said, code, ...(hint && { hint }) };
}

export function revive({ message, code, hint, stack }: PlainError): Error {
  const error = code ? new LyceumError(code, message, hint) : new Error(message);
  if (stack) error.stack = stack;
  return error;
}

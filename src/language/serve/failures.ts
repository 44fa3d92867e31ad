/** Errors as the OpenAI protocol tells them: a status, and `{ error: { message, type, param, code } }`. */
import type { ZodError } from "zod";
import { LyceumError } from "../../errors.ts";

export class ApiError extends Error {
  constructor(
    readonly status: 400 | 401 | 403 | 404 | 405 | 413 | 415 | 429 | 500 | 503,
    message: string,
    readonly details: {
      readonly param?: string;
      readonly code?: string;
      readonly headers?: Record<string, string>;
    } = {},
  ) {
    super(message);
  }

  get body() {
    const { param = null, code = null } = this.details;
    return { error: { message: this.message, type: TYPES[this.status] ?? "invalid_request_error", param, code } };
  }
}

const TYPES: Readonly<Partial<Record<ApiError["status"], string>>> = {
  401: "authentication_error",
  429: "rate_limit_error",
  500: "server_error",
  503: "server_error",
};

/** Errors of ours that a request can cause. Every other one is the server's. */
const CODES: Readonly<Record<string, string | undefined>> = {
  E_CONTEXT: "context_length_exceeded",
  E_PROMPT: undefined,
  E_CHAT: undefined,
  E_TOKEN: undefined,
  E_GENERATE: undefined,
};

/** What a client is told. Faults of the server are told without their words, which may quote files and data. */
export function apiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof LyceumError && Object.hasOwn(CODES, error.code)) {
    const code = CODES[error.code];
    return new ApiError(400, error.message, code === undefined ? {} : { code });
  }
  return new ApiError(500, "The server failed; its log says why.");
}

/** The first complaint of a schema, with the field that it is about. */
export function schemaError({ issues: [issue] }: ZodError): ApiError {
  const param = (issue?.path ?? []).map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`));
  const field = param.join("").replace(/^\./, "");
  return new ApiError(
    400,
    `${field || "The body"}: ${issue?.message ?? "not as expected"}.`,
    field ? { param: field } : {},
  );
}

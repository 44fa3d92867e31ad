/**
 * What each kind of failure means: one table for what to do next, whether to slow down and whether it may have cost
 * money. "perhaps" is what cannot be known from here: the endpoint may have worked, and billed, without being heard.
 */
import type { Endpoint } from "./endpoint.ts";
import type { Usage } from "./request.ts";
import { usageIn } from "./usage.ts";
import type { Wire } from "./wire.ts";

interface Policy {
  /** Ask again, give up this item, or stop the job, since no item can succeed. */
  readonly next: "retry" | "item" | "job";
  /** The endpoint has too much to do: fewer requests at once, and none before its Retry-After. */
  readonly slower: boolean;
  readonly billed: "no" | "perhaps";
}

export const FAILURES = {
  "rate limit": { next: "retry", slower: true, billed: "no" },
  overloaded: { next: "retry", slower: true, billed: "no" },
  "server error": { next: "retry", slower: false, billed: "no" },
  /** Something between here and the model gave up waiting; the model may not have. */
  gateway: { next: "retry", slower: true, billed: "perhaps" },
  /** Not heard in time: an overloaded server looks like this, and asking faster would make it worse. */
  timeout: { next: "retry", slower: true, billed: "perhaps" },
  unreachable: { next: "retry", slower: false, billed: "no" },
  "broken off": { next: "retry", slower: false, billed: "perhaps" },
  "bad body": { next: "retry", slower: false, billed: "perhaps" },
  refused: { next: "item", slower: false, billed: "no" },
  "not authorised": { next: "job", slower: false, billed: "no" },
  "no credit": { next: "job", slower: false, billed: "no" },
  /** By us: a signal. */
  stopped: { next: "job", slower: false, billed: "perhaps" },
} as const satisfies Record<string, Policy>;

export type FailureKind = keyof typeof FAILURES;

export interface Failure {
  readonly kind: FailureKind;
  /** For people, without the key. */
  readonly message: string;
  readonly status?: number;
  /** Milliseconds that the endpoint asks to wait. */
  readonly retryAfter?: number;
  /** What it cost, where the body said so. */
  readonly usage?: Usage;
  readonly billed: "no" | "known" | "perhaps";
}

const STATUS: Readonly<Record<number, FailureKind>> = {
  401: "not authorised",
  402: "no credit",
  403: "not authorised",
  408: "gateway",
  409: "server error",
  425: "server error",
  429: "rate limit",
  502: "gateway",
  503: "overloaded",
  504: "gateway",
  // Cloudflare's: the origin was reached and did not answer in time; overloaded, as Anthropic and others say it.
  520: "gateway",
  522: "gateway",
  524: "gateway",
  529: "overloaded",
};

/** Codes of a system that never got a connection: nothing was sent. */
const UNSENT = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|CERT|SSL/;

/** Why a request failed. `ended`: who ended it, if we did. `now`: milliseconds since 1970, for a Retry-After date. */
export function failureOf(
  { status, headers, body, complete, error }: Wire,
  { hide }: Endpoint,
  cause: unknown,
  ended: "timeout" | "stopped" | undefined,
  now: number,
): Failure {
  const make = (kind: FailureKind, said: string): Failure => {
    const usage = usageIn(body);
    const wait = retryAfter(headers, now);
    const message = hide(said.replace(/\s+/g, " ").trim()).slice(0, 500);
    return {
      kind,
      message,
      ...(status !== undefined && { status }),
      ...(wait !== undefined && { retryAfter: wait }),
      ...(usage && { usage }),
      billed: usage ? "known" : FAILURES[kind].billed,
    };
  };
  if (!complete && ended === "stopped") return make("stopped", "the request was stopped");
  if (!complete && ended === "timeout") return make("timeout", "no full answer in time");
  if (!complete) {
    const why = reasons(error ?? cause);
    const unsent = status === undefined && UNSENT.test(why);
    return unsent ? make("unreachable", why) : make("broken off", `the connection ended early (${why})`);
  }
  if (status === undefined || (status >= 200 && status < 300)) {
    return make("bad body", `the answer cannot be read: ${start(body)}`);
  }
  const { message, code } = saidIn(body);
  const kind = STATUS[status] ?? (status >= 500 ? "server error" : "refused");
  const empty = /insufficient_quota|billing_hard_limit|insufficient_balance/.test(code);
  return make(kind === "rate limit" && empty ? "no credit" : kind, `${status}: ${message || start(body)}`);
}

/** An error's message and code, in the shapes that endpoints send. */
function saidIn(body: string): { message: string; code: string } {
  try {
    const value = JSON.parse(body) as Record<string, unknown>;
    const inner = typeof value.error === "object" && value.error !== null ? value.error : value;
    const { message, code, type, detail } = inner as Record<string, unknown>;
    const said = message ?? (typeof value.error === "string" ? value.error : detail);
    return {
      message: typeof said === "string" ? said : said === undefined ? "" : JSON.stringify(said),
      code: `${code ?? ""} ${type ?? ""}`,
    };
  } catch {
    return { message: "", code: "" };
  }
}

const start = (body: string): string => (body.trim() === "" ? "it is empty" : JSON.stringify(body.slice(0, 200)));

/** Messages and codes of an error and of its causes: fetch hides the reason one level down. */
function reasons(error: unknown, depth = 0): string {
  if (!(error instanceof Error) || depth > 4) return "";
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const inner = error instanceof AggregateError ? error.errors[0] : error.cause;
  return [error.message, code, reasons(inner, depth + 1)].filter(Boolean).join("; ");
}

/** Milliseconds to wait: `retry-after-ms`, else `Retry-After` in seconds or as a date (RFC 9110, section 10.2.3). */
export function retryAfter(headers: Headers, now: number): number | undefined {
  const exact = headers.get("retry-after-ms");
  if (exact !== null && /^\d+(\.\d+)?$/.test(exact)) return Number(exact);
  const value = headers.get("retry-after")?.trim();
  if (!value) return undefined;
  if (/^\d+(\.\d+)?$/.test(value)) return 1000 * Number(value);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

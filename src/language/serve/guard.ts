/**
 * Who may come in. Without a token only this machine may: the server binds to loopback, and looks at the Host header, by
 * which a page on another site shows itself that made its own name point here (DNS rebinding).
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { isIPv4 } from "node:net";
import type { MiddlewareHandler } from "hono";
import { fail } from "../../errors.ts";
import { ApiError } from "./failures.ts";

/** 127.0.0.0/8, ::1 and localhost. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

/** @throws E_SERVE for an address that others can reach without a token, and for a token that no header can carry */
export function checkBinding(host: string, token: string | undefined): void {
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) {
    fail("E_SERVE", "The token is empty or holds spaces or other signs that no header carries.", "Choose another one.");
  }
  if (token === undefined && !isLoopback(host)) {
    fail(
      "E_SERVE",
      `The address "${host}" can be reached by others, and no token was given.`,
      "Give a token, or bind to 127.0.0.1.",
    );
  }
}

/** Only requests with the token pass; without one, only those to this machine's own name. */
export function guard(token: string | undefined): MiddlewareHandler {
  if (token === undefined) {
    return async (c, next) => {
      const host = new URL(c.req.url).hostname.replace(/^\[|\]$/g, "");
      if (!isLoopback(host)) {
        throw new ApiError(403, `This server answers to localhost only, not to "${host}".`, {
          code: "host_not_allowed",
        });
      }
      await next();
    };
  }
  const digest = (text: string) => createHash("sha256").update(text).digest();
  const expected = digest(token);
  return async (c, next) => {
    const [, given] = /^Bearer +(\S+) *$/i.exec(c.req.header("Authorization") ?? "") ?? [];
    // Digests have one length, so that the comparison takes the same time for every token.
    if (given === undefined || !timingSafeEqual(digest(given), expected)) {
      const message =
        given === undefined ? "The token is missing: Authorization: Bearer TOKEN." : "The token is wrong.";
      throw new ApiError(401, message, { code: "invalid_api_key", headers: { "WWW-Authenticate": "Bearer" } });
    }
    await next();
  };
}

/** What the command line and the process that computes say to each other. */
import type { PlainError } from "../plain-error.ts";

export type ToChild<Job> = { readonly kind: "start"; readonly job: Job } | { readonly kind: "stop" };

export type FromChild<Event> =
  | { readonly kind: "ready" }
  | { readonly kind: "event"; readonly event: Event }
  | { readonly kind: "done" }
  | { readonly kind: "stopped" }
  | { readonly kind: "failed"; readonly error: PlainError };

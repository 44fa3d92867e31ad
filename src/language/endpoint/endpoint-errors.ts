/** Sentences for the failures of an endpoint that end more than one item. */
import { LyceumError } from "../../errors.ts";
import type { Endpoint } from "./endpoint.ts";
import type { FailureKind } from "./failures.ts";

const bare = (message: string): string => message.replace(/\.$/, "");

/** The endpoint answers, but not to us: no key, the wrong one, or no credit. */
export function endpointShut({ url, model, variable }: Endpoint, kind: FailureKind, message: string): LyceumError {
  return kind === "no credit"
    ? new LyceumError(
        "E_ENDPOINT_QUOTA",
        `${url} takes no more requests for this account (${bare(message)}).`,
        "Look at the account's credit; then the same command goes on.",
      )
    : new LyceumError(
        "E_ENDPOINT_AUTH",
        `${url} does not accept the key (${bare(message)}).`,
        `Set ${variable} to a key that may use ${model}; then the same command goes on.`,
      );
}

export const endpointDown = ({ url }: Endpoint, items: number, message: string): LyceumError =>
  new LyceumError(
    "E_ENDPOINT_DOWN",
    `${url} failed for ${items === 1 ? "the request" : `${items} items in a row`}, after several tries (${bare(message)}).`,
    "See whether it runs; then the same command goes on, and asks again what failed.",
  );

export const allRefused = ({ url }: Endpoint, items: number, message: string): LyceumError =>
  new LyceumError(
    "E_ENDPOINT_REFUSED",
    `${url} refused ${items === 1 ? "the request" : `the first ${items} items`} (${bare(message)}).`,
    "Look at the name of the model and at the settings.",
  );

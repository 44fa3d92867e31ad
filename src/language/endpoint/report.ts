/** What a labelling job tells while it runs and at its end: plain data. */
import { type Bound, costOf, NOTHING, type Prices, type Spent } from "./cost.ts";
import type { FailureKind } from "./failures.ts";
import type { Answer, Sampling, Usage } from "./request.ts";

export interface FailedItem {
  readonly id: string;
  readonly sample: number;
  readonly kind: FailureKind;
  readonly message: string;
}

/** Counts of requests, tokens and money are of all runs in the folder; failures and seconds of the last one. */
export interface LabelReport {
  readonly version: 1;
  readonly teacher: string;
  /** Which models the endpoint says answered, and how often. */
  readonly models: Readonly<Record<string, number>>;
  readonly sampling: Sampling;
  readonly samples: number;
  /** Answers wanted: items times samples. `done` + `failed` + `waiting`. */
  readonly items: number;
  readonly done: number;
  readonly failed: number;
  /** Not asked, or not to the end, since the job stopped before. */
  readonly waiting: number;
  /** Of `done`: cut off by the limit of tokens. */
  readonly truncated: number;
  /** Of `done`: from the cache, at no cost. */
  readonly fromCache: number;
  readonly requests: number;
  /** Of `requests`: asked again after a failure. */
  readonly retries: number;
  /** As the endpoint counted, useless answers included. */
  readonly usage: Usage;
  /** Requests without a known bill: broken off, timed out, killed, or answered without usage. They may have cost this. */
  readonly unsettled: { readonly requests: number; readonly atMost: Bound; readonly moneyAtMost: number | null };
  /** Of `usage`. Null where the prices are not known. */
  readonly money: number | null;
  readonly currency: string | null;
  readonly stopped: "budget" | "error" | null;
  readonly seconds: number;
  readonly failures: readonly FailedItem[];
}

export type LabelEvent =
  | {
      readonly type: "started";
      readonly folder: string;
      readonly teacher: string;
      /** Answers wanted, and those that an earlier run has brought. */
      readonly items: number;
      readonly already: number;
    }
  | { readonly type: "warning"; readonly message: string }
  | {
      readonly type: "retry";
      readonly id: string;
      readonly sample: number;
      /** Of the try that failed, from 1, and how many there may be. */
      readonly attempt: number;
      readonly of: number;
      readonly kind: FailureKind;
      readonly message: string;
      readonly waitSeconds: number;
    }
  | {
      readonly type: "item";
      readonly state: "done";
      readonly id: string;
      readonly sample: number;
      readonly from: "teacher" | "cache";
      readonly finish: Answer["finish"];
    }
  | ({ readonly type: "item"; readonly state: "failed" } & FailedItem)
  | {
      readonly type: "progress";
      readonly done: number;
      readonly failed: number;
      readonly of: number;
      readonly requests: number;
      readonly usage: Usage;
      readonly money: number | null;
      /** Null before there is anything to judge by. */
      readonly secondsLeft: number | null;
    }
  /** The budget leaves no room for the next request; a "finished" follows. */
  | { readonly type: "budget"; readonly message: string }
  | { readonly type: "finished"; readonly report: LabelReport; readonly files: Readonly<Record<string, string>> };

/** The part of a report that is about money. */
export function bill(
  { requests, usage, unsettled }: Spent,
  prices: Prices | undefined,
): Pick<LabelReport, "requests" | "usage" | "unsettled" | "money" | "currency"> {
  return {
    requests,
    usage,
    unsettled: { ...unsettled, moneyAtMost: prices ? costOf({ ...NOTHING, ...unsettled.atMost }, prices) : null },
    money: prices ? costOf(usage, prices) : null,
    currency: prices?.currency ?? null,
  };
}

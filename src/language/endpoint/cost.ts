/**
 * What was spent, what it costs and whether more may be spent.
 *
 * Prices come from the user or not at all: a table of ours would be wrong soon. Each request reserves its upper bound
 * before it starts and settles at its end, so the budget holds whatever the answers turn out to be; what a request cost
 * that was never answered cannot be known and keeps its reservation.
 */
import type { Usage } from "./request.ts";

/** Money for a million tokens. */
export interface Prices {
  readonly input: number;
  /** Of input that the endpoint had in its cache; without it, the price of input. */
  readonly cachedInput?: number;
  readonly output: number;
  readonly currency?: string;
}

/** What a job may spend at most, in all of its runs. */
export interface Budget {
  readonly money?: number;
  /** Input and output. */
  readonly tokens?: number;
  readonly requests?: number;
}

export interface Bound {
  readonly input: number;
  readonly output: number;
}

export const NOTHING: Usage = { input: 0, cached: 0, output: 0, reasoning: 0 };

export const addUsage = (a: Usage, b: Usage): Usage => ({
  input: a.input + b.input,
  cached: a.cached + b.cached,
  output: a.output + b.output,
  reasoning: a.reasoning + b.reasoning,
});

/** Money for tokens. */
export function costOf({ input, cached, output }: Usage, prices: Prices): number {
  const read = prices.cachedInput ?? prices.input;
  return ((input - cached) * prices.input + cached * read + output * prices.output) / 1e6;
}

/** Nothing of the input is cached and all of the output is used: the most that a request can cost. */
const atMost = ({ input, output }: Bound): Usage => ({ ...NOTHING, input, output });

export interface Account {
  /** True when the bound fits; waits while requests in flight may still settle below theirs. */
  reserve(bound: Bound): Promise<boolean>;
  /** Ends a reservation: with what was used, or undefined where nobody can know. */
  settle(bound: Bound, used: Usage | undefined): void;
  /** Gives a reservation back: its request was never sent. */
  cancel(bound: Bound): void;
  readonly spent: Spent;
}

export interface Spent {
  readonly requests: number;
  /** As the endpoint counted. */
  readonly usage: Usage;
  /** Requests that may have been billed without our knowing, and what they can have used at most. */
  readonly unsettled: { readonly requests: number; readonly atMost: Bound };
}

export function openAccount(before: Spent, budget: Budget = {}, prices?: Prices): Account {
  let spent = before;
  let flying: Bound[] = [];
  let wake: (() => void)[] = [];
  const fits = (bound: Bound): boolean => {
    const bounds = [...flying, spent.unsettled.atMost, bound].map(atMost);
    const most = bounds.reduce(addUsage, spent.usage);
    if (budget.requests !== undefined && spent.requests + flying.length + 1 > budget.requests) return false;
    if (budget.tokens !== undefined && most.input + most.output > budget.tokens) return false;
    return budget.money === undefined || prices === undefined || costOf(most, prices) <= budget.money;
  };
  const land = (bound: Bound) => {
    flying = flying.filter((one) => one !== bound);
    const waiting = wake;
    wake = [];
    for (const one of waiting) one();
  };
  return {
    cancel: land,
    get spent() {
      return spent;
    },
    reserve: async (bound) => {
      while (!fits(bound)) {
        if (flying.length === 0) return false;
        await new Promise<void>((resolve) => wake.push(resolve));
      }
      flying.push(bound);
      return true;
    },
    settle: (bound, used) => {
      const { requests, usage, unsettled } = spent;
      spent = {
        requests: requests + 1,
        usage: used ? addUsage(usage, used) : usage,
        unsettled: used
          ? unsettled
          : {
              requests: unsettled.requests + 1,
              atMost: {
                input: unsettled.atMost.input + bound.input,
                output: unsettled.atMost.output + bound.output,
              },
            },
      };
      land(bound);
    },
  };
}

import fc from "fast-check";
import { expect, test } from "vitest";
import { costOf, NOTHING, openAccount, type Spent } from "./cost.ts";

const fresh: Spent = { requests: 0, usage: NOTHING, unsettled: { requests: 0, atMost: { input: 0, output: 0 } } };

test("money: cached input at its own price, thinking is output", () => {
  const usage = { input: 1_000_000, cached: 400_000, output: 200_000, reasoning: 150_000 };
  expect(costOf(usage, { input: 2, cachedInput: 0.5, output: 10 })).toBeCloseTo(1.2 + 0.2 + 2, 12);
  expect(costOf(usage, { input: 2, output: 10 })).toBeCloseTo(4, 12);
});

test("a reservation waits for those in flight, and is refused only when none is left to settle", async () => {
  const account = openAccount(fresh, { tokens: 100 });
  const [a, b, c] = [1, 2, 3].map(() => ({ input: 20, output: 30 })) as [never, never, never];
  expect(await account.reserve(a)).toBe(true);
  expect(await account.reserve(b)).toBe(true);
  let third: boolean | undefined;
  const waiting = account.reserve(c).then((yes) => (third = yes));
  await Promise.resolve();
  expect(third).toBeUndefined();
  account.settle(a, { ...NOTHING, input: 10, output: 10 });
  await new Promise((go) => setImmediate(go));
  // 20 used and 50 reserved: another 50 do not fit yet.
  expect(third).toBeUndefined();
  account.settle(b, { ...NOTHING, input: 15, output: 15 });
  await waiting;
  expect(third).toBe(true);
  account.settle(c, undefined);
  // Nobody knows what c cost: its 50 stay, beside the 50 that were used.
  expect(await account.reserve({ input: 1, output: 0 })).toBe(false);
  expect(account.spent).toEqual({
    requests: 3,
    usage: { ...NOTHING, input: 25, output: 25 },
    unsettled: { requests: 1, atMost: { input: 20, output: 30 } },
  });
});

test("a cancelled reservation leaves nothing behind", async () => {
  const account = openAccount(fresh, { requests: 1 });
  const bound = { input: 1, output: 1 };
  expect(await account.reserve(bound)).toBe(true);
  account.cancel(bound);
  expect(await account.reserve({ ...bound })).toBe(true);
  expect(account.spent.requests).toBe(0);
});

test("whatever is answered, the budget holds", async () => {
  const request = fc.record({
    input: fc.nat(50),
    output: fc.nat(50),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    known: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(request, { maxLength: 40 }),
      fc.integer({ min: 1, max: 1000 }),
      async (requests, cents) => {
        const prices = { input: 1e4, output: 3e4 };
        const account = openAccount(fresh, { money: cents / 100 }, prices);
        let worst = 0;
        for (const { input, output, share, known } of requests) {
          const bound = { input, output };
          if (!(await account.reserve(bound))) continue;
          const used = { ...NOTHING, input: Math.floor(input * share), output: Math.floor(output * share) };
          worst += costOf(known ? used : { ...NOTHING, ...bound }, prices);
          account.settle(bound, known ? used : undefined);
        }
        expect(worst).toBeLessThanOrEqual(cents / 100 + 1e-9);
      },
    ),
  );
});

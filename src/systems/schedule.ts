/** The order of work: every cell as soon as what it needs is there and the pool has room. */
import { fail } from "../errors.ts";
import type { SystemEvent } from "./events.ts";
import { type Pool, processors } from "./pool.ts";
import type { Cell } from "./system.ts";

/** @throws E_PLAN for a plan that cannot be carried out */
export function checkPlan(plan: readonly Cell[]): void {
  const before = new Set<string>();
  for (const { id, needs = [] } of plan) {
    if (before.has(id)) fail("E_PLAN", `Two cells are called "${id}".`);
    const missing = needs.find((need) => !before.has(need));
    if (missing !== undefined) fail("E_PLAN", `"${id}" needs "${missing}", which does not stand before it.`);
    before.add(id);
  }
  if (plan.length === 0) fail("E_PLAN", "There is nothing to do.");
}

/**
 * Threads of each cell: a cell that nothing can stand beside (the teacher that all wait for) gets all processors. From
 * the plan alone, so that a run does not depend on what happened to be ready when.
 */
export function threadsOf(plan: readonly Cell[], size: number, all = processors()): ReadonlyMap<string, number> {
  const depth = new Map<string, number>();
  const width = new Map<number, number>();
  for (const { id, needs = [] } of plan) {
    const level = 1 + Math.max(0, ...needs.map((need) => depth.get(need)!));
    depth.set(id, level);
    width.set(level, (width.get(level) ?? 0) + 1);
  }
  const share = (level: number) => Math.max(1, Math.floor(all / Math.min(size, width.get(level)!)));
  return new Map(plan.map(({ id }) => [id, share(depth.get(id)!)]));
}

/** Works on what is not in `finished`. The first failure stops everything. @throws what a cell throws, E_STOPPED */
export async function* schedule(
  plan: readonly Cell[],
  finished: ReadonlySet<string>,
  pool: Pool,
  signal?: AbortSignal,
): AsyncGenerator<SystemEvent, void> {
  const done = new Set(finished);
  const threads = threadsOf(plan, pool.size);
  const waiting = plan.filter(({ id }) => !done.has(id));
  const news: SystemEvent[] = [];
  let running = 0;
  let failure: { error: unknown } | undefined;
  let wake = () => {};

  const begin = async (cell: Cell): Promise<void> => {
    running++;
    news.push({ type: "cell", cell: cell.id, state: "begins" });
    try {
      for await (const event of pool.work(cell, threads.get(cell.id)!)) {
        news.push({ type: "within", cell: cell.id, event });
        wake();
      }
      done.add(cell.id);
      news.push({ type: "cell", cell: cell.id, state: "ends" });
    } catch (error) {
      failure ??= { error };
    } finally {
      running--;
      wake();
    }
  };

  while (!failure && (running > 0 || (waiting.length > 0 && !signal?.aborted))) {
    while (running < pool.size && !signal?.aborted) {
      const next = waiting.findIndex(({ needs = [] }) => needs.every((need) => done.has(need)));
      if (next < 0) break;
      void begin(waiting.splice(next, 1)[0]!);
    }
    if (news.length === 0 && !failure && running > 0) await new Promise<void>((resolve) => (wake = resolve));
    while (news.length > 0) yield news.shift()!;
  }
  while (news.length > 0) yield news.shift()!;
  if (failure) throw failure.error;
  if (waiting.length > 0)
    fail("E_STOPPED", `Stopped with ${waiting.length} parts to do.`, "The finished ones are kept.");
}

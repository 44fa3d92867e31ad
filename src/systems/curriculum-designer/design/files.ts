/**
 * Files: a curriculum as JSON, and results of learners in the layout of the published logs, a map from an order
 * ("[0, 1, 2, 3, 4]") to the lists a_1..a_K ("avg") and t_1..t_K ("t1").
 */
import { z } from "zod";
import { fail } from "../../../errors.ts";
import type { Curves } from "../measures/outcome.ts";
import { type Order, orderKey } from "./orders.ts";
import { type Design, scoreOf, type Terms, termsOf } from "./score.ts";

export interface Curriculum {
  readonly classes: readonly string[];
  /** Positions in `classes`. */
  readonly order: Order;
  readonly score: number;
  readonly terms: Terms;
}

export function curriculumOf(design: Design, classes: readonly string[], order: Order): Curriculum {
  return { classes, order, score: scoreOf(design, order), terms: termsOf(design, order) };
}

const CurriculumFile = z.object({
  classes: z.array(z.string()).min(1),
  order: z.array(z.number().int().nonnegative()),
  score: z.number(),
  terms: z.object({ start: z.number(), next: z.array(z.number()), end: z.array(z.number()) }),
});

export const writeCurriculum = (curriculum: Curriculum): string => `${JSON.stringify(curriculum, null, 2)}\n`;

/** @throws E_CURRICULUM */
export function readCurriculum(text: string): Curriculum {
  const value = CurriculumFile.safeParse(json(text, "The curriculum"));
  if (!value.success)
    return fail(
      "E_CURRICULUM",
      `The curriculum has a wrong ${value.error.issues[0]!.path.join(".")}.`,
      "Expected classes, order, score and terms.",
    );
  const { classes, order } = value.data;
  if (
    order.length !== classes.length ||
    new Set(order).size !== classes.length ||
    Math.max(...order) >= classes.length
  ) {
    fail("E_CURRICULUM", `The order [${order}] does not name each of ${classes.length} classes once.`);
  }
  return value.data;
}

/** Results by order. */
export type Results = ReadonlyMap<string, Curves>;

export function writeResults(orders: readonly Order[], curves: readonly Curves[]): Record<string, Curves> {
  return Object.fromEntries(
    orders.map((order, i) => [orderKey(order), { avg: [...curves[i]!.avg], t1: [...curves[i]!.t1] }]),
  );
}

const Store = z.record(
  z.string(),
  z.object({ avg: z.array(z.number().min(0).max(1)).min(1), t1: z.array(z.number().min(0).max(1)).min(1) }),
);

/** One store, or several under their learners' names. Keys may leave out the blanks. @throws E_CURRICULUM */
export function readResults(text: string): ReadonlyMap<string, Results> {
  const value = json(text, "The results");
  const object =
    typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
  const single = Object.keys(object).some((key) => key.trim().startsWith("["));
  return new Map(
    Object.entries(single ? { results: object } : object).map(([name, store]) => {
      const parsed = Store.safeParse(store);
      if (!parsed.success) {
        const [issue] = parsed.error.issues;
        fail(
          "E_CURRICULUM",
          `The results of "${name}" have a wrong ${issue!.path.join(".")} (${issue!.message}).`,
          'Expected { "[0, 1, 2]": { "avg": [...], "t1": [...] } } with shares from 0 to 1.',
        );
      }
      return [
        name,
        new Map(Object.entries(parsed.data!).map(([key, curves]) => [orderKey(orderFrom(key)), checked(key, curves)])),
      ];
    }),
  );
}

function checked(key: string, curves: Curves): Curves {
  if (curves.avg.length !== curves.t1.length)
    fail(
      "E_CURRICULUM",
      `The results of ${key} have ${curves.avg.length} and ${curves.t1.length} entries.`,
      "Both lists have one per task.",
    );
  return curves;
}

/** "[0, 1, 2]" as an order. @throws E_CURRICULUM */
export function orderFrom(key: string): Order {
  const value = json(key, `The order "${key}"`);
  if (!Array.isArray(value) || value.length === 0 || [...value].sort((a, b) => a - b).some((c, i) => c !== i)) {
    fail("E_CURRICULUM", `The order "${key}" is not a list of 0, 1, 2, ... each once.`);
  }
  return value as Order;
}

function json(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    return fail("E_CURRICULUM", `${what} is not JSON.`, undefined, cause);
  }
}

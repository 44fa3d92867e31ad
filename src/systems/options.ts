/**
 * Options of systems: one zod schema gives the defaults, the checks, the flags of the command line and their help.
 */
import { z } from "zod";
import { fail } from "../errors.ts";
import { didYouMean } from "../nearest.ts";
import type { System } from "./system.ts";

/** Options that most systems share; spread them into a schema and override what differs. */
export const common = {
  data: z
    .string()
    .min(1)
    .default("drawn-digits")
    .describe("a name from lyceum data list, or a folder or file of yours"),
  seeds: z
    .number()
    .int()
    .min(1)
    .max(100)
    .default(3)
    .describe("repeat with so many seeds; three or more give intervals"),
} as const;

/** The seeds of a run: 1, 2, ... */
export const seedsOf = ({ seeds }: { readonly seeds: number }): number[] =>
  Array.from({ length: seeds }, (_, i) => i + 1);

export type Preset = "quick" | "full";

/**
 * Settled options: what was given over the preset over the defaults.
 * @throws E_OPTION naming the first wrong option, what it got and what was expected
 */
export function settleOptions<O>(
  system: System<O, never>,
  given: Readonly<Record<string, unknown>>,
  preset?: Preset,
): O {
  const known = flagsOf(system).map((flag) => flag.key);
  const stranger = Object.keys(given).find((key) => !known.includes(key));
  if (stranger !== undefined) {
    fail("E_OPTION", `${system.name} has no option "${stranger}".`, didYouMean(stranger, known));
  }
  const defined = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const result = system.options.safeParse({ ...(preset && system[preset]), ...defined });
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const key = String(issue!.path[0] ?? "");
  return fail(
    "E_OPTION",
    `Option "${key}" of ${system.name} is ${JSON.stringify(defined[key])}: ${issue!.message}.`,
    `lyceum run ${system.name} --help says what it takes.`,
  );
}

export interface Flag {
  readonly key: string;
  /** "--max-steps <number>" */
  readonly flag: string;
  readonly help: string;
  readonly kind: "number" | "text" | "numbers" | "texts" | "switch";
  readonly default: unknown;
  readonly choices?: readonly string[];
}

interface Property {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly items?: Property;
}

/** The flags of a system, in the order of its schema. */
export function flagsOf(system: { readonly options: z.ZodType }): Flag[] {
  const { properties = {} } = z.toJSONSchema(system.options, { io: "input" }) as {
    properties?: Record<string, Property>;
  };
  return Object.entries(properties).map(([key, property]) => {
    const kind = kindOf(property);
    const name = `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    const choices = property.enum ?? property.items?.enum;
    const value = { number: " <n>", numbers: " <n,n>", text: " <name>", texts: " <name,name>", switch: "" }[kind];
    return {
      key,
      kind,
      flag: `${name}${value}`,
      help: `${property.description ?? ""}${choices ? `${property.description ? ": " : ""}${choices.join(", ")}` : ""}`,
      default: property.default,
      ...(choices && { choices }),
    };
  });
}

function kindOf({ type, items }: Property): Flag["kind"] {
  if (type === "boolean") return "switch";
  if (type === "array") return items?.type === "number" || items?.type === "integer" ? "numbers" : "texts";
  return type === "number" || type === "integer" ? "number" : "text";
}

/** What was typed after a flag, as the schema wants it; numbers that are none stay text and the schema refuses them. */
export function readFlag({ kind }: Pick<Flag, "kind">, text: string | boolean): unknown {
  if (typeof text === "boolean") return text;
  const number = (part: string): unknown => (part.trim() === "" || Number.isNaN(Number(part)) ? part : Number(part));
  const parts = () => text.split(",").map((part) => part.trim());
  return {
    number: () => number(text),
    numbers: () => parts().map(number),
    texts: parts,
    text: () => text,
    switch: () => text,
  }[kind]();
}

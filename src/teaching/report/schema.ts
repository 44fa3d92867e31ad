/**
 * The report: one schema for every system, so that tables, pages and the studio read all of them alike.
 *
 * Conventions: shares (accuracy, agreement, ...) are fractions from 0 to 1 with unit "share" and are only
 * turned into per cent when shown; a difference is always a minus b, paired by seed; numbers are finite
 * (JSON has no NaN: leave a diverged point out and say so in `notes`).
 */
import { z } from "zod";
import { fail } from "../../errors.ts";

const finite = z.number();
const count = z.number().int().nonnegative();
const share = z.number().min(0).max(1);
const text = z.string().min(1);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "expected 64 lower-case hexadecimal digits");

/** 95 % interval, lower end first. */
const Interval = z.tuple([finite, finite]).refine(([low, high]) => low <= high, "the lower end comes first");

export const Measurement = z
  .object({
    /** One value per seed; a frozen teacher that no seed changes is measured once. */
    values: z.array(finite).min(1),
    mean: finite,
    /** Student-t interval over the seeds; null with fewer than two. */
    ci95: Interval.nullable(),
    unit: z.string(),
  })
  .refine((m) => m.values.length >= 2 || m.ci95 === null, "one seed has no interval over seeds: ci95 must be null");
export type Measurement = z.infer<typeof Measurement>;

export const MetricDefinition = z.object({
  label: text,
  unit: z.string(),
  better: z.enum(["higher", "lower"]),
  /** The definition that the report prints, with formula or source where a word is not enough. */
  text,
});
export type MetricDefinition = z.infer<typeof MetricDefinition>;

export const Arm = z.object({
  name: text,
  role: z.enum(["teacher", "student", "baseline", "oracle"]),
  /** Trainable numbers; null when nobody can know (a remote model). */
  params: count.nullable(),
  /** Floating-point operations of one forward pass on one example; null when unknown. */
  flops: z.number().nonnegative().nullable(),
  metrics: z.record(text, Measurement),
  /** Wall time spent on training this arm, summed over seeds; 0 when it came trained. */
  seconds: z.number().nonnegative(),
  /** Median wall time of one forward pass on one example, milliseconds. */
  latencyMs: z.number().positive().optional(),
  file: z.object({ name: text, bytes: count, sha256: sha256.optional() }).optional(),
});
export type Arm = z.infer<typeof Arm>;

export const Comparison = z.object({
  id: text,
  /** Names of arms. */
  a: text,
  b: text,
  metric: text,
  /** a minus b, one per seed. */
  values: z.array(finite).min(1),
  mean: finite,
  ci95: Interval.nullable(),
  unit: z.string(),
  /** What the interval ranges over: seeds (default), or the test examples of a single seed. */
  basis: z.enum(["seeds", "examples"]).optional(),
  /** About a, in the good direction of the metric. */
  verdict: z.enum(["better", "worse", "inconclusive"]),
});
export type Comparison = z.infer<typeof Comparison>;

const Axis = z.object({ label: text, unit: z.string() });
export const Series = z.object({
  /** What is drawn, for example "validation accuracy"; series with one name share a panel. */
  name: text,
  arm: text,
  seed: z.number().int(),
  /** A metric name: lets the panel show the teacher's final value as a reference line. */
  metric: text.optional(),
  x: Axis,
  y: Axis,
  points: z.array(z.tuple([finite, finite])),
});
export type Series = z.infer<typeof Series>;

export const ClaimResult = z.object({
  id: text,
  text,
  /** What the paper reports. */
  paper: text,
  criterion: text,
  measured: text,
  verdict: z.enum(["holds", "fails", "inconclusive"]),
  why: text.optional(),
});
export type ClaimResult = z.infer<typeof ClaimResult>;

const ClassRow = z.object({
  class: z.string(),
  teacher: share.nullable(),
  student: share,
  baseline: share.nullable(),
  /** Test examples of this class. */
  support: count,
});
export type ClassRow = z.infer<typeof ClassRow>;

const Picture = z
  .string()
  .regex(/^data:image\/png;base64,[A-Za-z0-9+/]+=*$/, "expected a data:image/png;base64 address");

const Prediction = z.object({ label: z.string(), confidence: share });
const Example = z.object({
  kind: z.literal("disagreement"),
  image: Picture,
  label: z.string(),
  teacher: Prediction,
  student: Prediction,
  baseline: Prediction.nullable(),
});
export type Example = z.infer<typeof Example>;

/** Reliability of one arm: what it said (mean confidence) against what came true, per bin of confidence. */
const Calibration = z.object({
  arm: text,
  bins: z.array(z.object({ confidence: share, accuracy: share, count })),
});
export type Calibration = z.infer<typeof Calibration>;

const Points = z.array(z.tuple([finite, finite]));
const drawn = { id: text, title: text, caption: text };
/** The method's own pictures: what no general section shows. Data, not drawings: the page draws them. */
export const Figure = z.discriminatedUnion("kind", [
  z.object({
    ...drawn,
    kind: z.literal("lines"),
    x: Axis,
    y: Axis,
    lines: z.array(z.object({ name: text, points: Points })),
  }),
  z.object({
    ...drawn,
    kind: z.literal("scatter"),
    x: Axis,
    y: Axis,
    groups: z.array(z.object({ name: text, points: Points })),
  }),
  /** One bar per name and group, with an interval where there is one; the groups stand in panels of their own. */
  z.object({
    ...drawn,
    kind: z.literal("bars"),
    value: Axis,
    bars: z.array(z.object({ group: text.optional(), name: text, value: finite, ci95: Interval.nullable() })),
  }),
  /** Shares of a whole over x: `layers[i].values[j]` belongs to `at[j]`; the layers add up to 1. */
  z.object({
    ...drawn,
    kind: z.literal("shares"),
    x: Axis,
    at: z.array(finite),
    layers: z.array(z.object({ name: text, values: z.array(share) })),
  }),
  /** Rows of small pictures with a word below each. */
  z.object({
    ...drawn,
    kind: z.literal("pictures"),
    rows: z.array(
      z.object({ label: z.string(), pictures: z.array(z.object({ image: Picture, caption: z.string() })) }),
    ),
  }),
  /** Numbers are shown with four significant digits. */
  z.object({
    ...drawn,
    kind: z.literal("table"),
    columns: z.array(z.string()),
    rows: z.array(z.array(z.union([z.string(), finite]))),
  }),
]);
export type Figure = z.infer<typeof Figure>;

const Environment = z.object({
  node: text,
  platform: text,
  cpu: text,
  cores: z.number().int().positive(),
  engine: text,
  lyceum: text,
});
export type Environment = z.infer<typeof Environment>;

export const Report = z
  .object({
    system: text,
    version: text,
    options: z.record(z.string(), z.unknown()).refine(isJson, "options must be plain JSON (no functions, no cycles)"),
    /** What came out, in a sentence, where teacher, student and baseline do not tell it. */
    headline: text.optional(),
    seeds: z.array(z.number().int()).min(1),
    /** ISO 8601, given by the caller: nothing in here reads the clock. */
    created: z.iso.datetime({ offset: true }),
    /** What to type to get this report again. */
    command: text.optional(),
    data: z.object({
      name: text,
      sha256,
      splits: z.object({ train: count, validation: count, test: count }),
      licence: text.optional(),
    }),
    environment: Environment,
    arms: z.array(Arm).min(1),
    comparisons: z.array(Comparison),
    series: z.array(Series),
    claims: z.array(ClaimResult),
    perClass: z.array(ClassRow),
    calibration: z.array(Calibration).optional(),
    examples: z.array(Example),
    notes: z.array(text),
    figures: z.array(Figure).optional(),
    /** Further results of the method as plain JSON, for claims and for machines. */
    values: z.record(text, z.unknown()).optional(),
    /** Metrics that the registry in metrics.ts does not know; they win over it. */
    definitions: z.record(text, MetricDefinition).optional(),
  })
  .superRefine((report, context) => {
    const names = new Set(report.arms.map((arm) => arm.name));
    if (names.size < report.arms.length)
      context.addIssue({ code: "custom", path: ["arms"], message: "two arms share a name" });
    const known = (name: string, path: (string | number)[]) => {
      if (!names.has(name)) context.addIssue({ code: "custom", path, message: `there is no arm "${name}"` });
    };
    for (const [i, c] of report.comparisons.entries()) {
      known(c.a, ["comparisons", i, "a"]);
      known(c.b, ["comparisons", i, "b"]);
    }
    for (const [i, s] of report.series.entries()) known(s.arm, ["series", i, "arm"]);
    for (const [i, c] of (report.calibration ?? []).entries()) known(c.arm, ["calibration", i, "arm"]);
  });
export type Report = z.infer<typeof Report>;

/** Checks a value (of a file, of a system) and returns the report. @throws E_REPORT naming each wrong field */
export function parseReport(value: unknown): Report {
  const result = Report.safeParse(value);
  if (result.success) return result.data;
  const shown = result.error.issues.slice(0, 5).map((issue) => `${path(issue.path)}: ${issue.message}`);
  const rest = result.error.issues.length - shown.length;
  if (rest > 0) shown.push(`and ${rest} more`);
  return fail(
    "E_REPORT",
    `This is not a valid report: ${shown.join("; ")}.`,
    "Correct these fields; src/teaching/report/schema.ts says what each one holds.",
  );
}

function isJson(value: unknown): boolean {
  try {
    JSON.stringify(value, (_, inner) => {
      if (typeof inner === "function" || typeof inner === "symbol") throw new TypeError("not JSON");
      return inner as unknown;
    });
    return true;
  } catch {
    return false;
  }
}

function path(keys: readonly PropertyKey[]): string {
  return (
    keys.map((key, i) => (typeof key === "number" ? `[${key}]` : `${i ? "." : ""}${String(key)}`)).join("") || "report"
  );
}

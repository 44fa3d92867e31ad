/**
 * The contract of a system: a published method as a table of options, a list of cells, the work of one cell, what
 * follows from all of them, and claims that code judges.
 *
 * A cell is a unit of work described by plain JSON ("the student of arm kd++ with seed 3"). Cells run in any process
 * and in any order that respects `needs`; what a cell found is one sealed file in the run folder. So running arms in
 * parallel, and going on with a half-finished run, are no concern of a method.
 */
import type { z } from "zod";
import type { Split } from "../data/dataset.ts";
import type { Model } from "../nn/index.ts";
import type { LessonEvent } from "../teaching/events.ts";
import type { ClaimResult, Report } from "../teaching/report/schema.ts";
import type { LessonLog } from "../teaching/steps.ts";
import type { Teacher } from "../teaching/teacher.ts";

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

export interface Paper {
  readonly title: string;
  readonly authors: string;
  /** Venue and year: "ICCV 2023". */
  readonly venue: string;
}

export interface Cell<T = Json> {
  /** Unique in its run, readable: "kd++ 2, seed 3". */
  readonly id: string;
  /** Cells whose outcomes this one reads; they stand before it in the plan. */
  readonly needs?: readonly string[];
  /** Plain JSON: it travels between processes. */
  readonly task: T;
}

/** What a cell found. Everything that decides later results must be in here: nothing else survives the process. */
export interface Outcome {
  /** Named numbers; those with the names of the report's metrics become metrics of arms. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Of the network that was trained or measured. */
  readonly params?: number;
  readonly flops?: number;
  /** Of training; the time of the whole cell where not given. */
  readonly seconds?: number;
  /** Curves. */
  readonly log?: LessonLog;
  /** Counts, lists, pictures: whatever else is plain JSON. */
  readonly facts?: { readonly [key: string]: Json };
  /** Parameters, maps, answers. */
  readonly arrays?: Readonly<Record<string, Float32Array>>;
}

/** What a user brings instead of names; such a run stays in one process. */
export interface Own {
  readonly data?: Split;
  readonly teacher?: Teacher;
  readonly student?: Model;
}

/** What a cell works with. */
export interface Bench<O> {
  readonly options: O;
  readonly data: Split;
  readonly own: Own;
  /** A folder of the cell's own, for checkpoints; it goes when the cell is done. */
  readonly folder: string;
  /** Root of the teacher store. */
  readonly store: string;
  /** Of a cell named in `needs`. */
  outcome(id: string): Promise<Outcome>;
  /** Seconds between two checkpoints. */
  readonly checkpointSeconds?: number;
  readonly signal?: AbortSignal;
}

export type Outcomes = ReadonlyMap<string, Outcome>;

/** The part of the report that only the method knows. */
export type Findings = Pick<Report, "arms" | "comparisons"> &
  Partial<
    Pick<
      Report,
      | "data"
      | "headline"
      | "series"
      | "perClass"
      | "calibration"
      | "examples"
      | "figures"
      | "values"
      | "definitions"
      | "notes"
    >
  >;

export type Judgement = Pick<ClaimResult, "measured" | "verdict" | "why">;

export interface Claim extends Pick<ClaimResult, "id" | "text" | "paper" | "criterion"> {
  /** From the numbers alone. */
  readonly judge: (findings: Findings) => Judgement;
}

export interface System<O = Record<string, unknown>, T = Json> {
  /** As typed: `lyceum run NAME`; also the name of its folder. */
  readonly name: string;
  readonly title: string;
  readonly paper: Paper;
  /** What a user gets from it, in a line. */
  readonly summary: string;
  /** Names, defaults and help of the options; every option has a default. */
  readonly options: z.ZodType<O>;
  /** What differs from the defaults in a run of a minute, and in the run that is published. */
  readonly quick: Partial<O>;
  readonly full: Partial<O>;
  /** For methods that bring their own data (text): its name, for the run's first line. Others get a set of examples. */
  material?(options: O): string;
  /** All work, in an order in which it could be done one by one. Pure. */
  plan(options: O): readonly Cell<T>[];
  /** In whatever process has time. */
  work(task: T, bench: Bench<O>): AsyncGenerator<LessonEvent, Outcome>;
  conclude(outcomes: Outcomes, bench: Pick<Bench<O>, "options" | "data" | "own">): Findings | Promise<Findings>;
  readonly claims: readonly Claim[];
}

/** The default export of `src/systems/<name>/index.ts`. */
export function defineSystem<O, T>(system: System<O, T>): System<O, T> {
  return system;
}

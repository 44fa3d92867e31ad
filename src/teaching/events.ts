/**
 * What a lesson tells while it runs. Events are plain data (they cross process borders); the command line, the studio
 * and the tests read the same stream.
 */
import type { Report } from "./report/schema.ts";

/** One step's numbers: the loss and its unweighted parts. */
export interface Progress {
  readonly type: "progress";
  readonly stage: string;
  readonly step: number;
  readonly of: number;
  readonly loss: number;
  readonly parts: Readonly<Record<string, number>>;
  readonly examplesPerSecond: number;
  /** Of this stage. */
  readonly secondsLeft: number;
}

/** Work that is not training: labelling, examining. */
export interface Working {
  readonly type: "working";
  readonly stage: string;
  readonly done: number;
  readonly of: number;
}

export interface Examined {
  readonly type: "exam";
  readonly stage: string;
  readonly step: number;
  /** Which examples: decisions are taken on validation, test is for the report. */
  readonly on: "validation" | "test";
  readonly metrics: Readonly<Record<string, number>>;
}

export type LessonEvent =
  | {
      readonly type: "started";
      readonly folder: string;
      readonly data: string;
      readonly teacher: string;
      readonly student: string;
      readonly seeds: readonly number[];
      /** The stages to come, in order; finished ones of a resumed run included. */
      readonly stages: readonly string[];
    }
  | { readonly type: "stage"; readonly stage: string; readonly state: "begins" | "resumes" | "ends" | "was finished" }
  | Progress
  | Working
  | Examined
  | { readonly type: "checkpoint"; readonly stage: string; readonly step: number }
  | { readonly type: "warning"; readonly stage: string; readonly message: string }
  | { readonly type: "note"; readonly stage: string; readonly message: string }
  | { readonly type: "finished"; readonly report: Report; readonly files: Readonly<Record<string, string>> };

/** What a run of a system tells: its own news, and what its cells tell, marked with their name. */
import type { LessonEvent } from "../teaching/events.ts";
import type { Report } from "../teaching/report/schema.ts";

export type SystemEvent =
  | {
      readonly type: "run";
      readonly system: string;
      readonly title: string;
      readonly folder: string;
      readonly data: string;
      /** All cells, in the order of the plan. */
      readonly cells: readonly string[];
      /** Those that an earlier sitting has finished. */
      readonly finished: readonly string[];
      /** How many are worked on at once. */
      readonly jobs: number;
    }
  | { readonly type: "cell"; readonly cell: string; readonly state: "begins" | "ends" }
  | { readonly type: "within"; readonly cell: string; readonly event: LessonEvent }
  | { readonly type: "finished"; readonly report: Report; readonly files: Readonly<Record<string, string>> };

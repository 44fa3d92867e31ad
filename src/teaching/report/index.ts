/** Reports: schema, statistics, verdicts, a table for terminals, a page for browsers. */
export { collectEnvironment } from "./environment.ts";
export { reportHtml } from "./html.ts";
export { compareArms, compareOnExamples, measure, verdictOf } from "./measure.ts";
export { definitionOf, METRICS } from "./metrics.ts";
export {
  Arm,
  type Calibration,
  ClaimResult,
  type ClassRow,
  Comparison,
  type Environment,
  type Example,
  Figure,
  Measurement,
  MetricDefinition,
  parseReport,
  Report,
  Series,
} from "./schema.ts";
export { interval95, mean, pairedAccuracyInterval, pairedDifference, standardDeviation } from "./statistics.ts";
export { studentQuantile } from "./student-t.ts";
export { type Summary, summarise } from "./summary.ts";
export { reportTable, type TableOptions } from "./table.ts";
export { writeReport } from "./write.ts";

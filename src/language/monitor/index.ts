/** Does a student drift from the truth while it closes in on its teacher? Measures with the truth, an alarm without it. */
export { type AlarmOptions, type Detection, detect } from "./alarm.ts";
export { type Curve, smoothed } from "./curve.ts";
export { type HackingEvidence, hackingIndex, regret, strictIntervals } from "./hacking.ts";
export { type Alarm, type ExamNews, hackingMonitor, type MonitorOptions, type Remedy } from "./monitor.ts";
export { betterForm, type CurveForm, type FittedCurve, fitCurve } from "./power-law.ts";

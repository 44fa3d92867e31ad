/** What the method's own metrics mean. */
import type { MetricDefinition } from "../../teaching/report/schema.ts";

const share = (label: string, text: string, better: MetricDefinition["better"] = "higher"): MetricDefinition => ({
  label,
  unit: "share",
  better,
  text,
});

export const definitions: Readonly<Record<string, MetricDefinition>> = {
  mapCosine: {
    label: "Likeness of explanations",
    unit: "",
    better: "higher",
    text: "Mean over the test examples of the cosine between the student's and the teacher's explanation of the class that the teacher names.",
  },
  emptyMaps: share(
    "Empty explanations",
    "Share of test examples on which the student's explanation of the teacher's class is zero everywhere.",
    "lower",
  ),
  oddAccuracy: share(
    "Accuracy when the shortcut misleads",
    "Share of test scenes with another class's stripes whose most probable class is that of the object.",
  ),
  oddAgreement: share(
    "Agreement when the shortcut misleads",
    "Share of test scenes with another class's stripes on which student and teacher name the same class.",
  ),
  worstGroup: share(
    "Accuracy of the worst group",
    "Smallest accuracy over the groups (class of the object, class of the stripes) of all test scenes.",
  ),
  epg: share(
    "Evidence on the object (EPG)",
    "Energy pointing game: mean over the test scenes of the share of the positive evidence for the labelled class that lies in the object's box (a quarter of the picture); scenes without positive evidence are left out.",
  ),
  oddEpg: share(
    "Evidence on the object when the shortcut misleads",
    "The same over test scenes with another class's stripes.",
  ),
  iou: share(
    "Overlap with the object (IoU)",
    "Mean over the test scenes of the intersection over union of the object's box and the positions with at least half of the largest evidence.",
  ),
};

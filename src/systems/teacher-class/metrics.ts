/** What this method measures beside the usual metrics. */
import type { MetricDefinition } from "../../teaching/report/schema.ts";

const share = (label: string, text: string): MetricDefinition => ({ label, unit: "share", better: "higher", text });

export const definitions: Readonly<Record<string, MetricDefinition>> = {
  r2: {
    label: "R² of the embedding",
    unit: "",
    better: "higher",
    text: "1 − Σ‖ẑ − z‖² / Σ‖z − mean z‖² over the test examples: z the teacher's embedding, ẑ the students' answers after phase 1, side by side.",
  },
  copiedAccuracy: share(
    "Accuracy, copied head",
    "Test accuracy of the class after phase 1 with the teacher's head as it is: no label was used by the class.",
  ),
  headAccuracy: share(
    "Accuracy, tuned head",
    "Test accuracy after phase 2: students frozen, the head trained on labels.",
  ),
  otherAccuracy: share(
    "Accuracy, other task",
    "Test accuracy of a new linear head for another task (groups of classes) trained on few labels, on the class's answers after phase 1 or on the teacher's own embedding.",
  ),
};

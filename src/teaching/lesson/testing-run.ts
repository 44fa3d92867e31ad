/** A small lesson in a process of its own, for the test that kills it. Prints one line per event. Not in the package. */
import { drawnDigits } from "../../data/digits.ts";
import { distil } from "./distil.ts";

const [out = "", store = ""] = process.argv.slice(2);
const options = {
  out,
  store,
  data: drawnDigits({ train: 500, validation: 60, test: 120 }),
  teacher: "mlp-small",
  student: "mlp-tiny",
  loss: "kd",
  seeds: [1, 2],
  epochs: 4,
  teacherEpochs: 3,
  batchSize: 32,
  checkpointSeconds: 0.02,
} as const;

for await (const event of distil(options)) process.stdout.write(`${event.type}\n`);

/** A labelling job in a process of its own, to be killed: `node --import tsx testing-job.ts OPTIONS`. */
import { label } from "./job.ts";
import type { LabelOptions } from "./options.ts";

for await (const event of label(JSON.parse(process.argv[2]!) as LabelOptions, { environment: {} })) {
  if (event.type === "finished") process.stdout.write(JSON.stringify(event.report));
}

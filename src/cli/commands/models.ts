/** `lyceum models`: what `--teacher` and `--student` take, with sizes. */
import type { Command } from "commander";

export function models(program: Command): void {
  program
    .command("models")
    .description("list the models that --teacher and --student take, with sizes")
    .action(async () => {
      const [{ aboutModel, buildModel, MODEL_NAMES }, { columns }, { compact, thousands }] = await Promise.all([
        import("../../nn/zoo.ts"),
        import("../columns.ts"),
        import("../../teaching/report/format.ts"),
      ]);
      const rows = MODEL_NAMES.map((name) => {
        const { params, flops } = buildModel(name, SAMPLE.find(([pattern]) => pattern.test(name))![1]);
        return [name, thousands(params.size), `${compact(flops)}FLOP`, aboutModel(name)];
      });
      const head = ["model", "parameters", "per example", "what it is"];
      process.stdout.write(`${columns([head, ...rows], process.stdout.columns || 100)}\n\n`);
      process.stdout.write(
        "Sizes are for pictures of 28x28 with 10 classes; for gpt, a context of 128 with 65 symbols.\n" +
          "--teacher also takes an .onnx file, --student a module of yours that exports a model.\n",
      );
    });
}

/** For which input a family is measured; the first pattern that fits. */
const SAMPLE = [
  [/^gpt/, { inputShape: [128], classes: 65 }],
  [/^gru/, { inputShape: [28, 28], classes: 10 }],
  [/./, { inputShape: [1, 28, 28], classes: 10 }],
] as const;

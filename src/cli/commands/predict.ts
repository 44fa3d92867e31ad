/** `lyceum predict MODEL IMAGE...`: what a student says about pictures. */
import type { Command } from "commander";

export function predict(program: Command): void {
  program
    .command("predict")
    .description("classify pictures with an ONNX file, for example a student that lyceum teach wrote")
    .argument("<model>", "an .onnx file")
    .argument("<image...>", "PNG, JPEG, WebP, GIF, TIFF or AVIF files")
    .option("--json", "print one JSON array")
    .action(async (model: string, images: string[], { json = false }: { json?: boolean }) => {
      const [{ openClassifier }, { percent }, { columns }] = await Promise.all([
        import("../classifier.ts"),
        import("../../teaching/report/format.ts"),
        import("../columns.ts"),
      ]);
      const classifier = await openClassifier(model);
      const answers = await Promise.all(
        images.map(async (image) => ({ image, top: await classifier.classify(image) })),
      );
      if (json) {
        process.stdout.write(`${JSON.stringify(answers, null, 2)}\n`);
        return;
      }
      const rows = answers.map(({ image, top }) => [
        image,
        ...top.slice(0, 3).map(({ label, probability }) => `${label} ${percent(probability)}`),
      ]);
      process.stdout.write(`${columns(rows, process.stdout.columns || 100)}\n`);
    });
}

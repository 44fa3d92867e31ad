/** `lyceum generate MODEL`: a text continued by a language model in a folder, as it comes. */
import type { Command } from "commander";
import type { GenerateFlags } from "../generate-text.ts";
import { number, whole } from "../options.ts";

const AFTER = `
The model: a folder that lyceum teach --task text or Hugging Face transformers wrote.
Without --prompt, the text to continue is read from standard input.`;

export function generate(program: Command): void {
  program
    .command("generate")
    .description("continue a text with a language model, as it comes")
    .argument("<model>", "the folder of the model")
    .option("--prompt <text>", "the text to continue")
    .option("--tokens <n>", "write at most so many (default: 256, or what the context leaves)", whole(1, 1_000_000))
    .option("--temperature <t>", "0 takes the likeliest token", number(0, 100), 1)
    .option("--top-k <k>", "draw from the k likeliest tokens; 0 for all", whole(0, 1_000_000), 0)
    .option("--top-p <p>", "draw from the likeliest tokens that hold this share", number(0, 1), 1)
    .option("--seed <n>", "the same seed writes the same text (default: another one each time)", whole(0, 2 ** 31 - 1))
    .option("--stop <text>", "end before this text; may be given more than once", (text, all: string[] = []) => [
      ...all,
      text,
    ])
    .option("--logprobs", "a line for each token: its log-probability in nats, and the token")
    .option("--json", "one JSON object at the end instead of a stream")
    .addHelpText("after", AFTER)
    .action(async (folder: string, flags: GenerateFlags) => {
      const { generateText } = await import("../generate-text.ts");
      await generateText(folder, flags);
    });
}

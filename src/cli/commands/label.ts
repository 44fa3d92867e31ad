/** `lyceum label`: a teacher behind an endpoint answers questions, within a budget; the answers are training data. */
import type { Command } from "commander";
import { number, whole } from "../options.ts";
import type { LabelFlags } from "../run-label.ts";

const AFTER = `
A line of the data is {"id": "1", "prompt": "..."} or {"id": "1", "messages": [{"role": "user", "content": "..."}]}.
The endpoint's key comes from LYCEUM_API_KEY, or from the service's own variable (openai#...: OPENAI_API_KEY).
An interrupted job goes on by the same command; nothing is asked twice.`;

export function label(program: Command): void {
  program
    .command("label")
    .description("let a teacher behind an endpoint answer questions, within a budget")
    .requiredOption("--teacher <url#model>", "an OpenAI-compatible endpoint, or a service: openai#model")
    .requiredOption("--data <file>", "questions: a .jsonl file")
    .requiredOption("--out <dir>", "the folder of the job")
    .option("--samples <n>", "answers to each question", whole(1, 10_000), 1)
    .option("--max-tokens <n>", "of an answer", whole(1, 1_000_000), 1024)
    .option("--temperature <t>", "default: the endpoint's", number(0, 100))
    .option(
      "--logprobs <k>",
      "log-probabilities of the k likeliest tokens, where the endpoint tells them",
      whole(0, 20),
    )
    .option("--concurrency <n>", "requests at once", whole(1, 1000), 8)
    .option("--budget-tokens <n>", "stop before more tokens than this are used", whole(1, Number.MAX_SAFE_INTEGER))
    .option("--budget-requests <n>", "stop before more requests than this are sent", whole(1, Number.MAX_SAFE_INTEGER))
    .option("--budget-money <m>", "stop before more than this is spent; needs the prices", number(0, 1e9))
    .option("--price-input <m>", "for a million tokens of questions", number(0, 1e9))
    .option("--price-output <m>", "for a million tokens of answers", number(0, 1e9))
    .option("--json", "print the account as JSON on standard output")
    .addHelpText("after", AFTER)
    .action(async ({ json = false, ...flags }: LabelFlags & { readonly json?: boolean }) => {
      const { runLabel } = await import("../run-label.ts");
      await runLabel(flags, json);
    });
}

/** `lyceum plan`: what to train for a budget, before anything is trained; the laws of `systems/scaling-laws`. */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Question, ScenarioName } from "../../systems/scaling-laws/advice.ts";

const PUBLISHED = "c4-busbridge-2025";

interface Typed {
  readonly studentParams: number;
  readonly budget?: number;
  readonly tokens?: number;
  readonly scenario: ScenarioName;
  readonly teachers?: NonNullable<Question["teachers"]>;
  readonly students: number;
  readonly stored?: boolean;
  readonly law: string;
  readonly leastTeacherLoss?: number;
  readonly json?: boolean;
}

const UNITS: Readonly<Record<string, number>> = { k: 1e3, m: 1e6, b: 1e9, g: 1e9, t: 1e12 };

/** "1e20", "300M", "20B". */
function amount(text: string): number {
  const found = /^([0-9.]+(?:e[+-]?[0-9]+)?) ?([kmbgt]?)$/i.exec(text.trim());
  const value = found ? Number(found[1]) * (UNITS[found[2]!.toLowerCase()] ?? 1) : Number.NaN;
  if (!(value > 0 && value < Number.POSITIVE_INFINITY)) {
    throw new InvalidArgumentError("A number above 0 was expected, such as 300M, 20B or 1e20.");
  }
  return value;
}

/** "big=7B:2.02,small=1B:2.3". */
function teachers(text: string): NonNullable<Question["teachers"]> {
  return text.split(",").map((part) => {
    const found = /^([^=]+)=([^:]+):([^:]+)$/.exec(part.trim());
    if (!found)
      throw new InvalidArgumentError("Write name=parameters:loss, several with commas: big=7B:2.02,small=1B:2.3.");
    return { name: found[1]!, N: amount(found[2]!), LT: amount(found[3]!) };
  });
}

export function plan(program: Command): void {
  program
    .command("plan")
    .description("what to train for a budget: teacher, tokens, expected loss, and whether to distil at all")
    .requiredOption("--student-params <n>", "parameters of the student without embeddings, such as 300M", amount)
    .addOption(
      new Option("--budget <flops>", "floating-point operations, such as 1e20").argParser(amount).conflicts("tokens"),
    )
    .option("--tokens <n>", "tokens of the student in place of a budget, such as 20B", amount)
    .addOption(
      new Option("--scenario <name>", "what of the teacher is paid: nothing, its answers, its training, or both")
        .choices(["best", "inference", "pretraining", "both"])
        .default("inference"),
    )
    .option("--teachers <list>", "teachers that exist, name=parameters:loss: big=7B:2.02,small=1B:2.3", teachers)
    .option("--students <k>", "students that share the teacher", amount, 1)
    .option("--stored", "the teacher's answers are stored and shared as well")
    .option(
      "--law <name>",
      `${PUBLISHED}, a report.json of lyceum run scaling-laws, or a .jsonl or .csv of runs`,
      PUBLISHED,
    )
    .option("--least-teacher-loss <nats>", "no teacher is better than this", amount)
    .option("--json", "as JSON")
    .action(async (typed: Typed) => {
      const [{ advise }, { readLaws }, { fail }] = await Promise.all([
        import("../../systems/scaling-laws/advice.ts"),
        import("../../systems/scaling-laws/known-laws.ts"),
        import("../../errors.ts"),
      ]);
      if (typed.budget === undefined && typed.tokens === undefined) {
        fail("E_OPTION", "Neither a budget nor tokens are given.", "Say --budget 1e20 or --tokens 20B.");
      }
      const known = await readLaws(typed.law);
      const question: Question = {
        known,
        N: typed.studentParams,
        scenario: typed.scenario,
        students: typed.students,
        ...(typed.budget !== undefined && { budget: typed.budget }),
        ...(typed.tokens !== undefined && { tokens: typed.tokens }),
        ...(typed.teachers && { teachers: typed.teachers }),
        ...(typed.stored && { stored: true }),
        ...(typed.leastTeacherLoss !== undefined && { leastLT: typed.leastTeacherLoss }),
      };
      const advice = advise(question);
      if (typed.json) {
        process.stdout.write(`${JSON.stringify({ law: known.name, scenario: typed.scenario, ...advice }, null, 2)}\n`);
        return;
      }
      const { adviceText } = await import("../plan-text.ts");
      process.stdout.write(adviceText(advice, question));
    });
}

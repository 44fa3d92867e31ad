/**
 * What one may say to `teachCourse`, and what is settled where nothing is said. Settled options are plain JSON in the run
 * folder's lesson.json, marked as a lesson on text, so that `resume` needs nothing but the folder.
 */
import { fail } from "../../errors.ts";
import { readSettled } from "../../teaching/lesson/options.ts";
import { SEQUENCE, TEXT_LOSSES, type TextLossName } from "../distil/index.ts";
import { SIZE_NAMES } from "./sizes.ts";

/** Where the rows come from that the taught student reads: the default, and who speaks in the others. */
export const TEXT_SOURCES = ["text", "offline", "online-teacher", "online-student", "mixture"] as const;
export type TextSource = (typeof TEXT_SOURCES)[number];

export interface CourseOptions {
  /** "small-english" (default, made here), "tinyshakespeare", or a .txt or .jsonl file or a folder of .txt files. */
  readonly data?: string;
  /** A size to train first, the folder of a model, an .onnx file, or an endpoint, `URL#model`. Default "llama-0.8m". */
  readonly teacher?: string;
  /** A size, or the folder of a model to go on from. Default "llama-0.2m". */
  readonly student?: string;
  /** One of TEXT_LOSSES. Default forward-kl; "sequence" for an endpoint, which takes forward-kl too (its likeliest tokens). */
  readonly loss?: string;
  /** One of TEXT_SOURCES. Default "text"; "offline" where the loss or the teacher needs the teacher's words. */
  readonly source?: string;
  /** "hacking": watches for a student that fits the teacher better and better while it gets worse elsewhere. */
  readonly monitor?: string;
  /** Default [1]. An interval over seeds needs at least two, a verdict three. */
  readonly seeds?: readonly number[];
  /** Folder of the run. */
  readonly out: string;
  /** Passes of the students over the text; both get the same number of steps. Default: by the length of the text. */
  readonly epochs?: number;
  /** Passes of a teacher that is trained here. Default: as many as the students'. */
  readonly teacherEpochs?: number;
  /** Tokens of a row. Default 128, or a folder model's context where that is less. */
  readonly context?: number;
  /** Rows of a step. Default 8. */
  readonly batchSize?: number;
  /** For the report. */
  readonly version?: string;
  readonly command?: string;
  /** Seconds between two checkpoints. */
  readonly checkpointSeconds?: number;
  readonly signal?: AbortSignal;
}

/** Everything that decides a run, as JSON. */
export interface SettledCourse {
  readonly task: "text";
  readonly data: string;
  readonly teacher: string;
  readonly student: string;
  readonly loss: TextLossName;
  readonly source: TextSource;
  readonly monitor?: "hacking";
  readonly seeds: readonly number[];
  readonly epochs?: number;
  readonly teacherEpochs?: number;
  readonly context: number;
  readonly batchSize: number;
}

/** `URL#model` or `service#model`. */
export const isEndpoint = (teacher: string): boolean => teacher.includes("#");

/** @throws E_OPTION naming the option and what it may be */
export function settleCourse(options: CourseOptions): SettledCourse {
  const { data = "small-english", teacher = "llama-0.8m", student = "llama-0.2m", seeds = [1], monitor } = options;
  const remote = isEndpoint(teacher);
  const loss = (options.loss ?? (remote ? SEQUENCE : TEXT_LOSSES[0]!)) as TextLossName;
  const source = options.source ?? (loss === SEQUENCE || remote ? "offline" : "text");
  oneOf("loss", loss, TEXT_LOSSES);
  oneOf("source", source, TEXT_SOURCES);
  if (monitor !== undefined) oneOf("monitor", monitor, ["hacking"]);
  if (remote && ((loss !== SEQUENCE && loss !== "forward-kl") || source !== "offline" || monitor)) {
    fail(
      "E_OPTION",
      `The teacher "${teacher}" is an endpoint, which tells its own words and at most its likeliest tokens.`,
      "Use the loss sequence or forward-kl with the source offline, and no monitor.",
    );
  }
  if (remote && loss !== SEQUENCE && SIZE_NAMES.includes(student)) {
    fail(
      "E_OPTION",
      `The student "${student}" would get a tokeniser of its own, and the tokens of "${teacher}" would mean nothing to it.`,
      "Name the folder of a student with the teacher's tokeniser, or use the loss sequence.",
    );
  }
  if (loss === SEQUENCE && source !== "offline" && source !== "online-teacher") {
    fail(
      "E_OPTION",
      `The loss sequence learns the words of a teacher, and the source ${source} has none of them.`,
      "Use the source offline or online-teacher, or another loss.",
    );
  }
  if (seeds.length === 0 || new Set(seeds).size < seeds.length || seeds.some((s) => !Number.isSafeInteger(s))) {
    fail("E_OPTION", `The seeds are [${seeds}].`, "Give at least one whole number, each only once.");
  }
  const { epochs, teacherEpochs, context = 128, batchSize = 8 } = options;
  const counted = { epochs, teacherEpochs, context, batchSize };
  for (const [name, value] of Object.entries(counted)) {
    const least = name === "context" ? 8 : 1;
    if (value !== undefined && !(Number.isInteger(value) && value >= least)) {
      fail("E_OPTION", `${name} is ${value}.`, `Use a whole number from ${least}.`);
    }
  }
  return {
    task: "text",
    ...{ data, teacher, student, loss, source: source as TextSource },
    ...(monitor !== undefined && { monitor: "hacking" as const }),
    seeds,
    ...(epochs !== undefined && { epochs }),
    ...(teacherEpochs !== undefined && { teacherEpochs }),
    ...{ context, batchSize },
  };
}

function oneOf(name: string, value: string, known: readonly string[]): void {
  if (!known.includes(value)) {
    fail("E_OPTION", `The ${name} "${value}" is not one for language models.`, `Choose from: ${known.join(", ")}.`);
  }
}

/** What a folder says about its lesson on text; undefined when it holds none, or a lesson of another kind. */
export async function readCourse(folder: string): Promise<SettledCourse | undefined> {
  const found = (await readSettled(folder)) as unknown as SettledCourse | undefined;
  return found?.task === "text" ? found : undefined;
}

/** Options that continue a run. */
export function resumedCourse({ task: _task, ...options }: SettledCourse, out: string): CourseOptions {
  return { ...options, out };
}

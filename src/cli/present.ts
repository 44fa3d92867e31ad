/** What a user reads when something goes wrong: one message with a stable code, no stack; and the exit status. */
import { CommanderError } from "commander";
import { LyceumError } from "../errors.ts";
import { Interrupted } from "./interrupted.ts";

export interface Presented {
  /** Empty when everything has been said already. */
  readonly text: string;
  readonly status: 0 | 1 | 2 | 130;
}

export function present(error: unknown): Presented {
  const { text, status } = say(error);
  // Names of files and classes may hold control codes; only line breaks are ours.
  return { text: text.split("\n").map(harmless).join("\n"), status };
}

const harmless = (line: string) => line.replace(/[\p{Cc}\p{Cf}]+/gu, "");

function say(error: unknown): Presented {
  if (error instanceof Interrupted) return { text: error.message, status: 130 };
  if (error instanceof LyceumError) return { text: told(error) + stack(error), status: 2 };
  if (error instanceof CommanderError) {
    // Help and version come as exceptions, too; they have been printed.
    if (error.exitCode === 0) return { text: "", status: 0 };
    return { text: error.code === "commander.help" ? "" : usage(error), status: 2 };
  }
  const message = error instanceof Error ? error.message : String(error);
  const first = message.split("\n", 1)[0] || "no message";
  return {
    text:
      `error E_INTERNAL: ${sentence(first)}\n` +
      `  This is a bug in Lyceum, not a mistake of yours. Run again with LYCEUM_DEBUG=1 and report what it prints.${stack(error)}`,
    status: 1,
  };
}

/** `error E_CODE: what was given, what was expected.` and, on a line of its own, what to do. */
function told(error: LyceumError): string {
  const { code, hint } = error;
  const what = hint && error.message.endsWith(hint) ? error.message.slice(0, -hint.length).trimEnd() : error.message;
  return `error ${code}: ${what}${hint ? `\n  ${hint}` : ""}`;
}

function usage(error: CommanderError): string {
  const [what = "", ...more] = error.message.replace(/^error: /, "").split("\n");
  const guess = more.join(" ").replace(/^\((.*)\)$/, "$1");
  return `error E_USAGE: ${sentence(what)}\n  ${guess ? `${guess} ` : ""}See lyceum --help, or lyceum <command> --help.`;
}

const sentence = (text: string): string => {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
};

function stack(error: unknown): string {
  if (!process.env.LYCEUM_DEBUG || !(error instanceof Error)) return "";
  const cause = error.cause instanceof Error ? `\ncaused by ${error.cause.stack}` : "";
  return `\n${error.stack}${cause}`;
}

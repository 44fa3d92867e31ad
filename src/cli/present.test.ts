import { Command } from "commander";
import { afterEach, describe, expect, test } from "vitest";
import { LyceumError } from "../errors.ts";
import { Interrupted } from "./interrupted.ts";
import { present } from "./present.ts";

afterEach(() => {
  delete process.env.LYCEUM_DEBUG;
});

describe("present", () => {
  test("a LyceumError: code, what, and what to do on a line of its own; status 2; no stack", () => {
    expect(present(new LyceumError("E_SHAPE", "Got [2, 3]; [3, 2] was expected.", "Transpose it."))).toEqual({
      text: "error E_SHAPE: Got [2, 3]; [3, 2] was expected.\n  Transpose it.",
      status: 2,
    });
  });

  test("anything else is our bug: status 1, where to look, no stack", () => {
    const { text, status } = present(new TypeError("x is undefined\n    at somewhere"));
    expect(status).toBe(1);
    expect(text).toBe(
      "error E_INTERNAL: X is undefined.\n" +
        "  This is a bug in Lyceum, not a mistake of yours. Run again with LYCEUM_DEBUG=1 and report what it prints.",
    );
  });

  test("LYCEUM_DEBUG=1 adds the stack and the stack of the cause", () => {
    process.env.LYCEUM_DEBUG = "1";
    const { text } = present(new LyceumError("E_X", "What.", "Do.", { cause: new Error("deep") }));
    expect(text).toMatch(/^error E_X: What\.\n {2}Do\.\nLyceumError: [\s\S]*at [\s\S]*caused by Error: deep\n/);
  });

  test("an interruption is no error: status 130", () => {
    expect(present(new Interrupted("Interrupted. Continue with: lyceum resume runs/a"))).toEqual({
      text: "Interrupted. Continue with: lyceum resume runs/a",
      status: 130,
    });
  });

  test("a mistyped option is told with the nearest one", () => {
    const command = new Command("lyceum").exitOverride().configureOutput({ outputError: () => {} });
    command.option("--seeds <n>");
    const thrown = (() => {
      try {
        return command.parse(["--sedes", "3"], { from: "user" });
      } catch (error) {
        return error;
      }
    })();
    expect(present(thrown)).toEqual({
      text:
        "error E_USAGE: Unknown option '--sedes'.\n" +
        "  Did you mean --seeds? See lyceum --help, or lyceum <command> --help.",
      status: 2,
    });
  });

  test("control characters in a message do not reach the terminal", () => {
    expect(present(new LyceumError("E_X", "No file \x1b[31mred\x07.")).text).toBe("error E_X: No file [31mred.");
  });
});

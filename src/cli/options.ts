/** Readers of option values: a wrong one is told before anything is started. */
import { InvalidArgumentError } from "commander";

/** A whole number within limits. */
export function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`A whole number from ${least} to ${most} was expected.`);
    }
    return value;
  };
}

/** A number within limits. */
export function number(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !(value >= least && value <= most)) {
      throw new InvalidArgumentError(`A number from ${least} to ${most} was expected.`);
    }
    return value;
  };
}

import { describe, expect, it } from "vitest";
import { didYouMean, mistyped, nearest } from "./nearest.ts";

const names = ["mnist", "fashion-mnist", "cifar-10", "cifar-100"];
const many = [...names, "a1", "b2", "c3", "d4", "e5"];

describe("nearest names", () => {
  it("come closest first, whatever the case, and only where something is shared", () => {
    expect(nearest("CIFAR10", names, 2)).toEqual(["cifar-10", "cifar-100"]);
    expect(nearest("zzz", ["a", "b"])).toEqual([]);
  });

  it("are a sentence: all of few names, the closest of many", () => {
    expect(didYouMean("x", [])).toBe("There are none.");
    expect(didYouMean("mnsit", names)).toBe("Known: mnist, fashion-mnist, cifar-10, cifar-100.");
    expect(didYouMean("mnsit", many)).toMatch(/^Did you mean mnist or /);
  });

  it("are a guess only where at most a third of the letters differ", () => {
    expect(mistyped("fashionmnist", names)).toBe("fashion-mnist");
    expect(mistyped("/home/me/pictures", names)).toBeUndefined();
    expect(mistyped("mnist", [])).toBeUndefined();
  });
});

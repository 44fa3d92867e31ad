import { describe, expect, it } from "vitest";
import { createLoss, losses, parseLosses, teacherNeeds } from "./registry.ts";

const student = new Map([
  ["stage1", [8, 4, 6, 6]],
  ["stage2", [8, 6, 3, 3]],
  ["embedding", [8, 4]],
]);
const teacher = new Map([
  ["block1", [8, 16, 6, 6]],
  ["block2", [8, 32, 3, 3]],
  ["features", [8, 32]],
]);

describe("parseLosses", () => {
  it("adds the label term that the methods' papers use", () => {
    expect(parseLosses("kd")).toEqual([
      { name: "ce", weight: 0.1 },
      { name: "kd", weight: 0.9 },
    ]);
    expect(parseLosses("kd, dkd")[0]).toEqual({ name: "ce", weight: 1 });
  });
  it("takes explicit weights", () => {
    expect(parseLosses("kd:2,ce:0.5")).toEqual([
      { name: "kd", weight: 2 },
      { name: "ce", weight: 0.5 },
    ]);
  });
  it.each([
    ["kdd", "E_LOSS_UNKNOWN"],
    ["toString", "E_LOSS_UNKNOWN"],
    ["kd:x", "E_LOSS_WEIGHT"],
    ["kd:", "E_LOSS_WEIGHT"],
    ["kd:-1", "E_LOSS_WEIGHT"],
    ["", "E_LOSS_EMPTY"],
  ])("refuses %j with %s", (text, code) => {
    expect(() => parseLosses(text)).toThrowError(expect.objectContaining({ code }));
  });
});

it("has the weights of the published settings", () => {
  const weights = Object.fromEntries(Object.entries(losses).map(([name, { weight }]) => [name, weight]));
  expect(weights).toEqual({
    ...{ ce: 1, tfkd: 0.1, kd: 0.9, dkd: 1, dist: 1, fitnet: 100, at: 1000, sp: 3000, mgd: 7e-5, ft: 200 },
    ...{ nst: 50, fsp: 50, ab: 1, ofd: 1e-3, vid: 1, reviewkd: 1, rkd: 1, pkt: 30_000, cc: 0.02, crd: 0.8, nd: 1 },
  });
});

describe("recipes", () => {
  it("every registered loss can be built for two models with taps", () => {
    for (const name of Object.keys(losses)) {
      expect(typeof createLoss([{ name, weight: 1 }], student, teacher)).toBe("function");
    }
  });
  it("says what the teacher has to hand over", () => {
    expect(teacherNeeds(parseLosses("kd,at,nd"), student, teacher)).toEqual({
      taps: ["block2", "features"],
      classMeans: ["features"],
    });
    expect(teacherNeeds(parseLosses("kd"), student, teacher)).toEqual({ taps: [], classMeans: [] });
  });
  it("asks for the maps of all stages, paired from the deepest, and for the embedding where it is read", () => {
    const needs = (text: string) => teacherNeeds(parseLosses(text), student, teacher).taps;
    expect(needs("vid")).toEqual(["block1", "block2"]);
    expect(needs("reviewkd")).toEqual(["block1", "block2", "features"]);
    expect(needs("crd,reviewkd")).toEqual(["features", "block1", "block2"]);
  });
  it("needs nothing of a teacher for losses on labels", () => {
    expect(teacherNeeds(parseLosses("tfkd"), student, teacher)).toEqual({ taps: [], classMeans: [] });
  });
  it("names the taps there are when none fits", () => {
    const flat = new Map([["embedding", [8, 4]]]);
    expect(() => createLoss(parseLosses("at"), flat, teacher)).toThrowError(/student has no tap .* embedding \[8,4\]/);
  });
});

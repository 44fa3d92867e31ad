import { describe, expect, it } from "vitest";
import { cnn, resnet } from "../../nn/index.ts";
import { tapShapes } from "../network.ts";
import { pairStages, stageEnds } from "./taps.ts";

const shape = { inputShape: [1, 16, 16], classes: 3 };
const small = tapShapes({ model: cnn({ ...shape, stages: [{ width: 4, stride: 1 }, { width: 8 }] }) });
const large = tapShapes({ model: resnet({ ...shape, depth: 8 }) });

describe("stages", () => {
  it("takes the named stages of the zoo's models, after the ReLU", () => {
    expect(stageEnds(small, "student")).toEqual(["stage1", "stage2"]);
    expect(stageEnds(large, "teacher")).toEqual(["stage1", "stage2", "stage3"]);
  });

  it("takes the last map of every size where nothing is named", () => {
    const file = new Map([
      ["conv0", [1, 4, 8, 8]],
      ["relu0", [1, 4, 8, 8]],
      ["conv1", [1, 8, 4, 4]],
      ["pool", [1, 8, 1, 1]],
      ["flat", [1, 8]],
    ]);
    expect(stageEnds(file, "teacher")).toEqual(["relu0", "conv1"]);
  });

  it("pairs from the deepest", () => {
    expect(pairStages(small, large)).toEqual([
      ["stage1", "stage2"],
      ["stage2", "stage3"],
    ]);
    expect(pairStages(small, large, "teacher")[1]).toEqual(["stage2", "stage3.pre"]);
    expect(pairStages(small, large, "both")[1]).toEqual(["stage2.pre", "stage3.pre"]);
  });

  it("says which taps there are when none is a map", () => {
    const flat = new Map([["features", [1, 8]]]);
    expect(() => stageEnds(flat, "student")).toThrowError(/student has no tap .* features \[1,8\]/);
  });
});

/** Curricula and results as files. */
import { expect, it } from "vitest";
import { curriculumOf, orderFrom, readCurriculum, readResults, writeCurriculum, writeResults } from "./files.ts";
import { designOf, scoreOf } from "./score.ts";

const design = designOf([
  [0, 1, 3],
  [1, 0, 2],
  [3, 2, 0],
]);

it("writes a curriculum with the terms of its score, and reads it back", () => {
  const curriculum = curriculumOf(design, ["a", "b", "c"], [2, 0, 1]);
  expect(readCurriculum(writeCurriculum(curriculum))).toEqual(curriculum);
  const { start, next, end } = curriculum.terms;
  expect(start + next[0]! + end[0]!).toBeCloseTo(scoreOf(design, [2, 0, 1]), 12);
  expect(curriculum.score).toBe(scoreOf(design, [2, 0, 1]));
});

it("keeps results in the published layout", () => {
  const curves = [
    { avg: [1, 0.5], t1: [1, 0.25] },
    { avg: [0.75, 0.5], t1: [0.75, 0] },
  ];
  const store = writeResults(
    [
      [0, 1],
      [1, 0],
    ],
    curves,
  );
  expect(Object.keys(store)).toEqual(["[0, 1]", "[1, 0]"]);
  const one = readResults(JSON.stringify(store));
  expect([...one.keys()]).toEqual(["results"]);
  expect(one.get("results")!.get("[1, 0]")).toEqual(curves[1]);
  const several = readResults(JSON.stringify({ naive: { "[0,1]": curves[0] } }));
  expect(several.get("naive")!.get("[0, 1]")).toEqual(curves[0]);
});

it("refuses what it cannot use, with a reason", () => {
  const refused = (run: () => unknown, message: RegExp) => {
    expect(run).toThrow(expect.objectContaining({ code: "E_CURRICULUM" }));
    expect(run).toThrow(message);
  };
  refused(() => readCurriculum("{"), /not JSON/);
  refused(() => readCurriculum('{"classes":["a"]}'), /wrong order/);
  refused(
    () => readCurriculum('{"classes":["a","b"],"order":[0,0],"score":1,"terms":{"start":0,"next":[],"end":[]}}'),
    /each of 2 classes/,
  );
  refused(() => readResults('{"[0, 1]": {"avg": [2], "t1": [1]}}'), /wrong .*avg/);
  refused(() => readResults('{"[0, 1]": {"avg": [1, 0.5], "t1": [1]}}'), /2 and 1/);
  refused(() => orderFrom("[0, 2]"), /each once/);
});

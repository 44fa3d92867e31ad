import { expect, test } from "vitest";
import { createProgress } from "./progress.ts";
import type { Terminal } from "./terminal.ts";

function screen(live: boolean, columns = 120) {
  const written: string[] = [];
  const out: Terminal = { write: (text) => written.push(text), live, columns: () => columns, paint: (_, text) => text };
  let time = 0;
  const progress = createProgress(out, () => time);
  return { progress, written, wait: (ms: number) => (time += ms) };
}

const ESCAPE = "\x1b";
const ERASE = `\r${ESCAPE}[2K`;

test("a terminal gets one line that is drawn over itself, with the time left from the pace", () => {
  const { progress, written, wait } = screen(true);
  progress.update({ stage: "teacher", done: 0, total: 100 });
  wait(2000);
  progress.update({ stage: "teacher", done: 25, total: 100, loss: 0.51234, rate: 12345, detail: "epoch 2 of 8" });
  expect(written).toEqual([
    "  teacher                    ░░░░░░░░░░░░░░░░░░░░   0 %",
    ERASE,
    "  teacher                    █████░░░░░░░░░░░░░░░  25 %  epoch 2 of 8  loss 0.512  12.3 k examples/s  6.0 s left",
  ]);
});

test("news that come faster than anybody reads are not drawn", () => {
  const { progress, written, wait } = screen(true);
  for (let done = 0; done <= 1000; done++) {
    progress.update({ stage: "student", done, total: 1000 });
    wait(1);
  }
  // 1001 pieces of news in a second: ten drawings, each after an erasure, and the first.
  expect(written.filter((text) => text !== ERASE).length).toBeLessThanOrEqual(11);
});

test("a finished stage stays as a line of its own", () => {
  const { progress, written } = screen(true);
  progress.update({ stage: "teacher", done: 1, total: 1 });
  progress.finish("teacher", "accuracy 98.1 %");
  expect(written.slice(1)).toEqual([ERASE, "✓ teacher                    accuracy 98.1 %\n"]);
});

test("a log gets whole lines every few seconds and no control codes", () => {
  const { progress, written, wait } = screen(false);
  for (let done = 0; done <= 12; done++) {
    progress.update({ stage: "teacher", done, total: 12 });
    wait(1000);
  }
  progress.finish("teacher", "done");
  expect(written).toEqual([
    "teacher: 0 %\n",
    "teacher: 41 %, 7.0 s left\n",
    "teacher: 83 %, 2.0 s left\n",
    "✓ teacher                    done\n",
  ]);
  expect(written.join("")).not.toContain(ESCAPE);
});

test("a narrow terminal gets a cut line, never a wrapped one", () => {
  const { progress, written, wait } = screen(true, 50);
  progress.update({ stage: "teacher", done: 0, total: 4 });
  wait(1000);
  progress.update({ stage: "teacher", done: 1, total: 4, loss: 1, rate: 1e6, detail: "a very long remark about it" });
  for (const line of written.filter((text) => text !== ERASE)) expect([...line].length).toBeLessThan(50);
});

test("names cannot steer the terminal", () => {
  const { progress, written } = screen(true);
  progress.finish(`evil${ESCAPE}[2J`, `${ESCAPE}]0;title\x07`);
  expect(written.join("")).not.toContain(ESCAPE);
});

/** Frozen explanations: what the live teacher would say while nothing moves, and maps that move with their pictures. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AugmentSpec } from "../../data/augment.ts";
import { batches } from "../../data/batches.ts";
import { countOf } from "../../data/dataset.ts";
import { drawnDigits } from "../../data/digits.ts";
import { defineModel, sgd } from "../../nn/index.ts";
import { teacherTargets } from "../../teaching/losses/loss.ts";
import { teach } from "../../teaching/teach.ts";
import { modelTeacher } from "../../teaching/teacher.ts";
import { constant, host, key, program, type Tensor, toNumbers } from "../../tensor/index.ts";
import { conv } from "../../tensor/ops/index.ts";
import { settleOptions } from "../options.ts";
import { directionOf } from "./explain/direction.ts";
import { gradCam } from "./explain/grad-cam.ts";
import { EXPLANATION } from "./explain/teacher.ts";
import { needGeometric, stack } from "./frozen.ts";
import system from "./index.ts";
import { explanationLoss } from "./loss.ts";
import { networkNamed } from "./models.ts";
import type { Options } from "./options.ts";
import type { Arm } from "./plan.ts";
import { lessonOf } from "./students.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), "lyceum-e2kd-frozen-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const data = drawnDigits({ train: 60, validation: 20, test: 20 });
const options = settleOptions(system as never, {}) as Options;

/** Losses of some steps of an arm. */
async function losses(
  arm: Partial<Arm>,
  augment: AugmentSpec,
  explainer: Options["explainer"] = "grad-cam",
): Promise<number[]> {
  const names = explainer === "bcos" ? ["bcos-large", "bcos-small"] : ["gap-large", "gap-small"];
  const large = await networkNamed(names[0]!, data.train, false);
  const setting = {
    bench: {
      options: { ...options, explainer },
      data,
      own: {},
      folder: root,
      store: path.join(root, "store"),
      outcome: () => Promise.reject(new Error("none")),
    },
    arm: { experiment: "few-shot", method: "e2kd", teacher: "plain", count: 60, lambda: 1, frozen: true, ...arm },
    teacher: await modelTeacher(large, large.model.init(key(5))),
    network: await networkNamed(names[1]!, data.train, true),
    train: data.train,
    recipe: { epochs: 2, batchSize: 20, optimiser: "sgd", rate: 0.05, decay: 0, augment },
  } as const;
  const work = lessonOf(setting);
  let next = await work.next();
  while (!next.done) next = await work.next();
  const plan = {
    optimiser: sgd({ lr: 0.05 }),
    stage: "s",
    steps: 6,
    batchSize: 20,
    key: key(1),
    augment,
    ...next.value,
  };
  for await (const event of teach({ ...plan, data: plan.data ?? data.train })) {
    if (event.type === "taught") return event.log.loss.map(([, value]) => value);
  }
  return [];
}

describe("frozen = live while nothing moves", () => {
  it("rows of the teacher store, bit for bit", async () => {
    const [frozen, live] = [await losses({ frozen: true }, []), await losses({ frozen: false }, [])];
    expect(frozen).toHaveLength(6);
    expect(frozen[0]).toBeGreaterThan(0.1);
    expect(frozen).toEqual(live);
  });

  it("maps stacked on pictures that are never flipped", async () => {
    const still: AugmentSpec = [{ kind: "flip", chance: 0 }];
    const of = (frozen: boolean) => losses({ frozen, experiment: "frozen" }, still);
    const [frozen, live] = [await of(true), await of(false)];
    frozen.forEach((value, i) => {
      expect(Math.abs(value - live[i]!)).toBeLessThan(1e-5);
    });
  });

  it("also for the dynamic linear maps of B-cos networks", async () => {
    const [frozen, live] = [await losses({ frozen: true }, [], "bcos"), await losses({ frozen: false }, [], "bcos")];
    frozen.forEach((value, i) => {
      expect(Math.abs(value - live[i]!)).toBeLessThan(1e-5);
    });
  });

  it("and λ = 0 gives the losses of distillation, however it is arranged", async () => {
    const [kd, zero] = [await losses({ method: "kd", lambda: 0 }, []), await losses({ method: "e2kd", lambda: 0 }, [])];
    expect(zero).toEqual(kd);
  });
});

describe("maps that move with their pictures", () => {
  const maps = Float32Array.from({ length: 60 * 784 }, (_, i) => data.train.inputs[i]! / 255);
  const stored = new Map([
    ["logits", { shape: [10], data: new Float32Array(600) }],
    [EXPLANATION, { shape: [1, 28, 28], data: maps }],
  ]);

  it("one crop and flip for both, at every example", () => {
    const stacked = stack(data.train, stored);
    expect(stacked.inputShape).toEqual([2, 28, 28]);
    expect(Array.from(stacked.labels)).toEqual(Array.from({ length: countOf(data.train) }, (_, i) => i));
    const { x } = batches(stacked, {
      key: key(3),
      batchSize: 20,
      augment: [{ kind: "crop", pad: 3 }, { kind: "flip" }],
    }).batchAt(0);
    const still = batches(stacked, { key: key(3), batchSize: 20 }).batchAt(0).x;
    expect(x).not.toEqual(still);
    // This map is the picture itself, so both planes must stay equal.
    for (let i = 0; i < 20; i++) {
      const planes = [x.subarray(i * 1568, i * 1568 + 784), x.subarray(i * 1568 + 784, (i + 1) * 1568)] as const;
      planes[0].forEach((value, j) => {
        expect(Math.abs(value - planes[1][j]!)).toBeLessThan(1e-6);
      });
    }
  });

  it("refuses what moves no map", () => {
    const refused = (run: () => unknown) => expect(run).toThrowError(expect.objectContaining({ code: "E_EXPLAIN" }));
    refused(() => needGeometric([{ kind: "flip" }, { kind: "cutout", size: 3 }]));
    refused(() => needGeometric([{ kind: "mixup" }]));
    refused(() => stack(data.train, new Map([[EXPLANATION, { shape: [1, 7, 7], data: new Float32Array(60 * 49) }]])));
  });

  it("a network that does not tell left from right has the same loss when picture and map are mirrored", async () => {
    // Kernels that are symmetric in x: rows (a, b, a).
    const kernel = host(
      [0.5, -1, 0.5, 0.2, 0.7, 0.2, -0.3, 0.4, -0.3, 0.1, 0.6, 0.1, -0.4, 0.5, -0.4, 0.9, -1, 0.9],
      [2, 1, 3, 3],
    );
    const mirror = defineModel("mirror", [1, 6, 6], (scope, x) => {
      const map = scope.tap("map", conv(x, constant(kernel), { padding: 1 }).relu());
      return map.mean([2, 3]).matmul(constant(host([1, -0.5, 0.3, 0.8], [2, 2])));
    });
    const loss = explanationLoss({ explainer: gradCam({ tap: "map" }) });
    const run = program((x: Tensor, theirs: Tensor) => {
      const state = { params: constant(host(new Float32Array(0))), buffers: constant(host(new Float32Array(0))) };
      const { output, taps } = mirror.apply(state, x);
      const targets = teacherTargets({
        logits: directionOf(constant(host(Int32Array.of(1, 0))), 2, false),
        taps: new Map([[EXPLANATION, theirs]]),
      });
      return loss({ logits: output, taps }, targets, { labels: constant(host(Int32Array.of(0, 0))) }).loss;
    });
    const plane = (seed: number) => Float32Array.from({ length: 72 }, (_, i) => Math.abs(Math.sin(seed + i * i)));
    const flipped = (v: Float32Array) => Float32Array.from(v, (_, i) => v[i - (i % 6) + 5 - (i % 6)]!);
    const at = async (x: Float32Array, map: Float32Array) =>
      toNumbers(await run(host(x, [2, 1, 6, 6]), host(map, [2, 1, 6, 6])))[0]!;
    const [x, map] = [plane(1), plane(2)];
    const straight = await at(x, map);
    expect(straight).toBeGreaterThan(0.05);
    expect(await at(flipped(x), flipped(map))).toBeCloseTo(straight, 5);
    expect(Math.abs((await at(flipped(x), map)) - straight)).toBeGreaterThan(1e-3);
    await run.release();
  });
});

/**
 * Your own data, model and teacher with every system on examples, without touching its source:
 *
 *   npx tsx examples/own.ts [system ...]
 *
 * The data are arrays in memory, the student is a function of a scope, the teacher is an ONNX file. In your project the
 * imports are called lyceum/data, lyceum/nn, lyceum/systems, lyceum/teaching and lyceum/tensor. A test runs this file.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ArrayDataset, channelStatistics, type Split } from "../src/data/index.ts";
import { buildModel, defineModel, layers } from "../src/nn/index.ts";
import { loadSystem, runSystem, systemNames } from "../src/systems/index.ts";
import { exportNetwork, onnxTeacher } from "../src/teaching/index.ts";
import { key, random } from "../src/tensor/index.ts";

const CLASSES = ["left", "right", "top", "bottom", "middle"];
const SIZE = 16;

/** Grey pictures with a bright spot somewhere; the class says where. */
function spots(name: string, count: number, seed: number): ArrayDataset {
  const noise = random.uniform(key(seed), count * SIZE * SIZE);
  const inputs = Uint8Array.from(noise, (v) => v * 90);
  const labels = Int32Array.from({ length: count }, (_, i) => i % CLASSES.length);
  const centres = [
    [8, 3],
    [8, 12],
    [3, 8],
    [12, 8],
    [8, 8],
  ] as const;
  labels.forEach((label, i) => {
    const [cy, cx] = centres[label]!;
    for (let y = cy - 2; y <= cy + 2; y++)
      for (let x = cx - 2; x <= cx + 2; x++) inputs[(i * SIZE + y) * SIZE + x]! += 70;
  });
  return { name, task: "classification", inputs, inputShape: [1, SIZE, SIZE], labels, classes: CLASSES };
}
const train = spots("spots/train", 500, 1);
const normalise = channelStatistics(train);
const data: Split = {
  train: { ...train, normalise },
  validation: { ...spots("spots/validation", 100, 2), normalise },
  test: { ...spots("spots/test", 200, 3), normalise },
  source: { name: "spots", title: "Bright spots" },
};

/** Two convolutions and a linear layer; losses may read the taps. */
const student = defineModel(
  "own-student",
  [1, SIZE, SIZE],
  (scope, x) => {
    const { conv2d, linear } = layers;
    const h = scope.tap("first", conv2d(scope.at("first"), x, 8, 3, { stride: 2 }).relu());
    const last = scope.tap("last", conv2d(scope.at("last"), h, 8, 3, { stride: 2 }).relu());
    return linear(scope.at("head"), scope.tap("features", last.mean([2, 3])), CLASSES.length);
  },
  { classes: CLASSES.length },
);

/** Options that keep the example short. */
const SMALL: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  nd: { seeds: 1, train: 200, epochs: 1 },
  orc: { seeds: 1, examples: 200, epochs: 1, arms: ["kd"] },
  e2kd: { seeds: 1, experiments: ["few-shot"], pictures: [100], seen: 500, lambdas: [1] },
  "teacher-class": { seeds: 1, sizes: [2], inputs: 200, epochs: 1, fewLabels: 0 },
  "curriculum-designer": { seeds: 1, classes: 0, perClass: 32, maxOrders: 4, strategies: ["naive"] },
};

const folder = mkdtempSync(join(tmpdir(), "lyceum-own-"));
try {
  // Any ONNX file would do; this one is a network of the zoo with its first values.
  const big = buildModel("cnn-small", { inputShape: [1, SIZE, SIZE], classes: CLASSES.length });
  const file = join(folder, "teacher.onnx");
  writeFileSync(file, exportNetwork({ model: big, normalise }, big.init(key(5))));
  const teacher = await onnxTeacher(readFileSync(file), { name: "own teacher", inputShape: [1, SIZE, SIZE] });

  const wanted = process.argv.slice(2);
  for (const name of wanted.length > 0 ? wanted : systemNames()) {
    const { system } = await loadSystem(name);
    // Methods of language models bring text: the option is --text FILE.
    if (system.material) continue;
    const out = join(folder, name);
    for await (const event of runSystem(system, SMALL[name] ?? { seeds: 1 }, {
      out,
      store: join(folder, "store"),
      preset: "quick",
      own: { data, student, teacher },
    })) {
      if (event.type !== "finished") continue;
      const { arms, claims } = event.report;
      console.log(`${name}: ${arms.length} arms on ${event.report.data.name}, ${claims.length} claims judged`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** What ND does to embeddings (section 7, test 9; part A of section 4). */
import { expect, it } from "vitest";
import { runNd } from "./testing.ts";

const pilot = {
  teacher: "mlp-512-32",
  student: "mlp-32-32",
  losses: ["kd"],
  lambdas: [1, 2, 4],
  train: 1000,
  epochs: 20,
  teacherEpochs: 1,
  seeds: 1,
};

async function mechanism(data: string) {
  const report = await runNd({ ...pilot, data });
  const of = (metric: string) =>
    ["KD λ=0", "KD++ λ=1", "KD++ λ=2", "KD++ λ=4"].map(
      (name) => report.arms.find((arm) => arm.name === name)!.metrics[metric]!.mean,
    );
  const [direction, norm] = [of("direction"), of("normRatio")];
  for (const values of [direction, norm]) expect(values).toEqual([...values].sort((a, b) => a - b));
  expect(direction[3]! - direction[0]!).toBeGreaterThan(0.2);
  expect(norm[3]!).toBeGreaterThan(norm[0]!);
}

it("embeddings turn and grow with λ on drawn digits", () => mechanism("drawn-digits"), 120_000);

it.skipIf(!process.env.LYCEUM_DATA)(
  "test 9: embeddings turn and grow with λ on Fashion-MNIST",
  () => mechanism("fashion-mnist"),
  120_000,
);

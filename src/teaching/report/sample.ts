/**
 * A realistic report for tests and for looking at the page: three arms, three seeds, ten classes; every number
 * from a seeded generator (mulberry32), so that it never changes. Not part of the package.
 */
import { crc32, deflateSync } from "node:zlib";
import { difference } from "./format.ts";
import { compareArms, measure } from "./measure.ts";
import type { Arm, Report, Series } from "./schema.ts";

const CLASSES = ["T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"];
const SEEDS = [1, 2, 3];

export function sampleReport({ seed = 7, gain = 0.021 }: { seed?: number; gain?: number } = {}): Report {
  const random = generator(seed);
  const around = (centre: number, spread: number) => centre + (random() + random() + random() - 1.5) * spread;
  const seeds = (centre: number, spread: number) => SEEDS.map(() => Math.round(around(centre, spread) * 1e4) / 1e4);
  const scratch = seeds(0.9, 0.006);
  const taught = scratch.map((value) => Math.round((value + around(gain, 0.006)) * 1e4) / 1e4);
  const small = { params: 51_234, flops: 1_730_000, latencyMs: 0.212, file: { name: "student.onnx", bytes: 207_312 } };
  const arms: Arm[] = [
    {
      name: "resnet-18 teacher",
      role: "teacher",
      params: 1_234_890,
      flops: 48_200_000,
      metrics: {
        accuracy: measure([0.9402], "share"),
        ece: measure([0.0312], "share"),
        crossEntropy: measure([0.1894], "nats"),
      },
      seconds: 0,
      latencyMs: 1.93,
      file: { name: "teacher.onnx", bytes: 4_951_002 },
    },
    {
      name: "distilled student",
      role: "student",
      ...small,
      metrics: {
        accuracy: measure(taught, "share"),
        agreement: measure(seeds(0.948, 0.003), "share"),
        ece: measure(seeds(0.0184, 0.003), "share"),
        crossEntropy: measure(seeds(0.2231, 0.006), "nats"),
      },
      seconds: 391.4,
    },
    {
      name: "from scratch",
      role: "baseline",
      ...small,
      latencyMs: 0.209,
      metrics: {
        accuracy: measure(scratch, "share"),
        agreement: measure(seeds(0.915, 0.003), "share"),
        ece: measure(seeds(0.0297, 0.003), "share"),
        crossEntropy: measure(seeds(0.2812, 0.008), "nats"),
      },
      seconds: 362.9,
    },
  ];
  const [teacher, student, baseline] = arms as [Arm, Arm, Arm];
  const curve = (arm: Arm, seedOf: number, end: number, metric: "accuracy" | "loss"): Series => ({
    name: metric === "accuracy" ? "Validation accuracy" : "Training loss",
    arm: arm.name,
    seed: seedOf,
    ...(metric === "accuracy" ? { metric } : {}),
    x: { label: "examples seen", unit: "" },
    y: metric === "accuracy" ? { label: "accuracy", unit: "share" } : { label: "loss", unit: "nats" },
    points: Array.from({ length: 40 }, (_, i): [number, number] => {
      const progress = 1 - Math.exp(-(i + 1) / 6);
      const from = metric === "accuracy" ? 0.62 : 1.4;
      return [(i + 1) * 7500, around(from + (end - from) * progress, 0.012 * (1.1 - progress) + 0.003)];
    }),
  });
  const prediction = (label: string, low: number) => ({
    label,
    confidence: Math.round((low + random() * (0.99 - low)) * 1000) / 1000,
  });
  return {
    system: "distill",
    version: "0.1.0",
    options: {
      student: "cnn-small",
      temperature: 4,
      alpha: 0.9,
      epochs: 5,
      batch: 128,
      loss: { kd: 0.9, crossEntropy: 0.1 },
    },
    seeds: SEEDS,
    created: "2026-03-14T09:26:53Z",
    command: "lyceum teach --teacher teacher.onnx --data fashion-mnist --student cnn-small --seeds 3",
    data: {
      name: "Fashion-MNIST",
      sha256: "3f79bb7b435b05321651daefd374cdc681dc06faa65e374e38337b88ca046dea",
      splits: { train: 55_000, validation: 5_000, test: 10_000 },
      licence: "MIT",
    },
    environment: {
      node: "20.20.2",
      platform: "linux x64",
      cpu: "AMD EPYC 7B13",
      cores: 2,
      engine: "onnxruntime-node 1.30.0",
      lyceum: "0.1.0",
    },
    arms,
    comparisons: [
      compareArms(student, baseline, "accuracy"),
      compareArms(student, teacher, "accuracy"),
      compareArms(student, baseline, "crossEntropy"),
    ],
    series: SEEDS.flatMap((s, i) => [
      curve(student, s, taught[i]!, "accuracy"),
      curve(baseline, s, scratch[i]!, "accuracy"),
      curve(student, s, 0.24, "loss"),
      curve(baseline, s, 0.19, "loss"),
    ]),
    claims: [
      {
        id: "beats-scratch",
        text: "A student that learns from a teacher's soft targets is more accurate than the same student trained on labels alone.",
        paper: "+1 to +3 points on image classification",
        criterion: "95 % interval of the paired difference in accuracy lies above 0",
        measured: `${difference(compareArms(student, baseline, "accuracy"))} over 3 seeds`,
        verdict: "holds",
      },
      {
        id: "calibration",
        text: "Soft targets also improve calibration.",
        paper: "not quantified",
        criterion: "95 % interval of the paired difference in ECE lies below 0",
        measured: "−1.1 points [−2.4, 0.2]",
        verdict: "inconclusive",
        why: "The interval holds 0; five seeds would narrow it by about a third.",
      },
      {
        id: "matches-teacher",
        text: "The student matches its teacher.",
        paper: "within 0.5 points",
        criterion: "mean accuracy within 0.5 points of the teacher's",
        measured: "1.9 points below",
        verdict: "fails",
        why: "The student has 1/24 of the parameters; the paper's had 1/2.",
      },
    ],
    perClass: CLASSES.map((name, i) => {
      const hard = [0.06, 0.01, 0.09, 0.06, 0.08, 0.02, 0.2, 0.03, 0.01, 0.03][i]!;
      const own = 1 - hard;
      return {
        class: name,
        teacher: own,
        student: own - hard * 0.25 * random() + 0.004,
        baseline: own - hard * 0.45 * random() - 0.008,
        support: 1000,
      };
    }),
    calibration: arms.map((arm, k) => ({
      arm: arm.name,
      bins: Array.from({ length: 15 }, (_, i) => {
        const confidence = (i + 0.5) / 15;
        return {
          confidence,
          accuracy: Math.min(1, Math.max(0, confidence - [0.05, 0.01, 0.07][k]! + (random() - 0.5) * 0.05)),
          count: i < 3 ? 2 : Math.round(40 * Math.exp((i / 14) ** 2 * [4.6, 4.0, 5.0][k]!)),
        };
      }),
    })),
    examples: Array.from({ length: 8 }, (_, i) => {
      const [label, other] = [CLASSES[(i * 3) % 10]!, CLASSES[(i * 3 + 4) % 10]!];
      const lost = i % 3 !== 2;
      return {
        kind: "disagreement" as const,
        image: picture(i),
        label,
        teacher: prediction(lost ? label : other, 0.6),
        student: prediction(lost ? other : label, 0.4),
        baseline: prediction(other, 0.4),
      };
    }),
    notes: ["Latency was measured in one process, batch 1, after 50 warm-up passes."],
  };
}

/** mulberry32: 32 bits of state, good enough for pictures and test numbers. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A 28 × 28 grey-scale blob as a PNG data address. */
function picture(index: number): string {
  const side = 28;
  const rows = Buffer.alloc((side + 1) * side);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      const r =
        Math.hypot(x - 13.5, (y - 13.5) * (0.7 + index * 0.08)) +
        2.5 * Math.sin(Math.atan2(y - 13.5, x - 13.5) * (2 + index));
      rows[y * (side + 1) + 1 + x] = Math.max(0, Math.min(255, 255 - Math.abs(r - 7) * 45));
    }
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(data.length, 0);
    frame.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
  };
  const head = Buffer.from([0, 0, 0, side, 0, 0, 0, side, 8, 0, 0, 0, 0]);
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  const png = Buffer.concat([
    signature,
    chunk("IHDR", head),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
  return `data:image/png;base64,${png.toString("base64")}`;
}

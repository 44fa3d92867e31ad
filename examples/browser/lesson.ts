/**
 * A teacher, a student that it teaches, and the same student left alone with the labels. Nothing in this file knows
 * where it runs: the page imports it into a worker, Node imports it as it is, and both learn the same.
 */
// In your own project: lyceum/data, lyceum/nn, lyceum/tensor, lyceum/losses, lyceum/teaching.
import { type ArrayDataset, drawnDigits, type Split } from "../../src/data/browser.ts";
import { adamw, buildModel, maskOf, schedules } from "../../src/nn/index.ts";
import {
  type Examinee,
  examine,
  exportNetwork,
  type LessonPlan,
  modelTeacher,
  type Network,
  type NetworkState,
  networkExaminee,
  predictions,
  type StoredTargets,
  type Taught,
  teach,
  teacherExaminee,
} from "../../src/teaching/browser.ts";
import { crossEntropy, kd, type Loss, weighted } from "../../src/teaching/losses/index.ts";
import { key, random } from "../../src/tensor/index.ts";

export const ARMS = ["teacher", "taught", "alone"] as const;
export type Arm = (typeof ARMS)[number];

/** What the lesson tells, in plain data: a worker may post it. */
export type DigitsEvent =
  | {
      readonly type: "begins";
      readonly examples: number;
      readonly params: Readonly<Record<Arm, number>>;
      /** Of one answer. */
      readonly flops: Readonly<Record<Arm, number>>;
      readonly steps: Readonly<Record<Arm, number>>;
    }
  | {
      readonly type: "progress";
      readonly arm: Arm;
      readonly step: number;
      readonly of: number;
      readonly loss: number;
      readonly stepMs: number;
    }
  | { readonly type: "exam"; readonly arm: Arm; readonly step: number; readonly accuracy: number }
  | { readonly type: "ends"; readonly result: DigitsResult };

export interface DigitsResult {
  /** On the test part, which no decision has seen. */
  readonly accuracy: Readonly<Record<Arm, number>>;
  /** Mean time of a step, exams included, milliseconds. */
  readonly stepMs: Readonly<Record<Arm, number>>;
  /** Test digits that only one of the two students reads. */
  readonly only: Readonly<Record<"taught" | "alone", number>>;
  /** Where the teacher helped: one test digit of each class, if possible one that only the taught student reads. */
  readonly digits: readonly Digit[];
  /** student.onnx, for every runtime. */
  readonly onnx: Uint8Array<ArrayBuffer>;
}

export interface Digit {
  /** 28 x 28 grey values, row by row. */
  readonly pixels: Uint8Array;
  readonly label: number;
  readonly read: Readonly<Record<Arm, number>>;
}

export interface DigitsOptions {
  /** Training examples; validation and test have 1000 and 2000. */
  readonly examples?: number;
  /** How often the students see each example; the teacher sees it a third as often. */
  readonly epochs?: number;
  /** Any model of the zoo. */
  readonly student?: string;
  readonly seed?: number;
}

const BATCH = 128;

export async function* digitsLesson(options: DigitsOptions = {}): AsyncGenerator<DigitsEvent> {
  const { examples = 6000, epochs = 15, student = "mlp-small", seed = 0 } = options;
  const data = drawnDigits({ train: examples, validation: 1000, test: 2000 });
  const networks = castFor(data.train, student);
  const perEpoch = Math.floor(examples / BATCH);
  const [teacherSteps, steps] = [Math.ceil(epochs / 3) * perEpoch, epochs * perEpoch];
  yield {
    type: "begins",
    examples,
    params: each((arm) => networks[arm].model.params.size),
    flops: each((arm) => networks[arm].model.flops),
    steps: { teacher: teacherSteps, taught: steps, alone: steps },
  };

  const stepMs: Partial<Record<Arm, number>> = {};
  /** Trains one network and tells how it goes. */
  async function* train(arm: Arm, plan: LessonPlan): AsyncGenerator<DigitsEvent, Taught> {
    const examinee = networkExaminee(plan.network);
    const exam = {
      every: Math.ceil(plan.steps / 20),
      run: (state: NetworkState) => mark(examinee, state, data.validation),
    };
    for await (const event of teach({ ...plan, exam })) {
      if (event.type === "exam") yield { type: "exam", arm, step: event.step, accuracy: event.metrics.accuracy! };
      if (event.type === "progress") {
        const { step, of, loss, examplesPerSecond } = event;
        stepMs[arm] = (1000 * BATCH) / examplesPerSecond;
        yield { type: "progress", arm, step, of, loss, stepMs: stepMs[arm] };
      }
      if (event.type === "taught") {
        await examinee.release();
        return event;
      }
    }
    throw new Error("unreachable: a lesson ends with what was taught");
  }

  const taught = {} as Record<Arm, NetworkState>;
  taught.teacher = yield* train("teacher", teacherPlan(data, networks.teacher, teacherSteps));
  const answers = await answersOf(networks.teacher, taught.teacher, data.train);
  // Both students start from the same values and see the same batches: the loss is the only difference.
  taught.taught = yield* train("taught", studentPlan(data, networks.taught, { steps, seed, answers }));
  taught.alone = yield* train("alone", studentPlan(data, networks.alone, { steps, seed }));

  const exams = {} as Record<Arm, { accuracy: number; read: Int32Array }>;
  for (const arm of ARMS) exams[arm] = await finalExam(networks[arm], taught[arm], data.test);
  const onnx = exportNetwork(networks.taught, taught.taught, { classes: data.test.classes });
  yield {
    type: "ends",
    result: {
      accuracy: each((arm) => exams[arm].accuracy),
      stepMs: each((arm) => stepMs[arm] ?? Number.NaN),
      only: onlyOne(data.test, exams.taught.read, exams.alone.read),
      digits: tellingDigits(
        data.test,
        each((arm) => exams[arm].read),
      ),
      onnx: new Uint8Array(onnx),
    },
  };
}

/** The teacher looks with convolutions and takes twenty times the arithmetic of the student's two small layers. */
export function castFor(data: ArrayDataset, student: string): Record<Arm, Network> {
  const { inputShape, classes, normalise } = data;
  const network = (name: string): Network => ({
    model: buildModel(name, { inputShape, classes: classes.length }),
    ...(normalise && { normalise }),
  });
  return { teacher: network("cnn-medium"), taught: network(student), alone: network(student) };
}

export function teacherPlan({ train }: Split, network: Network, steps: number): LessonPlan {
  const shifted: LessonPlan["augment"] = [{ kind: "crop", pad: 2 }];
  return {
    ...plan("teacher", train, network, { steps, rate: 4e-3, loss: crossEntropy(), seed: "teacher" }),
    augment: shifted,
  };
}

/** With the teacher's answers a taught student, without them one that has the labels only. */
export function studentPlan(
  { train }: Split,
  network: Network,
  { steps, seed, answers }: { steps: number; seed: number; answers?: StoredTargets },
): LessonPlan {
  const loss = answers ? weighted({ ce: [0.1, crossEntropy()], kd: [0.9, kd({ temperature: 4 })] }) : crossEntropy();
  const stage = answers ? "taught student" : "student alone";
  return { ...plan(stage, train, network, { steps, rate: 1e-2, loss, seed }), ...(answers && { stored: answers }) };
}

function plan(
  stage: string,
  data: ArrayDataset,
  network: Network,
  { steps, rate, loss, seed }: { steps: number; rate: number; loss: Loss; seed: number | string },
): LessonPlan {
  const warm = Math.ceil(steps / 20);
  const lr = schedules.warmup(warm, schedules.cosine(rate, steps - warm));
  const decayMask = maskOf(network.model.params, (_path, shape) => shape.length > 1);
  return {
    stage,
    network,
    data,
    loss,
    steps,
    batchSize: BATCH,
    optimiser: adamw({ lr, weightDecay: 0.02, decayMask }),
    clip: 5,
    key: random.fold(key(0), seed),
  };
}

/** The teacher is asked once about every training example; the students learn from its answers. */
export async function answersOf(network: Network, state: NetworkState, data: ArrayDataset): Promise<StoredTargets> {
  const examinee = teacherExaminee(await modelTeacher(network, state));
  const { logits, classes } = await examinee.answer(undefined, data);
  await examinee.release();
  return new Map([["logits", { shape: [classes], data: logits }]]);
}

async function mark(examinee: Examinee<NetworkState>, state: NetworkState, data: ArrayDataset) {
  return examine(await examinee.answer(state, data), data.labels).metrics;
}

async function finalExam(network: Network, state: NetworkState, test: ArrayDataset) {
  const examinee = networkExaminee(network);
  const answers = await examinee.answer(state, test);
  await examinee.release();
  return { accuracy: examine(answers, test.labels).metrics.accuracy, read: predictions(answers) };
}

function onlyOne({ labels }: ArrayDataset, taught: Int32Array, alone: Int32Array) {
  const count = (reads: Int32Array, fails: Int32Array) =>
    labels.reduce((sum, label, i) => sum + Number(reads[i] === label && fails[i] !== label), 0);
  return { taught: count(taught, alone), alone: count(alone, taught) };
}

/** One digit of each class, if possible one that the student alone gets wrong and the taught one right. */
function tellingDigits(test: ArrayDataset, read: Readonly<Record<Arm, Int32Array>>): Digit[] {
  const telling = (i: number) =>
    Number(read.taught[i] === test.labels[i]) + 2 * Number(read.alone[i] !== test.labels[i]);
  const order = Array.from(test.labels, (_, i) => i).sort((a, b) => telling(b) - telling(a) || a - b);
  const chosen = test.classes.map((_, label) => order.find((i) => test.labels[i] === label)!);
  return chosen.map((i) => ({
    pixels: (test.inputs as Uint8Array).slice(i * 784, (i + 1) * 784),
    label: test.labels[i]!,
    read: each((arm) => read[arm][i]!),
  }));
}

function each<T>(value: (arm: Arm) => T): Record<Arm, T> {
  return { teacher: value("teacher"), taught: value("taught"), alone: value("alone") };
}

/** A small world for the tests: a few drawn digits, tiny networks, a group of them. Not in the package. */
import { createHash } from "node:crypto";
import { type Batch, batches } from "../../data/batches.ts";
import { drawnDigits } from "../../data/digits.ts";
import { type Model, mlp } from "../../nn/index.ts";
import type { LessonEvent } from "../../teaching/events.ts";
import { optimiserFor, type Recipe } from "../../teaching/lesson/recipe.ts";
import type { Network, NetworkState } from "../../teaching/network.ts";
import { key, random } from "../../tensor/index.ts";
import { slimResnet } from "./family.ts";
import type { Cast, Switches, Turn } from "./iteration.ts";
import { member } from "./member.ts";
import { learningPivot } from "./pivot.ts";

export const digits = drawnDigits({ train: 320, validation: 100, test: 500 });
const shape = { inputShape: digits.train.inputShape, classes: 10 };
export const recipe: Recipe = { epochs: 4, batchSize: 32, optimiser: "sgd", rate: 0.05, decay: 5e-4, augment: [] };

export const networkOf = (model: Model): Network => ({ model, normalise: digits.train.normalise! });
export const perceptron = (...hidden: number[]): Network => networkOf(mlp({ ...shape, name: `mlp-${hidden}`, hidden }));
/** Small enough for a test and with batch norms, which a perceptron lacks. */
export const residual = (width = 4): Network =>
  networkOf(slimResnet({ ...shape, name: `slim-${width}`, depth: 8, width }));

export const SWITCHES: Switches = {
  roles: "loss",
  promoted: 1,
  group: "individual",
  intensive: "mixup",
  privateTeaching: true,
  beta: 0.7,
  mixupAlpha: 1,
};

export interface CastOptions {
  readonly students: readonly Network[];
  readonly pivot?: Network;
  readonly seed?: number;
  readonly steps?: number;
  readonly rate?: number;
  readonly temperature?: number;
  /** Of the pivot; fresh where not given. */
  readonly pivotState?: NetworkState;
}

/** Fresh students around a fresh pivot. */
export function castOf({
  students,
  pivot = perceptron(16),
  seed = 1,
  steps = 40,
  rate = recipe.rate,
  temperature = 4,
  pivotState,
}: CastOptions): Cast {
  const lesson = key(seed);
  return {
    students: students.map((network, i) =>
      member({
        name: `student ${i}`,
        network,
        optimiser: optimiserFor(network.model, { ...recipe, rate }, steps),
        temperature,
        key: lesson,
        initial: random.fold(random.fold(lesson, "student"), i),
      }),
    ),
    pivot: learningPivot({
      network: pivot,
      initial: pivotState ?? pivot.model.init(random.fold(lesson, "pivot")),
      optimiser: optimiserFor(pivot.model, { ...recipe, rate: rate / 10 }, steps),
      key: lesson,
    }),
  };
}

/** A pivot that has learned from the labels, at the students' rate. */
export async function trainedPivot(network: Network, steps = 60): Promise<NetworkState> {
  const optimiser = optimiserFor(network.model, recipe, steps);
  const pivot = learningPivot({ network, initial: network.model.init(key(7)), optimiser, key: key(7) });
  for (let step = 0; step < steps; step++) {
    const { batch } = turnAt(step, 7);
    await pivot.study!({ batch, step, handed: Int32Array.from(batch.y.keys()), lambda: 1 });
  }
  const { params, buffers } = pivot.state()!;
  await pivot.release();
  return { params: params.slice(), buffers: buffers.slice() };
}

export async function release({ students, pivot }: Cast): Promise<void> {
  for (const student of students) await student.release();
  await pivot.release();
}

export function turnAt(step: number, seed = 1): Turn {
  const source = batches(digits.train, { key: random.fold(key(seed), "batches"), batchSize: recipe.batchSize });
  const batch: Batch = source.batchAt(step);
  return { batch, step, key: random.fold(key(seed), step) };
}

/** One hash per vector of every network. */
export function hashesOf({ students, pivot }: Cast): Record<string, string> {
  const of = (arrays: Record<string, Float32Array>) => {
    const hash = createHash("sha256");
    for (const values of Object.values(arrays))
      hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return hash.digest("hex").slice(0, 12);
  };
  return Object.fromEntries([
    ...students.map((student, i) => [`student ${i}`, of(student.arrays())]),
    ["pivot", of(pivot.arrays())],
  ]);
}

/** Who has changed between two snapshots of {@link hashesOf}. */
export const changed = (before: Record<string, string>, after: Record<string, string>): string[] =>
  Object.keys(before).filter((name) => before[name] !== after[name]);

/** Puts a cast back to how it was. */
export function keep(cast: Cast): () => void {
  const copy = (arrays: Record<string, Float32Array>) =>
    Object.fromEntries(Object.entries(arrays).map(([name, values]) => [name, values.slice()]));
  const [students, pivot] = [cast.students.map((s) => copy(s.arrays())), copy(cast.pivot.arrays())];
  return () => {
    cast.students.forEach((student, i) => {
      student.restore(students[i]!);
    });
    cast.pivot.restore(pivot);
  };
}

/** Listens to the end. */
export async function listen<R>(work: AsyncGenerator<LessonEvent, R>): Promise<{ events: LessonEvent[]; result: R }> {
  const events: LessonEvent[] = [];
  let next = await work.next();
  for (; !next.done; next = await work.next()) events.push(next.value);
  return { events, result: next.value };
}

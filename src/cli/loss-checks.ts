/**
 * The laws of losses, checked on the registered ones: student = teacher gives loss 0 and gradient 0, the teacher gets
 * no gradient, and KD is T² times the divergence from teacher to student, not the other way round.
 */
import { fail } from "../errors.ts";
import { kd } from "../teaching/losses/kd.ts";
import { type Loss, type Outputs, teacherTargets } from "../teaching/losses/loss.ts";
import { createLoss, losses } from "../teaching/losses/registry.ts";
import { grad, type HostTensor, host, program, random, scalarOf, type Tensor, toNumbers } from "../tensor/index.ts";
import type { Check } from "./checks.ts";

const BATCH = 8;
const CLASSES = 6;
/** One example's taps: what any kind of loss may ask for. */
const TAPS = { low: [3, 4, 4], map: [4, 3, 3], embedding: [CLASSES] } as const;
const LABELS = host(
  Int32Array.from({ length: BATCH }, (_, i) => i % CLASSES),
  [BATCH],
);

/** A matching loss pulls the student towards the teacher's values; others have no zero there. */
const matching = Object.entries(losses).filter(([, entry]) => entry.matching);

export function lossChecks(): Check[] {
  return [
    ...matching.map(([name]) => ({ name: `loss ${name}`, run: () => zeroAtTheTeacher(name) })),
    { name: "T² law", run: temperatureLaw },
  ];
}

async function zeroAtTheTeacher(name: string): Promise<string> {
  const taps = new Map(Object.entries(TAPS).map(([path, shape]) => [path, [BATCH, ...shape]]));
  const loss = createLoss([{ name, weight: 1 }], taps, taps);
  const [a, b] = [sides(1), sides(2)];
  const equal = await measure(loss, a, a);
  const different = await measure(loss, a, b);
  // f32 rounding of probabilities, as in the tests of the losses.
  if (Math.abs(equal.loss) > 1e-5 * different.loss || equal.gradient > 1e-4 * different.gradient) {
    fail(
      "E_LOSS_LAW",
      `Student = teacher gives loss ${equal.loss} and gradient ${equal.gradient}; 0 and 0 were expected.`,
      "Are the operands in order, and are both models in evaluation mode?",
    );
  }
  if (different.teacher !== 0) {
    fail("E_LOSS_LAW", "The teacher receives a gradient.", "Take targets from teacherTargets() only.");
  }
  return "student = teacher gives loss 0 and gradient 0; the teacher is frozen";
}

/** T²·KL(softmax(t/T) ‖ softmax(s/T)), mean over the batch, in plain f64; swapped operands or a missing T² differ. */
async function temperatureLaw(): Promise<string> {
  const [student, teacher] = [sides(1), sides(2)];
  for (const temperature of [1, 4]) {
    const { loss } = await measure(kd({ temperature }), student, teacher);
    const expected = divergence(toNumbers(teacher.logits), toNumbers(student.logits), temperature) * temperature ** 2;
    // Seven digits of f32 through an exponential, a logarithm and a sum.
    if (Math.abs(loss - expected) > 1e-5 * expected) {
      fail("E_LOSS_LAW", `At T = ${temperature}, KD is ${loss}; T²·KL(teacher ‖ student) = ${expected} was expected.`);
    }
  }
  return "KD equals T²·KL(teacher ‖ student)";
}

type Sides = { readonly logits: HostTensor; readonly taps: Readonly<Record<string, HostTensor>> };

function sides(seed: number): Sides {
  const draw = (name: string, shape: readonly number[]) => {
    const size = BATCH * shape.reduce((a, b) => a * b, 1);
    const values = random.normal(random.fold(random.key(seed), name), size);
    return host(
      values.map((v) => 3 * v),
      [BATCH, ...shape],
    );
  };
  const taps = Object.entries(TAPS).map(([path, shape]) => [path, draw(path, shape)]);
  return { logits: draw("logits", [CLASSES]), taps: Object.fromEntries(taps) };
}

/** The loss, and the size of its gradients with respect to everything on each side. */
async function measure(loss: Loss, student: Sides, teacher: Sides) {
  type Symbolic = { logits: Tensor; taps: { [path: string]: Tensor } };
  const outputs = ({ logits, taps }: Symbolic): Outputs => ({ logits, taps: new Map(Object.entries(taps)) });
  const all = ({ logits, taps }: Symbolic) => [logits, ...Object.values(taps)];
  const run = program((s: Symbolic, t: Symbolic, labels: Tensor) => {
    const result = loss(outputs(s), teacherTargets(outputs(t)), { labels }).loss;
    // One call: a tensor that the loss does not read has gradient zero, as long as it reads any of them.
    const squares = grad(result, [...all(s), ...all(t)]).map((g) => g.square().sum());
    const half = squares.length / 2;
    const size = (list: readonly Tensor[]) => list.reduce((a, b) => a.add(b)).sqrt();
    return { loss: result, gradient: size(squares.slice(0, half)), teacher: size(squares.slice(half)) };
  });
  const result = await run({ ...student }, { ...teacher }, LABELS);
  await run.release();
  return { loss: scalarOf(result.loss), gradient: scalarOf(result.gradient), teacher: scalarOf(result.teacher) };
}

function divergence(teacher: readonly number[], student: readonly number[], temperature: number): number {
  let sum = 0;
  for (let row = 0; row < BATCH; row++) {
    const [p, q] = [teacher, student].map((z) =>
      logSoftmax(z.slice(row * CLASSES, (row + 1) * CLASSES).map((v) => v / temperature)),
    ) as [number[], number[]];
    p.forEach((logP, c) => {
      sum += Math.exp(logP) * (logP - q[c]!);
    });
  }
  return sum / BATCH;
}

function logSoftmax(z: readonly number[]): number[] {
  const top = Math.max(...z);
  const log = top + Math.log(z.reduce((sum, v) => sum + Math.exp(v - top), 0));
  return z.map((v) => v - log);
}

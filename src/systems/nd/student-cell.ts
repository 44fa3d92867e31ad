/** The cell of a student: it learns, then it is measured on the test part, answers and embeddings both. */
import { type ArrayDataset, countOf } from "../../data/dataset.ts";
import type { LessonEvent } from "../../teaching/events.ts";
import { examine } from "../../teaching/exams/index.ts";
import { type Network, tapShapes } from "../../teaching/network.ts";
import type { StoredTargets } from "../../teaching/targets.ts";
import { trainedOutcome } from "../kit/cast.ts";
import { learn } from "../kit/learn.ts";
import type { Bench, Outcome } from "../system.ts";
import type { Arm } from "./arms.ts";
import { type Classroom, classroom, studentOf } from "./classroom.ts";
import { embedNetwork } from "./embed.ts";
import { geometry, normsOf, type Rows } from "./geometry.ts";
import { armLoss, type Sides, teacherTaps } from "./loss.ts";
import { benchFor, passes } from "./material.ts";
import { recipeFor, studentEmbedding } from "./models.ts";
import type { NdOptions } from "./options.ts";
import { asDataset, projected } from "./probe.ts";
import { PROJECTED, withoutAdapter, withProjection } from "./projection.ts";
import { knowledgeId, type Setting } from "./settings.ts";
import { answersOf, EXAMS, labelsFor } from "./teacher-cells.ts";

/** Points of the scatter, from the first seed. */
const POINTS = 150;

export async function* workStudent(
  given: Bench<NdOptions>,
  { setting, arm, seed }: { readonly setting: Setting; readonly arm: Arm; readonly seed: number },
): AsyncGenerator<LessonEvent, Outcome> {
  const bench = await benchFor(given, setting);
  const { options, data } = bench;
  const room = await classroom(bench, setting);
  const { arrays = {} } = await bench.outcome(knowledgeId(setting));
  const means = arrays.means!;
  const network = await studentOf(bench, setting);
  const own = studentEmbedding(network, setting.embedding);
  const stored = yield* answersOf(bench, room);
  const seen: ArrayDataset = { ...room.material.seen, labels: labelsFor(options, room, stored) };

  const rounds = passes(options.epochs, room.material);
  const adapted = arm.lambda > 0 && own.width !== room.width;
  const sides: Sides = {
    student: tapShapes(network),
    teacher: room.teacher.taps,
    embedding: { student: own.tap, teacher: room.tap },
    aligned: adapted ? PROJECTED : own.tap,
    epochs: (rounds * countOf(seen)) / countOf(room.material.originals),
  };
  const model = adapted ? withProjection(network.model, own.tap, room.width, options.dropout) : network.model;
  const trained = yield* learn(bench, {
    stage: "student",
    network: { ...network, model },
    loss: armLoss(arm, sides),
    ...help(arm, sides, room, stored, means),
    recipe: recipeFor(network.model, rounds),
    seed,
    data: seen,
    exams: EXAMS,
  });
  const student = withoutAdapter(network.model, trained);

  const { test } = data;
  const said = await embedNetwork(network, student, test, own.tap);
  const teacher = { logits: arrays.logits!, classes: said.logits.width };
  const exam = examine({ logits: said.logits.data, classes: said.logits.width }, test.labels, teacher);
  const aligned =
    own.width === room.width
      ? said.embedding
      : yield* align(bench, {
          network,
          state: student,
          tap: own.tap,
          room,
          stored,
          means,
          seed,
          seen,
          test: said.embedding,
        });
  const where = geometry(aligned, arrays.norms!, means, test.labels);
  const lengths = normsOf(said.embedding);
  const metrics = {
    ...exam.metrics,
    normRatio: where.normRatio,
    direction: where.direction,
    classMeanAccuracy: where.classMeanAccuracy,
    embeddingNorm: lengths.reduce((a, b) => a + b, 0) / lengths.length,
  };
  const facts = {
    width: own.width,
    adapter: own.width !== room.width,
    validation: trained.log.exams.at(-1)?.metrics.accuracy ?? 0,
    points: seed === 1 ? where.points.slice(0, POINTS) : [],
  };
  return trainedOutcome(network, { ...trained, ...student }, metrics, facts);
}

/** What the loss is told: nothing, the stored answers, or a teacher that runs along where it reads feature maps. */
function help(arm: Arm, sides: Sides, { teacher, tap }: Classroom, stored: StoredTargets, means: Float32Array) {
  if (arm.base === "ce") return {};
  const { taps, live } = teacherTaps(arm, sides);
  const classMeans = new Map([[tap, means]]);
  return live ? { teacher, taps, classMeans } : { stored, classMeans };
}

interface Alignment {
  readonly network: Network;
  readonly state: { readonly params: Float32Array; readonly buffers: Float32Array };
  readonly tap: string;
  readonly room: Classroom;
  readonly stored: StoredTargets;
  readonly means: Float32Array;
  readonly seed: number;
  readonly seen: ArrayDataset;
  /** The student's test embeddings in its own width. */
  readonly test: Rows;
}

/** The test embeddings in the teacher's space, by a projection fitted on the training examples. */
async function* align(bench: Bench<NdOptions>, request: Alignment): AsyncGenerator<LessonEvent, Rows> {
  const { network, state, tap, room, stored, means, seed, seen, test } = request;
  const { originals } = room.material;
  const count = countOf(originals);
  const labels = seen.labels.subarray(0, count);
  const { embedding } = await embedNetwork(network, state, originals, tap);
  const rows = { shape: [room.width], data: stored.get(room.tap)!.data.subarray(0, count * room.width) };
  return yield* projected(bench, {
    train: asDataset(embedding, originals, labels),
    test: asDataset(test, bench.data.test, bench.data.test.labels),
    teacher: rows,
    means,
    width: room.width,
    seed,
  });
}

/** The work of a cell, by its kind. */
import type { LessonEvent } from "../../teaching/events.ts";
import { recipesFor } from "../../teaching/lesson/recipe.ts";
import { trainTeacher } from "../kit/cast.ts";
import type { Bench, Outcome } from "../system.ts";
import { fewLabels, scratch, single, taught } from "./cell-baselines.ts";
import { finishClass } from "./cell-class.ts";
import { otherOnTeacher } from "./cell-other.ts";
import { learnChunks } from "./cell-students.ts";
import { findEmbedding } from "./embedding.ts";
import type { Options } from "./options.ts";
import type { Task } from "./plan.ts";

export function work(task: Task, bench: Bench<Options>): AsyncGenerator<LessonEvent, Outcome> {
  switch (task.kind) {
    case "teacher":
      return teacher(bench);
    case "embedding":
      return findEmbedding(bench);
    case "students":
      return learnChunks(task, bench);
    case "class":
      return finishClass(task, bench);
    case "single":
      return single(task, bench);
    case "taught":
      return taught(task, bench);
    case "scratch":
      return scratch(task, bench);
    case "few":
      return fewLabels(task, bench);
    case "other":
      return otherOnTeacher(task, bench);
  }
}

function teacher(bench: Bench<Options>): AsyncGenerator<LessonEvent, Outcome> {
  const { options, data } = bench;
  const recipe = recipesFor(data.train).teacher;
  return trainTeacher(bench, options.teacher, {
    ...recipe,
    epochs: options.teacherEpochs || recipe.epochs,
    rate: isPlain(options.teacher) ? PLAIN_RATE : recipe.rate,
  });
}

/** Perceptrons have no batch norm: the rate of the convolutional recipe is too much for them. */
const isPlain = (name: string): boolean => name.startsWith("mlp-");
const PLAIN_RATE = 0.05;

/** Who takes part: networks by name, the pivot as a teacher, the part of the data that is learned from. */
import type { ArrayDataset } from "../../data/dataset.ts";
import { fail } from "../../errors.ts";
import type { Network } from "../../teaching/network.ts";
import { modelTeacher, type Teacher } from "../../teaching/teacher.ts";
import { key } from "../../tensor/index.ts";
import { isFile, networkOf, stateOf, studentOf, teacherOf } from "../kit/cast.ts";
import { balanced } from "../kit/subset.ts";
import type { Bench } from "../system.ts";
import { slimResnetNamed } from "./family.ts";
import type { Options } from "./options.ts";
import { PIVOT } from "./plan.ts";

/** A network of the family, of the zoo or of a user's module. @throws E_MODEL_UNKNOWN, E_STUDENT_MODULE, E_OPTION */
export async function networkNamed(bench: Pick<Bench<unknown>, "data">, name: string): Promise<Network> {
  const { inputShape, classes, normalise } = bench.data.train;
  const model = slimResnetNamed(name, { inputShape, classes: classes.length });
  return model ? { model, ...(normalise && { normalise }) } : networkOf(bench, name);
}

export interface Student {
  /** Unique in the group. */
  readonly name: string;
  readonly network: Network;
}

/** The group; the first one is the target, which may be a user's own model. */
export async function studentsOf(bench: Pick<Bench<Options>, "data" | "own" | "options">): Promise<Student[]> {
  const { own, options } = bench;
  const target = own.student ? await studentOf(bench, options.student) : await networkNamed(bench, options.student);
  const networks = [target];
  for (const peer of options.peers) networks.push(await networkNamed(bench, peer));
  for (const { model } of networks) checkFits(model.name, model, bench.data.train);
  return named(networks);
}

/** Names, numbered where networks share one. */
function named(networks: readonly Network[]): Student[] {
  const names = networks.map(({ model }) => model.name);
  return networks.map((network, i) => {
    const before = names.slice(0, i).filter((name) => name === names[i]).length;
    return { name: before === 0 ? names[i]! : `${names[i]} (${before + 1})`, network };
  });
}

function checkFits(name: string, { inputShape, classes }: Network["model"], data: ArrayDataset): void {
  if (`${inputShape}` !== `${data.inputShape}`) {
    fail(
      "E_TEACH_OPTION",
      `${name} reads [${inputShape}], "${data.name}" has [${data.inputShape}].`,
      "Choose a model of that size.",
    );
  }
  if (classes !== undefined && classes !== data.classes.length) {
    fail(
      "E_TEACH_CLASSES",
      `${name} knows ${classes} classes, "${data.name}" has ${data.classes.length}.`,
      "Pivot, students and data must have the same classes in the same order.",
    );
  }
}

/** The labelled examples that all learn from. */
export const trainingPart = ({ data, options }: Pick<Bench<Options>, "data" | "options">): ArrayDataset =>
  balanced(data.train, options.examples, key(0));

/** A pivot that comes as a file or in memory has no parameters that could be trained. */
export const isFrozen = ({ own, options }: Pick<Bench<Options>, "own" | "options">): boolean =>
  own.teacher !== undefined || isFile(options.teacher);

/** The pivot as its cell has left it, frozen. */
export async function pivotTeacher(bench: Bench<Options>): Promise<Teacher> {
  if (isFrozen(bench)) return teacherOf(bench as unknown as Bench<unknown>, bench.options.teacher, PIVOT);
  return trainedTeacher(bench, await networkNamed(bench, bench.options.teacher), PIVOT);
}

/** The network that a cell has trained, as a teacher. */
export async function trainedTeacher(bench: Bench<Options>, network: Network, cell: string): Promise<Teacher> {
  return modelTeacher(network, stateOf(await bench.outcome(cell)), network.model.name);
}

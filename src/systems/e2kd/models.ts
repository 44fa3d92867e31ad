/**
 * Models whose last feature map is still a map (7×7 for 28×28 pictures), which most models of the zoo shrink to 2×2, and
 * B-cos networks; next to those names, everything that students and teachers may be elsewhere.
 */
import type { ArrayDataset } from "../../data/dataset.ts";
import { fail } from "../../errors.ts";
import { didYouMean } from "../../nearest.ts";
import { bcos, type CnnStage, cnn, type Model } from "../../nn/index.ts";
import { findModel } from "../../teaching/lesson/cast.ts";
import type { Network } from "../../teaching/network.ts";
import type { Bench } from "../system.ts";
import type { Options } from "./options.ts";

const stages = (...widths: number[]): CnnStage[] =>
  widths.map((width, i): CnnStage => ({ width, stride: i < 2 ? 2 : 1 }));
/** Three convolutions each; widths of the specification, section 4. */
const SMALL = stages(8, 16, 16);
const LARGE = stages(16, 32, 32);

interface Input {
  readonly name: string;
  readonly inputShape: readonly number[];
  readonly classes: number;
}
type Make = (input: Input, detachDynamic: boolean) => Model;

const OWN: Readonly<Record<string, Make>> = {
  "gap-small": (input) => cnn({ ...input, stages: SMALL }),
  "gap-large": (input) => cnn({ ...input, stages: LARGE }),
  "bcos-small": (input, detachDynamic) => bcos({ ...input, stages: SMALL, detachDynamic }),
  "bcos-large": (input, detachDynamic) => bcos({ ...input, stages: LARGE, detachDynamic }),
};

/** B-cos networks read pictures as they are. */
const isBcos = (name: string): boolean => name.startsWith("bcos-");

export type Role = "teacher" | "student";

/** The name behind "auto". */
export function modelName({ explainer, ...options }: Pick<Options, "explainer" | Role>, role: Role): string {
  const given = options[role];
  if (given !== "auto") return given;
  return `${explainer === "bcos" ? "bcos" : "gap"}-${role === "teacher" ? "large" : "small"}`;
}

/** A network by name for these data. `detach`: see `detachDynamic` of B-cos models. @throws E_MODEL_UNKNOWN */
export async function networkNamed(name: string, data: ArrayDataset, detach: boolean): Promise<Network> {
  const { normalise, inputShape, classes } = data;
  const make = Object.hasOwn(OWN, name) ? OWN[name] : undefined;
  if (!make && /^(gap|bcos)-/.test(name)) {
    fail("E_MODEL_UNKNOWN", `No model is called "${name}".`, didYouMean(name, Object.keys(OWN)));
  }
  const model = make ? make({ name, inputShape, classes: classes.length }, detach) : await findModel(name, data);
  return { model, ...(normalise && !isBcos(name) && { normalise }) };
}

/** The student of a lesson on these data: the user's own model where there is one. */
export async function studentNetwork(
  { own, options }: Pick<Bench<Options>, "own" | "options">,
  data: ArrayDataset,
): Promise<Network> {
  if (!own.student) return networkNamed(modelName(options, "student"), data, !options.fullGradient);
  return { model: own.student, ...(data.normalise && { normalise: data.normalise }) };
}

/**
 * Layers, models, initialisers, optimisers, schedules, and the training step.
 * @module lyceum/nn
 */
export { describeModel } from "./describe.ts";
export { flopsOf } from "./flops.ts";
export * as init from "./init.ts";
export { type FromRecordOptions, fromRecord, type ModelValues, toRecord } from "./io.ts";
export * as layers from "./layers/index.ts";
export { type Entry, entryOf, getParam, type Layout, layoutOf, maskOf, setParam, viewParams } from "./layout.ts";
export {
  type ApplyOptions,
  defineModel,
  type Forward,
  type Inputs,
  type Model,
  type ModelOptions,
  type ModelState,
} from "./model.ts";
export { type BcosNetOptions, bcos, logitBias } from "./models/bcos.ts";
export { type CnnOptions, type CnnStage, cnn } from "./models/cnn.ts";
export { type GptOptions, gpt } from "./models/gpt.ts";
export { type GruClassifierOptions, gruClassifier } from "./models/gru.ts";
export { type MlpOptions, mlp } from "./models/mlp.ts";
export { type ResnetOptions, resnet } from "./models/resnet.ts";
export * from "./optimisers/index.ts";
export * as schedules from "./schedules.ts";
export type { Scope } from "./scope.ts";
export {
  copyState,
  initState,
  keyTensor,
  type LossInput,
  type StateOf,
  type StepResult,
  type SymbolicScalars,
  type SymbolicState,
  type TrainState,
  type TrainStepOptions,
  trainProgram,
  trainStep,
} from "./train-step.ts";
export { aboutModel, buildModel, MODEL_NAMES, type ZooInput } from "./zoo.ts";

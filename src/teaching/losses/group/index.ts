/** Losses of several students or several teachers at once. They are functions of logits, one scalar per member. */
export { type DenseOptions, denselyGuided } from "./dense.ts";
export { type EnsembleOptions, ensembleDistillation, ensembleLogits } from "./ensemble.ts";
export { type MutualOptions, mutualLearning } from "./mutual.ts";

/** Losses of rankers and retrievers, on scores. */
export { inBatchCrossEntropy, inBatchScores, type ListOptions, listwiseKl } from "./lists.ts";
export { marginHinge, marginMse, pointwiseMse, type TripleScores } from "./margins.ts";

/**
 * What a model's answers cost under known probabilities: sums over all tokens, not over drawn ones, so that there is no
 * noise of labels. All in nats per position, means over positions, in f64 whatever the model's type is.
 *
 * `p` are probabilities `[n, vocabulary]` of an oracle, `logQ` log-probabilities `[n, vocabulary]` of a model; a token
 * with p = 0 costs nothing, whatever the model says.
 */
import { fail } from "../../errors.ts";

/** -sum p log q: least, and then the entropy, when the model is the oracle. @throws E_ORACLE for unequal shapes */
export function expectedCrossEntropy(p: Float64Array, logQ: Float32Array | Float64Array, vocabulary: number): number {
  return meanOver(p, logQ.length, vocabulary, (probability, i) => -probability * logQ[i]!);
}

/** KL(p || q) = sum p (log p - log q). @throws E_ORACLE for unequal shapes */
export function divergence(p: Float64Array, logQ: Float32Array | Float64Array, vocabulary: number): number {
  return meanOver(p, logQ.length, vocabulary, (probability, i) => probability * (Math.log(probability) - logQ[i]!));
}

/** -sum p log p. */
export function meanEntropy(p: Float64Array, vocabulary: number): number {
  return meanOver(p, p.length, vocabulary, (probability) => -probability * Math.log(probability));
}

function meanOver(p: Float64Array, length: number, vocabulary: number, term: (p: number, i: number) => number): number {
  if (p.length !== length || p.length === 0 || p.length % vocabulary !== 0) {
    fail(
      "E_ORACLE",
      `${p.length} probabilities and ${length} log-probabilities are not both [n, ${vocabulary}].`,
      "Ask both about the same positions.",
    );
  }
  let sum = 0;
  for (let i = 0; i < p.length; i++) if (p[i]! > 0) sum += term(p[i]!, i);
  return sum / (p.length / vocabulary);
}

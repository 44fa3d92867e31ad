/** Languages with known probabilities: oracles to train and judge students against. */
export { earley, type Parser } from "./earley.ts";
export { type Grammar, type GrammarTable, grammar, sampleSentence, smallEnglish } from "./grammar.ts";
export { type GrammarOracle, grammarOracle } from "./grammar-oracle.ts";
export { inventedText } from "./invented-text.ts";
export { contextsOf, estimateNgram, type NgramOptions, type NgramOracle } from "./ngram.ts";
export { divergence, expectedCrossEntropy, meanEntropy } from "./target.ts";

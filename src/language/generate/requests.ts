/** What can be asked of a model, checked before anything runs. */
import { fail } from "../../errors.ts";
import type { DecoderConfig } from "../decoder/index.ts";
import type { GenerateRequest, Sampling } from "./contract.ts";

/** The model's own distribution: no cuts, temperature 1. */
export const PLAIN: Sampling = { temperature: 1, topK: 0, topP: 1 };
export const GREEDY: Sampling = { temperature: 0, topK: 0, topP: 1 };

const wrong = (what: string, hint: string): never => fail("E_GENERATE", what, hint);
const isCount = (value: number, least: number) => Number.isInteger(value) && value >= least;

/** @throws E_GENERATE */
export function checkSampling({ temperature, topK, topP }: Sampling): void {
  if (!(temperature >= 0 && temperature < Number.POSITIVE_INFINITY))
    wrong(`The temperature ${temperature} cannot be used.`, "Use 0 for the likeliest token, or a number above it.");
  if (!isCount(topK, 0)) wrong(`topK = ${topK} is not a number of tokens.`, "Use a whole number, 0 for all.");
  if (!(topP > 0 && topP <= 1)) wrong(`topP = ${topP} is not a share.`, "Use a number above 0 and at most 1.");
}

/** At least `least` tokens of the vocabulary, at most `most`. @throws E_GENERATE */
export function checkTokens(
  what: string,
  tokens: ArrayLike<number>,
  { vocabulary }: DecoderConfig,
  least: number,
  most: number,
): void {
  if (tokens.length < least || tokens.length > most) {
    wrong(`${what} has ${tokens.length} tokens.`, `This model takes ${least} to ${most} here.`);
  }
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    if (!isCount(token, 0) || token >= vocabulary)
      wrong(
        `${what} has ${token} at place ${i}.`,
        `Tokens of this model are whole numbers from 0 to ${vocabulary - 1}.`,
      );
  }
}

/** @throws E_GENERATE */
export function checkLength(maxTokens: number): void {
  if (!isCount(maxTokens, 1)) wrong(`${maxTokens} tokens were asked for.`, "Ask for a whole number of at least 1.");
}

/** @throws E_GENERATE */
export function checkRequest(
  { prompt, maxTokens, sampling, alternatives = 0 }: GenerateRequest,
  config: DecoderConfig,
): void {
  checkTokens("The prompt", prompt, config, 1, config.context - 1);
  checkLength(maxTokens);
  checkSampling(sampling);
  checkAlternatives(alternatives, config);
}

/** @throws E_GENERATE */
export function checkAlternatives(alternatives: number, { vocabulary }: DecoderConfig): void {
  if (!isCount(alternatives, 0) || alternatives > vocabulary)
    wrong(`${alternatives} alternatives were asked for.`, `Ask for 0 to ${vocabulary}, the size of the vocabulary.`);
}

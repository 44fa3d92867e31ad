/** Tokenisers: text to ids and back, trained here or read from files of Hugging Face. */
export { alphabetOf, type CharacterOptions, characterTokeniser } from "./character.ts";
export { loadTokeniser, parseTokeniser } from "./hugging-face.ts";
export {
  type DecodeOptions,
  type Decoder,
  decoder,
  type EncodeOptions,
  spelling,
  type Tokeniser,
} from "./tokeniser.ts";
export { type TrainBpeOptions, trainByteBpe } from "./train-bpe.ts";

/** Teacher and student: Llama decoders with heads of 16 channels. */
import { type Decoder, decoder, llama } from "../../language/decoder/index.ts";
import type { Options } from "./options.ts";
import { CONTEXT } from "./world.ts";

const made = (vocabulary: number, layers: number, width: number): Decoder =>
  decoder(llama({ vocabulary, context: CONTEXT, width, layers, heads: width / 16 }));

export const teacherModel = ({ teacherLayers, teacherWidth }: Options, vocabulary: number): Decoder =>
  made(vocabulary, teacherLayers, teacherWidth);
export const studentModel = ({ studentLayers }: Options, vocabulary: number, width: number): Decoder =>
  made(vocabulary, studentLayers, width);

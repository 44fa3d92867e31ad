/** Teacher and student: Llama decoders with heads of 16 channels. */
import { type Decoder, decoder, llama } from "../../language/decoder/index.ts";
import type { Options } from "./options.ts";
import { widthOf } from "./world.ts";

const made = (vocabulary: number, context: number, layers: number, width: number): Decoder =>
  decoder(llama({ vocabulary, context, width, layers, heads: width / 16 }));

export const teacherModel = (o: Options, vocabulary: number): Decoder =>
  made(vocabulary, widthOf(o), o.teacherLayers, o.teacherWidth);
export const studentModel = (o: Options, vocabulary: number, width: number): Decoder =>
  made(vocabulary, widthOf(o), o.studentLayers, width);

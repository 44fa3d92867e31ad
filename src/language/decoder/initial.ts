/** How the parts of a decoder start (Radford et al. 2019). */
import { init } from "../../nn/index.ts";
import type { DecoderConfig } from "./config.ts";

const DEVIATION = 0.02;

export const matrixInit = init.normal(DEVIATION);
export const zeros = init.zeros;

/** Of matrices that write into the residual stream, which 2·layers of them do. */
export const residualInit = ({ layers }: DecoderConfig) => init.normal(DEVIATION / Math.sqrt(2 * layers));

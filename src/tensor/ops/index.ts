/** The vocabulary: every operation on symbolic tensors. */
export * from "./elementwise.ts";
export * from "./indexing.ts";
export * from "./matmul.ts";
export * from "./reduce.ts";
export * from "./shaping.ts";

/**
 * `lyceum/data` in a page: what needs no disk. Bytes come from fetch, from a file input or from IndexedDB.
 * The package's `browser` condition leads here; architecture.test.ts checks that no Node module is reached.
 */
export { type AugmentSpec, augmentSchema, type Mix, parseAugment, prepareAugment } from "./augment.ts";
export { type Batch, type Batches, type BatchOptions, batches } from "./batches.ts";
export { CATALOGUE, type CatalogueEntry, catalogueEntry } from "./catalogue.ts";
export { parseCifar } from "./cifar.ts";
export {
  type ArrayDataset,
  checkDataset,
  classCounts,
  countOf,
  type DataSource,
  firstExamples,
  type SourceFile,
  type Split,
  sizeOf,
  take,
} from "./dataset.ts";
export { drawDigits, drawnDigits } from "./digits.ts";
export { hashDataset, sha256 } from "./hash.ts";
export { encodeIdx, type Idx, parseIdx } from "./idx.ts";
export { encodeNpy, type Npy, parseNpy } from "./npy.ts";
export { encodeNpz, parseNpz } from "./npz.ts";
export { channelStatistics, completeSplit, type Parts } from "./parts.ts";
export {
  encodeSafetensors,
  fromFloat32,
  parseSafetensors,
  type SafeTensor,
  type SafeType,
  type Safetensors,
  toFloat32,
} from "./safetensors.ts";
export { holdOut, stratify } from "./split.ts";

/**
 * Data: datasets in memory, the formats they come in, batches and augmentation, and the sets known by name.
 *
 * This index is for Node; `browser.ts` exports what runs in a browser.
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
export { type DownloadEvent, type DownloadOptions, download } from "./download.ts";
export { fetchData } from "./fetch-data.ts";
export { hashDataset, sha256 } from "./hash.ts";
export { encodeIdx, type Idx, parseIdx } from "./idx.ts";
export { decodeImage, type ImageOptions, readImageFolder } from "./image-folder.ts";
export { encodeNpy, type Npy, parseNpy } from "./npy.ts";
export { encodeNpz, parseNpz } from "./npz.ts";
export { channelStatistics, completeSplit, type Parts } from "./parts.ts";
export { type Prefetch, type PrefetchOptions, prefetch } from "./prefetch.ts";
export { cacheFolder, type ResolveOptions, resolveData } from "./resolve.ts";
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
export { parseTable, type Row, type Table, type TableOptions } from "./table.ts";
export { type TableDatasetOptions, tableDataset } from "./table-dataset.ts";

/**
 * The data sets Lyceum knows by name, with addresses and checksums.
 *
 * The SHA-256 sums are those of the published files, as recorded independently by several public projects; for the
 * four training files of MNIST and Fashion-MNIST the decompressed content was also compared with a local copy
 * (2026-11-24). Sizes are informative. Nothing is downloaded unless `fetchData` is called.
 */
import { mistyped } from "../nearest.ts";
import { DIGIT_CLASSES, FASHION_CLASSES } from "./class-names.ts";

export interface CatalogueFile {
  readonly url: string;
  /** Name under which it is stored in the folder of the data set. */
  readonly name: string;
  readonly bytes?: number;
  /** Of the file as downloaded. Absent means: not known to us, and the download says so. */
  readonly sha256?: string;
  /** Archives are unpacked into the folder after the check, and removed. */
  readonly unpack?: "tar.gz";
}

export interface CatalogueEntry {
  readonly name: string;
  readonly title: string;
  readonly task: "classification";
  readonly format: "idx" | "cifar" | "npz" | "embedded";
  readonly licence: string;
  readonly citation: string;
  /** Empty when there is nothing to download. */
  readonly files: readonly CatalogueFile[];
  readonly classes?: readonly string[];
  readonly notes?: readonly string[];
}

const idxFiles = (base: string, sums: readonly (readonly [string, number, string])[]): CatalogueFile[] =>
  sums.map(([name, bytes, sha256]) => ({ url: `${base}/${name}`, name, bytes, sha256 }));

const TINY_IMAGES =
  "The images come from 80 Million Tiny Images, which its makers withdrew in 2020: do not redistribute.";

export const CATALOGUE: readonly CatalogueEntry[] = [
  {
    name: "drawn-digits",
    title: "Drawn digits (generated)",
    task: "classification",
    format: "embedded",
    licence: "MIT",
    citation: "Lyceum, src/data/digits.ts",
    files: [],
    classes: DIGIT_CLASSES,
  },
  {
    name: "mnist",
    title: "MNIST",
    task: "classification",
    format: "idx",
    licence: "none stated at the origin; CC BY-SA 3.0 is usually claimed",
    citation:
      "Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: Gradient-based learning applied to document recognition, 1998",
    classes: DIGIT_CLASSES,
    files: idxFiles("https://storage.googleapis.com/cvdf-datasets/mnist", [
      ["train-images-idx3-ubyte.gz", 9912422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"],
      ["train-labels-idx1-ubyte.gz", 28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"],
      ["t10k-images-idx3-ubyte.gz", 1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"],
      ["t10k-labels-idx1-ubyte.gz", 4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"],
    ]),
  },
  {
    name: "fashion-mnist",
    title: "Fashion-MNIST",
    task: "classification",
    format: "idx",
    licence: "MIT",
    citation: "H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST, arXiv:1708.07747, 2017",
    classes: FASHION_CLASSES,
    files: idxFiles("https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion", [
      ["train-images-idx3-ubyte.gz", 26421880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"],
      ["train-labels-idx1-ubyte.gz", 29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"],
      ["t10k-images-idx3-ubyte.gz", 4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"],
      ["t10k-labels-idx1-ubyte.gz", 5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"],
    ]),
  },
  {
    name: "cifar-10",
    title: "CIFAR-10",
    task: "classification",
    format: "cifar",
    licence: "none stated",
    citation: "A. Krizhevsky: Learning multiple layers of features from tiny images, 2009",
    notes: [TINY_IMAGES],
    files: [
      {
        url: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        name: "cifar-10-binary.tar.gz",
        bytes: 170052171,
        sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        unpack: "tar.gz",
      },
    ],
  },
  {
    name: "cifar-100",
    title: "CIFAR-100",
    task: "classification",
    format: "cifar",
    licence: "none stated",
    citation: "A. Krizhevsky: Learning multiple layers of features from tiny images, 2009",
    notes: [TINY_IMAGES],
    files: [
      {
        url: "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
        name: "cifar-100-binary.tar.gz",
        sha256: "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
        unpack: "tar.gz",
      },
    ],
  },
  {
    name: "cifar-100-16x16",
    title: "CIFAR-100 (16x16)",
    task: "classification",
    format: "npz",
    licence: "none stated",
    citation:
      "A. Krizhevsky: Learning multiple layers of features from tiny images, 2009; 2x2 average-pooled for Lyceum",
    notes: [TINY_IMAGES, "Local only. Never compare its numbers with published 32x32 results."],
    files: [],
  },
];

export const catalogueEntry = (name: string): CatalogueEntry | undefined =>
  CATALOGUE.find((entry) => entry.name === name.toLowerCase());

/** The data set that a mistyped name most likely means. */
export const meantEntry = (name: string): string | undefined =>
  mistyped(
    name,
    CATALOGUE.map((entry) => entry.name),
  );

/** What students see, and where embeddings are found. */
import { describe, expect, it } from "vitest";
import { take } from "../../data/dataset.ts";
import { drawnDigits } from "../../data/digits.ts";
import { resolveData } from "../../data/resolve.ts";
import type { Bench } from "../system.ts";
import { benchFor, materialOf, passes, withMirrored } from "./material.ts";
import { embeddingTap, networkBy, recipeFor } from "./models.ts";
import type { NdOptions } from "./options.ts";
import type { Setting } from "./settings.ts";

const data = drawnDigits({ train: 60, validation: 10, test: 10 });

describe("material", () => {
  it("is a balanced part, the same at every call", () => {
    const [a, b] = [0, 1].map(() => materialOf(data, { train: 20, mirror: false }));
    expect(a!.originals.labels).toEqual(b!.originals.labels);
    expect([...a!.originals.labels].sort()).toEqual(Array.from({ length: 20 }, (_, i) => Math.floor(i / 2)));
    expect(a!.seen).toBe(a!.originals);
    expect(passes(12, a!)).toBe(12);
  });

  it("may have every picture mirrored, behind the originals", () => {
    const material = materialOf(data, { train: 20, mirror: true });
    const { seen, originals } = material;
    expect([seen.labels.length, passes(12, material), passes(3, material)]).toEqual([40, 6, 2]);
    expect(seen.inputs.subarray(0, originals.inputs.length)).toEqual(originals.inputs);
    const [row, mirrored] = [0, originals.inputs.length].map((start) => [
      ...seen.inputs.subarray(start + 28 * 14, start + 28 * 15),
    ]);
    expect(mirrored).toEqual(row!.reverse());
    expect(seen.labels.subarray(20)).toEqual(originals.labels);
    const again = withMirrored(
      take(
        seen,
        Array.from({ length: 20 }, (_, i) => i + 20),
      ),
    );
    expect(again.inputs.subarray(originals.inputs.length)).toEqual(originals.inputs);
    expect(() => withMirrored({ ...data.train, inputShape: [784] })).toThrow(
      expect.objectContaining({ code: "E_OPTION" }),
    );
  });

  it.skipIf(!process.env.LYCEUM_DATA)("of superclasses is the same pictures in 20 classes", async () => {
    const fine = await resolveData("cifar-100-16x16");
    const bench = { options: { data: "cifar-100-16x16" }, own: {}, data: fine } as unknown as Bench<NdOptions>;
    const coarse = await benchFor(bench, { classes: "coarse", teacherSees: "all" } as Setting);
    expect([fine.test.classes.length, coarse.data.test.classes.length]).toEqual([100, 20]);
    // Six million bytes: Vitest's own comparison takes minutes.
    expect(Buffer.compare(coarse.data.test.inputs as Uint8Array, fine.test.inputs as Uint8Array)).toBe(0);
  });
});

describe("models", () => {
  it("by widths have the specification's cost; others are the zoo's", async () => {
    const coloured = {
      data: {
        ...data,
        train: { ...data.train, inputShape: [3, 16, 16], classes: Array.from({ length: 100 }, String) },
      },
    };
    const flops = async (name: string) => (await networkBy(coloured, name)).model.flops / 1e6;
    expect(await flops("conv-48-96-192")).toBeCloseTo(11.3, 0);
    expect(await flops("conv-16-32-64")).toBeCloseTo(1.4, 1);
    expect((await networkBy({ data }, "cnn-tiny")).model.name).toBe("cnn-tiny");
    await expect(
      networkBy({ data: { ...data, train: { ...data.train, inputShape: [784] } } }, "conv-8"),
    ).rejects.toThrow("mlp-W-W");
  });

  it("with batch norm learn by SGD, others by AdamW", async () => {
    const optimiser = async (name: string) => recipeFor((await networkBy({ data }, name)).model, 2).optimiser;
    expect([await optimiser("conv-8-8"), await optimiser("mlp-8")]).toEqual(["sgd", "adamw"]);
  });

  it("show their embedding: by name, else as the last vector that is no answer", () => {
    const taps = new Map<string, number[]>([
      ["map", [1, 8, 4, 4]],
      ["pool", [1, 8]],
      ["scores", [1, 10]],
    ]);
    expect(embeddingTap(taps, "teacher", "post", 10)).toBe("pool");
    expect(embeddingTap(taps, "student", "post")).toBe("scores");
    expect(embeddingTap(new Map([...taps, ["features", [1, 8]], ["features.pre", [1, 8]]]), "student", "pre")).toBe(
      "features.pre",
    );
    expect(() => embeddingTap(taps, "teacher", "pre", 10)).toThrow(expect.objectContaining({ code: "E_TAP" }));
  });
});

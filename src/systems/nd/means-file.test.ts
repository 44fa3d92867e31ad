/** Class means: computed, in and out of files, and whose they are (section 7, test 6). */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { encodeNpy } from "../../data/npy.ts";
import { encodeSafetensors, fromFloat32 } from "../../data/safetensors.ts";
import { codeOf, temporaryFolder } from "../../data/testing.ts";
import { classMeans } from "../../teaching/targets.ts";
import { meansFor, readMeans, writeMeans } from "./means-file.ts";

const data = Float32Array.of(0.123456, -1.5, 3.25, 0.00004, 2, 7.77777);
const means = { data, classes: 2, width: 3, teacher: "a".repeat(64) };

describe("class means", () => {
  it("are means per class; a class without examples is an error", async () => {
    const rows = Float32Array.of(1, 2, 3, 4, 5, 6);
    expect([...classMeans(rows, Int32Array.of(0, 1, 0), 2)]).toEqual([3, 4, 3, 4]);
    expect(await codeOf(() => classMeans(rows, Int32Array.of(0, 0, 0), 2))).toBe("E_LOSS_MEANS");
  });

  it.each([
    ["json", 5e-5],
    ["safetensors", 0],
    ["npy", 0],
  ])("go through .%s within %f", async (extension, tolerance) => {
    const file = path.join(temporaryFolder(), `center_emb_train.${extension}`);
    await writeMeans(file, means);
    const back = await readMeans(file);
    expect([back.classes, back.width]).toEqual([2, 3]);
    back.data.forEach((value, i) => {
      expect(Math.abs(value - data[i]!)).toBeLessThanOrEqual(tolerance + 1e-7);
    });
    expect(back.teacher).toBe(extension === "npy" ? undefined : means.teacher);
  });

  it("of the reference and of NumPy's double precision are read; they name no teacher", async () => {
    const folder = temporaryFolder();
    const [json, npy] = [path.join(folder, "center_emb_train.json"), path.join(folder, "means.npy")];
    writeFileSync(json, JSON.stringify({ 1: [0.5, 0.25], 0: [1, 2] }));
    writeFileSync(npy, encodeNpy({ shape: [2, 2], data: Float64Array.of(1, 2, 0.5, 0.25) }));
    for (const file of [json, npy]) {
      const { data: found, checked } = await meansFor(file, { classes: 2, width: 2, teacher: "b" });
      expect([...found]).toEqual([1, 2, 0.5, 0.25]);
      expect(checked).toBe(false);
    }
  });

  it("of another teacher, width or number of classes are refused", async () => {
    const file = path.join(temporaryFolder(), "means.safetensors");
    await writeMeans(file, means);
    const wanted = { classes: 2, width: 3, teacher: means.teacher };
    expect((await meansFor(file, wanted)).checked).toBe(true);
    await expect(meansFor(file, { ...wanted, teacher: "c".repeat(64) })).rejects.toMatchObject({
      code: "E_ND_MEANS",
      message: expect.stringContaining("another teacher"),
    });
    await expect(meansFor(file, { ...wanted, width: 4 })).rejects.toThrow("2 means of 3 values");
    await expect(meansFor(file, { ...wanted, classes: 10 })).rejects.toThrow("10 of 3 were expected");
  });

  it.each([
    ["a.json", '{"0":[1,2]', "JSON"],
    ["a.json", '{"0":[1,2],"2":[3,4]}', 'none called "1"'],
    ["a.json", '{"0":[1,2],"1":[3]}', "class 1 is no list of 2 numbers"],
    ["a.json", '{"0":[1,2],"1":[0,0]}', "class 1 is zero"],
    ["a.json", '{"0":[1,"x"],"1":[1,0]}', "no number"],
    ["a.json", "[]", "no object"],
    ["a.json", "{}", "class 0 is no list"],
    ["a.txt", "", 'ends in "txt"'],
    ["a.npy", "not numpy", "magic"],
  ])("in a damaged %s (%s) are refused", async (name, content, why) => {
    const file = path.join(temporaryFolder(), name);
    writeFileSync(file, content);
    await expect(readMeans(file)).rejects.toMatchObject({ code: "E_ND_MEANS", message: expect.stringContaining(why) });
  });

  it("that are no matrix, or not there, are refused", async () => {
    const folder = temporaryFolder();
    const [one, two] = [path.join(folder, "a.npy"), path.join(folder, "b.safetensors")];
    writeFileSync(one, encodeNpy({ shape: [4], data: Float32Array.of(1, 2, 3, 4) }));
    writeFileSync(two, encodeSafetensors({ x: fromFloat32(data, [6]), y: fromFloat32(data, [6]) }));
    await expect(readMeans(one)).rejects.toThrow("its shape is [4]");
    await expect(readMeans(two)).rejects.toThrow("2 tensors");
    await expect(readMeans(path.join(folder, "c.json"))).rejects.toThrow("cannot be read");
  });
});

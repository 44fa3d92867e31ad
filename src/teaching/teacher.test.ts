import { describe, expect, it } from "vitest";
import { drawDigits } from "../data/digits.ts";
import { cnn } from "../nn/models/cnn.ts";
import { mlp } from "../nn/models/mlp.ts";
import { grad, host, key, program, type Tensor, toNumbers } from "../tensor/index.ts";
import { networkExaminee, teacherExaminee } from "./answer.ts";
import { chooseTap } from "./losses/taps.ts";
import { exportNetwork, type Network } from "./network.ts";
import { ensembleTeacher, modelTeacher, onnxTeacher } from "./teacher.ts";

const data = drawDigits(key(5), 23, "digits");
const normalise = data.normalise!;
const shape = { inputShape: [1, 28, 28], classes: 10 };
const network: Network = { model: cnn({ ...shape, stages: [{ width: 4 }, { width: 6 }] }), normalise };
const state = network.model.init(key(1));
const answers = async (teacher: Parameters<typeof teacherExaminee>[0]) => {
  const examinee = teacherExaminee(teacher);
  const { logits } = await examinee.answer(undefined, data);
  await examinee.release();
  return logits;
};
const gap = (a: Float32Array, b: Float32Array) => Math.max(...a.map((v, i) => Math.abs(v - b[i]!)));

describe("teachers", () => {
  it("a model answers as its network does, whatever the size of the last batch", async () => {
    const examinee = networkExaminee(network);
    const direct = await examinee.answer(state, data);
    await examinee.release();
    expect(gap(await answers(await modelTeacher(network, state)), direct.logits)).toBeLessThan(1e-5);
    expect(direct).toMatchObject({ classes: 10 });
    expect(direct.logits).toHaveLength(230);
  });

  it("an exported file answers like the network, with the normalisation inside and taps by name", async () => {
    const inside = await modelTeacher(network, state);
    // Statistics of the data must not be applied a second time: the file says that it takes 0..1.
    const file = await onnxTeacher(exportNetwork(network, state), { inputShape: [1, 28, 28], normalise });
    expect(gap(await answers(file), await answers(inside))).toBeLessThan(1e-5);
    expect(file).toMatchObject({ classes: 10, params: expect.any(Number), flops: inside.flops });
    // Losses that want an embedding must not be handed the answers.
    expect(chooseTap("embedding", inside.taps, "teacher")).toBe("features");
    expect(file.taps.get(chooseTap("embedding", file.taps, "teacher"))).toEqual([1, 6]);
    const maps = [...file.taps].filter(([, dims]) => dims.length === 4).map(([name]) => name);
    expect(maps.length).toBeGreaterThan(2);
    const tapped = program((x: Tensor) => ({ tap: file.targets(x, [maps.at(-1)!]).taps.get(maps.at(-1)!)! }));
    const { tap } = await tapped(host(new Float32Array(2 * 784), [2, 1, 28, 28]));
    await tapped.release();
    expect(tap.shape.slice(0, 2)).toEqual([2, 6]);
  });

  it("passes no gradient, to its taps neither", async () => {
    const teacher = await modelTeacher(network, state);
    const both = (x: Tensor) => {
      const { logits, taps } = teacher.targets(x, ["features"]);
      return logits.sum().add(taps.get("features")!.sum());
    };
    const run = program((x: Tensor) => ({ g: grad(both(x).add(x.sum().mul(2)), [x])[0]! }));
    const { g } = await run(host(new Float32Array(784), [1, 1, 28, 28]));
    await run.release();
    expect(new Set(toNumbers(g))).toEqual(new Set([2]));
  });

  it("has a fingerprint of weights, architecture and normalisation", async () => {
    const base = (await modelTeacher(network, state)).fingerprint;
    expect((await modelTeacher(network, network.model.init(key(1)))).fingerprint).toBe(base);
    const params = state.params.slice();
    params[7]! += 1e-6;
    const others = [
      await modelTeacher(network, { ...state, params }),
      await modelTeacher({ model: network.model }, state),
      await modelTeacher({ model: mlp({ ...shape, hidden: [4] }) }, mlp({ ...shape, hidden: [4] }).init(key(1))),
      await onnxTeacher(exportNetwork(network, state), { inputShape: [1, 28, 28], input: "bytes" }),
    ];
    expect(new Set([base, ...others.map((t) => t.fingerprint)]).size).toBe(5);
  });

  it("an ensemble is the mean of logits and has no taps", async () => {
    const other = { ...state, params: state.params.map((p) => -p) };
    const [a, b] = [await modelTeacher(network, state), await modelTeacher(network, other)];
    const mean = await answers(await ensembleTeacher([a, b]));
    const [x, y] = [await answers(a), await answers(b)];
    expect(
      gap(
        mean,
        x.map((v, i) => (v + y[i]!) / 2),
      ),
    ).toBeLessThan(1e-5);
    const wrong = program((t: Tensor) => ({ y: ensemble.targets(t, ["features"]).logits }));
    const ensemble = await ensembleTeacher([a, b]);
    await expect(wrong(host(new Float32Array(784), [1, 1, 28, 28]))).rejects.toMatchObject({ code: "E_TAP" });
  });

  it("names what does not fit", async () => {
    await expect(ensembleTeacher([])).rejects.toMatchObject({ code: "E_TEACHER" });
    const three: Network = { model: mlp({ ...shape, classes: 3, hidden: [4] }) };
    const [a, b] = [await modelTeacher(network, state), await modelTeacher(three, three.model.init(key(1)))];
    await expect(ensembleTeacher([a, b])).rejects.toThrow(/3 classes.*10 classes.*cannot teach together/);
    await expect(onnxTeacher(new Uint8Array([1, 2, 3]), { inputShape: [1] })).rejects.toMatchObject({
      code: /^E_ONNX/,
    });
  });
});

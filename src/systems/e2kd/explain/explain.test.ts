/** Explainers: GradCAM by two routes, in pixels, contrast, and whose answer is explained. */
import { describe, expect, it } from "vitest";
import { cnn, defineModel, layers, type Model } from "../../../nn/index.ts";
import { tapShapes } from "../../../teaching/network.ts";
import { modelTeacher } from "../../../teaching/teacher.ts";
import { constant, grad, host, program, random, type Tensor, toNumbers } from "../../../tensor/index.ts";
import { explainerFor } from "./choose.ts";
import { directionOf } from "./direction.ts";
import { camWeights, gapHead, gradCam } from "./grad-cam.ts";
import { integratedGradients } from "./pixels.ts";
import { EXPLANATION, explainedTeacher } from "./teacher.ts";
import { watched } from "./watch.ts";

const inputShape = [1, 8, 8];
const pictures = host(random.uniform(random.key(4), 3 * 64), [3, ...inputShape]);
const classes = constant(host(Int32Array.of(2, 0, 1)));
const gap = cnn({ inputShape, classes: 3, stages: [{ width: 4 }, { width: 5, stride: 1 }] });
/** As deep, with a hidden layer of the same width between pooling and logits. */
const hidden = defineModel(
  "hidden head",
  inputShape,
  (scope, x) => {
    const map = scope.tap("stage2", layers.conv2d(scope.at("conv"), x, 5, 3, { stride: 2 }).relu());
    return layers.linear(scope.at("fc"), layers.linear(scope.at("mid"), map.mean([2, 3]), 5).relu(), 3);
  },
  { classes: 3 },
);

/** Map and the slope of its squared sum with respect to all parameters. */
async function mapOf(model: Model, explain: (seen: ReturnType<Model["apply"]>) => Tensor) {
  const { params, buffers } = model.init(random.key(9));
  const run = program((p: Tensor, x: Tensor) => {
    const map = explain(model.apply({ params: p, buffers: constant(host(buffers)) }, x));
    return { map, slope: grad(map.square().sum(), [p])[0]! };
  });
  const { map, slope } = await run(host(params), pictures);
  await run.release();
  return { map: toNumbers(map), slope: toNumbers(slope), shape: map.shape };
}
const worst = (a: number[], b: number[]) => Math.max(...a.map((v, i) => Math.abs(v - b[i]!)));
const see = ({ output, taps }: ReturnType<Model["apply"]>) => ({ logits: output, taps });

describe("GradCAM", () => {
  it.each([false, true])(
    "by double differentiation is CAM where pooling and one linear layer follow (contrast %s)",
    async (contrast) => {
      const of = (route: "auto" | "gradient") =>
        mapOf(gap, (seen) => gradCam({ tap: "stage2", route }).explain(see(seen), directionOf(classes, 3, contrast)));
      const [short, long] = [await of("auto"), await of("gradient")];
      expect(short.shape).toEqual([3, 1, 4, 4]);
      expect(Math.max(...long.map)).toBeGreaterThan(1e-3);
      expect(worst(short.map, long.map)).toBeLessThan(1e-6);
      expect(worst(short.slope, long.slope)).toBeLessThan(1e-5);
    },
  );

  it("takes the shortcut exactly where the graph allows it", () => {
    const head = (model: Model) => {
      const zeros = (n: number) => constant(host(new Float32Array(n)));
      const state = { params: zeros(model.params.size), buffers: zeros(model.buffers.size) };
      const { output, taps } = model.apply(state, constant(pictures));
      return gapHead(output, taps.get("stage2")!);
    };
    expect(head(gap)?.shape).toEqual([3, 5]);
    expect(head(hidden)).toBeUndefined();
  });

  it("differs from the shortcut behind a hidden layer", async () => {
    const direction = directionOf(classes, 3, false);
    const general = await mapOf(hidden, (seen) => gradCam({ tap: "stage2" }).explain(see(seen), direction));
    const forced = await mapOf(hidden, (seen) => {
      const features = seen.taps.get("stage2")!;
      const weights = camWeights(seen.output.node.inputs[1]!, direction, features);
      return features.mul(weights.expandDims(2, 3)).sum(1, true).relu();
    });
    expect(worst(general.map, forced.map)).toBeGreaterThan(1e-3);
  });

  it("the slope of the map is that of finite differences: it runs through a_k too", async () => {
    const { params, buffers } = hidden.init(random.key(9));
    const run = program((p: Tensor, x: Tensor) => {
      const seen = hidden.apply({ params: p, buffers: constant(host(buffers)) }, x);
      const map = gradCam({ tap: "stage2" }).explain(see(seen), directionOf(classes, 3, false));
      const loss = map.square().sum().mul(100);
      return { loss, slope: grad(loss, [p])[0]! };
    });
    const g = toNumbers((await run(host(params), pictures)).slope);
    // The last layer's weight reaches the map through a_k only.
    const last = hidden.params.entries.find(({ path }) => path === "fc.weight")!;
    expect(Math.hypot(...g.slice(last.offset, last.offset + last.size))).toBeGreaterThan(1e-3);
    const length = Math.hypot(...g);
    const moved = async (h: number) => {
      const { loss } = await run(host(params.map((v, i) => v + (h * g[i]!) / length)), pictures);
      return toNumbers(loss)[0]!;
    };
    const slope = ((await moved(1e-3)) - (await moved(-1e-3))) / 2e-3;
    await run.release();
    expect(Math.abs(slope / length - 1)).toBeLessThan(0.02);
  });

  it("can be resized to the picture, and is never negative", async () => {
    const options = { taps: tapShapes({ model: gap }), whose: "student", inputShape, full: true, points: 4 } as const;
    const { map, shape } = await mapOf(gap, (seen) =>
      explainerFor("grad-cam", options).explain(see(seen), directionOf(classes, 3, false)),
    );
    expect(shape).toEqual([3, 1, 8, 8]);
    expect(Math.min(...map)).toBeGreaterThanOrEqual(0);
  });
});

it("contrast sets the class against the mean of the others", async () => {
  const run = program((c: Tensor) => [directionOf(c, 4, false), directionOf(c, 4, true), directionOf(c, 2, true)]);
  const [alone, against, two] = (await run(host(Int32Array.of(1)))).map(toNumbers);
  await run.release();
  expect(alone).toEqual([0, 1, 0, 0]);
  expect(worst(against!, [-1 / 3, 1, -1 / 3, -1 / 3])).toBeLessThan(1e-6);
  expect(two).toEqual([-1, 1]);
});

it("Integrated Gradients add up to the difference from a black picture", async () => {
  const network = watched({ model: hidden, normalise: { mean: [0.3], std: [0.4] } }, integratedGradients(400));
  const { params } = hidden.init(random.key(9));
  const state = { params: constant(host(params)), buffers: constant(host(new Float32Array(0))) };
  const explainer = integratedGradients(400);
  const run = program((x: Tensor, black: Tensor) => {
    const { output, taps } = network.model.apply(state, x);
    const direction = directionOf(classes, 3, false);
    const map = explainer.explain({ logits: output, taps }, direction);
    const z = (t: Tensor) => t.mul(direction).sum(1);
    return {
      sum: map.sum([1, 2, 3]),
      rise: z(output).sub(z(network.model.apply(state, black).output)),
      evidence: explainer.evidence({ logits: output, taps }, direction),
    };
  });
  const { sum, rise, evidence } = await run(pictures, host(new Float32Array(192), [3, ...inputShape]));
  await run.release();
  expect(evidence.shape).toEqual([3, 1, 8, 8]);
  // A piecewise linear network: the midpoint rule errs by about 1/points at each kink.
  expect(worst(toNumbers(sum), toNumbers(rise))).toBeLessThan(0.01 * Math.max(...toNumbers(rise).map(Math.abs)));
});

describe("an explained teacher", () => {
  it("explains its own most probable class, hands out frozen maps, and is another entry of the store", async () => {
    const teacher = await modelTeacher({ model: gap }, gap.init(random.key(9)));
    const explainer = gradCam({ tap: "stage2" });
    const [alone, against] = [
      await explainedTeacher(teacher, explainer, false),
      await explainedTeacher(teacher, explainer, true),
    ];
    expect(alone.taps.get(EXPLANATION)).toEqual([1, 1, 4, 4]);
    expect(new Set([teacher.fingerprint, alone.fingerprint, against.fingerprint]).size).toBe(3);
    const run = program((x: Tensor) => {
      const map = alone.targets(x, [EXPLANATION]).taps.get(EXPLANATION)!;
      const { params, buffers } = gap.init(random.key(9));
      const seen = gap.apply({ params: constant(host(params)), buffers: constant(host(buffers)) }, x);
      const expected = explainer.explain(see(seen), directionOf(seen.output.argmax(), 3, false));
      return { map, expected, slope: grad(map.sum().add(x.sum()), [x])[0]! };
    });
    const { map, expected, slope } = await run(pictures);
    await run.release();
    expect(worst(toNumbers(map), toNumbers(expected))).toBeLessThan(1e-6);
    expect(toNumbers(slope).every((v) => v === 1)).toBe(true);
  });
});

it("says what cannot be explained", () => {
  const fit = { whose: "student", inputShape, full: false, points: 4 } as const;
  expect(() => explainerFor("bcos", { ...fit, taps: tapShapes({ model: gap }) })).toThrowError(
    expect.objectContaining({ code: "E_EXPLAIN" }),
  );
  expect(() => explainerFor("grad-cam", { ...fit, taps: new Map() })).toThrowError(
    expect.objectContaining({ code: "E_TAP" }),
  );
  expect(() => explainerFor("grad-cam", { ...fit, inputShape: [20], taps: new Map() })).toThrowError(
    expect.objectContaining({ code: "E_EXPLAIN" }),
  );
});

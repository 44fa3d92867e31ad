/**
 * ONNX's own test cases (onnx/backend/test/data) and whole networks: import, trace, run, compare with the stored outputs
 * at the tolerance of ONNX's runner. $LYCEUM_DATA/onnx/backend-test holds (part of) that folder of the onnx repository,
 * $LYCEUM_DATA/onnx/models an MNIST network with its logits and Silero's voice activity detector.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { LyceumError } from "../../errors.ts";
import { constant } from "../graph.ts";
import { type HostTensor, host, toNumbers } from "../host.ts";
import { program } from "../program.ts";
import type { Tensor } from "../tensor.ts";
import { importOnnx, type OnnxModel } from "./import.ts";
import { decodeTensor } from "./proto.ts";
import { readTensor } from "./tensor-proto.ts";

const root = process.env.LYCEUM_DATA ? join(process.env.LYCEUM_DATA, "onnx") : "";
const available = root !== "" && existsSync(join(root, "backend-test"));
if (!available) it.skip("ONNX's test cases: set LYCEUM_DATA to the folder that holds onnx/backend-test", () => {});

/** What Lyceum does not read, on purpose: strings, sequences and training operators. */
const UNREAD = ["StringNormalizer", "Sequence", "SplitToSequence", "ConcatFromSequence", "Gradient"];
/** Cases that match today, per folder: a change that loses one fails. */
const MATCHING: Readonly<Record<string, number>> = { "pytorch-converted": 80, "pytorch-operator": 32, simple: 7 };

const load = (file: string) => readTensor(decodeTensor(readFileSync(file)));
function stored(folder: string, kind: "input" | "output"): HostTensor[] {
  return readdirSync(folder)
    .filter((f) => f.startsWith(`${kind}_`))
    .sort((a, b) => Number(a.match(/\d+/)![0]) - Number(b.match(/\d+/)![0]))
    .map((f) => load(join(folder, f)));
}

/** Whole numbers may decide shapes: such inputs are given as constants. */
async function run(model: OnnxModel, values: readonly HostTensor[], fixed: boolean): Promise<readonly HostTensor[]> {
  const given: Record<string, HostTensor> = {};
  const known: Record<string, Tensor> = {};
  model.inputs.forEach(({ name }, i) => {
    if (fixed && values[i]!.dtype === "i64") known[name] = constant(values[i]!);
    else given[name] = values[i]!;
  });
  const p = program((x: Record<string, Tensor>) => ({ ...model.apply({ ...x, ...known }).outputs }));
  try {
    const results = await p(given);
    return model.outputs.map((o) => results[o.name]!);
  } finally {
    await p.release();
  }
}

/** Tolerances of onnx.backend.test.runner. */
function expectClose(got: HostTensor, want: HostTensor, rtol = 1e-3, atol = 1e-7): void {
  expect([got.dtype, ...got.shape]).toEqual([want.dtype, ...want.shape]);
  const [a, b] = [toNumbers(got), toNumbers(want)];
  const far = a.findIndex((v, i) => !(Object.is(v, b[i]) || Math.abs(v - b[i]!) <= atol + rtol * Math.abs(b[i]!)));
  expect(far < 0 ? "close" : `element ${far}: ${a[far]} instead of ${b[far]}`).toBe("close");
}

describe.runIf(available)("ONNX backend test cases", () => {
  const total = { match: 0, cases: 0, unread: 0 };
  afterAll(() => {
    process.stdout.write(
      `ONNX backend cases: ${total.match} of ${total.cases} match, ${total.unread} unsupported by name.\n`,
    );
  });

  it.each(Object.keys(MATCHING))("%s", async (folder) => {
    const cases = readdirSync(join(root, "backend-test", folder)).filter((name) => name.startsWith("test_"));
    let matching = 0;
    for (const name of cases) {
      total.cases++;
      const at = join(root, "backend-test", folder, name);
      try {
        const model = importOnnx(readFileSync(join(at, "model.onnx")));
        for (const set of readdirSync(at).filter((f) => f.startsWith("test_data_set_"))) {
          const inputs = stored(join(at, set), "input");
          const results = await run(model, inputs, false).catch((error: unknown) => {
            if (error instanceof LyceumError && error.code === "E_ONNX_DYNAMIC") return run(model, inputs, true);
            throw error;
          });
          stored(join(at, set), "output").forEach((want, i) => {
            expectClose(results[i]!, want);
          });
        }
        matching++;
      } catch (error) {
        if (!(error instanceof LyceumError) || error.code !== "E_ONNX_OPERATOR") {
          throw new Error(`${name}: ${error instanceof Error ? error.message : error}`, { cause: error });
        }
        expect(UNREAD.some((operator) => error.message.includes(operator))).toBe(true);
        total.unread++;
      }
    }
    total.match += matching;
    expect(matching).toBeGreaterThanOrEqual(MATCHING[folder]!);
  });
});

/**
 * The last value before the softmax, by onnxruntime 1.30 in Python. All weights of these files are one number, so all
 * logits are equal but for rounding, which at this size decides the softmax: the stored outputs (0.001 everywhere) only
 * say that somebody summed in one order. Whatever the order, the logits agree.
 */
const LOGITS = [
  ["bvlc_alexnet", "r24", 3.6412643e12],
  ["inception_v1", "r143", 1.190478e21],
  ["resnet50", "r174", 1.2840588e19],
  ["shufflenet", "r201", 3.4927979],
  ["squeezenet", "r65", 9.475685e9],
] as const;

describe.runIf(available)("whole networks", () => {
  it.each(LOGITS)(
    "%s, frozen at batch 1, with batch 1 and 2",
    async (name, tap, logit) => {
      const model = importOnnx(readFileSync(join(root, "backend-test", "light", `light_${name}.onnx`)));
      const size = 3 * 224 * 224;
      const p = program((x: Tensor) => model.apply({ [model.inputs[0]!.name]: x }).values.get(tap)!);
      for (const batch of [1, 2]) {
        const pixels = Float32Array.from({ length: batch * size }, (_, i) => (i % size) / size);
        const logits = await p(host(pixels, [batch, 3, 224, 224]));
        expect(logits.shape.slice(0, 2)).toEqual([batch, 1000]);
        expectClose(logits, host(new Float32Array(batch * 1000).fill(logit), logits.shape), 1e-4);
      }
      await p.release();
    },
    120_000,
  );

  it("opt-mnist: trained weights, logits of 16 digits at once", async () => {
    const { output } = JSON.parse(readFileSync(join(root, "models", "opt-mnist.expected.json"), "utf8")) as {
      readonly output: readonly (readonly number[])[];
    };
    const images = gunzipSync(readFileSync(join(root, "..", "mnist", "t10k-images-idx3-ubyte.gz"))).subarray(16);
    const n = output.length;
    const x = host(Float32Array.from(images.subarray(0, n * 784)), [n, 1, 28, 28]);
    const model = importOnnx(readFileSync(join(root, "models", "opt-mnist.onnx")));
    const [logits] = await run(model, [x], false);
    // Logits of the order of 1000 from pixels up to 255: sums of hundreds of f32 products.
    expectClose(logits!, host(output.flat(), [n, 10]), 1e-4, 1e-2);
  });

  it("silero-vad: branches on the sampling rate, an LSTM, a state that goes in and out", async () => {
    const model = importOnnx(readFileSync(join(root, "models", "silero_vad_16k_op15.onnx")));
    const rate = constant(host(BigInt64Array.of(16000n), []));
    const p = program((input: Tensor, state: Tensor) => ({ ...model.apply({ input, state, sr: rate }).outputs }));
    const sound = Float32Array.from({ length: 576 }, (_, i) => 0.3 * Math.sin(0.1 * i));
    const { output, stateN } = await p(host(sound, [1, 576]), host(new Float32Array(256), [2, 1, 128]));
    await p.release();
    // By onnxruntime 1.30 in Python.
    expect(output!.shape).toEqual([1, 1]);
    expect(output!.data[0]).toBeCloseTo(0.03833342, 6);
    const start = [-0.0497787, 0.07101157, -0.0477198, 0.02750526, -0.05331128];
    start.forEach((v, i) => {
      expect(stateN!.data[i]).toBeCloseTo(v, 6);
    });
  });
});

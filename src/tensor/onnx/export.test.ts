import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { constant } from "../graph.ts";
import { type HostTensor, host, toNumbers } from "../host.ts";
import * as ops from "../ops/index.ts";
import { program } from "../program.ts";
import { integers, key, normal } from "../random.ts";
import type { Tensor } from "../tensor.ts";
import { type ExportOptions, exportOnnx } from "./export.ts";
import { importOnnx } from "./import.ts";
import { decodeModel } from "./proto.ts";

const python = process.env.LYCEUM_PYTHON;
if (!python) it.skip("Python's checker and runtime: set LYCEUM_PYTHON to a Python with onnx and onnxruntime", () => {});

/** A weight with a name, at the scale that keeps activations near 1. */
let draws = 0;
function weight(name: string, ...shape: number[]): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  const scale = 1 / Math.sqrt(size / shape[0]!);
  return constant(
    host(
      normal(key(++draws), size).map((v) => v * scale),
      shape,
    ),
    name,
  );
}

const conv1 = weight("conv1.weight", 8, 3, 3, 3);
const conv2 = weight("conv2.weight", 8, 4, 3, 3);
const scale = weight("bn.weight", 8);
const shift = weight("bn.bias", 8);
const fc = weight("fc.weight", 10, 8);
const fcBias = weight("fc.bias", 10);
/** Convolutions, a running-statistics norm, pooling, a residual connection, a dense layer. */
function convnet(x: Tensor): { logits: Tensor; features: Tensor } {
  const a = ops.relu(ops.batchNormInference(ops.conv(x, conv1, { padding: 1 }), scale, shift, shift, scale.square()));
  const b = ops.maxPool(a, { kernel: 2 });
  const c = ops.add(b, ops.groupNorm(ops.conv(b, conv2, { padding: 1, groups: 2 }), 4));
  const features = ops.globalAvgPool(ops.avgPool(ops.silu(c), { kernel: 2 }));
  return { logits: features.matmul(fc, { transB: true }).add(fcBias), features };
}

const [T, D, H] = [6, 16, 2];
const table = weight("embed.weight", 20, D);
const cls = weight("cls", 1, 1, D);
const places = weight("position", T + 1, D);
const qkv = weight("qkv.weight", D, 3 * D);
const out = weight("out.weight", D, D);
const up = weight("up.weight", D, 2 * D);
const down = weight("down.weight", 2 * D, D);
const [gain, offset] = [weight("ln.weight", D), weight("ln.bias", D)];
/** Embedding, a class token that is repeated over the open batch, attention, GELU, both kinds of layer norm. */
function transformer(tokens: Tensor): { logits: Tensor } {
  const batch = tokens.shape[0]!;
  const words = ops.gather(table, tokens);
  const x = ops.concat([ops.broadcastTo(cls, [batch, 1, D]), words], 1).add(places);
  const heads = (t: Tensor) => t.reshape([batch, T + 1, H, D / H]).transpose([0, 2, 1, 3]);
  const [q, k, v] = ops.layerNorm(x, gain, offset).matmul(qkv).split(2, [D, D, D]).map(heads) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  const weights = q.matmul(k, { transB: true, alpha: Math.sqrt(H / D) }).softmax();
  const mixed = weights
    .matmul(v)
    .transpose([0, 2, 1, 3])
    .reshape([batch, T + 1, D]);
  const y = x.add(mixed.matmul(out));
  const z = y.add(ops.rmsNorm(y, gain).matmul(up).gelu().matmul(down));
  return { logits: z.slice(1, 0, 1).squeeze(1) };
}

interface Example {
  readonly options: ExportOptions;
  readonly direct: (x: Tensor) => Readonly<Record<string, Tensor>>;
  readonly draw: (batch: number) => HostTensor;
}
const EXAMPLES: Readonly<Record<string, Example>> = {
  convnet: {
    direct: convnet,
    draw: (n) => host(normal(key(500 + n), n * 3 * 64), [n, 3, 8, 8]),
    options: {
      inputs: [{ name: "image", shape: ["batch", 3, 8, 8] }],
      outputs: ({ image }) => ({ ...convnet(image!) }),
      name: "convnet",
      description: "A test.",
      version: "0.1.0",
      metadata: {
        classes: ["cat", "dog"],
        normalise: { mean: [0.5], std: [0.25] },
        layout: "NCHW, RGB, 0..1",
        note: undefined,
      },
    },
  },
  transformer: {
    direct: transformer,
    draw: (n) => {
      const pick = integers(key(n));
      return host(
        Int32Array.from({ length: n * T }, () => pick(20)),
        [n, T],
      );
    },
    options: {
      inputs: [{ name: "tokens", dtype: "i32", shape: ["batch", T] }],
      outputs: ({ tokens }) => ({ ...transformer(tokens!) }),
    },
  },
};

type Values = Readonly<Record<string, readonly number[]>>;
async function evaluate(fn: (x: Tensor) => Readonly<Record<string, Tensor>>, x: HostTensor): Promise<Values> {
  const p = program((t: Tensor) => ({ ...fn(t) }));
  const results = await p(x);
  await p.release();
  return Object.fromEntries(Object.entries(results).map(([k, v]) => [k, toNumbers(v)]));
}

/** Values near 1, sums of at most some hundred f32 products in another order. */
function expectSame(got: Values, want: Values): void {
  expect(Object.keys(got)).toEqual(Object.keys(want));
  for (const [name, values] of Object.entries(want)) {
    expect(got[name]).toHaveLength(values.length);
    const worst = Math.max(...values.map((v, i) => Math.abs(v - got[name]![i]!)));
    expect(worst).toBeLessThan(1e-5);
  }
}

const CHECK = `
import json, sys, numpy, onnx, onnxruntime
folder, dtype = sys.argv[1], sys.argv[2]
onnx.checker.check_model(folder + "/model.onnx", full_check=True)
session = onnxruntime.InferenceSession(folder + "/model.onnx", providers=["CPUExecutionProvider"])
port = session.get_inputs()[0]
results = []
for batch in json.loads(sys.argv[3]):
    x = numpy.fromfile(f"{folder}/{batch}.bin", dtype).reshape([batch, *port.shape[1:]])
    got = session.run(None, {port.name: x})
    results.append({o.name: v.ravel().tolist() for o, v in zip(session.get_outputs(), got)})
print(json.dumps(results))
`;

const BATCHES = [1, 3, 17];

describe.each(Object.keys(EXAMPLES))("exportOnnx: %s", (name) => {
  const { options, direct, draw } = EXAMPLES[name]!;
  const bytes = exportOnnx(options);
  const input = options.inputs[0]!.name;

  it("uses standard operators only and leaves the batch open", () => {
    const { graph, opsetImport } = decodeModel(bytes);
    expect(opsetImport).toEqual([{ domain: "", version: 20 }]);
    expect(graph.node.filter((n) => n.domain !== "")).toEqual([]);
    const open = [...graph.input, ...graph.output].map((v) => v.type!.tensorType!.shape!.dim[0]!.dimParam);
    expect(new Set(open)).toEqual(new Set(["batch"]));
  });

  it.each(BATCHES)("gives the same when it is imported again, batch %d", async (batch) => {
    const x = draw(batch);
    const again = (t: Tensor) => importOnnx(bytes).apply({ [input]: t }).outputs;
    expectSame(await evaluate(again, x), await evaluate(direct, x));
  });

  it.runIf(python)("passes ONNX's checker and gives the same in Python", async () => {
    const folder = mkdtempSync(join(tmpdir(), "lyceum-export-"));
    try {
      writeFileSync(join(folder, "model.onnx"), bytes);
      for (const batch of BATCHES) writeFileSync(join(folder, `${batch}.bin`), new Uint8Array(draw(batch).data.buffer));
      const dtype = options.inputs[0]!.dtype === "i32" ? "int32" : "float32";
      const { stdout, stderr } = spawnSync(python!, ["-c", CHECK, folder, dtype, JSON.stringify(BATCHES)], {
        encoding: "utf8",
      });
      expect(stdout, stderr).not.toBe("");
      for (const [i, got] of (JSON.parse(stdout) as Values[]).entries()) {
        expectSame(got, await evaluate(direct, draw(BATCHES[i]!)));
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("exportOnnx", () => {
  it("writes what a user of the file must know", () => {
    const m = decodeModel(exportOnnx(EXAMPLES.convnet!.options));
    expect([m.producerName, m.producerVersion, m.docString, m.graph.name]).toEqual([
      "lyceum",
      "0.1.0",
      "A test.",
      "convnet",
    ]);
    expect(Object.fromEntries(m.metadataProps.map(({ key, value }) => [key, value]))).toEqual({
      lyceum: "0.1.0",
      classes: '["cat","dog"]',
      normalise: '{"mean":[0.5],"std":[0.25]}',
      layout: "NCHW, RGB, 0..1",
    });
  });

  it("keeps the names of parameters", () => {
    const names = [...importOnnx(exportOnnx(EXAMPLES.convnet!.options)).initializers.keys()];
    expect(names).toEqual(
      expect.arrayContaining(["conv1.weight", "conv2.weight", "bn.weight", "bn.bias", "fc.weight", "fc.bias"]),
    );
  });

  it("keeps two parameters of one name apart, and from inputs and outputs", async () => {
    const twice = (x: Tensor) =>
      x
        .add(constant(host([1, 2]), "x"))
        .mul(constant(host([3, 4]), "w"))
        .add(constant(host([5, 6]), "w"));
    const bytes = exportOnnx({ inputs: [{ name: "x", shape: ["batch", 2] }], outputs: ({ x }) => ({ w: twice(x!) }) });
    const got = await evaluate((t) => importOnnx(bytes).apply({ x: t }).outputs, host([1, 1], [1, 2]));
    expect(got).toEqual({ w: [11, 18] });
  });

  it("repeats a constant over an open batch", async () => {
    const bytes = exportOnnx({
      inputs: [{ name: "x", shape: ["batch", 2] }],
      outputs: ({ x }) => ({ y: ops.concat([x!, ops.fill(7, ["batch", 1])], 1) }),
    });
    const x = host([1, 2, 3, 4], [2, 2]);
    expect(await evaluate((t) => importOnnx(bytes).apply({ x: t }).outputs, x)).toEqual({ y: [1, 2, 7, 3, 4, 7] });
  });

  it("says what is wrong with names", () => {
    const inputs = [{ name: "x", shape: ["batch", 2] }];
    const same = { inputs, outputs: ({ x }: Readonly<Record<string, Tensor>>) => ({ x: x! }) };
    expect(() => exportOnnx(same)).toThrow('"x" names two inputs or outputs of (x[batch,2]), or nothing.');
    expect(() => exportOnnx({ inputs, outputs: () => ({}) })).toThrow("The function of (x[batch,2]) has no outputs.");
    const open = { ...same, inputs: [...inputs, { name: "y", shape: ["length"] }] };
    expect(() => exportOnnx(open)).toThrow(expect.objectContaining({ code: "E_DYNAMIC" }));
  });
});

import { describe, expect, it } from "vitest";
import { LyceumError } from "../../errors.ts";
import { grad } from "../grad.ts";
import { constant, placeholder } from "../graph.ts";
import { type HostTensor, host, toNumbers } from "../host.ts";
import { program } from "../program.ts";
import { graph, model, node, type Parts, port, tensor } from "./build.test-helper.ts";
import { importOnnx, supportedOperators } from "./import.ts";

/** Runs a model on values; gives its outputs as numbers. */
async function run(bytes: Uint8Array, inputs: Record<string, HostTensor>) {
  const m = importOnnx(bytes);
  const p = program((given: Record<string, ReturnType<typeof placeholder>>) => ({ ...m.apply(given).outputs }));
  try {
    const out = await p(inputs);
    return Object.fromEntries(Object.entries(out).map(([k, v]) => [k, { shape: v.shape, values: toNumbers(v) }]));
  } finally {
    await p.release();
  }
}

function problem(run: () => unknown): { code: string; message: string } {
  try {
    run();
  } catch (error) {
    if (error instanceof LyceumError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error("no error");
}

const weight = host([1, 2, 3, 4, 5, 6], [2, 3]);
const bias = host([0.5, -0.5, 1], [3]);
/** relu(x·w + b) with a batch that is open. */
const DENSE: Parts = {
  inputs: [port("x", ["N", 2])],
  nodes: [
    node("MatMul", ["x", "w"], ["product"]),
    node("Add", ["product", "b"], ["sum"]),
    node("Relu", ["sum"], ["y"], {}, "activation"),
  ],
  outputs: [port("y", ["N", 3])],
  stored: [tensor("w", weight), tensor("b", bias)],
};

describe("importOnnx", () => {
  it("describes the file", () => {
    const m = importOnnx(model(DENSE));
    expect(m.inputs).toEqual([{ name: "x", dtype: "f32", shape: ["N", 2] }]);
    expect(m.outputs).toEqual([{ name: "y", dtype: "f32", shape: ["N", 3] }]);
    expect(m.operators).toEqual(["Add", "MatMul", "Relu"]);
    expect(m.opset).toBe(17);
    expect(m.metadata).toEqual({ classes: "cat,dog" });
    expect([...m.initializers].map(([k, v]) => [k, v.shape, [...(v.data as Float32Array)]])).toEqual([
      ["w", [2, 3], [1, 2, 3, 4, 5, 6]],
      ["b", [3], [0.5, -0.5, 1]],
    ]);
  });

  it.each([1, 3])("runs with batch %d", async (n) => {
    const x = host(
      Float32Array.from({ length: 2 * n }, (_, i) => (i % 2 === 0 ? 1 : -1)),
      [n, 2],
    );
    const { y } = await run(model(DENSE), { x });
    expect(y).toEqual({ shape: [n, 3], values: Array.from({ length: n }, () => [0, 0, 0]).flat() });
    const one = await run(model(DENSE), { x: host(new Float32Array(2 * n).fill(1), [n, 2]) });
    expect(one.y!.values).toEqual(Array.from({ length: n }, () => [5.5, 6.5, 10]).flat());
  });

  it("keeps a named batch", () => {
    const { outputs } = importOnnx(model(DENSE)).apply({ x: placeholder("x", "f32", ["batch", 2]) });
    expect(outputs.y!.shape).toEqual(["batch", 3]);
  });

  it("gives intermediate values by value and node name", () => {
    const { values } = importOnnx(model(DENSE)).apply({ x: placeholder("x", "f32", [4, 2]) });
    expect([...values.keys()].sort()).toEqual(["activation", "product", "product_node", "sum", "sum_node", "y"]);
    expect(values.get("sum_node")).toBe(values.get("sum"));
    const some = importOnnx(model(DENSE)).apply({ x: placeholder("x", "f32", [4, 2]) }, { taps: ["activation"] });
    expect([...some.values.keys()]).toEqual(["activation"]);
  });

  it("lets gradients through to the input and to weights that are given", async () => {
    const m = importOnnx(model(DENSE));
    const p = program((x: ReturnType<typeof placeholder>, w: ReturnType<typeof placeholder>) =>
      grad(m.apply({ x }, { weights: { w } }).values.get("sum")!.sum(), [x, w]),
    );
    const [dx, dw] = await p(host([10, 20], [1, 2]), weight);
    await p.release();
    expect(toNumbers(dx!)).toEqual([6, 15]);
    expect(toNumbers(dw!)).toEqual([10, 10, 10, 20, 20, 20]);
  });

  it("opens a file frozen at batch 1 to any batch, its reshapes included", async () => {
    const frozen = model({
      inputs: [port("x", [1, 2, 2])],
      nodes: [node("Reshape", ["x", "flat"], ["rows"]), node("MatMul", ["rows", "w"], ["y"])],
      outputs: [port("y", [1, 1])],
      stored: [tensor("flat", host([1, 4], [2], "i64")), tensor("w", host([1, 10, 100, 1000], [4, 1]))],
    });
    const { y } = await run(frozen, { x: host([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2]) });
    expect(y).toEqual({ shape: [2, 1], values: [4321, 8765] });
  });

  it("evaluates shape arithmetic, also with a named batch", () => {
    // PyTorch's x.view(x.shape[0], -1) and x.new_zeros(x.shape[0], 5).
    const bytes = model({
      inputs: [port("x", ["N", 2, 3])],
      nodes: [
        node("Shape", ["x"], ["shape"]),
        node("Gather", ["shape", "zero"], ["n"], { axis: 0 }),
        node("Unsqueeze", ["n", "first"], ["n1"]),
        node("Concat", ["n1", "rest"], ["target"], { axis: 0 }),
        node("Reshape", ["x", "target"], ["flat"]),
        node("Concat", ["n1", "five"], ["size"], { axis: 0 }),
        node("ConstantOfShape", ["size"], ["zeros"]),
        node("Concat", ["flat", "zeros"], ["y"], { axis: 1 }),
      ],
      outputs: [port("y", ["N", 11])],
      stored: [
        tensor("zero", host([0], [], "i64")),
        tensor("first", host([0], [1], "i64")),
        tensor("rest", host([-1], [1], "i64")),
        tensor("five", host([5], [1], "i64")),
      ],
    });
    const m = importOnnx(bytes);
    expect(m.apply({ x: placeholder("x", "f32", ["batch", 2, 3]) }).outputs.y!.shape).toEqual(["batch", 11]);
    expect(m.apply({ x: placeholder("x", "f32", [7, 2, 3]) }).outputs.y!.shape).toEqual([7, 11]);
  });

  it("reads i64 inputs from i32 values", async () => {
    const lookup = model({
      inputs: [port("tokens", ["N"], "i64")],
      nodes: [node("Gather", ["table", "tokens"], ["y"], { axis: 0 })],
      outputs: [port("y", ["N", 3])],
      stored: [tensor("table", weight)],
    });
    const { y } = await run(lookup, { tokens: host(Int32Array.of(1, 0, 1)) });
    expect(y!.values).toEqual([4, 5, 6, 1, 2, 3, 4, 5, 6]);
  });

  it("takes the branch that a known condition decides", async () => {
    const branch = (op: string) =>
      graph({ nodes: [node(op, ["x"], [`${op}_out`])], outputs: [port(`${op}_out`, [2])] });
    const bytes = model({
      inputs: [port("x", [2]), port("positive", [], "bool")],
      nodes: [
        node("If", ["positive"], ["y"], {
          then_branch: { graph: branch("Relu") },
          else_branch: { graph: branch("Neg") },
        }),
      ],
      outputs: [port("y", [2])],
    });
    const m = importOnnx(bytes);
    const pick = async (positive: number) => {
      const given = constant(host(Uint8Array.of(positive), [], "bool"));
      const p = program((x: ReturnType<typeof placeholder>) => m.apply({ x, positive: given }).outputs.y!);
      const y = await p(host([3, -4]));
      await p.release();
      return toNumbers(y);
    };
    expect(await pick(1)).toEqual([3, 0]);
    expect(await pick(0)).toEqual([-3, 4]);
    const inputs = { x: placeholder("x", "f32", [2]), positive: placeholder("p", "bool", []) };
    expect(problem(() => m.apply(inputs)).code).toBe("E_ONNX_OPERATOR");
  });
});

describe("importOnnx names what is wrong", () => {
  const x = placeholder("x", "f32", [1, 2]);
  const dense = importOnnx(model(DENSE));

  it.each<[string, () => unknown, string]>([
    [
      "unknown input",
      () => dense.apply({ z: x }),
      'The model got an input "z" that it does not have. Its inputs are x: f32[N,2].',
    ],
    ["missing input", () => dense.apply({}), 'The model got no tensor for its input "x". Its inputs are x: f32[N,2].'],
    [
      "wrong size",
      () => dense.apply({ x: placeholder("x", "f32", [4, 3]) }),
      'The model got f32[4,3] for its input "x". Its inputs are x: f32[N,2].',
    ],
    [
      "wrong rank",
      () => dense.apply({ x: placeholder("x", "f32", [2]) }),
      'The model got f32[2] for its input "x". Its inputs are x: f32[N,2].',
    ],
    [
      "wrong dtype",
      () => dense.apply({ x: placeholder("x", "i32", [1, 2]) }),
      'The model got i32[1,2] for its input "x". Its inputs are x: f32[N,2].',
    ],
  ])("%s", (_what, call, message) => {
    expect(problem(call)).toEqual({ code: "E_ONNX_INPUT", message });
  });

  it("two sizes for one name", () => {
    const bytes = model({
      inputs: [port("a", ["N"]), port("b", ["N"])],
      nodes: [node("Add", ["a", "b"], ["y"])],
      outputs: [port("y", ["N"])],
    });
    const inputs = { a: placeholder("a", "f32", [3]), b: placeholder("b", "f32", [4]) };
    expect(problem(() => importOnnx(bytes).apply(inputs)).code).toBe("E_ONNX_INPUT");
  });

  it("unsupported operators, all at once, with places", () => {
    const bytes = model({
      ...DENSE,
      nodes: [
        ...DENSE.nodes,
        node("NonMaxSuppression", ["y"], ["a"]),
        node("NonMaxSuppression", ["a"], ["b"]),
        { ...node("Fancy", ["b"], ["c"]), domain: "example.org" },
      ],
    });
    expect(problem(() => importOnnx(bytes))).toEqual({
      code: "E_ONNX_OPERATOR",
      message:
        'The model uses operators that Lyceum does not read: NonMaxSuppression (2 times: "a_node", "b_node"); example.org.Fancy (1 time: "c_node"). supportedOperators() lists those it reads; export the model without the others.',
    });
    expect(supportedOperators()).toContain("Conv");
  });

  it("a value that nothing defines", () => {
    const bytes = model({ ...DENSE, stored: [tensor("w", weight)] });
    expect(problem(() => importOnnx(bytes))).toEqual({
      code: "E_ONNX_GRAPH",
      message:
        'Node "sum_node" (Add) reads "b", which the file neither computes nor stores. The file is damaged or was cut out of a larger model.',
    });
  });

  it("a cycle", () => {
    const bytes = model({
      ...DENSE,
      nodes: [node("Relu", ["b1"], ["a1"]), node("Neg", ["a1"], ["b1"]), node("Relu", ["x"], ["y"])],
    });
    expect(problem(() => importOnnx(bytes))).toEqual({
      code: "E_ONNX_GRAPH",
      message:
        'The file\'s graph has a cycle: "a1_node" (Relu) <- "b1_node" (Neg) <- "a1_node" (Relu). The file is damaged or was cut out of a larger model.',
    });
  });

  it("a value written twice, an output that nothing writes", () => {
    const twice = model({ ...DENSE, nodes: [...DENSE.nodes, node("Relu", ["x"], ["sum"])] });
    expect(problem(() => importOnnx(twice)).message).toContain('write the value "sum"');
    const lost = model({ ...DENSE, outputs: [port("z", [1])] });
    expect(problem(() => importOnnx(lost)).message).toContain('output "z" is written by no node');
  });

  it("shapes that depend on data", () => {
    const bytes = model({
      inputs: [port("x", [4]), port("shape", [2], "i64")],
      nodes: [node("Reshape", ["x", "shape"], ["y"])],
      outputs: [port("y", ["a", "b"])],
    });
    const m = importOnnx(bytes);
    const four = placeholder("x", "f32", [4]);
    expect(problem(() => m.apply({ x: four, shape: placeholder("s", "i64", [2]) }))).toEqual({
      code: "E_ONNX_DYNAMIC",
      message:
        'Node "y_node" (Reshape): its input "shape" decides shapes, but is computed from data. Shapes must be known when tracing: give that input as a constant, or export the model with fixed sizes.',
    });
    expect(m.apply({ x: four, shape: constant(host([2, 2], [2], "i64")) }).outputs.y!.shape).toEqual([2, 2]);
  });

  it("an error of the engine with the node it comes from", () => {
    const bytes = model({ ...DENSE, stored: [tensor("w", weight), tensor("b", host([1, 2], [2]))] });
    const { code, message } = problem(() => importOnnx(bytes).apply({ x }));
    expect(code).toBe("E_SHAPE");
    expect(message).toMatch(/^In node "sum_node" \(Add\) of the ONNX file: Cannot add \[1,3\] with \[2\]/);
  });

  it("attributes that make no sense", () => {
    const bytes = model({ ...DENSE, nodes: [node("Conv", ["x", "w"], ["y"], { strides: "two" })] });
    const { code, message } = problem(() => importOnnx(bytes).apply({ x }));
    expect(code).toMatch(/^E_/);
    expect(message).toContain('"y_node" (Conv)');
  });

  it("weights and taps that the file lacks", () => {
    expect(problem(() => dense.apply({ x }, { weights: { v: x } })).code).toBe("E_ONNX_WEIGHT");
    expect(problem(() => dense.apply({ x }, { weights: { w: x } })).message).toContain("stored as f32[2,3]");
    expect(problem(() => dense.apply({ x }, { taps: ["act"] })).message).toBe(
      'The file has no value or node named "act". There are 6, for example activation.',
    );
  });
});

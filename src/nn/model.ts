/**
 * A model is a forward function plus the layout that tracing it once has found. It owns no values: parameters and
 * buffers are two flat vectors that the caller holds, so the same model serves a student, its EMA teacher and a
 * population, inside one program or several.
 */
import { fail } from "../errors.ts";
import { placeholder } from "../tensor/graph.ts";
import { type DType, type Key, random, stopGradient, type Tensor } from "../tensor/index.ts";
import { concat, foldKey, randomUniform } from "../tensor/ops/index.ts";
import { sameShape, show } from "../tensor/shape.ts";
import { flopsOf } from "./flops.ts";
import type { Initialiser } from "./init.ts";
import { type Layout, layoutOf, symbolicViews, unknownPath } from "./layout.ts";
import { type Scope, type ScopeSource, scopeOver } from "./scope.ts";

/** The symbolic vectors a forward pass reads. */
export interface ModelState {
  /** [params.size] */
  readonly params: Tensor;
  /** [buffers.size] */
  readonly buffers: Tensor;
}

export interface ApplyOptions {
  /** Training mode: dropout, batch statistics. */
  readonly train?: boolean;
  /** i32 [2], see `keyValue`; needed only by models that draw randomness while training. */
  readonly key?: Tensor;
  /** What else the model reads besides x, by name: positions or a cache, for models that know them. */
  readonly inputs?: Inputs;
}

/** Further inputs of a forward pass by name; none of them while a model is being defined. */
export type Inputs = Readonly<Record<string, Tensor>>;

export interface Forward {
  readonly output: Tensor;
  /** Named intermediates by path; "output" is always there. */
  readonly taps: ReadonlyMap<string, Tensor>;
  /** The buffers after this pass: changed only in training mode. */
  readonly buffers: Tensor;
}

export interface Model {
  readonly name: string;
  /** Shape of one example, without the batch axis. */
  readonly inputShape: readonly number[];
  readonly inputDtype: DType;
  readonly classes?: number;
  readonly params: Layout;
  readonly buffers: Layout;
  /** Multiply-adds times two of one example's forward pass: matrix products and convolutions. */
  readonly flops: number;
  /** Values to start from: a pure function of the key. */
  init(key: Key): { params: Float32Array; buffers: Float32Array };
  /** Traces the forward pass; x [B, ...inputShape]. Errors: `E_INPUT`, `E_PARAM_SHAPE`, `E_PARAM_PATH`, `E_KEY`. */
  apply(state: ModelState, x: Tensor, options?: ApplyOptions): Forward;
}

export interface ModelOptions {
  readonly classes?: number;
  /** "f32" by default; "i32" for tokens. */
  readonly inputDtype?: DType;
}

/** Traces `forward` once to find its parameters, buffers and cost. Errors: `E_PARAM_SHAPE`. */
export function defineModel(
  name: string,
  inputShape: readonly number[],
  forward: (scope: Scope, x: Tensor, inputs: Inputs) => Tensor,
  { classes, inputDtype = "f32" }: ModelOptions = {},
): Model {
  const record = recorder();
  const traced = forward(scopeOver(record.source), placeholder("x", inputDtype, [1, ...inputShape]), {});
  const params = layoutOf(record.params.values());
  const buffers = layoutOf(record.buffers.values());
  return {
    name,
    inputShape,
    inputDtype,
    ...(classes !== undefined && { classes }),
    params,
    buffers,
    flops: flopsOf([traced]),
    init: (key) => ({
      params: gather(params, ({ path, shape }) => record.params.get(path)!.init(random.fold(key, path), shape)),
      buffers: gather(buffers, ({ path, size }) => new Float32Array(size).fill(record.buffers.get(path)!.value)),
    }),
    apply: (state, x, options = {}) => {
      checkInput(name, inputShape, inputDtype, x);
      const run = reader(name, { params, buffers }, state, options);
      const output = forward(scopeOver(run.source), x, options.inputs ?? {});
      if (!run.taps.has("output")) run.taps.set("output", output);
      return { output, taps: run.taps, buffers: run.buffers() };
    },
  };
}

function gather(layout: Layout, valuesOf: (entry: Layout["entries"][number]) => Float32Array): Float32Array {
  const out = new Float32Array(layout.size);
  for (const e of layout.entries) out.set(valuesOf(e), e.offset);
  return out;
}

function checkInput(name: string, inputShape: readonly number[], dtype: DType, x: Tensor): void {
  const floats = dtype === "f32" && x.dtype === "f64";
  if (x.rank !== inputShape.length + 1 || (x.dtype !== dtype && !floats)) {
    fail(
      "E_INPUT",
      `${name} takes ${dtype} [batch,${inputShape.join(",")}], got ${x.dtype}${show(x.shape)}.`,
      "Reshape or cast the input, and keep the batch axis.",
    );
  }
}

/** The source of the first trace: every request becomes an entry and a placeholder. */
function recorder() {
  const params = new Map<string, { path: string; shape: readonly number[]; init: Initialiser; tensor: Tensor }>();
  const buffers = new Map<string, { path: string; shape: readonly number[]; value: number; tensor: Tensor }>();
  const same = (path: string, known: readonly number[], shape: readonly number[]) => {
    if (!sameShape(known, shape)) {
      fail(
        "E_PARAM_SHAPE",
        `"${path}" is used with shapes ${show(known)} and ${show(shape)}.`,
        "Give each layer a scope of its own.",
      );
    }
  };
  const source: ScopeSource = {
    train: false,
    param(path, shape, init) {
      const known = params.get(path);
      if (known) same(path, known.shape, shape);
      else params.set(path, { path, shape, init, tensor: placeholder(path, "f32", shape) });
      return params.get(path)!.tensor;
    },
    buffer(path, shape, value) {
      const known = buffers.get(path);
      if (known) same(path, known.shape, shape);
      else buffers.set(path, { path, shape, value, tensor: placeholder(path, "f32", shape) });
      return buffers.get(path)!.tensor;
    },
    update() {},
    tap() {},
    random: (_path, shape) => placeholder("random", "f32", shape),
  };
  return { source, params, buffers };
}

/** The source of every later trace: requests are answered with views of the state. */
function reader(
  name: string,
  layouts: { params: Layout; buffers: Layout },
  state: ModelState,
  { train = false, key }: ApplyOptions,
) {
  const params = symbolicViews(layouts.params, state.params);
  const buffers = symbolicViews(layouts.buffers, state.buffers);
  const updates = new Map<string, Tensor>();
  const taps = new Map<string, Tensor>();
  const draws = new Map<string, number>();
  const find = (views: Map<string, Tensor>, layout: Layout, path: string, shape: readonly number[]): Tensor => {
    const view = views.get(path) ?? unknownPath(layout, path);
    if (!sameShape(view.shape, shape)) {
      fail(
        "E_PARAM_SHAPE",
        `"${path}" of ${name} has shape ${show(view.shape)}, this input asks for ${show(shape)}.`,
        "Feed inputs of the size that the model was defined for.",
      );
    }
    return view;
  };
  const source: ScopeSource = {
    train,
    param: (path, shape) => find(params, layouts.params, path, shape),
    buffer: (path, shape) => find(buffers, layouts.buffers, path, shape),
    update: (path, value) => {
      if (train) updates.set(path, stopGradient(value));
    },
    tap: (path, value) => {
      if (taps.has(path)) fail("E_TAP", `${name} names two intermediates "${path}".`, "Tap from a scope of its own.");
      taps.set(path, value);
    },
    random: (path, shape) => {
      if (!key)
        fail(
          "E_KEY",
          `${name} draws randomness at "${path}" while training.`,
          "Pass this step's key (keyValue) to apply(), or as scalars.key to a training step.",
        );
      const draw = draws.get(path) ?? 0;
      draws.set(path, draw + 1);
      return randomUniform(foldKey(key, hash(path, draw)), shape);
    },
  };
  const next = () =>
    updates.size === 0
      ? state.buffers
      : concat(layouts.buffers.entries.map((e) => (updates.get(e.path) ?? buffers.get(e.path)!).reshape([e.size])));
  return { source, taps, buffers: next };
}

/** 53 bits that differ between paths, and between draws at one path; an exact integer, computed while tracing. */
function hash(path: string, draw: number): number {
  const [low, high] = random.fold(random.fold([0, 0], path), draw);
  return low + (high >>> 11) * 2 ** 32;
}

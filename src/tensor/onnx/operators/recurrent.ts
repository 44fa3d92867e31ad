/**
 * RNN, GRU and LSTM, unrolled: the length of the sequence is known when tracing, each step is two products, and the
 * gradient comes for free. The projection of all inputs is one product before the loop.
 */
import * as ops from "../../ops/index.ts";
import { fixed } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import type { Call, Operator } from "../call.ts";

/** What a direction computes with: weights without their direction axis. */
interface Cell {
  readonly hidden: number;
  /** Recurrent weights [gates·H, H] and bias [gates·H]. */
  readonly recurrent: Tensor;
  readonly recurrentBias: Tensor | undefined;
}
/** x: the projected input of this step with its bias, [B, gates·H]; state: h, and c for an LSTM. */
type Step = (x: Tensor, state: readonly Tensor[], cell: Cell, c: Call) => readonly Tensor[];

const gate = (t: Tensor, i: number, hidden: number) => ops.slice(t, 1, i * hidden, (i + 1) * hidden);
const project = (h: Tensor, w: Tensor, b: Tensor | undefined) => {
  const product = ops.matmul(h, w, { transB: true });
  return b ? ops.add(product, b) : product;
};

const rnnStep: Step = (x, [h], { recurrent, recurrentBias }, c) => {
  const sum = ops.add(x, project(h!, recurrent, recurrentBias));
  return [c.attrs.strings("activations")?.[0]?.toLowerCase() === "relu" ? ops.relu(sum) : ops.tanh(sum)];
};

/** Gates in the order input, output, forget, cell (Hochreiter & Schmidhuber 1997; Gers et al. 2000). */
const lstmStep: Step = (x, [h, cell], { hidden, recurrent, recurrentBias }) => {
  const sum = ops.add(x, project(h!, recurrent, recurrentBias));
  const [input, output, forget] = [0, 1, 2].map((i) => ops.sigmoid(gate(sum, i, hidden)));
  const next = ops.add(ops.mul(forget!, cell!), ops.mul(input!, ops.tanh(gate(sum, 3, hidden))));
  return [ops.mul(output!, ops.tanh(next)), next];
};

/** Gates in the order update, reset, hidden (Cho et al. 2014); PyTorch resets after the product. */
const gruStep: Step = (x, [h], { hidden, recurrent, recurrentBias }, c) => {
  const after = c.attrs.int("linear_before_reset", 0) === 1;
  const rows = (t: Tensor, from: number, to: number) => ops.slice(t, 0, from * hidden, to * hidden);
  const part = (from: number, to: number, state: Tensor) =>
    project(state, rows(recurrent, from, to), recurrentBias && rows(recurrentBias, from, to));
  const gates = ops.sigmoid(ops.add(ops.slice(x, 1, 0, 2 * hidden), part(0, 2, h!)));
  const [update, reset] = [gate(gates, 0, hidden), gate(gates, 1, hidden)];
  const recalled = after ? ops.mul(reset, part(2, 3, h!)) : part(2, 3, ops.mul(reset, h!));
  const candidate = ops.tanh(ops.add(gate(x, 2, hidden), recalled));
  return [ops.add(ops.mul(ops.sub(1, update), candidate), ops.mul(update, h!))];
};

/** Activations that a step computes, for one direction; others are not supported. */
const DEFAULTS: Readonly<Record<string, readonly string[]>> = {
  RNN: ["tanh", "relu"],
  LSTM: ["sigmoid", "tanh", "tanh"],
  GRU: ["sigmoid", "tanh"],
};

function checkModes(c: Call): void {
  const known = DEFAULTS[c.node.opType]!;
  const given = c.attrs.strings("activations")?.map((a) => a.toLowerCase()) ?? [];
  const usual = (a: string, i: number) => (known === DEFAULTS.RNN ? known.includes(a) : a === known[i % known.length]);
  if (!given.every(usual) || new Set(known === DEFAULTS.RNN ? given : []).size > 1)
    c.unsupported(`the activations ${given.join(", ")}`);
  if (c.has(4) && c.numbers(4)?.some((n) => n !== c.in(0).shape[0]) !== false)
    c.unsupported("sequences of own lengths");
  if (c.has(7)) c.unsupported("peepholes");
  if (c.attrs.has("clip")) c.unsupported("clip");
  if (c.attrs.int("input_forget", 0)) c.unsupported("input_forget");
}

/** X [L, B, I], W [D, gates·H, I], R [D, gates·H, H], B [D, 2·gates·H] -> Y [L, D, B, H], last states [D, B, H]. */
const recurrent =
  (step: Step, states: number): Operator =>
  (c) => {
    checkModes(c);
    const batchFirst = c.attrs.int("layout", 0) === 1;
    const swap = (t: Tensor) => (batchFirst ? ops.transpose(t, [1, 0, 2]) : t);
    const x = swap(c.in(0));
    const [w, r, b] = [c.in(1), c.in(2), c.optional(3)];
    const [length] = fixed([x.shape[0]!]) as [number];
    const hidden = fixed([r.shape[2]!])[0]!;
    const width = fixed([r.shape[1]!])[0]!;
    const direction = c.attrs.string("direction", "forward");
    const directions = (direction === "bidirectional" ? ["forward", "reverse"] : [direction]).map((way, d) => {
      const pick = (t: Tensor) => ops.squeeze(ops.slice(t, 0, d, d + 1), [0]);
      const bias = b && pick(b);
      const projected = project(x, pick(w), bias && ops.slice(bias, 0, 0, width));
      const cell: Cell = { hidden, recurrent: pick(r), recurrentBias: bias && ops.slice(bias, 0, width, 2 * width) };
      const start = (i: number) => {
        const given = c.optional(5 + i);
        return given ? pick(swap(given)) : ops.fill(0, [x.shape[1]!, hidden], x.dtype);
      };
      let state: readonly Tensor[] = Array.from({ length: states }, (_, i) => start(i));
      const outputs = new Array<Tensor>(length);
      for (let k = 0; k < length; k++) {
        const t = way === "reverse" ? length - 1 - k : k;
        state = step(ops.squeeze(ops.slice(projected, 0, t, t + 1), [0]), state, cell, c);
        outputs[t] = state[0]!;
      }
      return { outputs, state };
    });
    const y = ops.stack(
      directions.map((d) => ops.stack(d.outputs, 0)),
      1,
    );
    const last = Array.from({ length: states }, (_, i) =>
      swap(
        ops.stack(
          directions.map((d) => d.state[i]!),
          0,
        ),
      ),
    );
    return [batchFirst ? ops.transpose(y, [2, 0, 1, 3]) : y, ...last];
  };

export const RECURRENT: Readonly<Record<string, Operator>> = {
  RNN: recurrent(rnnStep, 1),
  GRU: recurrent(gruStep, 1),
  LSTM: recurrent(lstmStep, 2),
};

/** A ResNet-20 as PyTorch's exporters write it: logits, taps, and a gradient through the frozen network. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { grad } from "../grad.ts";
import { type HostTensor, host, toNumbers } from "../host.ts";
import { program } from "../program.ts";
import type { Tensor } from "../tensor.ts";
import { importOnnx } from "./import.ts";

const fixture = (name: string) => new URL(`../../../test/fixtures/${name}`, import.meta.url);

interface Header {
  readonly [name: string]: { readonly shape: number[]; readonly data_offsets: readonly [number, number] };
}
/** safetensors: a JSON header, then the bytes it points into. */
function readFixture(): { tensors: Record<string, HostTensor>; taps: Record<string, Record<string, string>> } {
  const file = new Uint8Array(readFileSync(fixture("teacher_resnet20.safetensors")));
  const length = Number(new DataView(file.buffer).getBigUint64(0, true));
  const { __metadata__, ...header } = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length))) as Header & {
    readonly __metadata__: { readonly about: string };
  };
  const tensors = Object.entries(header).map(([name, { shape, data_offsets: at }]) => {
    const bytes = file.slice(8 + length + at[0], 8 + length + at[1]);
    return [name, host(new Float32Array(bytes.buffer), shape)] as const;
  });
  const about = JSON.parse(__metadata__.about) as { files: Record<string, Record<string, string>> };
  return { tensors: Object.fromEntries(tensors), taps: about.files };
}

const { tensors, taps } = readFixture();
const distance = (a: HostTensor, b: HostTensor) => {
  const other = toNumbers(b);
  expect(a.shape).toEqual(b.shape);
  return Math.max(...toNumbers(a).map((v, i) => Math.abs(v - other[i]!)));
};

describe.each(Object.keys(taps))("%s", (name) => {
  const model = importOnnx(readFileSync(fixture(name)));
  const { stage2, pooled } = taps[name]!;

  it("gives PyTorch's logits and features", async () => {
    const p = program((x: Tensor) => {
      const { outputs, values } = model.apply({ input: x }, { taps: [stage2!, pooled!] });
      const features = values.get(pooled!)!;
      return {
        logits: outputs.logits!,
        stage2: values.get(stage2!)!,
        pooled: features.reshape(features.shape.slice(0, 2)),
      };
    });
    const got = await p(tensors.x!);
    await p.release();
    expect(distance(got.logits, tensors.logits!)).toBeLessThan(1e-4);
    expect(distance(got.stage2, tensors.stage2!)).toBeLessThan(1e-4);
    expect(distance(got.pooled, tensors.pooled!)).toBeLessThan(1e-4);
  });

  it("lets a gradient through to the pixels and to its weights", async () => {
    const [weight, value] = [...model.initializers].find(([, v]) => v.shape.length === 4)!;
    const loss = (x: Tensor, w: Tensor) => {
      const { outputs, values } = model.apply({ input: x }, { weights: { [weight]: w } });
      return outputs.logits!.square().sum().add(values.get(stage2!)!.square().mean());
    };
    const run = program((x: Tensor, w: Tensor) => [loss(x, w), ...grad(loss(x, w), [x, w])]);
    const [, dx, dw] = await run(tensors.x!, value);
    // A small step along the gradient changes the loss by step·|gradient|²: compared as a central difference.
    for (const [which, gradient] of [dx!, dw!].entries()) {
      const g = toNumbers(gradient);
      const norm = Math.hypot(...g);
      const step = which === 0 ? 0.02 : 0.001;
      const moved = (sign: number) => {
        const shift = ({ data, shape }: HostTensor) =>
          host(
            Float32Array.from(data as Float32Array, (v, i) => v + (sign * step * g[i]!) / norm),
            shape,
          );
        return which === 0 ? run(shift(tensors.x!), value) : run(tensors.x!, shift(value));
      };
      const [[up], [down]] = [await moved(1), await moved(-1)];
      const slope = (Number(up!.data[0]) - Number(down!.data[0])) / (2 * step);
      // ReLU kinks and the f32 loss leave about a per cent.
      expect(Math.abs(slope / norm - 1)).toBeLessThan(0.03);
    }
    await run.release();
  });
});

it("keeps the batch open", () => {
  const model = importOnnx(readFileSync(fixture("teacher_resnet20.onnx")));
  expect(model.inputs).toEqual([{ name: "input", dtype: "f32", shape: ["batch", 3, 32, 32] }]);
});

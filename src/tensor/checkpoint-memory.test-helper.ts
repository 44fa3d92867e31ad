/** Run as a process of its own: one gradient of a deep network, printed with the peak memory that it took. */
import { checkpoint } from "./checkpoint.ts";
import { grad } from "./grad.ts";
import { host } from "./host.ts";
import { program } from "./program.ts";
import type { Tensor } from "./tensor.ts";

const recompute = process.argv[2] === "checkpoint";
const [rows, width, layers, stride] = [1024, 256, 24, 4] as const;
const wave = (n: number, scale: number) => Float32Array.from({ length: n }, (_, i) => Math.sin(i * scale) / 8);

const layer = (x: Tensor, w: Tensor) => x.matmul(w).gelu().add(x).gelu();
const segment = (x: Tensor, ...weights: Tensor[]) => weights.reduce(layer, x);
const run = program(
  (x: Tensor, weights: readonly Tensor[]) => {
    let h = x;
    for (let i = 0; i < layers; i += stride) {
      const own = weights.slice(i, i + stride);
      h = recompute ? checkpoint(segment, [h, ...own]) : segment(h, ...own);
    }
    return grad(h.square().mean(), weights);
  },
  { threads: 1 },
);
const x = host(wave(rows * width, 1), [rows, width]);
const weights = Array.from({ length: layers }, (_, k) => host(wave(width * width, k + 1), [width, width]));
const before = process.resourceUsage().maxRSS;
const gradients = await run(x, weights);
process.stdout.write(
  JSON.stringify({
    megabytes: (process.resourceUsage().maxRSS - before) / 1024,
    probes: gradients.map((g) => Array.from(g.data.slice(0, 8), Number)),
  }),
);

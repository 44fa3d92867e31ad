// JSON lines over stdin and stdout, as torch_peer.py speaks them; shared by the JavaScript peers.
import { createInterface } from "node:readline";

/** Numbers from a fixed seed (mulberry32), normal by Box-Muller: batches and weights are the same on every run. */
export function generator(seed = 0) {
  let a = seed >>> 0;
  const uniform = () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return {
    uniform,
    normals: (n, scale = 1) => Float32Array.from({ length: n }, () => normal() * scale),
    uniforms: (n, bound = 1) => Float32Array.from({ length: n }, () => (2 * uniform() - 1) * bound),
    integers: (n, below) => Int32Array.from({ length: n }, () => Math.floor(uniform() * below)),
  };
}

export const size = (shape) => shape.reduce((a, b) => a * b, 1);

/**
 * Answers requests until stdin ends. `peer` has setup(message) -> {step, params, ...facts}, peak() -> milliseconds of one
 * 1024^3 product. step(i) runs training step i to its end and returns a function that reads the loss.
 */
export async function serve(peer) {
  let job;
  const handlers = {
    async setup(m) {
      const start = performance.now();
      job = undefined;
      const { step, params, ...facts } = await peer.setup(m);
      let i = 0;
      job = { next: () => step(i++) };
      const first = performance.now();
      await job.next();
      const compileSeconds = (performance.now() - first) / 1000;
      for (let k = 0; k < (m.warmup ?? 3); k++) await job.next();
      return { job: m.job, params, compileSeconds, setupSeconds: (performance.now() - start) / 1000, ...facts };
    },
    async step(m) {
      if (!job) throw new Error("setup first");
      const ms = [];
      let read;
      for (let k = 0; k < m.n; k++) {
        const start = performance.now();
        read = await job.next();
        ms.push(performance.now() - start);
      }
      return { ms, loss: await read?.() };
    },
    async peak(m) {
      let best = Number.POSITIVE_INFINITY;
      await peer.peak(m);
      for (let k = 0; k < 8; k++) best = Math.min(best, await peer.peak(m));
      return { gflops: (2 * 1024 ** 3) / best / 1e6 };
    },
    memory: () => ({ mb: process.resourceUsage().maxRSS / 1024 }),
  };
  for await (const line of createInterface({ input: process.stdin })) {
    if (!line.trim()) continue;
    let answer;
    try {
      const m = JSON.parse(line);
      if (m.cmd === "exit") break;
      if (!handlers[m.cmd]) throw new Error(`no command called ${m.cmd}`);
      answer = { ok: true, ...(await handlers[m.cmd](m)) };
    } catch (e) {
      answer = { ok: false, why: String(e?.message ?? e).slice(0, 500) };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
  process.exit(0);
}

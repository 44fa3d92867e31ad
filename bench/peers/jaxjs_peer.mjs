// jax-js (WebAssembly) as a peer in Node; protocol and jobs as in torch_peer.py: gpt-0.8m, gpt-3.2m, mlp, distill-plain, resnet20.
//
// "threads": 1 is jax-js as shipped: in Node it finds no global Worker and runs on one thread. 2 or more: a Worker made of
// worker_threads is put in place before the import, and jax-js's own pool does the rest. Either way V8's relaxed-SIMD flag
// (the fused multiply-add that jax-js probes for) is switched on first. The whole step is one jit().
// Differences from the PyTorch jobs: matrices of linear layers lie [in, out]; running statistics of batch norm are not kept
// (less work than PyTorch does); @jax-js/optax is not on npm, so the optimisers are written out here.
import { resolveObjectURL } from "node:buffer";
import { setFlagsFromString } from "node:v8";
import { Worker as Thread } from "node:worker_threads";
import { generator, serve, size } from "./protocol.mjs";

setFlagsFromString("--experimental-wasm-relaxed-simd");

// jax-js 0.1.25 calls map() and its like on iterators, which Node has only from version 22.
const iterators = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));
iterators.map ??= function* (f) {
  let i = 0;
  for (const x of this) yield f(x, i++);
};
iterators.filter ??= function* (f) {
  for (const x of this) if (f(x)) yield x;
};
iterators.toArray ??= function () {
  return [...this];
};

class WebWorker {
  #thread;
  #early = [];
  constructor(url) {
    this.#start(url).catch((e) => this.onerror?.(e));
  }
  async #start(url) {
    const prelude = `require("node:v8").setFlagsFromString("--experimental-wasm-relaxed-simd");
const { parentPort } = require("node:worker_threads");
globalThis.self = globalThis;
globalThis.postMessage = (m) => parentPort.postMessage(m);
parentPort.on("message", (data) => self.onmessage({ data }));
`;
    const source = await resolveObjectURL(url).text();
    this.#thread = new Thread(prelude + source, { eval: true });
    this.#thread.unref();
    this.#thread.on("message", (data) => this.onmessage?.({ data }));
    this.#thread.on("error", (e) => this.onerror?.(e));
    for (const m of this.#early) this.#thread.postMessage(m);
  }
  postMessage(m) {
    if (this.#thread) this.#thread.postMessage(m);
    else this.#early.push(m);
  }
  terminate() {
    this.#thread?.terminate();
  }
}

let jax;
let np;
let nn;
let threads;
async function load(n = 1) {
  if (jax) {
    if (n !== threads) throw new Error("jax-js takes its number of threads once per process");
    return;
  }
  threads = n;
  if (n > 1) {
    globalThis.Worker = WebWorker;
    Object.defineProperty(globalThis, "navigator", { value: { hardwareConcurrency: n }, configurable: true });
  }
  jax = await import("@jax-js/jax");
  ({ numpy: np, nn } = jax);
  await jax.init("wasm");
  jax.defaultDevice("wasm");
}

const BATCHES = 8;
const array = (data, shape) => np.array(data).reshape(shape);

function layerNorm(x, scale, shift) {
  const centred = x.ref.sub(np.mean(x, -1, { keepdims: true }));
  const variance = np.mean(np.square(centred.ref), -1, { keepdims: true });
  return centred
    .mul(np.reciprocal(np.sqrt(variance.add(1e-5))))
    .mul(scale)
    .add(shift);
}

function crossEntropy(logits, labels, classes) {
  const picked = nn.logSoftmax(logits, -1).mul(nn.oneHot(labels, classes));
  return np.sum(picked).mul(-1);
}

function gpt(d, heads, layers, g) {
  const [V, C, B] = [65, 128, 16];
  const params = [];
  const weight = (...shape) => params.push(array(g.normals(size(shape), 0.02), shape));
  const zero = (n) => params.push(np.zeros([n]));
  const one = (n) => params.push(np.ones([n]));
  weight(V, d);
  weight(C, d);
  for (let l = 0; l < layers; l++) {
    one(d);
    zero(d);
    weight(d, 3 * d);
    zero(3 * d);
    weight(d, d);
    zero(d);
    one(d);
    zero(d);
    weight(d, 4 * d);
    zero(4 * d);
    weight(4 * d, d);
    zero(d);
  }
  one(d);
  zero(d);
  weight(d, V);
  const loss = (p, x, y) => {
    let k = 0;
    const next = () => p[k++];
    let h = np
      .take(next(), x, 0)
      .add(next())
      .reshape([B * C, d]);
    for (let l = 0; l < layers; l++) {
      const [g1, b1, wqkv, bqkv, wo, bo, g2, b2, w1, c1, w2, c2] = Array.from({ length: 12 }, next);
      const qkv = np
        .matmul(layerNorm(h.ref, g1, b1), wqkv)
        .add(bqkv)
        .reshape([B, C, 3 * d]);
      const [q, kk, v] = np.split(qkv, 3, 2).map((t) => t.reshape([B, C, heads, d / heads]));
      const a = nn.dotProductAttention(q, kk, v, { isCausal: true }).reshape([B * C, d]);
      h = h.add(np.matmul(a, wo).add(bo));
      const f = nn.gelu(np.matmul(layerNorm(h.ref, g2, b2), w1).add(c1), { approximate: false });
      h = h.add(np.matmul(f, w2).add(c2));
    }
    const [gf, bf, head] = [next(), next(), next()];
    const logits = np.matmul(layerNorm(h, gf, bf), head);
    return crossEntropy(logits, y.reshape([B * C]), V).mul(1 / (B * C));
  };
  const batches = Array.from({ length: BATCHES }, () => {
    const text = g.integers(B * (C + 1), V);
    const cut = (o) => Int32Array.from({ length: B * C }, (_, i) => text[Math.floor(i / C) * (C + 1) + (i % C) + o]);
    return [array(cut(0), [B, C]), array(cut(1), [B, C])];
  });
  return { params, loss, batches, update: adam({ lr: 3e-4, b1: 0.9, b2: 0.95, decay: 0.1, clip: 1 }) };
}

function mlp(g) {
  const sizes = [784, 256, 256, 10];
  const params = sizes
    .slice(1)
    .flatMap((o, i) => [array(g.uniforms(sizes[i] * o, 1 / Math.sqrt(sizes[i])), [sizes[i], o]), np.zeros([o])]);
  const loss = ([w1, b1, w2, b2, w3, b3], x, y) => {
    const h = nn.relu(np.matmul(nn.relu(np.matmul(x, w1).add(b1)), w2).add(b2));
    return crossEntropy(np.matmul(h, w3).add(b3), y, 10).mul(1 / 128);
  };
  const batches = Array.from({ length: BATCHES }, () => [
    array(g.normals(128 * 784), [128, 784]),
    np.array(g.integers(128, 10)),
  ]);
  return { params, loss, batches, update: adam({ lr: 1e-3, b1: 0.9, b2: 0.999, decay: 0 }) };
}

/**
 * Images lie [B,H,W,C] and a convolution is slices, a concat and one product: jax-js's own convolution ran below 1 GFLOP/s
 * here (a step of this job took minutes), so this is the faster of the two ways that the library offers.
 */
function resnet20(g) {
  const B = 64;
  const params = [];
  const conv = (o, i, k) => params.push(array(g.normals(o * i * k * k, Math.sqrt(2 / (i * k * k))), [k * k * i, o]));
  const bn = (n) => params.push(np.ones([n]), np.zeros([n]));
  const plan = [];
  conv(16, 3, 3);
  bn(16);
  let i = 16;
  [16, 32, 64].forEach((o, s) => {
    for (let b = 0; b < 3; b++) {
      const stride = s > 0 && b === 0 ? 2 : 1;
      conv(o, i, 3);
      bn(o);
      conv(o, o, 3);
      bn(o);
      if (stride === 2) {
        conv(o, i, 1);
        bn(o);
      }
      plan.push(stride);
      i = o;
    }
  });
  params.push(array(g.uniforms(640, 0.125), [64, 10]), np.zeros([10]));
  const norm = (x, scale, shift) => {
    const centred = x.ref.sub(np.mean(x, 0, { keepdims: true }));
    const variance = np.mean(np.square(centred.ref), 0, { keepdims: true });
    return centred
      .mul(np.reciprocal(np.sqrt(variance.add(1e-5))))
      .mul(scale)
      .add(shift);
  };
  const every = (x, n, c, stride) =>
    stride === 1 ? x : x.reshape([B, n / 2, 2, n / 2, 2, c]).slice([], [], 0, [], 0, []);
  const columns = (x, k, stride) => {
    const [, n, , c] = x.shape;
    if (k === 1) return every(x, n, c, stride).reshape([-1, c]);
    const wide = np.pad(x, [
      [0, 0],
      [1, 1],
      [1, 1],
      [0, 0],
    ]);
    const taps = [];
    for (let r = 0; r < 3; r++)
      for (let q = 0; q < 3; q++) taps.push(every(wide.ref.slice([], [r, r + n], [q, q + n], []), n, c, stride));
    wide.dispose();
    return np.concatenate(taps, 3).reshape([-1, 9 * c]);
  };
  const loss = (p, x, y) => {
    let j = 0;
    const next = () => p[j++];
    const layer = (h, k, stride) => {
      const n = h.shape[1] / stride;
      const w = next();
      const c = w.shape[1];
      return norm(np.matmul(columns(h, k, stride), w), next(), next()).reshape([B, n, n, c]);
    };
    let h = nn.relu(layer(x, 3, 1));
    for (const stride of plan) {
      const inner = layer(nn.relu(layer(h.ref, 3, stride)), 3, 1);
      h = nn.relu(inner.add(stride === 2 ? layer(h, 1, 2) : h));
    }
    const w = next();
    return crossEntropy(np.matmul(np.mean(h, [1, 2]), w).add(next()), y, 10).mul(1 / B);
  };
  const batches = Array.from({ length: BATCHES }, () => [
    array(g.normals(B * 3 * 32 * 32), [B, 32, 32, 3]),
    np.array(g.integers(B, 10)),
  ]);
  return { params, loss, batches, update: sgd({ lr: 0.1, momentum: 0.9, decay: 5e-4 }) };
}

/** Optimisers map (params, state, grads) to [params, state]; state is {a, b?, t}. */
const adam =
  ({ lr, b1, b2, decay, clip }) =>
  (params, { a, b, t }, grads) => {
    let g = grads;
    if (clip) {
      const norm = np.sqrt(g.map((x) => np.sum(np.square(x.ref))).reduce((x, y) => x.add(y)));
      const scale = np.minimum(1, np.reciprocal(norm.add(1e-6)).mul(clip));
      g = g.map((x) => x.mul(scale.ref));
      scale.dispose();
    }
    const now = t.add(1);
    const c1 = np.reciprocal(np.power(b1, now.ref).mul(-1).add(1));
    const c2 = np.reciprocal(np.power(b2, now.ref).mul(-1).add(1));
    const [P, A, Bs] = [[], [], []];
    params.forEach((p, i) => {
      const m = a[i].mul(b1).add(g[i].ref.mul(1 - b1));
      const v = b[i].mul(b2).add(np.square(g[i]).mul(1 - b2));
      const step = m.ref
        .mul(c1.ref)
        .mul(np.reciprocal(np.sqrt(v.ref.mul(c2.ref)).add(1e-8)))
        .mul(lr);
      P.push(p.mul(1 - lr * decay).sub(step));
      A.push(m);
      Bs.push(v);
    });
    c1.dispose();
    c2.dispose();
    return [P, { a: A, b: Bs, t: now }];
  };

const sgd =
  ({ lr, momentum, decay }) =>
  (params, { a, b, t }, grads) => {
    const [P, A] = [[], []];
    params.forEach((p, i) => {
      const g = grads[i].add(p.ref.mul(decay));
      const m = a[i].mul(momentum).add(g.ref);
      P.push(p.sub(g.add(m.ref.mul(momentum)).mul(lr)));
      A.push(m);
    });
    return [P, { a: A, b, t }];
  };

const JOBS = {
  "gpt-0.8m": (g) => gpt(128, 4, 4, g),
  "gpt-3.2m": (g) => gpt(256, 8, 4, g),
  mlp,
  "distill-plain": mlp,
  resnet20,
};

async function setup(m) {
  await load(m.threads ?? 1);
  if (!JOBS[m.job]) throw new Error(`no job called ${m.job}`);
  const { params, loss, batches, update } = JOBS[m.job](generator(m.seed ?? 0));
  const count = params.reduce((n, p) => n + size(p.shape), 0);
  let p = params;
  let s = {
    a: params.map((x) => np.zeros(x.shape)),
    b: m.job === "resnet20" ? [] : params.map((x) => np.zeros(x.shape)),
    t: np.array(0),
  };
  const compiled = jax.jit((params, state, x, y) => {
    const [value, grads] = jax.valueAndGrad(loss)(jax.tree.ref(params), x, y);
    const [next, after] = update(params, state, grads);
    return [next, after, value];
  });
  let last;
  return {
    params: count,
    threads,
    async step(i) {
      const [x, y] = batches[i % BATCHES];
      const [next, after, value] = compiled(p, s, x.ref, y.ref);
      p = next;
      s = after;
      last?.dispose();
      last = value;
      await jax.blockUntilReady([p, s, value]);
      return async () => (await value.ref.data())[0];
    },
  };
}

async function peak(m) {
  await load(m.threads ?? threads ?? 1);
  const g = generator(1);
  peak.a ??= array(g.normals(1024 * 1024), [1024, 1024]);
  peak.b ??= array(g.normals(1024 * 1024), [1024, 1024]);
  const start = performance.now();
  const c = np.matmul(peak.a.ref, peak.b.ref);
  await jax.blockUntilReady(c);
  const ms = performance.now() - start;
  c.dispose();
  return ms;
}

await serve({ setup, peak });

// TensorFlow.js (WebAssembly backend) as a peer in Node; protocol and jobs as in torch_peer.py: gpt-0.8m, gpt-3.2m, mlp,
// distill-plain, resnet20.
//
// The union package is needed: with tfjs-core and the backend alone the gradients are not registered. The backend runs on one
// thread in Node (it looks for threads in browsers only), so "threads" is ignored. Where the backend lacks the kernel of a
// gradient, the job is built from what it has:
//  - UnsortedSegmentSum (gradient of gather) is missing: embeddings are one-hot matrices times the table;
//  - Conv2DBackpropFilter is missing: tf.conv2d and its input gradient are the backend's own, the weight gradient is slices,
//    a concat and one product (customGrad).
// Differences from the PyTorch jobs: images lie [B,H,W,C], matrices of linear layers [in,out]; running statistics of batch
// norm are not kept (less work than PyTorch does).
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { generator, serve, size } from "./protocol.mjs";

const require = createRequire(import.meta.url);
console.log = console.info = console.warn = (...a) => process.stderr.write(`${a.join(" ")}\n`);
const tf = require("@tensorflow/tfjs");
const wasm = require("@tensorflow/tfjs-backend-wasm");

let ready;
const load = () =>
  (ready ??= (async () => {
    wasm.setWasmPaths(`${dirname(require.resolve("@tensorflow/tfjs-backend-wasm/package.json"))}/dist/`);
    if (!(await tf.setBackend("wasm"))) throw new Error("the wasm backend did not start");
    await tf.ready();
  })());

const BATCHES = 8;

function crossEntropy(logits, labels, classes) {
  return tf.logSoftmax(logits, -1).mul(tf.oneHot(labels, classes)).sum().neg().div(logits.shape[0]);
}

function layerNorm(x, scale, shift) {
  const { mean, variance } = tf.moments(x, -1, true);
  return x.sub(mean).mul(variance.add(1e-5).rsqrt()).mul(scale).add(shift);
}

function gpt(d, heads, layers, g) {
  const [V, C, B] = [65, 128, 16];
  const w = (...shape) => tf.variable(tf.tensor(g.normals(size(shape), 0.02), shape));
  const zero = (n) => tf.variable(tf.zeros([n]));
  const one = (n) => tf.variable(tf.ones([n]));
  const [E, P] = [w(V, d), w(C, d)];
  const blocks = Array.from({ length: layers }, () => ({
    g1: one(d),
    b1: zero(d),
    wqkv: w(d, 3 * d),
    bqkv: zero(3 * d),
    wo: w(d, d),
    bo: zero(d),
    g2: one(d),
    b2: zero(d),
    w1: w(d, 4 * d),
    c1: zero(4 * d),
    w2: w(4 * d, d),
    c2: zero(d),
  }));
  const [gf, bf, head] = [one(d), zero(d), w(d, V)];
  const mask = tf.tensor(
    Float32Array.from({ length: C * C }, (_, i) => (i % C > Math.floor(i / C) ? -1e9 : 0)),
    [C, C],
  );
  const hd = d / heads;
  const gelu = (x) => x.mul(0.5).mul(tf.erf(x.mul(Math.SQRT1_2)).add(1));
  const loss = ([x, y]) => {
    let h = tf
      .matMul(tf.oneHot(x, V).cast("float32"), E)
      .reshape([B, C, d])
      .add(P)
      .reshape([B * C, d]);
    for (const l of blocks) {
      const qkv = tf.split(tf.matMul(layerNorm(h, l.g1, l.b1), l.wqkv).add(l.bqkv), 3, 1);
      const [q, k, v] = qkv.map((t) => t.reshape([B, C, heads, hd]).transpose([0, 2, 1, 3]));
      const p = tf.softmax(
        tf
          .matMul(q, k, false, true)
          .mul(1 / Math.sqrt(hd))
          .add(mask),
        -1,
      );
      const a = tf
        .matMul(p, v)
        .transpose([0, 2, 1, 3])
        .reshape([B * C, d]);
      h = h.add(tf.matMul(a, l.wo).add(l.bo));
      h = h.add(tf.matMul(gelu(tf.matMul(layerNorm(h, l.g2, l.b2), l.w1).add(l.c1)), l.w2).add(l.c2));
    }
    return crossEntropy(tf.matMul(layerNorm(h, gf, bf), head), y, V);
  };
  const batches = Array.from({ length: BATCHES }, () => {
    const text = g.integers(B * (C + 1), V);
    const cut = (o) => Int32Array.from({ length: B * C }, (_, i) => text[Math.floor(i / C) * (C + 1) + (i % C) + o]);
    return [tf.tensor1d(cut(0), "int32"), tf.tensor1d(cut(1), "int32")];
  });
  const params = [E, P, ...blocks.flatMap(Object.values), gf, bf, head];
  const adam = tf.train.adam(3e-4, 0.9, 0.95, 1e-8);
  const update = (grads) => {
    const norm = tf.addN(Object.values(grads).map((x) => x.square().sum())).sqrt();
    const scale = tf.minimum(1, tf.div(1, norm.add(1e-6)));
    for (const p of params) p.assign(p.mul(1 - 3e-4 * 0.1));
    adam.applyGradients(Object.fromEntries(Object.entries(grads).map(([k, x]) => [k, x.mul(scale)])));
  };
  return { params, loss, batches, update };
}

function mlp(g) {
  const sizes = [784, 256, 256, 10];
  const params = sizes
    .slice(1)
    .flatMap((o, i) => [
      tf.variable(tf.tensor(g.uniforms(sizes[i] * o, 1 / Math.sqrt(sizes[i])), [sizes[i], o])),
      tf.variable(tf.zeros([o])),
    ]);
  const loss = ([x, y]) => {
    const [w1, b1, w2, b2, w3, b3] = params;
    const h = tf.matMul(tf.matMul(x, w1).add(b1).relu(), w2).add(b2).relu();
    return crossEntropy(tf.matMul(h, w3).add(b3), y, 10);
  };
  const batches = Array.from({ length: BATCHES }, () => [
    tf.tensor(g.normals(128 * 784), [128, 784]),
    tf.tensor1d(g.integers(128, 10), "int32"),
  ]);
  const adam = tf.train.adam(1e-3, 0.9, 0.999, 1e-8);
  return { params, loss, batches, update: (grads) => adam.applyGradients(grads) };
}

/** Every k x k window of x [B,H,W,C] as a row: [B*h*w, k*k*C]. */
function columns(x, k, stride) {
  const [b, n, , c] = x.shape;
  const every = (t) =>
    stride === 1 ? t : t.reshape([b, n / 2, 2, n / 2, 2 * c]).slice([0, 0, 0, 0, 0], [b, n / 2, 1, n / 2, c]);
  if (k === 1) return every(x).reshape([-1, c]);
  const wide = tf.pad(x, [
    [0, 0],
    [1, 1],
    [1, 1],
    [0, 0],
  ]);
  const taps = [];
  for (let r = 0; r < 3; r++)
    for (let q = 0; q < 3; q++) taps.push(every(wide.slice([0, r, q, 0], [b, n, n, c])).reshape([-1, c]));
  return tf.concat(taps, 1);
}

const convolve = (k, stride) => {
  const pad = k === 1 ? 0 : 1;
  return tf.customGrad((x, w, save) => {
    save([x, w]);
    const value = tf.conv2d(x, w, stride, pad);
    return {
      value,
      gradFunc: (dy, [x, w]) => [
        tf.conv2dTranspose(dy, w, x.shape, stride, pad),
        tf.matMul(columns(x, k, stride), dy.reshape([-1, w.shape[3]]), true, false).reshape(w.shape),
      ],
    };
  });
};

function resnet20(g) {
  const B = 64;
  const params = [];
  const param = (t) => {
    const v = tf.variable(t);
    params.push(v);
    return v;
  };
  const layer = (i, o, k, stride) => {
    const w = param(tf.tensor(g.normals(o * i * k * k, Math.sqrt(2 / (i * k * k))), [k, k, i, o]));
    const [scale, shift] = [param(tf.ones([o])), param(tf.zeros([o]))];
    const conv = convolve(k, stride);
    return (x) => {
      const y = conv(x, w);
      const { mean, variance } = tf.moments(y, [0, 1, 2]);
      return y.sub(mean).mul(variance.add(1e-5).rsqrt().mul(scale)).add(shift);
    };
  };
  const first = layer(3, 16, 3, 1);
  const blocks = [];
  let i = 16;
  [16, 32, 64].forEach((o, s) => {
    for (let b = 0; b < 3; b++) {
      const stride = s > 0 && b === 0 ? 2 : 1;
      const [c1, c2] = [layer(i, o, 3, stride), layer(o, o, 3, 1)];
      const short = stride === 2 ? layer(i, o, 1, 2) : (x) => x;
      blocks.push((x) => c2(c1(x).relu()).add(short(x)).relu());
      i = o;
    }
  });
  const [w, b] = [param(tf.tensor(g.uniforms(640, 0.125), [64, 10])), param(tf.zeros([10]))];
  const loss = ([x, y]) => {
    let h = first(x).relu();
    for (const block of blocks) h = block(h);
    return crossEntropy(tf.matMul(h.mean([1, 2]), w).add(b), y, 10);
  };
  const batches = Array.from({ length: BATCHES }, () => [
    tf.tensor(g.normals(B * 3 * 32 * 32), [B, 32, 32, 3]),
    tf.tensor1d(g.integers(B, 10), "int32"),
  ]);
  const sgd = tf.train.momentum(0.1, 0.9, true);
  const update = (grads) =>
    sgd.applyGradients(Object.fromEntries(params.map((p) => [p.name, grads[p.name].add(p.mul(5e-4))])));
  return { params, loss, batches, update };
}

const JOBS = {
  "gpt-0.8m": (g) => gpt(128, 4, 4, g),
  "gpt-3.2m": (g) => gpt(256, 8, 4, g),
  mlp,
  "distill-plain": mlp,
  resnet20,
};

async function setup(m) {
  await load();
  if (!JOBS[m.job]) throw new Error(`no job called ${m.job}`);
  const { params, loss, batches, update } = JOBS[m.job](generator(m.seed ?? 0));
  let last;
  return {
    params: params.reduce((n, p) => n + p.size, 0),
    threads: 1,
    async step(i) {
      const value = tf.tidy(() => {
        const { value, grads } = tf.variableGrads(() => loss(batches[i % BATCHES]), params);
        update(grads);
        return value;
      });
      last?.dispose();
      last = value;
      return async () => (await value.data())[0];
    },
  };
}

async function peak() {
  await load();
  const g = generator(1);
  peak.a ??= tf.tensor(g.normals(1024 * 1024), [1024, 1024]);
  const start = performance.now();
  const c = tf.matMul(peak.a, peak.a);
  await c.data();
  const ms = performance.now() - start;
  c.dispose();
  return ms;
}

await serve({ setup, peak });

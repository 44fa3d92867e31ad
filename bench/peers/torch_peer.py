#!/usr/bin/env python3
"""PyTorch peer: a long-lived process that a bench interleaves with Lyceum.

PyTorch is a yardstick here, never a dependency. One JSON object per line on stdin, one answer per line on stdout:

  {"cmd":"setup","job":"gpt-0.8m","compile":false,"threads":2,"layout":"auto","seed":0,"warmup":5}
      -> {"ok":true,"job":..,"params":N,"compileSeconds":s|null,"setupSeconds":s,"layout":..,"torch":..}
  {"cmd":"step","n":k}   -> {"ok":true,"ms":[k wall times],"loss":last loss}
  {"cmd":"memory"}       -> {"ok":true,"mb":peak resident megabytes of this process}
  {"cmd":"peak"}         -> {"ok":true,"gflops":best 1024^3 sgemm,"median":..,"threads":..}
  {"cmd":"profile","n":k}-> {"ok":true,"ops":[{"op","selfMs","percent","calls"}],"totalMs":..}   (per step)
  {"cmd":"exit"}
  a failure              -> {"ok":false,"why":".."}

"compile" is false, true ("model": forward and loss through torch.compile, the optimiser stays fused eager) or
"all" (the optimiser's update compiled too). "layout" concerns convolutions: "contiguous", "channels_last" or "auto"
(both are timed for a few steps at setup and the faster is kept).

What every job has in common
  - float32; 8 batches are made beforehand and cycled, so that loading data costs nothing;
  - one step = zero_grad(set_to_none=True), forward, loss, backward, [clip], optimiser step; nothing is read back,
    except that "step" reads the last loss after the clock has stopped;
  - optimisers use fused=True.

Jobs (the other side must mirror these)
  gpt-0.8m   vocabulary 65, context C=128, batch B=16, width d=128, 4 heads of 32, 4 layers, no dropout.
             x = E[tokens] + P[0..C)                       E [65,d], P [128,d], both N(0, 0.02)
             layer: x = x + O(attention(LN1(x)));  x = x + W2(gelu(W1(LN2(x))))
               LN: over d, eps 1e-5, scale and shift. QKV is one linear d -> 3d (order q|k|v, each split into heads
               as [B,C,h,d/h] -> [B,h,C,d/h]); O linear d -> d; W1 linear d -> 4d; W2 linear 4d -> d; all with bias,
               weights N(0, 0.02), biases 0. attention = softmax(q k^T / sqrt(d/h) + causal mask) v
               (F.scaled_dot_product_attention, is_causal=True). gelu is the exact erf form.
             logits = H(LNf(x))                            H linear d -> 65 without bias, not tied to E
             loss = cross entropy, mean over all B*C tokens; targets are the tokens shifted by one.
             gradients clipped to global L2 norm 1.0 (clip_grad_norm_, foreach=True)
             AdamW lr 3e-4, betas (0.9, 0.95), eps 1e-8, weight decay 0.1 on every parameter.
  gpt-3.2m   the same with d=256 and 8 heads (of 32).
  llama-3m   vocabulary 256 (bytes), C=128, B=16, d=256, 8 heads of 32 (as many for keys), 4 layers, no biases.
             layer: x = x + O(attention(RMS1(x)));  x = x + W2(silu(gate) * up), gate|up = W1(RMS2(x)) of 2 * 704
               RMS: over d, eps 1e-5, scale. QKV as above, without bias; queries and keys rotated by their places
               (element i with i + 16, base 10000). Weights N(0, 0.02); Lyceum scales O and W2 by 1/sqrt(8).
             logits, loss, clipping and AdamW as above.
  mlp        784 -> 256 -> 256 -> 10, ReLU between, biases, batch 128, cross entropy mean,
             Adam lr 1e-3, betas (0.9, 0.999), eps 1e-8.
  distill-plain  the same as mlp (the student alone, with cross entropy only).
  distill    the mlp student, plus a frozen teacher 784 -> 1200 -> 1200 -> 10 (ReLU, eval mode, no_grad) run in every step;
             loss = 0.1 * CE(student, y) + 0.9 * T^2 * KL(softmax(t/T) || softmax(s/T)), T = 4, KL "batchmean"; Adam as mlp.
  resnet20   CIFAR ResNet-20, batch 64 of 3x32x32, 10 classes:
             conv3x3(3->16, no bias), BN, ReLU; three stages of 3 basic blocks with 16, 32, 64 channels; the first block
             of stages 2 and 3 has stride 2; block: conv3x3 - BN - ReLU - conv3x3 - BN, + shortcut, ReLU; the shortcut is
             the identity or, where the shape changes, a 1x1 convolution (stride 2, no bias) + BN (option B, not the
             zero-padding option A); global average pool; linear 64 -> 10. BN in training mode: eps 1e-5, momentum 0.1.
             cross entropy mean; SGD lr 0.1, momentum 0.9, nesterov, weight decay 5e-4 on every parameter.
"""
import json
import os
import resource
import sys
import time

# stdout carries the protocol only: whatever a compiler prints goes to stderr.
OUT = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)

import torch  # noqa: E402
import torch.nn as nn  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch_models import GPT, Llama, ResNet20, mlp  # noqa: E402

BATCHES = 8
torch.backends.nnpack.set_flags(False)  # never chosen for these jobs; silences a warning


class Job:
    """model + loss + optimiser + batches of one job; step() runs one training step."""

    def __init__(self, name, compile_, layout, seed):
        torch.manual_seed(seed)
        self.name, self.clip, self.i = name, None, 0
        if name in ("gpt-0.8m", "gpt-3.2m", "llama-3m"):
            d, heads = (128, 4) if name == "gpt-0.8m" else (256, 8)
            self.model = Llama() if name == "llama-3m" else GPT(d=d, heads=heads)
            vocab = 256 if name == "llama-3m" else 65
            text = [torch.randint(0, vocab, (16, 129)) for _ in range(BATCHES)]
            self.data = [(t[:, :-1].contiguous(), t[:, 1:].contiguous()) for t in text]
            self.loss = lambda x, y: F.cross_entropy(self.model(x).flatten(0, 1), y.flatten())
            self.clip = 1.0
            make = lambda p, **k: torch.optim.AdamW(p, lr=3e-4, betas=(0.9, 0.95), weight_decay=0.1, **k)
        elif name in ("mlp", "distill", "distill-plain"):
            self.model = mlp(784, 256, 256, 10)
            self.data = [(torch.rand(128, 784), torch.randint(0, 10, (128,))) for _ in range(BATCHES)]
            if name == "distill":
                self.teacher = mlp(784, 1200, 1200, 10).eval().requires_grad_(False)
                T = 4.0

                def loss(x, y):
                    with torch.no_grad():
                        pt = F.softmax(self.teacher(x) / T, dim=1)
                    s = self.model(x)
                    kd = F.kl_div(F.log_softmax(s / T, dim=1), pt, reduction="batchmean")
                    return 0.1 * F.cross_entropy(s, y) + 0.9 * T * T * kd
                self.loss = loss
            else:
                self.loss = lambda x, y: F.cross_entropy(self.model(x), y)
            make = lambda p, **k: torch.optim.Adam(p, lr=1e-3, **k)
        elif name == "resnet20":
            self.model = ResNet20()
            self.data = [(torch.randn(64, 3, 32, 32), torch.randint(0, 10, (64,))) for _ in range(BATCHES)]
            if layout == "channels_last":
                self.model = self.model.to(memory_format=torch.channels_last)
                self.data = [(x.to(memory_format=torch.channels_last), y) for x, y in self.data]
            self.loss = lambda x, y: F.cross_entropy(self.model(x), y)
            make = lambda p, **k: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4, **k)
        else:
            raise ValueError(f"no job called {name}")
        self.model.train()
        self.params = [p for p in self.model.parameters() if p.requires_grad]
        if compile_:
            self.loss = torch.compile(self.loss)
        if compile_ == "all":
            self.opt = make(self.params)
            self.update = torch.compile(self.opt.step)
        else:
            self.opt = make(self.params, fused=True)
            self.update = self.opt.step

    def step(self):
        x, y = self.data[self.i % BATCHES]
        self.i += 1
        self.opt.zero_grad(set_to_none=True)
        loss = self.loss(x, y)
        loss.backward()
        if self.clip is not None:
            nn.utils.clip_grad_norm_(self.params, self.clip, foreach=True)
        self.update()
        return loss


def timed(job, n):
    ms, loss = [], None
    for _ in range(n):
        t = time.perf_counter()
        loss = job.step()
        ms.append((time.perf_counter() - t) * 1e3)
    return ms, loss


def median(a):
    return sorted(a)[len(a) // 2]


def setup(msg):
    start = time.perf_counter()
    threads = int(msg.get("threads", 2))
    torch.set_num_threads(threads)
    name, comp = msg["job"], msg.get("compile", False)
    warm, layout, seed = int(msg.get("warmup", 5)), msg.get("layout", "auto"), int(msg.get("seed", 0))
    layouts = ["contiguous"] if name != "resnet20" else ["contiguous", "channels_last"] if layout == "auto" else [layout]
    best = None
    for lay in layouts:
        if comp:
            torch._dynamo.reset()
        job = Job(name, comp, lay, seed)
        t = time.perf_counter()
        job.step()
        first = time.perf_counter() - t
        m = median(timed(job, max(warm, 3))[0])
        if best is None or m < best[0]:
            best = (m, lay, first, job)
    m, lay, first, job = best
    return job, {
        "ok": True, "job": name, "params": sum(p.numel() for p in job.params),
        "compileSeconds": round(first, 3) if comp else None,
        "setupSeconds": round(time.perf_counter() - start, 3), "layout": lay, "threads": threads,
        "torch": torch.__version__,
    }


def peak(n=1024, tries=12):
    a, b = torch.randn(n, n), torch.randn(n, n)
    c = torch.empty(n, n)
    g = []
    for _ in range(tries):
        t = time.perf_counter()
        torch.mm(a, b, out=c)
        g.append(2 * n**3 / (time.perf_counter() - t) / 1e9)
    return {"ok": True, "gflops": round(max(g), 1), "median": round(median(g), 1), "threads": torch.get_num_threads()}


def profile(job, n):
    from torch.profiler import ProfilerActivity, profile as prof
    timed(job, 2)
    with prof(activities=[ProfilerActivity.CPU]) as p:
        timed(job, n)
    rows = sorted(p.key_averages(), key=lambda e: -e.self_cpu_time_total)
    total = sum(e.self_cpu_time_total for e in rows)
    return {"ok": True, "totalMs": round(total / 1e3 / n, 3), "ops": [
        {"op": e.key, "selfMs": round(e.self_cpu_time_total / 1e3 / n, 3),
         "percent": round(100 * e.self_cpu_time_total / total, 1), "calls": e.count / n} for e in rows[:16]]}


def main():
    job = None
    for line in sys.stdin:
        line = line.strip()
        if not line:
            continue
        try:
            msg = json.loads(line)
            cmd = msg["cmd"]
            if cmd == "exit":
                break
            if cmd == "setup":
                job = None
                job, answer = setup(msg)
            elif cmd == "peak":
                if "threads" in msg:
                    torch.set_num_threads(int(msg["threads"]))
                answer = peak()
            elif cmd == "memory":
                answer = {"ok": True, "mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)}
            elif cmd == "info":
                answer = {"ok": True, "torch": torch.__version__, "mkldnn": torch.backends.mkldnn.is_available(),
                          "mkl": torch.backends.mkl.is_available(), "cpu": torch.backends.cpu.get_cpu_capability(),
                          "threads": torch.get_num_threads()}
            elif job is None:
                answer = {"ok": False, "why": "setup first"}
            elif cmd == "step":
                ms, loss = timed(job, int(msg["n"]))
                answer = {"ok": True, "ms": [round(m, 4) for m in ms], "loss": float(loss.detach())}
            elif cmd == "profile":
                answer = profile(job, int(msg.get("n", 10)))
            else:
                answer = {"ok": False, "why": f"no command called {cmd}"}
        except Exception as e:  # the bench wants the reason, not a dead process
            answer = {"ok": False, "why": f"{type(e).__name__}: {e}"[:500]}
        OUT.write(json.dumps(answer) + "\n")
        OUT.flush()


if __name__ == "__main__":
    main()

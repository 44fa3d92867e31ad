"""Hugging Face transformers on PyTorch (CPU) as a peer of bench/generate.ts: one JSON line in, one JSON line out.

  {"cmd":"setup","folder":F,"threads":2}         -> {"ok":true,"params":N,"torch":..,"transformers":..,"attention":..}
                                                    loads config.json and model.safetensors of F, float32
  {"cmd":"generate","prompts":[[..],..],"tokens":k} -> {"ok":true,"ms":wall time,"cpuMs":of the processor,"answers":[[k tokens],..]}
                                                    greedy, with the default cache, prompts of one length
  {"cmd":"memory"}                               -> {"ok":true,"mb":peak resident megabytes of this process}
  a failure                                      -> {"ok":false,"why":".."}
"""
import json
import os
import resource
import sys
import time

# stdout carries the protocol only: whatever a library prints goes to stderr.
OUT = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)

import torch  # noqa: E402
import transformers  # noqa: E402
from transformers import AutoModelForCausalLM  # noqa: E402

model = None


def setup(m):
    global model
    torch.set_num_threads(int(m["threads"]))
    model = AutoModelForCausalLM.from_pretrained(m["folder"], dtype=torch.float32).eval()
    # No token ends an answer: both sides write the same number of tokens.
    model.generation_config.eos_token_id = None
    model.generation_config.pad_token_id = 0
    return {"params": sum(p.numel() for p in model.parameters()), "torch": torch.__version__,
            "transformers": transformers.__version__, "attention": model.config._attn_implementation}


def generate(m):
    prompts = torch.tensor(m["prompts"])
    begin, used = time.perf_counter(), time.process_time()
    with torch.inference_mode():
        out = model.generate(prompts, attention_mask=torch.ones_like(prompts), do_sample=False,
                             max_new_tokens=int(m["tokens"]), use_cache=True)
    ms = (time.perf_counter() - begin) * 1000
    return {"ms": ms, "cpuMs": (time.process_time() - used) * 1000, "answers": out[:, prompts.shape[1]:].tolist()}


def memory(m):
    return {"mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


HANDLERS = {"setup": setup, "generate": generate, "memory": memory}

for line in sys.stdin:
    message = json.loads(line)
    try:
        answer = {"ok": True, **HANDLERS[message["cmd"]](message)}
    except Exception as error:
        answer = {"ok": False, "why": f"{type(error).__name__}: {error}"}
    OUT.write(json.dumps(answer) + "\n")

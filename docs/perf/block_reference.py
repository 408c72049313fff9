"""One transformer block in eager PyTorch, the way the published PyTorch code computes it: one module a norm, RMS norms through float32, rotary embedding
in float64 sample by sample, modulation as separate multiplications and additions on tensors split into frames, keys and values in caches of
[B, slots, heads, head_dim] whose bookkeeping is in tensors, attention by scaled_dot_product_attention in bfloat16.

    python block_reference.py MODEL.safetensors INPUT.safetensors THREADS

BlockBench starts it and speaks with it over standard input: "run SLOTS" makes one pass whose keys and values end at slot SLOTS and answers with a JSON
line of its seconds and its processor seconds; "save SLOTS FILE" writes the raw bfloat16 output of such a pass to FILE.
"""
import json, math, struct, sys, time
import torch
import torch.nn as nn
import torch.nn.functional as F

EPS = 1e-6
TYPES = {"BF16": torch.bfloat16, "F32": torch.float32}


def read(path, wanted):
    with open(path, "rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(size))
        tensors = {}
        for name, entry in header.items():
            if name != "__metadata__" and name.startswith(wanted):
                begin, end = entry["data_offsets"]
                file.seek(8 + size + begin)
                data = bytearray(file.read(end - begin))
                tensors[name] = torch.frombuffer(data, dtype=TYPES[entry["dtype"]]).reshape(entry["shape"])
        return tensors


def frequencies(dim):
    angles = torch.outer(torch.arange(1024, dtype=torch.float64),
                         1 / torch.pow(10000, torch.arange(0, dim, 2, dtype=torch.float64) / dim))
    return torch.polar(torch.ones_like(angles), angles)


def causal_rope(x, grid, freqs, start_frame):
    heads, pairs = x.size(2), x.size(3) // 2
    t, r, c = freqs.split([pairs - 2 * (pairs // 3), pairs // 3, pairs // 3], dim=1)
    out = []
    for i, (f, h, w) in enumerate(grid.tolist()):
        n = f * h * w
        values = torch.view_as_complex(x[i, :n].to(torch.float64).reshape(n, heads, -1, 2))
        table = torch.cat([t[start_frame:start_frame + f].view(f, 1, 1, -1).expand(f, h, w, -1),
                           r[:h].view(1, h, 1, -1).expand(f, h, w, -1),
                           c[:w].view(1, 1, w, -1).expand(f, h, w, -1)], dim=-1).reshape(n, 1, -1)
        rotated = torch.view_as_real(values * table).flatten(2)
        out.append(torch.cat([rotated, x[i, n:]]))
    return torch.stack(out).type_as(x)


class RmsNorm(nn.Module):
    def __init__(self, weight):
        super().__init__()
        self.weight = weight

    def forward(self, x):
        wide = x.float()
        return (wide * torch.rsqrt(wide.pow(2).mean(dim=-1, keepdim=True) + EPS)).type_as(x) * self.weight


class LayerNorm(nn.Module):
    def __init__(self, weight=None, bias=None):
        super().__init__()
        self.weight, self.bias = weight, bias

    def forward(self, x):
        return F.layer_norm(x, x.shape[-1:], self.weight, self.bias, EPS).type_as(x)


class Linear(nn.Module):
    def __init__(self, w, name):
        super().__init__()
        self.weight, self.bias = w[name + ".weight"], w[name + ".bias"]

    def forward(self, x):
        return F.linear(x, self.weight, self.bias)


def attention(q, k, v):
    q, k, v = (t.transpose(1, 2).to(torch.bfloat16) for t in (q, k, v))
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).contiguous()


class SelfAttention(nn.Module):
    def __init__(self, w, p, heads):
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.o = (Linear(w, p + n) for n in "qkvo")
        self.norm_q, self.norm_k = RmsNorm(w[p + "norm_q.weight"]), RmsNorm(w[p + "norm_k.weight"])

    def forward(self, x, grid, freqs, cache, current_start, max_attention):
        b, s, n, d = *x.shape[:2], self.heads, x.shape[2] // self.heads
        q = self.norm_q(self.q(x)).view(b, s, n, d)
        k = self.norm_k(self.k(x)).view(b, s, n, d)
        v = self.v(x).view(b, s, n, d)
        start_frame = current_start // math.prod(grid[0][1:]).item()
        roped_q = causal_rope(q, grid, freqs, start_frame).type_as(v)
        roped_k = causal_rope(k, grid, freqs, start_frame).type_as(v)
        current_end = current_start + s
        local_end = cache["local_end_index"].item() + current_end - cache["global_end_index"].item()
        local_start = local_end - s
        cache["k"][:, local_start:local_end] = roped_k
        cache["v"][:, local_start:local_end] = v
        first = max(0, local_end - max_attention)
        x = attention(roped_q, cache["k"][:, first:local_end], cache["v"][:, first:local_end])
        cache["global_end_index"].fill_(current_end)
        cache["local_end_index"].fill_(local_end)
        return self.o(x.flatten(2))


class CrossAttention(nn.Module):
    def __init__(self, w, p, heads):
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.o = (Linear(w, p + n) for n in "qkvo")
        self.norm_q, self.norm_k = RmsNorm(w[p + "norm_q.weight"]), RmsNorm(w[p + "norm_k.weight"])

    def forward(self, x, context, cache):
        b, n, d = x.size(0), self.heads, x.shape[2] // self.heads
        q = self.norm_q(self.q(x)).view(b, -1, n, d)
        if not cache["is_init"]:
            cache["is_init"] = True
            cache["k"] = self.norm_k(self.k(context)).view(b, -1, n, d)
            cache["v"] = self.v(context).view(b, -1, n, d)
        return self.o(attention(q, cache["k"], cache["v"]).flatten(2))


class Block(nn.Module):
    def __init__(self, w, p, heads):
        super().__init__()
        self.norm1, self.norm2 = LayerNorm(), LayerNorm()
        self.norm3 = LayerNorm(w[p + "norm3.weight"], w[p + "norm3.bias"])
        self.self_attn = SelfAttention(w, p + "self_attn.", heads)
        self.cross_attn = CrossAttention(w, p + "cross_attn.", heads)
        self.ffn = nn.Sequential(Linear(w, p + "ffn.0"), nn.GELU(approximate="tanh"), Linear(w, p + "ffn.2"))
        self.modulation = w[p + "modulation"]

    def forward(self, x, e, grid, freqs, context, cache, cross_cache, current_start, max_attention):
        frames, tokens = e.shape[1], x.shape[1] // e.shape[1]
        e = (self.modulation.unsqueeze(1) + e).chunk(6, dim=2)
        y = self.self_attn((self.norm1(x).unflatten(dim=1, sizes=(frames, tokens)) * (1 + e[1]) + e[0]).flatten(1, 2),
                           grid, freqs, cache, current_start, max_attention)
        x = x + (y.unflatten(dim=1, sizes=(frames, tokens)) * e[2]).flatten(1, 2)
        x = x + self.cross_attn(self.norm3(x), context, cross_cache)
        y = self.ffn((self.norm2(x).unflatten(dim=1, sizes=(frames, tokens)) * (1 + e[4]) + e[3]).flatten(1, 2))
        return x + (y.unflatten(dim=1, sizes=(frames, tokens)) * e[5]).flatten(1, 2)


def main():
    torch.set_num_threads(int(sys.argv[3]))
    weights, data = read(sys.argv[1], "blocks.0."), read(sys.argv[2], "")
    x, e, context, keys, values = (data[n] for n in ("x", "e", "context", "keys", "values"))
    heads, head = keys.shape[2], keys.shape[3]
    f, h, w = data["grid"].int().tolist()
    grid = torch.tensor([[f, h, w]])
    spatial = 2 * (head // 6)
    freqs = torch.cat([frequencies(head - 2 * spatial), frequencies(spatial), frequencies(spatial)], dim=1)
    block, tokens, slots = Block(weights, "blocks.0.", heads), x.shape[1], keys.shape[1]
    cross_cache = {"is_init": False}

    def run(end):
        start = end - tokens
        # A pass writes its own keys and values into the cache, so each has a copy: with the same one, what a pass wrote at its end would be the
        # past of the next, and not the past that BlockBench has.
        cache = {"k": keys.clone(), "v": values.clone(), "local_end_index": torch.tensor([start]),
                 "global_end_index": torch.tensor([start])}
        began, processor = time.perf_counter(), time.process_time()
        with torch.no_grad():
            out = block(x, e, grid, freqs, context, cache, cross_cache, start, slots)
        return out, time.perf_counter() - began, time.process_time() - processor

    run(tokens)
    print(json.dumps({"torch": torch.__version__, "threads": torch.get_num_threads()}), flush=True)
    for line in sys.stdin:
        word, end, *rest = line.split()
        out, seconds, processor = run(int(end))
        if word == "save":
            with open(rest[0], "wb") as file:
                file.write(bytes(out.contiguous().view(torch.uint8).flatten().numpy()))
        print(json.dumps({"seconds": seconds, "cpu": processor}), flush=True)


if __name__ == "__main__":
    main()

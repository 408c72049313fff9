"""The roll-out of RolloutAgainstPyTorch in eager PyTorch, the way the published PyTorch code does it: rotary embedding in float64 sample by sample, one module a
norm, caches of [B, slots, heads, head_dim] with their bookkeeping in tensors, timesteps per frame, text embedding in every pass.

RolloutAgainstPyTorch starts it, in turn with its own roll-outs: it reads FOLDER/bench.safetensors and prints one JSON line when it is ready and one for each line
that it reads.
"""
import json, math, struct, sys, time
import torch
import torch.nn.functional as F

DIM, HEADS, LAYERS, FREQ, TEXT_LEN, EPS, STEPS = 192, 6, 6, 64, 24, 1e-6, (1000, 750, 500, 250)
HEAD = DIM // HEADS


def read(path):
    data = bytearray(open(path, "rb").read())
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + size + offset for offset in entry["data_offsets"])
        tensors[name] = torch.frombuffer(data[begin:end], dtype=torch.float32).reshape(entry["shape"])
    return tensors


def frequencies(dim):
    angles = torch.outer(torch.arange(1024, dtype=torch.float64),
                         1 / torch.pow(10000, torch.arange(0, dim, 2, dtype=torch.float64) / dim))
    return torch.polar(torch.ones_like(angles), angles)


SPATIAL = 2 * (HEAD // 6)
FREQS = torch.cat([frequencies(HEAD - 2 * SPATIAL), frequencies(SPATIAL), frequencies(SPATIAL)], 1)


def rope(x, grid, start):
    pairs = HEAD // 2
    t, r, c = FREQS.split([pairs - 2 * (pairs // 3), pairs // 3, pairs // 3], 1)
    out = []
    for i, (f, h, w) in enumerate(grid.tolist()):
        n = f * h * w
        values = torch.view_as_complex(x[i, :n].to(torch.float64).reshape(n, HEADS, -1, 2))
        table = torch.cat([t[start:start + f].view(f, 1, 1, -1).expand(f, h, w, -1),
                           r[:h].view(1, h, 1, -1).expand(f, h, w, -1),
                           c[:w].view(1, 1, w, -1).expand(f, h, w, -1)], -1).reshape(n, 1, -1)
        rotated = torch.view_as_real(values * table).flatten(2)
        out.append(torch.cat([rotated, x[i, n:]]))
    return torch.stack(out).type_as(x)


def rms(x, weight):
    wide = x.float()
    return (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + EPS)).type_as(x) * weight


class Model:
    def __init__(self, weights):
        self.w = weights

    def linear(self, name, x):
        return F.linear(x, self.w[name + ".weight"], self.w[name + ".bias"])

    def attention(self, q, k, v):
        return F.scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)).transpose(1, 2).contiguous()

    def self_attention(self, p, x, grid, cache, start):
        b, s = x.shape[:2]
        q = rms(self.linear(p + "q", x), self.w[p + "norm_q.weight"]).view(b, s, HEADS, HEAD)
        k = rms(self.linear(p + "k", x), self.w[p + "norm_k.weight"]).view(b, s, HEADS, HEAD)
        v = self.linear(p + "v", x).view(b, s, HEADS, HEAD)
        frame = math.prod(grid[0][1:]).item()
        q, k = rope(q, grid, start // frame), rope(k, grid, start // frame)
        local_end = cache["local_end"].item() + start + s - cache["global_end"].item()
        cache["k"][:, local_end - s:local_end] = k
        cache["v"][:, local_end - s:local_end] = v
        out = self.attention(q, cache["k"][:, :local_end], cache["v"][:, :local_end])
        cache["global_end"].fill_(start + s)
        cache["local_end"].fill_(local_end)
        return self.linear(p + "o", out.flatten(2))

    def cross_attention(self, p, x, text, cache):
        b = x.shape[0]
        q = rms(self.linear(p + "q", x), self.w[p + "norm_q.weight"]).view(b, -1, HEADS, HEAD)
        if "k" not in cache:
            cache["k"] = rms(self.linear(p + "k", text), self.w[p + "norm_k.weight"]).view(b, -1, HEADS, HEAD)
            cache["v"] = self.linear(p + "v", text).view(b, -1, HEADS, HEAD)
        return self.linear(p + "o", self.attention(q, cache["k"], cache["v"]).flatten(2))

    def norm(self, x, frames, shift, scale):
        return (F.layer_norm(x, (DIM,), eps=EPS).unflatten(1, (frames, -1)) * (1 + scale) + shift).flatten(1, 2)

    def __call__(self, x, t, context, caches, cross, start):
        b, frames, channels, height, width = x.shape
        grid = torch.tensor([[frames, height // 2, width // 2]] * b)
        tokens = F.conv3d(x.transpose(1, 2), self.w["patch_embedding.weight"], self.w["patch_embedding.bias"],
                          stride=(1, 2, 2)).flatten(2).transpose(1, 2)
        position = torch.outer(t.flatten().double(), torch.pow(10000, -torch.arange(FREQ // 2).double() / (FREQ // 2)))
        sinusoid = torch.cat([position.cos(), position.sin()], 1).type_as(x)
        e = self.linear("time_embedding.2", F.silu(self.linear("time_embedding.0", sinusoid)))
        e0 = self.linear("time_projection.1", F.silu(e)).unflatten(1, (6, DIM)).unflatten(0, (b, frames))
        padded = torch.cat([context, context.new_zeros(b, TEXT_LEN - context.shape[1], context.shape[2])], 1)
        text = self.linear("text_embedding.2", F.gelu(self.linear("text_embedding.0", padded), approximate="tanh"))
        for i in range(LAYERS):
            p = f"blocks.{i}."
            m = (self.w[p + "modulation"].unsqueeze(1) + e0).chunk(6, 2)
            y = self.self_attention(p + "self_attn.", self.norm(tokens, frames, m[0], m[1]), grid, caches[i], start)
            tokens = tokens + (y.unflatten(1, (frames, -1)) * m[2]).flatten(1, 2)
            y = F.layer_norm(tokens, (DIM,), self.w[p + "norm3.weight"], self.w[p + "norm3.bias"], EPS)
            tokens = tokens + self.cross_attention(p + "cross_attn.", y, text, cross[i])
            y = F.gelu(self.linear(p + "ffn.0", self.norm(tokens, frames, m[3], m[4])), approximate="tanh")
            tokens = tokens + (self.linear(p + "ffn.2", y).unflatten(1, (frames, -1)) * m[5]).flatten(1, 2)
        m = (self.w["head.modulation"].unsqueeze(1) + e.unflatten(0, (b, frames)).unsqueeze(2)).chunk(2, 2)
        out = self.linear("head.head", self.norm(tokens, frames, m[0], m[1]))
        out = out.view(b, frames, height // 2, width // 2, 2, 2, channels)
        return torch.einsum("bfhwpqc->bfchpwq", out).reshape(x.shape)


SIGMAS = torch.linspace(1, 0, 1001)[:-1]
SIGMAS = 5 * SIGMAS / (1 + 4 * SIGMAS)
TIMES = SIGMAS * 1000


def sigma(t):
    return SIGMAS[(TIMES.unsqueeze(0) - t.flatten().unsqueeze(1)).abs().argmin(1)].view(*t.shape, 1, 1, 1)


def rollout(model, noise, context, fresh):
    b, frames, _, height, width = noise.shape
    per_frame = height * width // 4
    caches = [{"k": torch.zeros(b, frames * per_frame, HEADS, HEAD), "v": torch.zeros(b, frames * per_frame, HEADS, HEAD),
               "global_end": torch.tensor([0]), "local_end": torch.tensor([0])} for _ in range(LAYERS)]
    cross = [{} for _ in range(LAYERS)]
    steps = torch.cat([TIMES, torch.zeros(1)])[1000 - torch.tensor(STEPS)]
    output, draw = torch.zeros_like(noise), 0
    for chunk in range(frames // 3):
        at = slice(3 * chunk, 3 * chunk + 3)
        noisy, ones = noise[:, at], torch.ones(b, 3)
        for i, t in enumerate(steps):
            flow = model(noisy, ones * t, context, caches, cross, 3 * chunk * per_frame)
            clean = (noisy.double() - sigma(ones * t).double() * flow.double()).to(flow.dtype)
            if i + 1 < len(steps):
                s = sigma(ones * steps[i + 1])
                noisy = ((1 - s) * clean + s * fresh[draw]).type_as(clean)
                draw += 1
        output[:, at] = clean
        model(clean, ones * 0, context, caches, cross, 3 * chunk * per_frame)
    return output


if __name__ == "__main__":
    torch.set_num_threads(1)
    tensors = read(sys.argv[1] + "/bench.safetensors")
    model = Model(tensors)
    print(json.dumps({"torch": torch.__version__, "threads": torch.get_num_threads()}), flush=True)
    with torch.no_grad():
        for command in sys.stdin:
            wall, cpu = time.perf_counter(), time.process_time()
            latents = rollout(model, tensors["noise"], tensors["context"], tensors["fresh"])
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            print(json.dumps({"seconds": wall, "cpu": cpu, "max_difference": (latents - tensors["latents"]).abs().max().item()}),
                  flush=True)

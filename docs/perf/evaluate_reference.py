"""LPIPS and the Frechet distance in eager PyTorch and SciPy, taking turns with EvaluateBench on the same weights, frames and features.

    python evaluate_reference.py FOLDER THREADS RUNS JAVA_COMMAND...

starts `JAVA_COMMAND... FOLDER THREADS`, lets each side work in turn and prints the medians, their ratio and the difference of the values.
LPIPS is written as the lpips package runs it: both images through the trunk one after the other, spatial map averaged.
"""
import json, statistics, struct, subprocess, sys, time
import numpy, torch
import torch.nn.functional as F

folder, threads, runs, java = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
torch.set_num_threads(threads)
torch.set_grad_enabled(False)
rival = subprocess.Popen(java + [folder, str(threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
assert rival.stdout.readline().strip() == "ready"


def read(path):
    data = bytearray(open(path, "rb").read())
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__", None)
    return {name: torch.frombuffer(data[8 + size + e["data_offsets"][0]:8 + size + e["data_offsets"][1]],
                                   dtype=torch.float32).reshape(e["shape"]) for name, e in header.items()}


w = read(folder + "/evaluate.safetensors")
SHIFT = torch.tensor([-.030, -.088, -.188]).view(1, 3, 1, 1)
SCALE = torch.tensor([.458, .448, .450]).view(1, 3, 1, 1)


def trunk(x):
    out = []
    for index, stride, padding, pooled in ((0, 4, 2, False), (3, 1, 2, True), (6, 1, 1, True), (8, 1, 1, False), (10, 1, 1, False)):
        if pooled:
            x = F.max_pool2d(x, 3, 2)
        x = F.relu(F.conv2d(x, w[f"features.{index}.weight"], w[f"features.{index}.bias"], stride, padding))
        out.append(x)
    return out


def unit(x):
    return x / (torch.sqrt(torch.sum(x ** 2, dim=1, keepdim=True)) + 1e-10)


def lpips():
    first, second = w["first"] * 2 - 1, w["second"] * 2 - 1
    total = 0
    for stage, (a, b) in enumerate(zip(trunk((first - SHIFT) / SCALE), trunk((second - SHIFT) / SCALE))):
        distance = F.conv2d((unit(a) - unit(b)) ** 2, w[f"lin{stage}.model.1.weight"])
        total = total + F.interpolate(distance, size=first.shape[2:], mode="bilinear", align_corners=False)
    return total.mean().item()


def fvd():
    import scipy.linalg
    a, b = w["features1"].double().numpy(), w["features2"].double().numpy()
    s1, s2 = numpy.cov(a, rowvar=False), numpy.cov(b, rowvar=False)
    root = scipy.linalg.sqrtm(s1 @ s2)
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + numpy.trace(s1 + s2 - 2 * root.real))


def theirs(name):
    rival.stdin.write(name + "\n")
    rival.stdin.flush()
    millis, value = rival.stdout.readline().split()
    return float(millis), float(value)


def ours(work):
    began = time.perf_counter()
    value = work()
    return (time.perf_counter() - began) * 1e3, value


def duel(name, work, runs):
    sides = [(theirs(name), ours(work)) for _ in range(runs + 3)][3:]
    arvid = statistics.median(side[0][0] for side in sides)
    torch_side = statistics.median(side[1][0] for side in sides)
    values = sides[0][0][1], sides[0][1][1]
    print(json.dumps({"metric": name, "threads": threads, "runs": runs, "arvid_ms": round(arvid, 2), "python_ms": round(torch_side, 2),
                      "python_over_arvid": round(torch_side / arvid, 3), "relative_difference": abs(values[0] / values[1] - 1)}), flush=True)


duel("lpips", lpips, runs)
try:
    duel("fvd", fvd, max(3, runs // 5))
except ImportError:
    times = [theirs("fvd")[0] for _ in range(6)]
    print(json.dumps({"metric": "fvd", "threads": threads, "arvid_ms": round(statistics.median(times), 1), "python_ms": None}), flush=True)
rival.stdin.close()

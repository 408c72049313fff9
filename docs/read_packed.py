#!/usr/bin/env python3
"""Reads a packed arvid folder; see packed-format.md. Needs numpy and safetensors, nothing of arvid.

    python read_packed.py FOLDER                  lists the quantized layers
    python read_packed.py FOLDER OUT.safetensors  also writes every weight in float32, corrections folded in
"""
import json
import sys
from pathlib import Path

import numpy as np
from safetensors import deserialize
from safetensors.numpy import save_file

VERSION = 2
DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U8": "u1", "BOOL": "?"}
CONV_ROT = [[1, 1, 1, -1], [1, 1, -1, 1], [1, -1, 1, 1], [-1, 1, 1, 1]]


def array(entry):
    """A tensor of the file; bfloat16, which numpy does not know, widened to float32."""
    if entry["dtype"] == "BF16":
        bits = np.frombuffer(entry["data"], "<u2").astype(np.uint32) << 16
        return bits.view(np.float32).reshape(entry["shape"])
    return np.frombuffer(entry["data"], DTYPES[entry["dtype"]]).reshape(entry["shape"])


class PackedFolder:
    def __init__(self, folder):
        config = json.loads((Path(folder) / "config.json").read_text(encoding="utf-8"))
        self.config = config["quantization_config"]
        if self.config["quant_method"] != "arvid":
            raise ValueError(f"{folder}: quant_method is {self.config['quant_method']!r}, not 'arvid'")
        if self.config["format_version"] > VERSION:
            raise ValueError(f"{folder}: format version {self.config['format_version']} is newer than {VERSION}")
        self.layers = self.config["layers"]
        self.tensors = {name: array(t) for name, t in deserialize((Path(folder) / "model.safetensors").read_bytes())}

    def kv_bits(self, chunk):
        """Width of the codes of a chunk's keys and values, counted from 0; 16 where they stay as they are."""
        kv = self.config["kv"]
        if kv["rule"] == "by-chunk":
            return kv["bits"][min(chunk, len(kv["bits"]) - 1)]
        return kv["bits"] if kv["rule"] == "grouped" else 16

    def get(self, layer, name):
        return self.tensors.get(f"{layer}.{name}")

    def codes(self, layer):
        """Codes [out, in] in the order in which columns are kept, int32."""
        grid = self.layers[layer]["weights"]["grid"]
        out, columns = self.get(layer, "weight_shape")
        packed = self.get(layer, "weight_packed")
        width = 2 if grid["bits"] <= 2 else 4 if grid["bits"] <= 4 else 8
        if grid["bits"] > 4:
            return packed.astype(np.int32)
        shifts = np.arange(0, 8, width)
        codes = ((packed[:, :, None] >> shifts) & (2**width - 1)).reshape(out, -1)[:, :columns].astype(np.int32)
        return np.where(codes >= 2 ** (width - 1), codes - 2**width, codes) if grid["symmetric"] else codes

    def pair(self, layer, scale, zero, columns):
        """A scale and a zero point for every original column: [out, columns] or [out, 1]."""
        scales = self.get(layer, scale)
        zeros = self.get(layer, zero)
        zeros = np.zeros_like(scales) if zeros is None else zeros.astype(np.float32)
        at = self.layers[layer]["weights"]["at"]
        if at.startswith("group-") and scales.shape[1] > 1:
            size = int(at[len("group-"):])
            scales, zeros = (np.repeat(x, size, axis=1)[:, :columns] for x in (scales, zeros))
        return np.broadcast_to(scales, (scales.shape[0], columns)), np.broadcast_to(zeros, (zeros.shape[0], columns))

    def rounded_weight(self, layer):
        """(codes - zeros) * scales in original columns, float32 [out, in]: what multiplies the corrected input."""
        kept = self.codes(layer).astype(np.float32)
        columns = kept.shape[1]
        scales, zeros = self.pair(layer, "weight_scale", "weight_zero_point", columns)
        order = self.get(layer, "column_order")
        if order is None:
            return (kept - zeros) * scales
        codes = np.empty_like(kept)
        codes[:, order] = kept
        weight = (codes - zeros) * scales
        dual = next(c for c in self.layers[layer]["corrections"] if c["kind"] == "dual_scale")
        outliers = order[: dual["columns"]]
        scales, zeros = self.pair(layer, "outlier_weight_scale", "outlier_weight_zero_point", len(outliers))
        weight[:, outliers] = (codes[:, outliers] - zeros) * scales
        return weight

    def weight(self, layer):
        """The weight that computes the layer on an input that is not rounded, float32 [out, in]; biases may need a shift too."""
        weight = self.rounded_weight(layer)
        up, down = self.get(layer, "low_rank_up"), self.get(layer, "low_rank_down")
        if up is not None:
            weight = weight + up @ down
        for correction in reversed(self.layers[layer]["corrections"]):
            if correction["kind"] == "channel_scale":
                weight = weight / self.get(layer, "input_channel_scale")
            elif correction["kind"] == "rotation":
                block = rotation(correction["family"], correction["block_size"])
                weight = (weight.reshape(-1, len(block)) @ block.T).reshape(weight.shape)
        return weight.astype(np.float32)


def rotation(family, size):
    seed = np.array([[1, 1], [1, -1]] if family == "sylvester" else CONV_ROT)
    matrix = np.ones((1, 1))
    while len(matrix) < size:
        matrix = np.kron(seed, matrix)
    return (matrix / np.sqrt(size)).astype(np.float32)


def main(folder, target=None):
    packed = PackedFolder(folder)
    print(f"method {packed.config['method']}, {len(packed.layers)} quantized layers")
    kv = packed.config["kv"]
    chunks = range(len(kv["bits"])) if kv["rule"] == "by-chunk" else [0]
    print(f"keys and values {kv['rule']}: {','.join(str(packed.kv_bits(chunk)) for chunk in chunks)} bits")
    for name, layer in packed.layers.items():
        grid = layer["weights"]["grid"]
        kinds = ", ".join(c["kind"] for c in layer["corrections"])
        shape = "x".join(map(str, packed.get(name, "weight_shape")))
        print(f"{name:32} {shape:>12}  W{grid['bits']} {layer['weights']['at']:12} input {layer['input']['rule']:8} {kinds}")
    if target:
        save_file({f"{name}.weight": np.ascontiguousarray(packed.weight(name)) for name in packed.layers}, target)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(*sys.argv[1:])

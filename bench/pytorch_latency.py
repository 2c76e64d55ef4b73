#!/usr/bin/python3
"""How long one row through a saved SimpleNetwork takes in PyTorch, one thread: what bench_latency prints.

    pytorch_latency.py NETWORK [CALLS]

NETWORK is a safetensors file with ReLU, as fashion_mnist_train --save writes it. Several plain ways to call the
network are tried, all without gradients; the fastest of them is reported. Beside it stands the fastest way that was
found to write it by hand, without modules.
"""
import json
import struct
import sys
import time

try:
    import numpy as np
    import torch
    from torch import nn
except ImportError as error:
    print(f"{error}; Debian: apt-get install python3-torch python3-numpy", file=sys.stderr)
    sys.exit(2)

ROWS, FEATURES, WARM_UP = 64, 784, 1000


def load(path):
    """Weights and biases of the linear layers, in order."""
    with open(path, "rb") as f:
        length = struct.unpack("<Q", f.read(8))[0]
        header, data = json.loads(f.read(length)), f.read()
    network = header.pop("__metadata__")["activ.network"]
    if "fn=" in network.replace('fn="relu"', ""):
        sys.exit("pytorch_latency.py: a network with ReLU, please")
    tensors = {name: torch.from_numpy(np.frombuffer(data[slice(*t["data_offsets"])], "<f4").reshape(t["shape"]).copy())
               for name, t in header.items()}
    names = [n[:-len(".weight")] for n in tensors if n.endswith(".weight")]
    names.sort(key=lambda name: int(name.split(".")[-1]))
    return [(tensors[n + ".weight"], tensors[n + ".bias"]) for n in names]


def make_ways(weights):
    """Functions of a row: the plain ones by name, and the one by hand."""
    modules = []
    for w, b in weights:
        linear = nn.Linear(w.shape[1], w.shape[0])
        linear.load_state_dict({"weight": w, "bias": b})
        modules += [linear, nn.ReLU(inplace=True)]
    model = nn.Sequential(*modules[:-1]).eval()

    def by_hand(x):
        for w, b in weights[:-1]:
            x = torch.addmv(b, w, x).relu_()
        return torch.addmv(weights[-1][1], weights[-1][0], x)

    row = torch.zeros(FEATURES)
    traced = torch.jit.freeze(torch.jit.trace(model, row))
    return {
        "nn.Sequential on 1 x 784": lambda x: model(x.unsqueeze(0)),
        "nn.Sequential on 784": model,
        "torch.jit on 784": traced,
    }, by_hand


def measure(way, rows, calls):
    for i in range(WARM_UP):
        way(rows[i % ROWS])
    times = []
    for i in range(calls):
        row = rows[i % ROWS]
        start = time.perf_counter_ns()
        way(row)
        times.append(time.perf_counter_ns() - start)
    times.sort()
    return [times[i] / 1000 for i in (calls // 2, calls // 10, calls // 10 * 9)]


def main():
    calls = int(sys.argv[2]) if len(sys.argv) > 2 else 20000
    torch.set_num_threads(1)
    i, j = torch.arange(ROWS).unsqueeze(1), torch.arange(FEATURES)
    x = ((31 * i + 7 * j) % 256).float() / 128 - 1
    rows = [row.clone() for row in x]
    ways, by_hand = make_ways(load(sys.argv[1]))
    with torch.no_grad():
        trial = {name: measure(way, rows, max(calls // 10, 10))[0] for name, way in ways.items()}
        best = min(trial, key=trial.get)
        middle, low, high = measure(ways[best], rows, calls)
        hand = measure(by_hand, rows, calls)[0]
        print(json.dumps({"outputs": ways[best](rows[0]).flatten().tolist(), "microseconds": middle, "low": low,
                          "high": high, "how": best, "torch.addmv": hand,
                          "ways": {name: round(figure, 2) for name, figure in trial.items()}}))


if __name__ == "__main__":
    main()

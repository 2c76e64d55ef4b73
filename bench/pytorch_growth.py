#!/usr/bin/python3
"""How long a training step takes and how much memory training takes in PyTorch, of one size of network: what
bench_growth prints.

    pytorch_growth.py WIDTH DEPTH BATCH THREADS SECONDS

The loop is the fastest plain one: gradients dropped and not zeroed, ReLU in place, nothing read back while training.
test_loss, the first step's, is there for comparisons of BLAS kernels.
"""
import collections
import json
import statistics
import sys
import time

try:
    import torch
    from torch import nn
    from torch.nn import functional as F
except ImportError as error:
    print(f"{error}; Debian: apt-get install python3-torch", file=sys.stderr)
    sys.exit(2)

sys.dont_write_bytecode = True
from pytorch_train import blas_in_use

CLASSES, WARM_UP, LEAST, KEPT = 10, 1, 3, 4096


def status_bytes(field):
    with open("/proc/self/status") as f:
        return next(1024 * int(line.split()[1]) for line in f if line.startswith(field))


def peak_bytes():
    return status_bytes("VmHWM:") - status_bytes("RssFile:")


def forget_peak():
    """Importing takes more for a moment than is kept."""
    try:
        with open("/proc/self/clear_refs", "w") as f:
            f.write("5")
    except OSError:
        pass


def main():
    width, depth, batch, threads = (int(text) for text in sys.argv[1:5])
    seconds = float(sys.argv[5])
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    forget_peak()
    before = peak_bytes()
    layers = [module for _ in range(depth) for module in (nn.Linear(width, width), nn.ReLU(inplace=True))]
    model = nn.Sequential(*layers, nn.Linear(width, CLASSES))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001, momentum=0.8)
    x, labels = torch.rand(batch, width) * 2 - 1, torch.arange(batch) % CLASSES

    times, count, begin, first = collections.deque(maxlen=KEPT), -WARM_UP, time.perf_counter(), None
    start = begin
    while count < LEAST or start - begin < seconds:
        loss = F.cross_entropy(model(x), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        end = time.perf_counter()
        if count >= 0:
            times.append(end - start)
        first = loss.item() if first is None else first
        start = time.perf_counter() if count < 0 else end
        count += 1
    print(json.dumps({"parameters": sum(p.numel() for p in model.parameters()),
                      "train_seconds": statistics.median(times), "steps": count, "peak_bytes": peak_bytes() - before,
                      "test_loss": first, "torch": torch.__version__, "blas": blas_in_use()}))


if __name__ == "__main__":
    main()

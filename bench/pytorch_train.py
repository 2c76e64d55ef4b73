#!/usr/bin/python3
"""SimpleNetwork on FashionMNIST in PyTorch: what fashion_mnist_train does, with the same options and result.

The loop is the fastest plain one: all images in memory as one normalised float32 tensor, each batch taken
from it by its indices, gradients dropped and not zeroed, nothing read back while training. train_seconds is
that loop with its shuffling; loading and evaluation are outside of it.
"""
import argparse
import gzip
import json
import os
import struct
import sys
import time

try:
    import numpy as np
    import torch
    from torch import nn
    from torch.nn import functional as F
except ImportError as error:
    print(f"{error}; Debian: apt-get install python3-torch python3-numpy", file=sys.stderr)
    sys.exit(2)

HIDDEN = [256, 192, 128, 64]


def fail(text):
    print(f"pytorch_train.py: {text}", file=sys.stderr)
    sys.exit(2)


class TrainableELU(nn.Module):
    def __init__(self, alpha=1.0):
        super().__init__()
        self.alpha = nn.Parameter(torch.tensor([alpha]))

    def forward(self, x):
        return torch.where(x > 0, x, self.alpha * torch.expm1(torch.clamp(x, max=0)))


class STAF(nn.Module):
    def __init__(self, tau=25):
        super().__init__()
        self.C, self.Omega, self.Phi = (nn.Parameter(torch.randn(int(tau))) for _ in range(3))

    def forward(self, x):
        return torch.sum(self.C * torch.sin(self.Omega * x.unsqueeze(-1) + self.Phi), dim=-1)


ACTIVATIONS = {
    "identity": nn.Identity, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU, "gelu": nn.GELU, "gelu_tanh": lambda: nn.GELU(approximate="tanh"),
    "silu": nn.SiLU, "mish": nn.Mish, "hardswish": nn.Hardswish, "elu": nn.ELU, "softplus": nn.Softplus,
    "prelu": lambda weight=0.25: nn.PReLU(init=weight), "rrelu": nn.RReLU,
    "trainable_elu": TrainableELU, "staf": STAF,
}


def make_activation(spec):
    """The module for "name" or "name(setting=number, ...)"; None for "none"."""
    if spec == "none":
        return None
    name, bracket, rest = spec.partition("(")
    try:
        if bracket and not rest.rstrip().endswith(")"):
            raise ValueError
        texts = rest.rstrip()[:-1].split(",") if bracket else []
        settings = {key.strip(): float(value) for key, value in (t.split("=") for t in texts if t.strip())}
    except ValueError:
        fail(f"malformed activation '{spec}'")
    if name.strip() not in ACTIVATIONS:
        fail(f"no activation '{name.strip()}' here; known: none {' '.join(ACTIVATIONS)}")
    try:
        return ACTIVATIONS[name.strip()](**settings)
    except TypeError:
        fail(f"'{name.strip()}' has no such settings: {spec}")


def read_idx(folder, name):
    for path in (os.path.join(folder, name + ".gz"), os.path.join(folder, name)):
        if os.path.exists(path):
            with (gzip.open if path.endswith(".gz") else open)(path, "rb") as f:
                raw = f.read()
            ndim = raw[3]
            shape = struct.unpack(f">{ndim}I", raw[4:4 + 4 * ndim])
            return np.frombuffer(raw, np.uint8, offset=4 + 4 * ndim).reshape(shape)
    fail(f"no {name} or {name}.gz in '{folder}'; Debian: apt-get install dataset-fashion-mnist")


def load(folder, part):
    images = read_idx(folder, part + "-images-idx3-ubyte").reshape(-1, 784).astype(np.float32)
    labels = read_idx(folder, part + "-labels-idx1-ubyte").astype(np.int64)
    return (torch.from_numpy(images) / 255 - 0.5) / 0.5, torch.from_numpy(labels)


def blas_in_use():
    """The BLAS libraries mapped into this process."""
    try:
        with open("/proc/self/maps") as maps:
            paths = {line.split()[-1] for line in maps if "/" in line}
    except OSError:
        return "unknown"
    words = ("blas", "mkl_rt", "libblis")
    found = sorted(os.path.realpath(p) for p in paths if any(w in os.path.basename(p) for w in words))
    return ", ".join(found) or "inside libtorch"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="/usr/share/datasets/fashion-mnist", metavar="DIR")
    parser.add_argument("--activation", default="relu", metavar="SPEC")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--lr", type=float, default=0.001)
    parser.add_argument("--momentum", type=float, default=0.8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, metavar="N",
                        help="stop after N steps and do not evaluate; train_seconds is scaled up to an epoch")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    options = parser.parse_args()
    if options.epochs < 1 or options.batch < 1 or options.threads < 1:
        fail("--epochs, --batch and --threads have to be at least 1")
    if options.steps is not None and (options.steps < 1 or options.epochs != 1):
        fail("--steps has to be at least 1, and goes with --epochs 1")

    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    activation = make_activation(options.activation)
    layers, width = [], 784
    for hidden in HIDDEN:
        layers.append(nn.Linear(width, hidden))
        if activation is not None:
            layers.append(activation)
        width = hidden
    model = nn.Sequential(*layers, nn.Linear(width, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=options.lr, momentum=options.momentum)

    images, labels = load(options.data, "train")
    test_images, test_labels = load(options.data, "t10k")

    seconds, accuracy, test_loss = [], None, None
    for epoch in range(options.epochs):
        model.train()
        start = time.perf_counter()
        order = torch.randperm(len(labels))
        batches = order.split(options.batch)
        for indices in batches[:options.steps]:
            loss = F.cross_entropy(model(images.index_select(0, indices)), labels.index_select(0, indices))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        seconds.append(time.perf_counter() - start)
        if options.steps is not None:
            seconds[-1] *= len(batches) / min(options.steps, len(batches))
            continue

        model.eval()
        with torch.no_grad():
            logits = torch.cat([model(x) for x in test_images.split(1000)])
            test_loss = F.cross_entropy(logits, test_labels).item()
            accuracy = (logits.argmax(1) == test_labels).float().mean().item() * 100
        if not options.json:
            print(f"epoch {epoch + 1}: test loss {test_loss:.4f}, accuracy {accuracy:.2f} %,"
                  f" {seconds[-1]:.2f} s", flush=True)

    if options.json:
        print(json.dumps({
            "activation": options.activation, "epochs": options.epochs,
            "test_accuracy": None if accuracy is None else round(accuracy, 4), "test_loss": test_loss,
            "train_seconds": sum(seconds), "epoch_seconds": seconds,
            "parameters": sum(p.numel() for p in model.parameters()),
            "torch": torch.__version__, "blas": blas_in_use()}))


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""The book chapter's activation functions as PyTorch modules of libactiv, and SimpleNetwork trained with
each."""
import argparse
import sys
import time

try:
    import torch
    from torch import nn
    from torch.nn import functional as F

    import activ
    import activ.torch
except ImportError as error:
    print(f"act_functions.py: {error}; bindings/python/README.md says how to install", file=sys.stderr)
    sys.exit(2)

from fashion_mnist import CLASSES, FOLDER, HIDDEN, NORMALIZED, Progress, fail, load, positive, threads

# The chapter's names. Swish is SiLU there; TeLU is an ELU whose alpha is trained.
act_functions = {
    "Sigmoid": lambda: activ.torch.Activation("sigmoid"),
    "Tanh": lambda: activ.torch.Activation("tanh"),
    "ReLU": lambda: activ.torch.Activation("relu"),
    "GELU": lambda: activ.torch.Activation("gelu"),
    "Mish": lambda: activ.torch.Activation("mish"),
    "LeakyReLU": lambda: activ.torch.Activation("leaky_relu"),
    "SiLU": lambda: activ.torch.Activation("silu"),
    "Hardswish": lambda: activ.torch.Activation("hardswish"),
    "Swish": lambda: activ.torch.Activation("silu"),
    "PReLU": lambda: activ.torch.Activation("prelu"),
    "RReLU": lambda: activ.torch.Activation("rrelu"),
    "TeLU": lambda: activ.torch.Activation("trainable_elu"),
    "STAF": lambda: activ.torch.Activation("staf(tau=25)"),
}


class SimpleNetwork(nn.Module):
    """784 pixels, four hidden layers with one activation object behind each, 10 classes."""

    def __init__(self, activation):
        super().__init__()
        widths = (784, *HIDDEN)
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths, widths[1:]))
        self.output = nn.Linear(widths[-1], CLASSES)
        self.activation = activation

    def forward(self, x):
        for layer in self.hidden:
            x = self.activation(layer(x))
        return self.output(x)


def test(network, images, labels):
    """(mean loss, accuracy in percent)"""
    network.eval()
    with torch.no_grad():
        scores = torch.cat([network(part) for part in images.split(1000)])
    return F.cross_entropy(scores, labels).item(), (scores.argmax(1) == labels).float().mean().item() * 100


def train(network, images, labels, options, progress, name):
    """Seconds of all epochs."""
    optimizer = torch.optim.SGD(network.parameters(), lr=options.lr, momentum=options.momentum)
    started = time.perf_counter()
    for epoch in range(options.epochs):
        network.train()
        batches = torch.randperm(len(labels)).split(options.batch)
        for step, part in enumerate(batches):
            loss = F.cross_entropy(network(images[part]), labels[part])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if step % 20 == 0:
                progress.show(
                    f"{name}: epoch {epoch + 1} of {options.epochs}, {100 * step // len(batches)} %"
                )
    return time.perf_counter() - started


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument(
        "--data", default=FOLDER, metavar="DIR", help="folder of the four IDX files, raw or .gz"
    )
    parser.add_argument("--only", default=None, metavar="NAMES", help="some of them: Mish,STAF")
    parser.add_argument(
        "--epochs", type=positive, default=15, metavar="N", help="how often all images are shown"
    )
    parser.add_argument("--batch", type=positive, default=128, metavar="N", help="images in a step")
    parser.add_argument("--lr", type=float, default=0.001, metavar="X", help="learning rate")
    parser.add_argument("--momentum", type=float, default=0.8, metavar="X", help="momentum")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of initial values, order and noise")
    parser.add_argument("--threads", type=threads, default=1, metavar="N", help="PyTorch's, for the layers")
    options = parser.parse_args()
    names = options.only.split(",") if options.only else list(act_functions)
    for name in names:
        if name not in act_functions:
            fail(f"--only: no '{name}'; there are {', '.join(act_functions)}")
    if not (options.lr >= 0 and options.momentum >= 0):
        fail("--lr and --momentum have to be 0 or more")
    if not 0 <= options.seed < 2**63:
        fail(f"--seed is {options.seed}; 0 to {2**63 - 1} is allowed")

    torch.set_num_threads(options.threads)
    sets = []
    for part in ("train", "t10k"):
        images, labels = load(options.data, part)
        sets.append((torch.from_numpy(NORMALIZED[images]), torch.from_numpy(labels.astype("int64"))))
    progress, rows = Progress(), []
    for name in names:
        torch.manual_seed(options.seed)
        network = SimpleNetwork(act_functions[name]())
        try:
            seconds = train(network, *sets[0], options, progress, name)
        except KeyboardInterrupt:
            progress.clear()
            print("Interrupted.", file=sys.stderr)
            break
        loss, accuracy = test(network, *sets[1])
        progress.clear()
        rows.append(
            (
                name,
                network.activation.function.spec,
                sum(p.numel() for p in network.parameters()),
                accuracy,
                loss,
                seconds / options.epochs,
            )
        )
        print(f"{name}: {accuracy:.2f} % of the test images right after {options.epochs} epochs", flush=True)

    if rows:
        print(f"\n| {'Activation':10} | {'spec':20} | parameters | test accuracy | test loss | s/epoch |")
        print(f"|{'-' * 12}|{'-' * 22}|{'-' * 11}:|{'-' * 14}:|{'-' * 10}:|{'-' * 8}:|")
        for name, spec, count, accuracy, loss, seconds in rows:
            print(
                f"| {name:10} | {spec:20} | {count:10,} | {accuracy:11.2f} % | {loss:9.4f} | {seconds:7.2f} |"
            )
    return 0 if len(rows) == len(names) else 130


if __name__ == "__main__":
    sys.exit(main())

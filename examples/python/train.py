#!/usr/bin/python3
"""SimpleNetwork on FashionMNIST without PyTorch: NumPy and libactiv's graph.

What the C program fashion_mnist_train does, with the same options, to the same bytes: its digest tells.
"""
import argparse
import sys
import time

try:
    import activ
except ImportError as error:
    print(f"train.py: {error}; bindings/python/README.md says how to install", file=sys.stderr)
    sys.exit(2)

from fashion_mnist import CLASSES, FOLDER, HIDDEN, NORMALIZED
from fashion_mnist import Progress, check_writable, fail, load, positive, threads

TEST_BATCH = 128


def build(activation, max_batch, context):
    """One activation for all hidden layers, like one module object in PyTorch."""
    graph = activ.Graph(context=context)
    x, first = graph.input(784), None
    for width in HIDDEN:
        x = graph.linear(x, width)
        if activation != "none":
            x = graph.apply_shared(x, first) if first else graph.apply(x, activation)
            first = first or x
    graph.cross_entropy(graph.linear(x, CLASSES))
    graph.compile(max_batch)
    return graph


def test(graph, images, labels):
    """(mean loss, accuracy in percent)"""
    loss, right = 0.0, 0
    for first in range(0, len(labels), TEST_BATCH):
        part = slice(first, first + TEST_BATCH)
        batch_loss, batch_right = graph.evaluate(NORMALIZED[images[part]], labels[part])
        loss += batch_loss * len(labels[part])
        right += batch_right
    return loss / len(labels), 100 * right / len(labels)


def digest(graph):
    """FNV-1a of the bytes of all parameters and buffers: equal for networks of the same bits."""
    value = 0xCBF29CE484222325
    for byte in graph.params.astype("<f4").tobytes() + graph.buffers.astype("<f4").tobytes():
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument(
        "--data", default=FOLDER, metavar="DIR", help="folder of the four IDX files, raw or .gz"
    )
    parser.add_argument(
        "--activation",
        default="relu",
        metavar="SPEC",
        help="a function like gelu or 'staf(tau=25)', @NAME of activ.zoo(), or none",
    )
    parser.add_argument(
        "--epochs", type=positive, default=10, metavar="N", help="how often all images are shown"
    )
    parser.add_argument("--batch", type=positive, default=128, metavar="N", help="images in a step")
    parser.add_argument("--lr", type=float, default=0.01, metavar="X", help="learning rate")
    parser.add_argument("--momentum", type=float, default=0.9, metavar="X", help="momentum")
    parser.add_argument(
        "--seed", type=int, default=1, metavar="N", help="of initial values and order of images"
    )
    parser.add_argument(
        "--threads", type=threads, default=1, metavar="N", help="the results do not depend on it"
    )
    parser.add_argument("--save", metavar="FILE", help="write the trained network there (safetensors)")
    options = parser.parse_args()
    if options.save:
        check_writable(options.save)

    images, labels = load(options.data, "train")
    test_images, test_labels = load(options.data, "t10k")
    try:
        graph = build(
            options.activation, max(options.batch, TEST_BATCH), activ.Context(threads=options.threads)
        )
        graph.init(options.seed)
        sgd = activ.SGD(graph, lr=options.lr, momentum=options.momentum)
    except (activ.Error, ValueError) as error:
        fail(error)
    print(f"{graph.param_count:,} parameters, {activ.tier()}, libactiv {activ.library_version()}\n")
    print("Epoch  Train loss  Train accuracy  Test loss  Test accuracy  Seconds", flush=True)

    progress, accuracy = Progress(), 0.0
    for epoch in range(1, options.epochs + 1):
        started, total = time.perf_counter(), 0.0
        order = activ.random.permutation(len(labels), graph.seed, epoch)
        for first in range(0, len(labels), options.batch):
            part = order[first : first + options.batch]
            total += graph.step(sgd, NORMALIZED[images[part]], labels[part]) * len(part)
            progress.show(f"Epoch {epoch} of {options.epochs}: {100 * first // len(labels)} %")
        seconds = time.perf_counter() - started
        _, train_accuracy = test(graph, images, labels)
        loss, accuracy = test(graph, test_images, test_labels)
        progress.clear()
        print(
            f"{epoch:5}  {total / len(labels):10.4f}  {train_accuracy:12.2f} %"
            f"  {loss:9.4f}  {accuracy:11.2f} %"
            f"  {seconds:7.2f}",
            flush=True,
        )

    print(
        f"\n{accuracy:.2f} % of the test images are classified right."
        f"\nThe network's digest is {digest(graph)}."
    )
    if options.save:
        try:
            graph.save(options.save)
        except activ.Error as error:
            fail(error)
        print(f"Wrote {options.save}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        Progress().clear()
        print("Interrupted.", file=sys.stderr)
        sys.exit(130)

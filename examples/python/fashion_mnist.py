"""FashionMNIST for the programs of this folder: IDX files, raw or gzipped, as NumPy arrays."""
import argparse
import gzip
import os
import sys
import zlib

import numpy as np

FOLDER = "/usr/share/datasets/fashion-mnist"
HIDDEN = (256, 192, 128, 64)  # SimpleNetwork's layers between 784 pixels and 10 classes
CLASSES = 10


def fail(text):
    """Ends the program with a message and exit code 2."""
    print(f"{os.path.basename(sys.argv[0])}: {text}", file=sys.stderr)
    sys.exit(2)


def read_idx(path):
    """An IDX file of bytes: two zeros, the type 8, the number of sizes, the sizes (big-endian), the bytes."""
    try:
        with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
            raw = file.read()
    except (OSError, EOFError, zlib.error) as error:
        fail(f"{path}: cannot be read: {error}")
    if len(raw) < 4 or raw[:3] != b"\0\0\x08" or len(raw) < 4 + 4 * raw[3]:
        fail(f"{path}: is not an IDX file of bytes")
    sizes = np.frombuffer(raw, ">u4", raw[3], 4).astype(int)
    start = 4 + 4 * raw[3]
    if len(raw) - start != sizes.prod():
        fail(f"{path}: has {len(raw) - start} bytes of data; its sizes promise {sizes.prod()}")
    return np.frombuffer(raw, np.uint8, offset=start).reshape(sizes)


def find(folder, name):
    for path in (os.path.join(folder, name + ".gz"), os.path.join(folder, name)):
        if os.path.exists(path):
            return path
    fail(
        f"data folder '{folder}' holds neither {name}.gz nor {name} (on Debian, 'apt-get install "
        f"dataset-fashion-mnist' provides {FOLDER}; --data names another folder)"
    )


def load(folder, part):
    """(images, labels) of "train" or "t10k": (n, 784) bytes and (n,) bytes."""
    path = find(folder, part + "-images-idx3-ubyte")
    images = read_idx(path)
    labels = read_idx(find(folder, part + "-labels-idx1-ubyte"))
    if (
        images.ndim != 3
        or images.shape[1:] != (28, 28)
        or labels.shape != images.shape[:1]
        or not len(labels)
    ):
        fail(f"{path}: {images.shape} images for {labels.shape} labels; (n, 28, 28) and (n,) are wanted")
    if labels.max() >= CLASSES:
        fail(f"{folder}: a label is {labels.max()}; classes are 0 to {CLASSES - 1}")
    return images.reshape(-1, 784), labels


# Each byte p becomes (p/255 - 0.5)/0.5, in float32 and in this order, as torchvision computes it.
NORMALIZED = (np.arange(256, dtype=np.float32) / np.float32(255) - np.float32(0.5)) / np.float32(0.5)


class Progress:
    """A line that is written over and over, on a terminal; nothing elsewhere."""

    def __init__(self):
        self.shown = sys.stderr.isatty()

    def show(self, text):
        if self.shown:
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)

    def clear(self):
        self.show("")


def positive(text):
    """For argparse: a whole number from 1 on."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is no whole number from 1 on")
    return value


def threads(text):
    """For argparse: as many as libactiv allows. PyTorch would try to start any number."""
    value = positive(text)
    if value > 256:
        raise argparse.ArgumentTypeError(f"{value} threads are too many: 256 at most")
    return value


def check_writable(path):
    """Hours of training should not end in a path that cannot be written."""
    folder = os.path.dirname(path) or "."
    if os.path.isdir(path):
        fail(f"{path}: is a folder")
    if not os.path.isdir(folder):
        fail(f"{path}: there is no folder {folder}")
    if not os.access(folder, os.W_OK):
        fail(f"{path}: the folder {folder} cannot be written")

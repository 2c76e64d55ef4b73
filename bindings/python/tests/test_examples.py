"""The programs of examples/python, on a few made-up images; and on FashionMNIST where it is there."""
import gzip
import os
import re
import sys

import pytest

np = pytest.importorskip("numpy", reason="NumPy is missing: apt-get install python3-numpy")

import activ  # noqa: E402
from conftest import EXAMPLES, FASHION_MNIST, python, slow  # noqa: E402

if not os.path.isdir(EXAMPLES):
    pytest.skip(f"no folder {EXAMPLES}", allow_module_level=True)

try:
    import torch
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="PyTorch is missing: apt-get install python3-torch")
needs_images = pytest.mark.skipif(
    not os.path.isdir(FASHION_MNIST),
    reason="no FashionMNIST in " f"{FASHION_MNIST}: apt-get install dataset-fashion-mnist",
)
TRAIN, ACT = os.path.join(EXAMPLES, "train.py"), os.path.join(EXAMPLES, "act_functions.py")
# Of the network of `fashion_mnist_train --activation mish --epochs 2`, on every machine.
MISH_DIGEST = "3946810608a28d7d"


def write_idx(path, array, opener=open):
    with opener(path, "wb") as file:
        file.write(bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes())


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Classes that a network can tell apart: a bright row for each."""
    folder = tmp_path_factory.mktemp("images")
    for part, count, opener, ending in (("train", 640, gzip.open, ".gz"), ("t10k", 200, open, "")):
        labels = (np.arange(count) % 10).astype(np.uint8)
        pixels = (activ.random.uniform((count, 28, 28), 1, count) * 100).astype(np.uint8)
        pixels[np.arange(count), 2 * labels + 3] += 150
        write_idx(folder / f"{part}-images-idx3-ubyte{ending}", pixels, opener)
        write_idx(folder / f"{part}-labels-idx1-ubyte{ending}", labels, opener)
    return folder


@pytest.mark.parametrize("program", [TRAIN, pytest.param(ACT, marks=[needs_torch, slow])])
def test_help_and_errors(program, images, tmp_path):
    help_text = python(program, "--help")
    for option in ("--data", "--seed", "--epochs", "--lr"):
        assert option in help_text
    out = python(program, "--data", tmp_path, expect=2)
    assert "train-images-idx3-ubyte" in out and "--data" in out and "Traceback" not in out
    out = python(program, "--data", images, "--seed", -1, expect=2)
    assert "seed is -1" in out and "Traceback" not in out
    for arguments in (("--epochs", 0), ("--epochs", "x"), ("--bogus",), ("--lr", "nan", "--data", images)):
        out = python(program, *arguments, expect=2)
        assert "Traceback" not in out, out
    for damage in (
        b"",
        b"\x1f\x8b",
        gzip.compress(b"\0\0\x08\3"),
        gzip.compress(b"\0\0\x0d\1\0\0\0\1\0\0\0\0"),
    ):
        (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(damage)
        out = python(program, "--data", tmp_path, expect=2)
        assert "train-images-idx3-ubyte.gz" in out and "Traceback" not in out, out
    assert "gelo" in python(TRAIN, "--data", images, "--activation", "gelo", expect=2)
    assert "'x' is no whole number from 1 on" in python(program, "--epochs", "x", expect=2)
    assert "256 at most" in python(program, "--threads", 100000000, expect=2)


def test_a_path_that_cannot_be_written_is_refused_before_the_training(images, tmp_path):
    out = python(TRAIN, "--data", images, "--save", tmp_path / "none" / "net.safetensors", expect=2)
    assert "no folder" in out and "Epoch" not in out
    out = python(TRAIN, "--data", images, "--save", tmp_path, expect=2)
    assert "is a folder" in out and "Epoch" not in out


def test_train(images, tmp_path):
    save = tmp_path / "net.safetensors"
    out = python(
        TRAIN,
        "--data",
        images,
        "--epochs",
        8,
        "--batch",
        32,
        "--lr",
        0.02,
        "--activation",
        "prelu",
        "--save",
        save,
    )
    accuracy = float(re.search(r"([\d.]+) % of the test images", out).group(1))
    assert accuracy > 90
    again = python(
        TRAIN,
        "--data",
        images,
        "--epochs",
        8,
        "--batch",
        32,
        "--lr",
        0.02,
        "--activation",
        "prelu",
        "--threads",
        2,
    )
    assert re.search(r"digest is (\w+)", out).group(1) == re.search(r"digest is (\w+)", again).group(1)
    net = activ.load(save)
    assert net.param_count == 283915 and len([n for n in net.nodes if n.info.kind == "activation"]) == 4
    other = python(TRAIN, "--data", images, "--epochs", 1, "--seed", 2, "--activation", "none")
    assert "digest" in other


def rows_of(*arguments):
    out = python(ACT, *arguments)
    return re.findall(r"^\| (\w+) +\| (\S+) +\| +([\d,]+) \| +([\d.]+) %", out, flags=re.M)


@needs_torch
def test_some_act_functions(images):
    some = rows_of("--data", images, "--only", "ReLU,Mish", "--epochs", 6, "--batch", 16, "--lr", 0.02)
    assert [row[0] for row in some] == ["ReLU", "Mish"] and all(float(row[3]) > 80 for row in some)


@needs_torch
@slow
def test_act_functions(images):
    rows = rows_of("--data", images, "--epochs", 1)
    assert [row[0] for row in rows] == [
        "Sigmoid",
        "Tanh",
        "ReLU",
        "GELU",
        "Mish",
        "LeakyReLU",
        "SiLU",
        "Hardswish",
        "Swish",
        "PReLU",
        "RReLU",
        "TeLU",
        "STAF",
    ]
    by_name = {row[0]: float(row[3]) for row in rows}
    assert by_name["SiLU"] == by_name["Swish"]
    counts = {row[0]: int(row[2].replace(",", "")) for row in rows}
    assert counts["ReLU"] == 283914 and counts["PReLU"] == 283915 and counts["STAF"] == 283914 + 75
    assert "no 'Bogus'" in python(ACT, "--data", images, "--only", "Bogus", expect=2)


@needs_images
def test_the_bytes_of_the_c_program():
    out = python(TRAIN, "--data", FASHION_MNIST, "--activation", "mish", "--epochs", 2)
    assert f"digest is {MISH_DIGEST}" in out


@needs_images
@needs_torch
@slow
@pytest.mark.parametrize("spec", ["mish", "prelu"])
def test_pytorch_gets_where_the_library_gets(spec):
    """From the same initial values, with the same batches: the same losses and the same accuracy."""
    sys.path.insert(0, EXAMPLES)
    try:
        import fashion_mnist
    finally:
        sys.path.remove(EXAMPLES)
    images, labels = fashion_mnist.load(FASHION_MNIST, "train")
    test_images, test_labels = fashion_mnist.load(FASHION_MNIST, "t10k")
    graph = activ.Graph()
    x, first = graph.input(784), None
    for width in fashion_mnist.HIDDEN:
        x = graph.linear(x, width)
        x = graph.apply_shared(x, first) if first else graph.apply(x, spec)
        first = first or x
    graph.cross_entropy(graph.linear(x, 10))
    graph.compile(128)
    graph.init(1)
    activation = activ.torch.Activation(spec)
    widths = (784, *fashion_mnist.HIDDEN, 10)
    layers = [torch.nn.Linear(a, b) for a, b in zip(widths, widths[1:])]
    network = torch.nn.Sequential(*(part for layer in layers for part in (layer, activation)))[:-1]
    with torch.no_grad():
        for name, value in graph.parameters().items():
            mine = dict(network.named_parameters())[name.replace("layers.", "")]
            mine.copy_(torch.from_numpy(value.copy()))
    torch.set_num_threads(1)
    ours = activ.SGD(graph, lr=0.01, momentum=0.9)
    theirs = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)
    order = activ.random.permutation(len(labels), 1, 1)
    for step, start in enumerate(range(0, len(labels), 128)):
        part = order[start : start + 128]
        x, y = fashion_mnist.NORMALIZED[images[part]], labels[part]
        loss = graph.train(x, y)
        ours.step()
        theirs.zero_grad()
        other = torch.nn.functional.cross_entropy(
            network(torch.from_numpy(x)), torch.from_numpy(y.astype(np.int64))
        )
        other.backward()
        theirs.step()
        if step < 50:
            assert other.item() == pytest.approx(loss, rel=1e-4), step
    scores = graph.predict(fashion_mnist.NORMALIZED[test_images])
    mine = 100 * float((scores.argmax(1) == test_labels).mean())
    with torch.no_grad():
        scores = network(torch.from_numpy(fashion_mnist.NORMALIZED[test_images]))
    accuracy = 100 * float((scores.argmax(1).numpy() == test_labels).mean())
    assert mine > 70 and abs(accuracy - mine) < 1

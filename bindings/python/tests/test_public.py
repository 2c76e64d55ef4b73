"""Everything public is documented and typed, and nothing leaks."""
import gc
import inspect
import os

import pytest

import activ

MODULES = [activ, activ.analysis, activ.init, activ.lr, activ.random]
try:
    import activ.torch

    MODULES.append(activ.torch)
except ImportError:
    pass


def public():
    seen = {}
    for module in MODULES:
        for name in getattr(module, "__all__", [n for n in vars(module) if not n.startswith("_")]):
            thing = getattr(module, name)
            if getattr(thing, "__module__", "").startswith("activ"):
                seen[f"{module.__name__}.{name}"] = thing
    return seen


def members(cls):
    for name, member in vars(cls).items():
        if not name.startswith("_") and name not in getattr(cls, "_fields", ()):
            yield name, member


def test_docstrings():
    assert len(public()) > 50
    for name, thing in public().items():
        assert inspect.getdoc(thing), name
        if inspect.isclass(thing):
            for member, value in members(thing):
                if callable(value) or isinstance(value, (property, classmethod)):
                    assert inspect.getdoc(value), f"{name}.{member}"


def test_annotations():
    for name, thing in public().items():
        functions = [(name, thing)] if inspect.isfunction(thing) else []
        if inspect.isclass(thing):
            for member, value in members(thing):
                value = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
                if inspect.isfunction(value):
                    functions.append((f"{name}.{member}", value))
        for label, function in functions:
            signature = inspect.signature(function)
            assert signature.return_annotation is not signature.empty, label
            for parameter in list(signature.parameters.values()):
                if parameter.name not in ("self", "cls"):
                    assert parameter.annotation is not parameter.empty, f"{label}({parameter.name})"


def test_all_is_what_there_is():
    for module in MODULES:
        for name in getattr(module, "__all__", ()):
            assert hasattr(module, name), f"{module.__name__}.{name}"


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="no /proc")
def test_nothing_leaks():
    np = pytest.importorskip("numpy", reason="NumPy is missing: apt-get install python3-numpy")
    x = activ.random.normal((64, 128), 1)

    def turn():
        g = activ.Graph(context=activ.Context())
        g.cross_entropy(g.linear(g.apply(g.linear(g.input(128), 256), "prelu"), 3))
        g.compile(64, keep_values=True)
        g.init(1)
        sgd = activ.SGD(g, momentum=0.9)
        g.train(x, np.arange(64) % 3)
        sgd.step()
        g.layer("layers.0").values.sum()
        t = activ.Tensor((256, 256))
        activ.from_dlpack(t).numpy()
        t.__dlpack__()
        np.from_dlpack(activ.Tensor.view(np.ones((256, 256), np.float32)))
        activ.Histogram.auto(x).add(x)
        activ.Quantiles().add(x)
        f = activ.Function(activ.Custom("leak", lambda x, p: x, lambda x, dy, p: dy))
        f(x)
        f.backward(x, x)
        with pytest.raises(activ.Error):
            activ.Function("gelo")

    for _ in range(20):
        turn()
    gc.collect()
    before = resident()
    for _ in range(200):
        turn()
    gc.collect()
    # One turn takes 2 MB and more: 200 of them, leaked, would be 400 MB.
    assert resident() - before < 20e6

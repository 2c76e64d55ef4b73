"""Both libraries in one process, each with threads of its own: what libactiv gives before PyTorch is loaded, it
gives beside it, one after the other and at once, and so does PyTorch."""
import pytest

from conftest import python

pytest.importorskip("numpy", reason="NumPy is missing: apt-get install python3-numpy")
pytest.importorskip("torch", reason="PyTorch is missing: apt-get install python3-torch")

PROGRAM = """
import hashlib, sys, threading
import numpy as np

def ours():
    import activ
    digest = hashlib.sha256()
    x = activ.random.normal(60_000, seed=1)
    with activ.Context(threads=3) as context:
        for info in activ.functions():
            if info.shape == "elementwise":
                digest.update(activ.Function(info.name, context=context)(x).tobytes())
        g = activ.Graph(context=context)
        node = g.apply(g.linear(g.input(30), 64), activ.Function("staf(tau=5)", context=context))
        g.cross_entropy(g.linear(g.batch_norm(node), 4))
        g.compile(500)
        g.init(seed=1)
        adamw = activ.AdamW(g, lr=0.01)
        for _ in range(3):
            g.train(x[:15_000].reshape(500, 30), np.arange(500) % 4)
            adamw.step()
        digest.update(g.params.tobytes())
    return digest.hexdigest()

def theirs():
    import torch
    torch.set_num_threads(3)
    x = torch.linspace(-5, 5, 300_000)
    tiny = torch.full((10,), 1e-39) * 0.5      # lost where somebody has switched denormals off
    assert torch.count_nonzero(tiny) == 10
    product = x.reshape(600, 500) @ x.reshape(500, 600)
    assert torch.allclose(product, (x.double().reshape(600, 500) @ x.double().reshape(500, 600)).float(), rtol=1e-3,
                          atol=1e-2)
    return hashlib.sha256((torch.tanh(x) * torch.exp(-x * x)).numpy().tobytes()).hexdigest()

alone = ours()
assert "torch" not in sys.modules
other = theirs()
assert ours() == alone
wrong = []
def often(work, want):
    for _ in range(2):
        if work() != want:
            wrong.append(work.__name__)
threads = [threading.Thread(target=often, args=pair) for pair in ((ours, alone), (theirs, other))]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert not wrong, wrong
"""


def test_beside_pytorch():
    python("-c", PROGRAM)

"""Networks, their memory, optimisers and files."""
import gc
import math
import weakref

import pytest

np = pytest.importorskip("numpy", reason="NumPy is missing: apt-get install python3-numpy")

import activ  # noqa: E402
from activ import _declarations, _objects  # noqa: E402
from activ._library import lib  # noqa: E402
from conftest import python  # noqa: E402

X = activ.random.normal((16, 4), 1)
LABELS = np.arange(16) % 3


def network(activation="mish", max_batch=16, **options):
    g = activ.Graph()
    x = g.apply(g.linear(g.input(4), 8), activation)
    g.cross_entropy(g.linear(x, 3))
    g.compile(max_batch, **options)
    g.init(1)
    return g


def by_hand(p, x, f="mish"):
    hidden = activ.forward(f, x @ p["layers.0.weight"].T + p["layers.0.bias"])
    return hidden @ p["layers.2.weight"].T + p["layers.2.bias"]


def test_forward_loss_and_gradients():
    g = network()
    p = g.parameters()
    assert {name: value.shape for name, value in p.items()} == {
        "layers.0.weight": (8, 4),
        "layers.0.bias": (8,),
        "layers.2.weight": (3, 8),
        "layers.2.bias": (3,),
    }
    scores = g.forward(X)
    assert np.allclose(scores, by_hand(p, X), atol=1e-6)
    assert np.array_equal(g.predict(X), scores)
    log = activ.forward("log_softmax", scores)
    loss = g.train(X, LABELS)
    assert loss == pytest.approx(-log[np.arange(16), LABELS].mean(), rel=1e-6)
    evaluated, right = g.evaluate(X, LABELS)
    assert evaluated == pytest.approx(loss) and right == (scores.argmax(1) == LABELS).sum()
    dscores = (np.exp(log) - np.eye(3, dtype=np.float32)[LABELS]) / 16
    assert np.allclose(g.gradients()["layers.2.bias"], dscores.sum(0), atol=1e-6)
    trained = g.grads.copy()
    # With a loss of one's own: the same gradients.
    assert np.array_equal(g.forward_train(X), scores)
    dx = g.backward(dscores, dx=True)
    assert dx.shape == X.shape and np.allclose(g.grads, trained, atol=1e-6)


def test_training_by_hand():
    """SGD with momentum, by its formula."""
    g = network()
    sgd = activ.SGD(g, lr=0.1, momentum=0.9)
    assert sgd.graph is g and sgd.lr == pytest.approx(0.1) and sgd.steps == 0
    p, v = g.params.copy(), None
    for step in range(4):
        g.train(X, LABELS)
        v = g.grads.copy() if v is None else np.float32(0.9) * v + g.grads
        p = p - np.float32(0.1) * v
        sgd.step()
    assert np.allclose(g.params, p, atol=1e-6) and sgd.steps == 4


@pytest.mark.parametrize(
    "make",
    [
        lambda g: activ.SGD(g, lr=0.5, momentum=0.5, nesterov=True),
        lambda g: activ.AdamW(g, lr=0.05, betas=(0.8, 0.99), amsgrad=True),
        lambda g: activ.RMSprop(g, lr=0.02, centered=True),
    ],
)
def test_optimisers_learn(make):
    g = network()
    optimizer = make(g)
    first = g.train(X, LABELS)
    for _ in range(300):
        g.train(X, LABELS)
        optimizer.step()
    assert g.train(X, LABELS) < first / 4


def test_step_in_one():
    one, two = network(), network()
    adamw, other = activ.AdamW(one, lr=0.05), activ.AdamW(two, lr=0.05)
    for _ in range(4):
        loss = one.step(adamw, X, LABELS)
        assert loss == two.train(X, LABELS)
        other.step()
    assert np.array_equal(one.params, two.params) and adamw.steps == 4
    with pytest.raises(activ.Error, match="another graph's"):
        one.step(other, X, LABELS)
    with pytest.raises(TypeError, match="activ.SGD"):
        one.step(None, X, LABELS)
    with pytest.raises(ValueError):
        one.step(adamw, X, LABELS[:3])
    adamw.close()
    with pytest.raises(ValueError, match="closed"):
        one.step(adamw, X, LABELS)
    assert np.array_equal(one.params, two.params)

    values, again = activ.Graph(), activ.Graph()
    for g in (values, again):
        g.mse(g.linear(g.input(4), 2))
        g.compile(16)
        g.init(seed=1)
    targets = np.ones((16, 2), np.float32)
    sgd, by_hand = activ.SGD(values, lr=0.1, momentum=0.9), activ.SGD(again, lr=0.1, momentum=0.9)
    for _ in range(3):
        assert values.step(sgd, X, targets) == again.train(X, targets)
        by_hand.step()
    assert np.array_equal(values.params, again.params)


def test_optimiser_settings():
    g = network()
    sgd = activ.SGD(g, lr=0.1, weight_decay=0.01)
    assert sgd.get_tensor("layers.0.bias") == pytest.approx((1, 0.01))
    sgd.decay_weights_only()
    assert sgd.get_tensor("layers.0.bias")[1] == 0 and sgd.get_tensor(0)[1] == pytest.approx(0.01)
    sgd.set_tensor("layers.0.weight", lr_scale=0, weight_decay=0)
    frozen = g.parameters()["layers.0.weight"].copy()
    moving = g.parameters()["layers.2.weight"].copy()
    g.train(X, LABELS)
    sgd.step()
    assert np.array_equal(g.parameters()["layers.0.weight"], frozen)
    assert not np.array_equal(g.parameters()["layers.2.weight"], moving)
    sgd.lr = activ.lr.cosine(0.2, 10, step=5)
    assert sgd.lr == pytest.approx(0.1)


def test_schedules():
    assert activ.lr.step(1.0, 10, 0.5, 25) == 0.25
    assert activ.lr.cosine(1.0, 10, 0.0, step=10) == pytest.approx(0, abs=1e-7)
    assert activ.lr.warmup(1.0, 0.1, 10, step=5) == pytest.approx(0.55)
    assert activ.lr.warmup_cosine(1.0, 0.1, 10, 110, 0.0, step=60) == pytest.approx(0.5)
    assert math.isnan(activ.lr.cosine(1.0, 0, step=1))


def test_clipping():
    g = network()
    g.train(X, LABELS)
    norm = g.clip_grad_norm(math.inf)
    assert norm == pytest.approx(float(np.sqrt((g.grads.astype(np.float64) ** 2).sum())), rel=1e-5)
    g.clip_grad_norm(norm / 2)
    assert float(np.linalg.norm(g.grads)) == pytest.approx(norm / 2, rel=1e-4)
    g.clip_grad_value(0.01)
    assert np.abs(g.grads).max() <= np.float32(0.01)


def test_every_layer():
    g = activ.Graph()
    x = g.input(2, 3, 4)
    x = g.batch_norm(x, eps=1e-4, momentum=0.2)
    x = g.apply(x, "prelu(num_parameters=2)")
    x = g.flatten(x)
    a = g.linear(x, 8, bias=False)
    a = g.layer_norm(a)
    shared = g.apply(a, "swish")
    b = g.apply_shared(g.linear(x, 8), shared)
    c = g.gated(shared, b, "swiglu")
    d = g.gated_split(g.linear(c, 16), "glu", gate_first=True)
    e = g.multiply(g.add(c, d), d)
    f = g.dropout(g.concat([c, e, d, c]), 0.25)
    out = g.linear(f, 5)
    g.set_name(out, "scores")
    g.cross_entropy(out, weight=np.arange(1, 6, dtype=np.float32), label_smoothing=0.1, ignore_index=2)
    assert g.memory_bytes(8) > 0
    g.compile(8)
    g.init(3)
    kinds = [node.info.kind for node in g.nodes]
    assert kinds[0] == "input" and kinds[-1] == "cross_entropy" and "gated_split" in kinds
    assert g.node("scores").shape == (5,) and g.output_node == g.node("scores") and g.loss_node.name
    assert g.input_node.shape == (2, 3, 4) and f.shape == (32,)
    assert g.node_function(shared).spec == "swish" and g.node_function(out) is None
    assert set(g.named_buffers()) == {"layers.0.running_mean", "layers.0.running_var", "cross_entropy.weight"}
    x = activ.random.normal((8, 2, 3, 4), 1)
    labels = np.array([0, 1, 2, 3, 4, 0, 1, 2], np.uint8)
    adamw = activ.AdamW(g, lr=0.01)
    losses = []
    for _ in range(60):
        losses.append(g.train(x, labels))
        adamw.step()
    assert losses[-1] < losses[0]
    assert np.array_equal(g.forward(x), g.forward(x.reshape(8, 24)))  # a sample as one row will do
    assert "batch_norm" in g.node_info(g.nodes[1]).description


def test_mean_squared_error():
    g = activ.Graph()
    g.mse(g.linear(g.input(4), 2))
    g.compile(16)
    g.init(1)
    targets = activ.random.normal((16, 2), 2)
    loss = g.train(X, targets)
    assert loss == pytest.approx(float(((g.forward(X) - targets) ** 2).mean()), rel=1e-5)
    assert g.evaluate(X, targets) == (pytest.approx(loss, rel=1e-5), None)
    with pytest.raises(TypeError, match="targets"):
        g.train(X, np.zeros((16, 2), int))
    with pytest.raises(ValueError, match="targets"):
        g.train(X, targets[:, :1])
    with pytest.raises(ValueError, match="rows"):
        g.train(X, targets[:8])


def test_initial_values():
    a, b = network(), network()
    assert np.array_equal(a.params, b.params) and a.seed == 1
    b.init(2)
    assert not np.array_equal(a.params, b.params)
    b.init_weights("orthogonal", seed=1, gain=2.0)
    w = b.parameters()["layers.0.weight"]
    assert np.allclose(w.T @ w, 4 * np.eye(4), atol=1e-5) and (b.parameters()["layers.0.bias"] == 0).all()
    direct = activ.init.tensor("xavier_uniform", (8, 4), seed=5)
    assert np.abs(direct).max() <= math.sqrt(6 / 12) + 1e-6
    assert activ.init.gain("kaiming_normal") == pytest.approx(math.sqrt(2))


# ---- memory ----


def test_views_write_through():
    g = network()
    g.params[:] = 0
    assert (g.forward(X) == 0).all()
    g.parameters()["layers.2.bias"][:] = [1, 2, 3]
    assert np.array_equal(g.forward(X)[0], [1, 2, 3])


def test_views_keep_the_graph_alive():
    """Its memory would be given back to the system, or be filled with other data, if it were freed."""
    views = []
    for seed in range(20):
        g = activ.Graph()
        g.mse(g.linear(g.input(300), 300))
        g.compile(8, keep_values=True)
        g.init(seed)
        x = activ.random.normal((8, 300), seed)
        g.train(x, x)
        layer = g.layer("layers.0")
        views.append(
            (g.params, g.params.copy(), layer.values, layer.values.copy(), layer.tensors["layers.0.weight"])
        )
        if seed % 2:
            g.close()
        del g, layer
    gc.collect()
    for live, copy, values, values_copy, weight in views:
        assert np.array_equal(live, copy) and np.array_equal(values, values_copy)
        assert np.array_equal(weight.reshape(-1), copy[:90000])
        live[:] = 1
        assert not values.flags.writeable and not weight.flags.writeable


def test_the_collector_destroys_in_the_right_order():
    """Graph, optimiser and views in one cycle, which the collector breaks as it likes."""
    for _ in range(50):
        g = network()
        cycle = {
            "sgd": activ.SGD(g, momentum=0.9),
            "neurons": activ.GraphNeurons(g),
            "params": g.params,
            "graph": g,
            "function": g.node_function(g.nodes[2]),
        }
        cycle["cycle"] = cycle
        g.cycle = cycle
        del g, cycle
    gc.collect()


def test_whose_input_a_step_keeps(monkeypatch):
    """That of the last call that C made: backward reads it, whatever the caller did with it."""
    g = network()
    second = [X.copy()]
    kept = weakref.ref(second[0])
    real = _objects.Usage.leave

    def leave(usage):
        real(usage)
        monkeypatch.undo()
        g.forward_train(second[0])  # as another thread would, as soon as the graph is free

    monkeypatch.setattr(_objects.Usage, "leave", leave)
    g.forward_train(X.copy())
    second.clear()
    gc.collect()
    assert kept() is not None
    refused = np.zeros((17, 4), np.float32)
    gone = weakref.ref(refused)
    with pytest.raises(activ.Error):
        g.forward_train(refused)
    del refused
    gc.collect()
    assert gone() is None and kept() is not None
    g.backward(np.ones((16, 3), np.float32))


FINALISERS = """
import gc
import numpy as np
import activ

class Last:
    def __del__(self):
        for call in (
            lambda: self.graph.params,
            lambda: self.graph.predict(np.ones((1, 4), np.float32)),
            lambda: self.sgd.step(),
            lambda: self.sgd.lr,
            lambda: self.tensor.numpy(),
            lambda: self.f(np.ones(3, np.float32)),
        ):
            try:
                call()
            except ValueError as error:
                print(error)
        print(self.graph, self.graph.closed)

def cycle():
    graph = activ.Graph()
    graph.mse(graph.linear(graph.input(4), 3))
    graph.compile(4)
    held = {"graph": graph, "sgd": activ.SGD(graph), "tensor": activ.Tensor(3), "f": activ.Function("elu")}
    last = Last()
    last.__dict__.update(held, itself=last)

gc.collect()
gc.disable()
cycle()
gc.collect()
"""


def test_finalisers_that_use_what_is_destroyed():
    """In a cycle, another's __del__ may come after the library's objects are gone: they are closed then."""
    lines = python("-c", FINALISERS, MALLOC_PERTURB_=165).splitlines()
    # In which order it is, is Python's affair.
    assert lines and (lines[-1] == "activ.Graph(closed) True" or "False" in lines[-1])
    assert all(line.endswith("is closed") for line in lines[:-1])


def test_an_optimiser_of_a_closed_graph():
    g = network()
    sgd = activ.SGD(g)
    g.train(X, LABELS)
    g.close()
    with pytest.raises(ValueError, match="the graph is closed"):
        sgd.step()
    with pytest.raises(ValueError, match="the graph is closed"):
        sgd.lr = 0.1
    sgd.close()


def test_predictions_only():
    g = network(max_batch=0)
    assert g.max_batch == 0 and g.predict(X).shape == (16, 3)
    with pytest.raises(activ.Error, match="predictions"):
        g.grads
    with pytest.raises(activ.Error):
        g.train(X, LABELS)


# ---- looking inside ----


def test_layers():
    g = network(keep_values=True)
    g.train(X, LABELS)
    layer = g.layer("layers.1")
    assert layer.kind == "activation" and layer.spec == "mish" and layer.shape == (8,) and layer.width == 8
    before = g.layer(g.nodes[1])
    assert np.array_equal(layer.values, activ.forward("mish", before.values))
    assert np.allclose(
        before.value_grads, activ.backward("mish", before.values, layer.value_grads), atol=1e-7
    )
    assert np.allclose(before.tensor_grads["layers.0.weight"], before.value_grads.T @ X, atol=1e-6)
    assert layer.params is None and g.layer("input").values is None
    assert np.array_equal(before.params, g.params[:40]) and np.array_equal(before.param_grads, g.grads[:40])
    for array in (layer.values, before.params, before.tensors["layers.0.bias"]):
        with pytest.raises(ValueError):
            array[:] = 0


def test_graph_neurons():
    g = network("relu")
    g.parameters()["layers.0.bias"][2] = -100  # dead
    all_neurons = activ.GraphNeurons(g)
    for part in (X[:10], X[10:]):
        g.forward(part)
        all_neurons.add()
    assert len(all_neurons) == 1
    ((node, neurons),) = all_neurons
    hidden = np.maximum(X @ g.parameters()["layers.0.weight"].T + g.parameters()["layers.0.bias"], 0)
    assert node.name == "layers.1" and neurons.inputs == 16 and neurons.width == 8
    assert 2 in neurons.dead() and np.array_equal(neurons.active, (hidden > 0).sum(0))
    assert np.allclose(neurons.peaks, hidden.max(0), atol=1e-6)
    twice = activ.GraphNeurons(g)
    twice.merge(all_neurons)
    twice.merge(all_neurons)
    assert twice[0][1].inputs == 32
    with pytest.raises(TypeError, match="belong"):
        neurons.add(hidden)
    with pytest.raises(ValueError, match="itself|themselves"):
        twice.merge(twice)
    with pytest.raises(IndexError):
        all_neurons[1]
    all_neurons.close()
    assert neurons.inputs == 16  # it keeps the memory


# ---- files ----


def test_save_and_load(tmp_path):
    g = network("staf(tau=3)")
    path = tmp_path / "net.safetensors"
    g.save(path)
    loaded = activ.load(str(path), 16)
    assert np.array_equal(loaded.params, g.params) and np.array_equal(loaded.forward(X), g.forward(X))
    assert np.array_equal(activ.load(path).predict(X), g.predict(X))
    other = network("staf(tau=3)")
    other.init(9)
    assert other.load_params(path) == {"missing": [], "unused": []}
    assert np.array_equal(other.params, g.params)
    with activ.File(path) as file:
        assert set(file) == set(g.parameters()) and "staf" in file.metadata["activ.network"]
    with pytest.raises(activ.Error):
        network("relu", max_batch=16).load_params(path)
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(activ.Error) as caught:
        activ.load(path)
    assert caught.value.name == "ACTIV_ERROR_FORMAT" and "net.safetensors" in str(caught.value)


def test_training_goes_on(tmp_path):
    def steps(g, optimizer, count):
        for _ in range(count):
            g.train(activ.random.normal((16, 4), 7, optimizer.steps), LABELS)
            optimizer.step()

    g = network()
    adamw = activ.AdamW(g, lr=0.01)
    steps(g, adamw, 3)
    g.save_training(tmp_path / "run.safetensors", adamw)
    steps(g, adamw, 4)
    again = network()
    optimizer = again.load_training(tmp_path / "run.safetensors")
    assert optimizer.steps == 3
    steps(again, optimizer, 4)
    assert np.array_equal(again.params, g.params)


def test_any_tensors(tmp_path):
    path = tmp_path / "any.safetensors"
    tensors = {
        "a": X,
        "turned": X.T,
        "doubles": np.eye(3),
        "words": np.arange(5, dtype=np.int32),
        "long": np.array([2**40]),
        "bytes": np.array(7, np.uint8),
        "none": np.empty((0, 3), np.float32),
        "halves": np.array([1.5, -65504, 6e-8, np.inf], np.float16),
    }
    activ.save_file(tensors, path, {"who": "a test", "what": "\u00e9"})
    loaded = activ.load_file(path)
    assert set(loaded) == set(tensors)
    for name, array in tensors.items():
        assert loaded[name].dtype == array.dtype and loaded[name].shape == array.shape
        assert np.array_equal(loaded[name], array) and loaded[name].flags.writeable
    file = activ.File(path)
    assert file.metadata == {"who": "a test", "what": "\u00e9"} and len(file) == 8 and "a" in file
    view = file["a"]
    assert file.dtype_of("a") == "F32" and not view.flags.writeable
    file.close()
    gc.collect()
    assert np.array_equal(view, X)
    assert np.array_equal(activ.File(path.read_bytes())["doubles"], np.eye(3))
    with pytest.raises(KeyError):
        activ.File(path)["nothing"]
    t = activ.Tensor((2, 3))
    t.numpy()[:] = [[1, 2, 3], [4, 5, 6]]
    activ.save_file({"t": t, "turned": t.transpose(0, 1)}, path)
    assert np.array_equal(activ.load_file(path)["turned"], t.numpy().T)
    activ.save_file({"t": t.to("bfloat16").transpose(0, 1), "h": t.to("float16")}, path)
    file = activ.File(path)
    assert file.dtype_of("t") == "BF16" and np.array_equal(file["h"], t.numpy())
    view = file.tensor("t")
    file.close()
    del file
    gc.collect()
    assert view.read_only and view.dtype == "bfloat16" and view.shape == (3, 2)
    assert np.array_equal(view.to("float32").numpy(), t.numpy().T)
    with pytest.raises(TypeError, match="BF16"):
        activ.load_file(path)


def test_files_of_others(tmp_path):
    """Types that the library does not compute with, from a file written by hand."""
    import json

    half = np.array([1.5, -2], np.float16)
    header = json.dumps(
        {
            "h": {"dtype": "F16", "shape": [2], "data_offsets": [0, 4]},
            "b": {"dtype": "BF16", "shape": [1], "data_offsets": [4, 6]},
        }
    ).encode()
    path = tmp_path / "others.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + half.tobytes() + b"\x80\x3f")
    file = activ.File(path)
    assert np.array_equal(file["h"], half)
    with pytest.raises(TypeError, match=r"BF16.*file\.tensor\('b'\)"):
        file["b"]
    # Of whatever address.
    for name, wanted in (("h", [1.5, -2]), ("b", [1])):
        assert file.tensor(name).to("float64").numpy().tolist() == wanted
    with pytest.raises(KeyError):
        file.tensor("nothing")
    activ.save_file({"again": file.tensor("b"), "h": file["h"]}, path)
    assert activ.File(path).tensor("again").to("float32").numpy().tolist() == [1]
    odd = json.dumps({"c": {"dtype": "C64", "shape": [1], "data_offsets": [0, 8]}}).encode()
    other = activ.File(len(odd).to_bytes(8, "little") + odd + bytes(8))
    with pytest.raises(TypeError, match="C64"):
        other.tensor("c")


def test_networks_in_16_bits(tmp_path):
    """A network's file in half the bytes: its tensors in another type, under the same metadata."""
    path, half = tmp_path / "net.safetensors", tmp_path / "half.safetensors"
    g = activ.Graph()
    g.cross_entropy(g.linear(g.input(8), 4))
    g.compile(4)
    g.init(1)
    g.save(path)
    file = activ.File(path)
    for dtype in ("float16", "bfloat16"):
        activ.save_file({name: file.tensor(name).to(dtype) for name in file}, half, file.metadata)
        layers = ("layers.0.weight", "layers.0.bias")
        rounded = np.concatenate([file.tensor(n).to(dtype).to("float32").numpy().ravel() for n in layers])
        assert np.array_equal(activ.load(half).params, rounded)
        before = g.params.copy()
        with pytest.raises(activ.Error, match="option convert"):
            g.load_params(half)
        assert np.array_equal(g.params, before)
        g.load_params(half, convert=True)
        assert np.array_equal(g.params, rounded)
        g.load_params(path)


# ---- analysis, random ----


def test_accumulators():
    x = activ.random.normal(1000, 1)
    h = activ.Histogram(7, -2, 2)
    h.add(x[:300])
    counts = h.counts
    h.add(x[300:].reshape(70, 10))
    wanted, edges = np.histogram(x, 7, (-2, 2))
    assert np.array_equal(counts, wanted) and np.allclose(h.edges, edges) and not counts.flags.writeable
    assert h.total == 1000 and h.under == (x < -2).sum() and h.over == (x > 2).sum() and h.nans == 0
    assert len(activ.Histogram.auto(x, 50).counts) > 5
    assert activ.analysis.histogram_bins(1000, -3, 3, -0.67, 0.67) == math.ceil(6 / (2 * 1.34 / 10))
    s, t = activ.Stats(), activ.Stats()
    s.add(x)
    t.add(x[500:])
    t.add(x[:500])
    assert s.summary == t.summary and s.mean == pytest.approx(float(x.astype(float).mean()))
    assert s.deviation == pytest.approx(float(x.astype(float).std()))
    t.merge(s)
    assert t.summary.count == 2000
    t.reset()
    assert t.summary.count == 0 and math.isnan(t.summary.mean)
    q = activ.Quantiles()
    q.add(x)
    assert q(0) == x.min() and q(1) == x.max() and q.count == 1000 and q.nans == 0
    assert np.allclose(q([0.25, 0.5]), np.quantile(x, [0.25, 0.5], method="inverted_cdf"), rtol=2**-8)
    n = activ.Neurons(10, threshold=0.5)
    n.add(x.reshape(100, 10) * np.float32([0, 0.1, 1, 1, 1, 1, 1, 1, 1, 1]))
    assert list(n.quiet(0.5)) == [0, 1] and 0 in n.rarely_active(0.01)


def test_surface():
    s = activ.surface("gelu", n=11, low=-2, high=2)
    assert np.allclose(s.points, np.linspace(-2, 2, 11)) and np.array_equal(
        s.f, activ.forward("gelu", s.points)
    )
    assert np.allclose(s.z, s.f[None, :] + s.f[:, None])
    assert np.allclose(s.gradient, np.hypot(s.slopes[None, :], s.slopes[:, None]), rtol=1e-6)


def test_random():
    u = activ.random.uniform((100, 10), 1, 2, low=-1, high=3)
    assert u.shape == (100, 10) and -1 <= u.min() < -0.9 and 2.9 < u.max() < 3
    assert np.array_equal(activ.random.uniform(500, 1, 2, 500, -1, 3), u.reshape(-1)[500:])
    assert abs(activ.random.normal(10000, 1, mean=5).mean() - 5) < 0.05
    order = activ.random.permutation(1000, 1, 2)
    assert np.array_equal(np.sort(order), np.arange(1000)) and 0 <= activ.random.bits(1) < 2**32


# ---- weights under other names ----


needs_names = pytest.mark.skipif(
    not _declarations.has(lib, "activ_checkpoint_load_params_ex"),
    reason="this libactiv has no activ_checkpoint_load_params_ex: a newer one is needed",
)


@needs_names
def test_names_of_other_programs(tmp_path):
    g = network("prelu")
    path = tmp_path / "weights.safetensors"
    g.save_params(path, names={"layers.": "module.", "layers.2.bias": "last"})
    file = activ.File(path)
    assert set(file) == {"module.0.weight", "module.0.bias", "module.1.weight", "module.2.weight", "last"}
    assert file.metadata == {} and np.array_equal(file["last"], g.parameters()["layers.2.bias"])
    other = network("prelu")
    other.init(9)
    names = {"layers.": "module.", "layers.2.bias": "last"}
    assert other.load_params(path, names=names) == {"missing": [], "unused": []}
    assert np.array_equal(other.params, g.params)
    before = other.params.copy()
    with pytest.raises(activ.Error, match="weights.safetensors"):
        other.load_params(path)
    with pytest.raises(activ.Error):
        other.load_params(path, names={"layers.": ""})
    assert np.array_equal(other.params, before)
    for names in ({1: "a"}, {"a": None}):
        with pytest.raises(TypeError, match="a name"):
            g.load_params(path, names=names)


@needs_names
def test_partial_and_converted_weights(tmp_path):
    g = network()
    path = tmp_path / "some.safetensors"
    weight = activ.random.normal((8, 4), 5).astype(np.float64) + 1e-12
    activ.save_file({"layers.0.weight": weight, "extra": np.zeros(3, np.float32)}, path)
    before = {name: value.copy() for name, value in g.parameters().items()}
    for options in ({}, {"partial": True}, {"convert": True}):
        with pytest.raises(activ.Error):
            g.load_params(path, **options)
        assert all(np.array_equal(value, before[name]) for name, value in g.parameters().items())
    left = g.load_params(path, partial=True, convert=True)
    assert sorted(left["missing"]) == ["layers.0.bias", "layers.2.bias", "layers.2.weight"]
    assert left["unused"] == ["extra"]
    assert np.array_equal(g.parameters()["layers.0.weight"], weight.astype(np.float32))
    assert np.array_equal(g.parameters()["layers.2.weight"], before["layers.2.weight"])

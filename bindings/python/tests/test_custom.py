"""Functions of one's own, and callbacks that raise."""
import gc
import threading
import weakref

import pytest

np = pytest.importorskip("numpy", reason="NumPy is missing: apt-get install python3-numpy")

import activ  # noqa: E402

X = np.linspace(-2, 2, 9, dtype=np.float32)


def slope(name="slope", start=0.5):
    """prelu, by the host."""
    return activ.Custom(
        name,
        lambda x, p: np.where(x > 0, x, p[0] * x),
        lambda x, dy, p: (np.where(x > 0, dy, p[0] * dy), [(dy * np.minimum(x, 0)).sum()]),
        [start],
    )


def raising(exception, where="both"):
    def forward(x, params):
        if where in ("both", "forward"):
            raise exception
        return x

    def backward(x, dy, params):
        raise exception

    return activ.Custom("raises", forward, backward)


def test_it_is_like_prelu():
    f, prelu = activ.Function(slope()), activ.Function("prelu(weight=0.5)")
    assert f.param_count == 1 and np.array_equal(f.parameters(), [0.5])
    assert np.array_equal(f(X), prelu(X))
    mine, theirs = np.zeros(1, np.float32), np.zeros(1, np.float32)
    assert np.array_equal(f.backward(X, X, dparams=mine), prelu.backward(X, X, dparams=theirs))
    assert mine == theirs
    params = np.array([0.25], np.float32)
    assert np.array_equal(f(X, params=params), prelu(X, params=params))


def test_initial_values_by_seed():
    f = activ.Function(
        activ.Custom(
            "drawn",
            lambda x, p: x * p[0],
            lambda x, dy, p: (dy * p[0], [0, 0]),
            lambda seed: [seed, 2 * seed],
            2,
        )
    )
    assert np.array_equal(f.parameters(3), [3, 6])


@pytest.mark.parametrize("threads", [1, 2])
def test_networks_train_alike(threads):
    def trained(spec, context):
        g = activ.Graph(context=context)
        g.cross_entropy(g.linear(g.apply(g.linear(g.input(4), 8), spec), 3))
        g.compile(16)
        g.init(1)
        sgd = activ.SGD(g, lr=0.1)
        for step in range(5):
            g.train(activ.random.normal((16, 4), 1, step), np.arange(16) % 3)
            sgd.step()
        return g.params.copy()

    with activ.Context(threads=threads, functions=[slope()]) as context:
        by_name = trained("slope", context)
    assert np.array_equal(by_name, trained("prelu(weight=0.5)", None))
    assert np.array_equal(by_name, trained(slope(), None))


def test_gated_and_checkpoints(tmp_path):
    context = activ.Context(functions=[slope()])
    f = activ.Function("gated(slope)", context=context)
    assert np.array_equal(f(X, X), X * activ.forward("prelu(weight=0.5)", X))
    g = activ.Graph(context=context)
    g.mse(g.apply(g.linear(g.input(4), 3), "slope"))
    g.compile(4)
    g.init(1)
    g.save(tmp_path / "net.safetensors")
    x = activ.random.normal((4, 4), 1)
    wanted = g.forward(x)
    assert np.array_equal(activ.load(tmp_path / "net.safetensors", 4, context=context).forward(x), wanted)
    with pytest.raises(activ.Error, match="slope"):
        activ.load(tmp_path / "net.safetensors", 4)


def test_exceptions_come_back():
    error = KeyError("of the callback")
    f = activ.Function(raising(error))
    out = np.zeros_like(X)
    for call in (lambda: f(X, out=out), lambda: f.backward(X, X)):
        with pytest.raises(KeyError) as caught:
            call()
        assert caught.value is error
    assert np.isnan(out).all()
    g = activ.Graph()
    g.mse(g.apply(g.linear(g.input(9), 9), raising(error, "backward")))
    g.compile(1)
    g.init(1)
    assert g.forward(X[None]).shape == (1, 9)
    with pytest.raises(KeyError):
        g.train(X[None], X[None])
    assert g.forward(X[None]).shape == (1, 9)  # and it is not raised twice
    with pytest.raises(KeyboardInterrupt):
        activ.Function(raising(KeyboardInterrupt()))(X)


def test_exceptions_of_a_pools_threads():
    x = np.ones(300_000, np.float32)
    with activ.Context(threads=2) as context:
        f = activ.Function(raising(OSError("in a thread")), context=context)
    for _ in range(3):
        with pytest.raises(OSError, match="in a thread"):
            f(x)


def test_exceptions_reach_the_thread_that_called():
    def forward(x, params):
        if x[0] < 0:
            raise ValueError("negative")
        return x

    f = activ.Function(activ.Custom("picky", forward, lambda x, dy, params: dy))
    caught = {-1: 0, 1: 0}

    def work(sign):
        x = np.full(3, sign, np.float32)
        for _ in range(200):
            try:
                f(x)
            except ValueError:
                caught[sign] += 1

    threads = [threading.Thread(target=work, args=(sign,)) for sign in caught]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert caught == {-1: 200, 1: 0}


@pytest.mark.parametrize(
    "forward, kind, words",
    [
        (lambda x, p: x.astype(np.float64), TypeError, "float64"),
        (lambda x, p: x[1:], ValueError, "shape"),
        (lambda x, p: None, TypeError, "forward"),
        (lambda x: x, TypeError, "argument"),
    ],
)
def test_wrong_results_are_refused(forward, kind, words):
    with pytest.raises(kind, match=words):
        activ.Function(activ.Custom("wrong", forward, lambda x, dy, p: dy))(X)


@pytest.mark.parametrize(
    "backward, kind, words",
    [
        (lambda x, dy, p: dy, TypeError, "sums"),
        (lambda x, dy, p: (dy, [1, 2]), ValueError, "sums of shape"),
        (lambda x, dy, p: (dy[1:], [1]), ValueError, "shape"),
    ],
)
def test_wrong_gradients_are_refused(backward, kind, words):
    with pytest.raises(kind, match=words):
        activ.Function(activ.Custom("wrong", lambda x, p: x, backward, [1.0])).backward(
            X, X, dparams=np.zeros(1, np.float32)
        )


def test_wrong_definitions_are_refused():
    for kind, call in (
        (TypeError, lambda: activ.Custom("f", None, lambda x, dy, p: dy)),
        (TypeError, lambda: activ.Custom(5, len, len)),
        (TypeError, lambda: activ.Custom("f", len, len, lambda seed: [1])),
        (ValueError, lambda: activ.Custom("f", len, len, [[1.0]])),
        (ValueError, lambda: activ.Custom("f", len, len, [0.0] * 49)),
        (activ.Error, lambda: activ.Function(activ.Custom("gelu", len, len))),
        (activ.Error, lambda: activ.Function(activ.Custom("1st", len, len))),
        (activ.Error, lambda: activ.Context(functions=[activ.Custom("gelu", len, len)])),
        (ValueError, lambda: activ.Context(functions=[slope(), slope()])),
    ):
        with pytest.raises(kind):
            call()


def test_callables_live_as_long_as_they_are_needed():
    custom = slope()
    alive = weakref.ref(custom)
    g = activ.Graph()
    g.mse(g.apply(g.linear(g.input(9), 9), custom))
    del custom
    gc.collect()
    g.compile(1)
    g.init(1)
    assert alive() is not None and g.forward(X[None]).shape == (1, 9)
    del g
    gc.collect()
    assert alive() is None


def test_arrays_of_a_callback_may_be_kept():
    kept = []
    f = activ.Function(activ.Custom("keeps", lambda x, p: kept.append(x) or x, lambda x, dy, p: dy))
    f(X)
    f(X + 1)
    gc.collect()
    assert np.array_equal(kept[0], X)


def test_log():
    lines = []
    context = activ.Context(log=lambda status, line: lines.append((status, line)))
    with pytest.raises(activ.Error):
        activ.Function("gelo", context=context)
    assert len(lines) == 1 and lines[0][0] == 3 and "gelo" in lines[0][1]

    def broken(status, line):
        raise LookupError(line)

    with pytest.raises(LookupError, match="gelo"):
        activ.Function("gelo", context=activ.Context(log=broken))


def test_a_step_of_ones_own_after_an_exception():
    """The input of a forward_train that a callback broke off is still there for backward."""
    fail = []

    def forward(x, params):
        if fail:
            raise LookupError("broken off")
        return x

    g = activ.Graph()
    g.apply(g.linear(g.input(1000), 1000), activ.Custom("fails", forward, lambda x, dy, params: dy))
    g.compile(64)
    g.init(1)
    g.forward_train(np.ones((64, 1000), np.float32))
    fail.append(True)
    with pytest.raises(LookupError):
        g.forward_train(np.ones((64, 1000), np.float32))
    gc.collect()
    junk = [np.full((64, 1000), 7, np.float32) for _ in range(8)]
    g.backward(np.ones((64, 1000), np.float32))
    assert (g.gradients()["layers.0.weight"] == 64).all() and junk


def test_sums_without_parameters_are_refused_in_words():
    square = activ.Function(activ.Custom("square", lambda x, p: x * x, lambda x, dy, p: (2 * x * dy, [])))
    x = np.ones(3, np.float32)
    with pytest.raises(TypeError, match="square's backward has to return dx alone"):
        square.backward(x, x)

"""The GIL is released, functions are shared, and what one thread at a time may use refuses a second."""
import threading
import time

import pytest

np = pytest.importorskip("numpy", reason="NumPy is missing: apt-get install python3-numpy")

import activ  # noqa: E402
from activ._library import lib  # noqa: E402


def test_the_gil_is_released():
    """While one thread computes, another runs Python: it counts on, as fast as beside a thread that sleeps.

    The call is long against the interpreter's switch interval, 5 ms, which the counting thread may have after
    it.
    """
    f = activ.Function("staf(tau=400)")
    x = np.linspace(-3, 3, 100_000, dtype=np.float32)
    while True:
        started = time.perf_counter()
        f(x)
        if time.perf_counter() - started > 0.15:
            break
        x = np.concatenate([x, x])
    counted, stop = [0], threading.Event()

    def count():
        while not stop.is_set():
            counted[0] += 1

    def rate(work):
        before, started = counted[0], time.perf_counter()
        work()
        return (counted[0] - before) / (time.perf_counter() - started)

    thread = threading.Thread(target=count)
    thread.start()
    shares = []
    try:
        for _ in range(10):  # on a busy machine the one or the other thread may just not run
            shares.append(rate(lambda: f(x)) / max(rate(lambda: time.sleep(0.1)), 1))
            if shares[-1] > 0.2:
                break
    finally:
        stop.set()
        thread.join()
    assert max(shares) > 0.2, shares


def test_the_gil_is_released_for_a_pools_threads():
    """They call Python while the caller waits for them in C: with the GIL kept, neither would go on."""
    seen = set()

    def note(x, p):
        seen.add(threading.get_ident())
        time.sleep(0.002)  # on a busy machine the other thread needs a moment to begin
        return x

    f = activ.Custom("seen", note, lambda x, dy, p: dy)
    with activ.Context(threads=2) as context:
        g = activ.Function(f, context=context)
    for _ in range(100):
        g(np.ones(400_000, np.float32))
        if len(seen) > 1:
            break
    assert len(seen) > 1


def test_two_calls_at_the_same_time():
    """Both are inside of the library at once: callbacks wait for each other, which needs two threads
    there."""
    barrier = threading.Barrier(2, timeout=30)

    def forward(x, params):
        barrier.wait()
        return x

    f = activ.Function(activ.Custom("meet", forward, lambda x, dy, params: dy))
    x = np.ones(4, np.float32)
    threads = [threading.Thread(target=f, args=(x,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not barrier.broken and not any(thread.is_alive() for thread in threads)


@pytest.mark.parametrize("spec", ["gelu", "staf(tau=5)", "softmax", "swiglu", "moe(relu, tanh)"])
def test_one_function_many_threads(spec):
    f = activ.Function(spec)
    params = f.parameters(1)
    inputs = [activ.random.normal((37, 64 + 2 * i), 1, i) for i in range(16)]
    wanted = [f(x, params=params) for x in inputs]
    wrong = []

    def work(offset):
        for turn in range(60):
            i = (turn + offset) % len(inputs)
            if not np.array_equal(f(inputs[i], params=params), wanted[i]):
                wrong.append(i)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def network(context=None):
    g = activ.Graph(context=context)
    x = g.apply(g.linear(g.input(8), 16), "mish")
    g.cross_entropy(g.linear(x, 3))
    g.compile(64)
    g.init(1)
    return g


def test_predictions_at_the_same_time():
    g = network()
    x = activ.random.normal((500, 8), 1)
    wanted, wrong = g.predict(x), []

    def work():
        workspace = g.workspace(16)
        for _ in range(30):
            if not np.array_equal(g.predict(x, workspace=workspace), wanted):
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_second_user_of_a_graph_is_refused():
    """From another thread, and from a callback of the graph's own call."""
    inside, leave = threading.Event(), threading.Event()
    refused = []

    def forward(x, params):
        try:
            g.train(np.zeros((1, 4), np.float32), [0])
        except RuntimeError as error:
            refused.append(str(error))
        inside.set()
        leave.wait(30)
        return x

    g = activ.Graph()
    g.cross_entropy(g.apply(g.linear(g.input(4), 4), activ.Custom("wait", forward, lambda x, dy, params: dy)))
    g.compile(4)
    g.init(1)
    sgd = activ.SGD(g)
    x = np.zeros((2, 4), np.float32)
    thread = threading.Thread(target=g.forward, args=(x,))
    thread.start()
    assert inside.wait(30)
    for use in (lambda: g.forward(x), lambda: g.predict(x), lambda: sgd.step(), lambda: g.init(2)):
        with pytest.raises(RuntimeError, match="the graph is in use"):
            use()
    leave.set()
    thread.join()
    assert refused and "in use" in refused[0]
    sgd.step()


def in_another_thread(function):
    """What it raised there; None if nothing."""
    raised = []

    def run():
        try:
            function()
            raised.append(None)
        except Exception as exception:
            raised.append(exception)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    return raised[0]


def test_nodes_that_another_thread_builds(monkeypatch):
    """They move in memory: who looks at them meanwhile is refused, and who builds while another looks."""
    g = activ.Graph()
    x = g.linear(g.input(4), 4)
    looks = {
        "node_info": lambda: g.node_info(x),
        "node": lambda: g.node("input"),
        "node_function": lambda: g.node_function(x),
        "forward": lambda: g.forward(np.zeros((1, 4), np.float32)),
        "layer": lambda: g.layer(x),
    }
    builds = {
        "linear": lambda: g.linear(x, 4),
        "set_name": lambda: g.set_name(x, "other"),
        "apply": lambda: g.apply(x, activ.Custom("own", lambda x, p: x, lambda x, dy, p: dy)),
        "compile": lambda: g.compile(4),
    }
    seen = {}

    def during(name, call, others):
        """Calls the others in another thread while C works."""
        with monkeypatch.context() as patch:
            real = getattr(lib, name)

            def slow(*arguments):
                patch.undo()
                seen.update({what: in_another_thread(other) for what, other in others.items()})
                return real(*arguments)

            patch.setattr(lib, name, slow)
            call()

    def refused(what):
        return isinstance(seen[what], RuntimeError) and "in use" in str(seen[what])

    for name in ("linear", "set_name"):
        during(f"activ_graph_{name}", builds[name], looks)
        assert all(map(refused, looks)), seen
    during("activ_graph_node_info", looks["node_info"], {**builds, "look": looks["node_info"]})
    assert all(map(refused, builds)) and seen["look"] is None, seen
    g.compile(4)
    during("activ_graph_forward", looks["forward"], {"look": looks["node_info"], "layer": looks["layer"]})
    assert seen["look"] is None and seen["layer"] is None  # they stay now


def test_closing_while_another_thread_works():
    """The memory lives until the call returns."""
    f = activ.Function("staf(tau=25)")
    x = np.linspace(-3, 3, 200_000, dtype=np.float32)
    wanted = f(x)
    found = []
    threads = [threading.Thread(target=lambda: found.append(f(x))) for _ in range(2)]
    for thread in threads:
        thread.start()
    f.close()
    for thread in threads:
        thread.join()
    # A thread that came too late got ValueError, and appended nothing.
    assert all(np.array_equal(y, wanted) for y in found)


def test_training_with_a_pool_gives_the_same_bits():
    results = []
    for threads in (1, 2, 3):
        with activ.Context(threads=threads) as context:
            g = network(context)
        sgd = activ.SGD(g, lr=0.1, momentum=0.9)
        x = activ.random.normal((64, 8), 3)
        labels = (activ.random.permutation(64, 1) % 3).astype(np.int32)
        for _ in range(5):
            g.train(x, labels)
            sgd.step()
        results.append(g.params.copy())
    assert np.array_equal(results[0], results[1]) and np.array_equal(results[0], results[2])

"""Bad arguments: an exception that names the thing, and nothing else happens."""
import copy
import pickle

import pytest

np = pytest.importorskip("numpy", reason="NumPy is missing: apt-get install python3-numpy")

import activ  # noqa: E402

X = np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)
gelu = activ.Function("gelu")
softmax = activ.Function("softmax")
swiglu = activ.Function("swiglu")
staf = activ.Function("staf(tau=4)")
channels = activ.Function("prelu(num_parameters=3)")
read_only = X.copy()
read_only.flags.writeable = False
NAN = float("nan")


def graph(compiled=True):
    g = activ.Graph()
    x = g.apply(g.linear(g.input(4), 5), "relu")
    g.cross_entropy(g.linear(x, 3))
    if compiled:
        g.compile(8)
        g.init(1)
    return g


def test_error_has_status_and_name():
    with pytest.raises(activ.Error) as caught:
        activ.Function("gelo")
    error = caught.value
    assert error.status == 3 and error.name == "ACTIV_ERROR_UNKNOWN_NAME"
    assert "gelo" in str(error) and "gelu" in str(error) and isinstance(error, ValueError)
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error) and again.status == error.status and type(again) is type(error)


FUNCTIONS = [
    # Types
    (TypeError, r"float64.*\.astype", lambda: gelu(X.astype(np.float64))),
    (TypeError, r"float64.*\.astype", lambda: gelu(np.float64(1))),
    (TypeError, r"x is a list.*numpy\.asarray\(x, ", lambda: gelu([1.0, 2.0])),
    (TypeError, r"x is a float.*numpy\.asarray\(x, ", lambda: gelu(1.0)),
    (TypeError, "int64", lambda: gelu(np.arange(3))),
    (TypeError, "longdouble|float128", lambda: gelu(X.astype(np.longdouble))),
    (TypeError, "complex", lambda: gelu(X.astype(np.complex64))),
    (TypeError, ">f4", lambda: gelu(X.astype(">f4"))),
    (TypeError, "object|no array", lambda: gelu(None)),
    (TypeError, "<U5|no array", lambda: gelu("array")),
    (TypeError, "masked", lambda: gelu(np.ma.masked_array(X))),
    (TypeError, "dy .*float64", lambda: gelu.backward(X, X.astype(np.float64))),
    (TypeError, "params .*float64", lambda: staf(X, params=np.zeros(12))),
    (TypeError, "spec", lambda: activ.Function(5)),
    (TypeError, "spec", lambda: activ.Function(b"gelu")),
    (TypeError, "context", lambda: activ.Function("gelu", context="avx2")),
    (TypeError, "no gated", lambda: gelu(X, X)),
    (ValueError, "gate_first", lambda: gelu(X, gate_first=True)),
    (ValueError, "gate_first", lambda: swiglu.backward(X, X, X, gate_first=True)),
    (TypeError, "y, the function's result", lambda: gelu.backward(None, X)),
    (TypeError, "accumulate", lambda: gelu.backward(X, X, accumulate=True)),
    (TypeError, "seed", lambda: staf.parameters(NAN)),
    (TypeError, "seed", lambda: staf.parameters(1.0)),
    (TypeError, "seed", lambda: staf.parameters("1")),
    (TypeError, "seed", lambda: staf.parameters(True)),
    (TypeError, "pair", lambda: swiglu.backward(X, X, X, out=X.copy())),
    # out
    (TypeError, "out .*list", lambda: gelu(X, out=[0.0])),
    (TypeError, "out .*float64", lambda: gelu(X, out=np.empty((3, 4)))),
    (ValueError, r"out has shape \(4, 3\)", lambda: gelu(X, out=np.empty((4, 3), np.float32))),
    (ValueError, "out is read-only", lambda: gelu(X, out=read_only)),
    (ValueError, "out is not contiguous", lambda: gelu(X, out=np.empty((3, 4), np.float32)[:, ::-1])),
    (ValueError, "out is not contiguous", lambda: gelu(X, out=np.empty((4, 3), np.float32).T)),
    (ValueError, "out is not contiguous", lambda: gelu(X, out=np.empty((3, 8), np.float32)[:, ::2])),
    (ValueError, "dparams has shape", lambda: staf.backward(X, X, dparams=np.zeros(3, np.float32))),
    (ValueError, "dparams is read-only", lambda: staf.backward(X, X, dparams=read_only.reshape(-1))),
    # Shapes
    (ValueError, "dy has shape", lambda: gelu.backward(X, X[:2])),
    (ValueError, "params has shape", lambda: staf(X, params=np.zeros(11, np.float32))),
    (ValueError, "gate has shape", lambda: swiglu(X, X[:2])),
    (ValueError, "no halves", lambda: swiglu(X, axis=0)),
    (ValueError, "no halves", lambda: swiglu(X[0, 0])),
    (ValueError, "axis is 2", lambda: softmax(X, axis=2)),
    (ValueError, "without dimensions", lambda: softmax(X[0, 0])),
    (ValueError, "no use for axis", lambda: gelu(X, axis=0)),
    (ValueError, "two arrays", lambda: swiglu(X, X, axis=0)),
    (ValueError, "channels", lambda: channels(X)),
    (ValueError, "axis 1", lambda: channels(X[0])),
    (ValueError, "noise has shape", lambda: gelu.backward(X, X, noise=X[0])),
    (ValueError, "not elementwise", lambda: softmax.train(X, 1)),
    (ValueError, "seed is -1", lambda: staf.parameters(-1)),
    (ValueError, "seed", lambda: staf.parameters(2**64)),
    (ValueError, "zero byte", lambda: activ.Function("ge\0lu")),
    (ValueError, "Bogus", lambda: staf.pack({"C": np.zeros(4, np.float32), "Bogus": X})),
    (ValueError, "missing: Omega, Phi", lambda: staf.pack({"C": np.zeros(4, np.float32)})),
    (
        ValueError,
        "C has 3 values",
        lambda: staf.pack({n: np.zeros(3, np.float32) for n in ("C", "Omega", "Phi")}),
    ),
    # The library's
    (activ.Error, "overlap", lambda: (lambda a: gelu(a[1:], out=a[:-1]))(np.zeros(10, np.float32))),
    (activ.Error, "expected at the end", lambda: activ.Function("gelu(")),
    (activ.Error, "alhpa", lambda: activ.Function("elu(alhpa=1)")),
    (activ.Error, "tau has", lambda: activ.Function("staf(tau=0)")),
    (activ.Error, "x is NULL", lambda: gelu.backward(None, X, y=X)),
    (activ.Error, "softmax is not elementwise", lambda: activ.Function("gated(softmax)")),
    (activ.Error, "mega", lambda: activ.Context(max_tier="mega")),
    (activ.Error, "256 threads", lambda: activ.Context(threads=300)),
    (TypeError, "threads", lambda: activ.Context(threads=1.5)),
    (ValueError, "threads", lambda: activ.Context(threads=-1)),
    (TypeError, "log", lambda: activ.Context(log="print")),
    (TypeError, "Custom", lambda: activ.Context(functions=["gelu"])),
]


@pytest.mark.parametrize("number", range(len(FUNCTIONS)))
def test_function(number):
    kind, words, call = FUNCTIONS[number]
    with pytest.raises(kind, match=words):
        call()


def with_node(call):
    g = graph(compiled=False)
    return call(activ.Graph(), g.nodes[0])


LABELS = np.array([0, 1, 2])
GRAPHS = [
    (TypeError, "features|shape", lambda: activ.Graph().input(NAN)),
    (TypeError, "whole number", lambda: activ.Graph().input(784.0)),
    (ValueError, "-1", lambda: activ.Graph().input(-1)),
    (activ.Error, "dimension is 0", lambda: activ.Graph().input(0)),
    (TypeError, "Node", lambda: activ.Graph().linear(0, 3)),
    (ValueError, "another graph", lambda: with_node(lambda g, node: g.linear(node, 3))),
    (TypeError, "out_features", lambda: (lambda g: g.linear(g.input(3), NAN))(activ.Graph())),
    (activ.Error, "dimension is 0", lambda: (lambda g: g.linear(g.input(3), 0))(activ.Graph())),
    (activ.Error, "has an input already", lambda: (lambda g: (g.input(3), g.input(3)))(activ.Graph())),
    (activ.Error, "gelo", lambda: (lambda g: g.apply(g.input(3), "gelo"))(activ.Graph())),
    (activ.Error, "gated function", lambda: (lambda g: g.apply(g.input(3), "swiglu"))(activ.Graph())),
    (activ.Error, "p is not", lambda: (lambda g: g.dropout(g.input(3), 2))(activ.Graph())),
    (TypeError, "p is", lambda: (lambda g: g.dropout(g.input(3), "half"))(activ.Graph())),
    (
        ValueError,
        "weight has shape",
        lambda: (lambda g: g.cross_entropy(g.input(3), weight=X[0]))(activ.Graph()),
    ),
    (activ.Error, "compiled already", lambda: (lambda g: g.linear(g.nodes[0], 3))(graph())),
    (activ.Error, "no layers", lambda: activ.Graph().compile(3)),
    (TypeError, "max_batch", lambda: graph(False).compile(NAN)),
    (TypeError, "max_batch", lambda: graph(False).compile("8")),
    (activ.Error, "compiled already", lambda: graph().compile(8)),
    (activ.Error, "no layers", lambda: activ.Graph().forward(X)),
    (activ.Error, "compile", lambda: graph(False).forward(X)),
    (activ.Error, "not compiled", lambda: graph(False).params),
    (activ.Error, "compile", lambda: graph(False).init(1)),
    (TypeError, "float64", lambda: graph().forward(X.astype(float))),
    (ValueError, "x has shape", lambda: graph().forward(X[:, :3])),
    (ValueError, "x has shape", lambda: graph().forward(X[0])),
    (activ.Error, "batch is 9", lambda: graph().forward(np.zeros((9, 4), np.float32))),
    (activ.Error, "batch is 0", lambda: graph().forward(np.zeros((0, 4), np.float32))),
    (TypeError, "labels .*float64", lambda: graph().train(X, [0.0, 1.0, 2.0])),
    (ValueError, "labels has shape", lambda: graph().train(X, [0, 1])),
    (ValueError, "int32", lambda: graph().train(X, np.array([0, 1, 2**40]))),
    (activ.Error, "3", lambda: graph().train(X, [0, 1, 3])),
    (ValueError, "out has shape", lambda: graph().forward(X, out=np.empty((3, 4), np.float32))),
    (ValueError, "dy has shape", lambda: graph().backward(X)),
    (activ.Error, "forward_train", lambda: graph().backward(np.zeros((3, 3), np.float32))),
    (activ.Error, "max_norm", lambda: graph().clip_grad_norm(-1)),
    (TypeError, "max_norm", lambda: graph().clip_grad_norm("1")),
    (KeyError, "nothing", lambda: graph().node("nothing")),
    (
        ValueError,
        "workspace is read-only|type",
        lambda: graph().predict(X, workspace=np.frombuffer(b"123", np.uint8)),
    ),
    (TypeError, "workspace", lambda: graph().predict(X, workspace=X)),
    (activ.Error, "workspace", lambda: graph().predict(X, workspace=np.empty(1, np.uint8))),
    (activ.Error, "overflows", lambda: graph().workspace(2**63)),
    (activ.Error, "not compiled", lambda: graph(False).workspace()),
    (TypeError, "whole number", lambda: graph(False).compile(np.bool_(True))),
    (TypeError, "whole number", lambda: graph(False).compile(np.array(True))),
    (ValueError, "node's index", lambda: (lambda g: g.node_info(activ.Node(g, 2**32)))(graph())),
    (activ.Error, "", lambda: (lambda g: g.node_info(activ.Node(g, -1)))(graph())),
    (ValueError, "too large", lambda: graph().clip_grad_norm(10**400)),
    (TypeError, "names is a list", lambda: graph().load_params("/tmp/never", names=["layers."])),
    (TypeError, "names is a str", lambda: graph().save_params("/tmp/never", names="layers.")),
    (ValueError, "no scheme", lambda: graph().init_weights("he")),
    (TypeError, "scheme", lambda: graph().init_weights(1)),
    (TypeError, "lr", lambda: activ.SGD(graph(), lr="0.1")),
    (activ.Error, "lr", lambda: activ.SGD(graph(), lr=-1)),
    (activ.Error, "lr", lambda: activ.SGD(graph(), lr=NAN)),
    (activ.Error, "not compiled", lambda: activ.SGD(graph(False))),
    (TypeError, "Graph", lambda: activ.SGD("graph")),
    (TypeError, "betas", lambda: activ.AdamW(graph(), betas=0.9)),
    (KeyError, "nothing", lambda: activ.SGD(graph()).set_tensor("nothing", lr_scale=0)),
    (activ.Error, "tensor 99", lambda: activ.SGD(graph()).set_tensor(99, lr_scale=0)),
    (activ.Error, "missing.safetensors", lambda: activ.load("/nowhere/missing.safetensors")),
    (TypeError, "path|str", lambda: activ.load(5)),
    (ValueError, "zero byte", lambda: activ.load("a\0b")),
    (activ.Error, "nowhere", lambda: graph().save("/nowhere/net.safetensors")),
    (TypeError, "Optimizer", lambda: graph().save_training("/tmp/never", None)),
    (activ.Error, "no bins", lambda: activ.Histogram(0, 0, 1)),
    (activ.Error, "edges", lambda: activ.Histogram(5, 1, 0)),
    (TypeError, "bins", lambda: activ.Histogram(NAN, 0, 1)),
    (TypeError, "low", lambda: activ.Histogram(5, "0", 1)),
    (TypeError, "x is a list", lambda: activ.Stats().add([1.0])),
    (TypeError, "merges its like", lambda: activ.Stats().merge(activ.Quantiles())),
    (activ.Error, "precision of 99", lambda: activ.Quantiles(precision=99)),
    (activ.Error, "1.5", lambda: activ.Quantiles()(1.5)),
    (ValueError, "values has shape", lambda: activ.Neurons(3).add(X)),
    (activ.Error, "no inputs", lambda: activ.Neurons(3).dead()),
    (activ.Error, "0 neurons", lambda: activ.Neurons(0)),
    (activ.Error, "other arguments", lambda: activ.Neurons(3).merge(activ.Neurons(4))),
    (activ.Error, "not compiled", lambda: activ.GraphNeurons(graph(False))),
    (activ.Error, "no values", lambda: activ.GraphNeurons(graph()).add()),
    (activ.Error, "not elementwise", lambda: activ.surface("softmax")),
    (activ.Error, "two points", lambda: activ.surface("gelu", n=1)),
    (TypeError, "n is", lambda: activ.random.permutation(NAN, 1)),
    (activ.Error, "from 1 to 0", lambda: activ.random.uniform(3, 1, low=1, high=0)),
    (activ.Error, "deviation -1", lambda: activ.random.normal(3, 1, deviation=-1)),
    (activ.Error, "two dimensions", lambda: activ.init.tensor("orthogonal", (3,))),
    (TypeError, "mapping", lambda: activ.save_file([X], "/tmp/never")),
    (TypeError, "complex64", lambda: activ.save_file({"a": X.astype(np.complex64)}, "/tmp/never")),
    (activ.Error, "header", lambda: activ.File(b"not a file")),
    (TypeError, "dtype", lambda: activ.Tensor((2,), "complex64")),
    (ValueError, "-2", lambda: activ.Tensor((-2,))),
    (TypeError, "whole number", lambda: activ.Tensor((NAN,))),
    (activ.Error, "8 dimensions", lambda: activ.Tensor((1,) * 9)),
    (activ.Error, "overflows", lambda: activ.Tensor((2**40, 2**40))),
    (ValueError, "strides", lambda: activ.Tensor.view(X[::-1])),
    (TypeError, "complex64", lambda: activ.Tensor.view(X.astype(np.complex64))),
    (activ.Error, "number of elements", lambda: activ.Tensor((2, 3)).reshape(7)),
    (ValueError, "dim", lambda: activ.Tensor((2, 3)).transpose(0, 2)),
    (activ.Error, "fewer entries", lambda: activ.Tensor((2, 3)).narrow(0, 1, 2)),
    (TypeError, "activ.Tensor", lambda: activ.Tensor(()).copy_from(X)),
]


@pytest.mark.parametrize("number", range(len(GRAPHS)))
def test_everything_else(number):
    kind, words, call = GRAPHS[number]
    with pytest.raises(kind, match=words):
        call()


def test_a_refused_call_changes_nothing():
    g = graph()
    before = g.params.copy()
    for bad in ([0, 1, 3], [0, 1, -1]):
        with pytest.raises(activ.Error):
            g.train(X, bad)
    assert np.array_equal(g.params, before)
    out = np.full((2, 3), 7, np.float32)
    with pytest.raises(TypeError):
        gelu(X.astype(np.float64), out=out)
    assert (out == 7).all()


CLOSED = {
    "graph": (
        lambda: graph(),
        ("params", "grads", "nodes", "seed", "param_count", "max_batch", "input_node"),
        (
            lambda g: g.train(X, LABELS),
            lambda g: g.forward(X),
            lambda g: g.predict(X),
            lambda g: g.init(1),
            lambda g: g.input(3),
            lambda g: g.compile(3),
            lambda g: g.save("/tmp/never"),
            lambda g: activ.SGD(g),
            lambda g: g.layer("layers.0"),
            lambda g: activ.GraphNeurons(g),
            lambda g: g.memory_bytes(3),
            lambda g: g.clip_grad_value(1),
            lambda g: g.load_params("/tmp/never"),
        ),
    ),
    "optimizer": (
        lambda: activ.SGD(graph()),
        ("steps", "lr"),
        (lambda o: o.step(), lambda o: o.get_tensor(0)),
    ),
    "tensor": (
        lambda: activ.Tensor((2, 3)),
        ("shape", "strides", "dtype", "size", "ndim", "contiguous", "read_only"),
        (
            lambda t: t.numpy(),
            lambda t: t.reshape(6),
            lambda t: t.__dlpack_device__(),
            lambda t: len(t),
            lambda t: t.__dlpack__(),
        ),
    ),
    "histogram": (
        lambda: activ.Histogram(3, 0, 1),
        ("counts", "edges", "total"),
        (lambda h: h.add(X), lambda h: h.reset()),
    ),
    "stats": (lambda: activ.Stats(), ("summary", "mean"), (lambda s: s.add(X),)),
    "quantiles": (lambda: activ.Quantiles(), ("count", "nans"), (lambda q: q.add(X), lambda q: q(0.5))),
    "neurons": (
        lambda: activ.Neurons(4),
        ("active", "peaks", "width"),
        (lambda n: n.add(X), lambda n: n.dead()),
    ),
    "neurons of a graph": (lambda: activ.GraphNeurons(graph()), (), (lambda n: n.add(), len, lambda n: n[0])),
    "context": (
        lambda: activ.Context(),
        ("tier",),
        (lambda c: activ.Function("gelu", context=c), lambda c: activ.Graph(context=c)),
    ),
}


@pytest.mark.parametrize("kind", sorted(CLOSED))
def test_closed(kind):
    make, properties, calls = CLOSED[kind]
    thing = make()
    thing.close()
    thing.close()
    assert thing.closed and repr(thing)
    for name in properties:
        with pytest.raises(ValueError, match=f"the {kind} is closed"):
            getattr(thing, name)
    for call in calls:
        with pytest.raises(ValueError, match=f"the {kind} is closed"):
            call(thing)
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(thing)


def test_a_graph_that_is_to_be_copied_names_the_way():
    for copying in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="Graph.save.*activ.load"):
            copying(graph())


def test_files_that_cannot_be_read_are_os_errors_too(tmp_path):
    network = graph()
    for wrong in (
        lambda: activ.load(tmp_path / "none.safetensors"),
        lambda: activ.load_file(tmp_path / "none.safetensors"),
        lambda: network.save(tmp_path / "none" / "net.safetensors"),
    ):
        with pytest.raises(OSError, match="No such file") as caught:
            wrong()
        assert isinstance(caught.value, activ.FileError) and caught.value.name == "ACTIV_ERROR_IO"
        again = pickle.loads(pickle.dumps(caught.value))
        assert type(again) is activ.FileError and str(again) == str(caught.value)
    (tmp_path / "malformed").write_bytes(b"no safetensors file, this")
    with pytest.raises(activ.Error) as caught:
        activ.load(tmp_path / "malformed")
    assert not isinstance(caught.value, OSError)

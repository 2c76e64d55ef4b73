"""Functions on NumPy arrays."""
import copy
import math
import pickle

import pytest

np = pytest.importorskip("numpy", reason="NumPy is missing: apt-get install python3-numpy")

import activ  # noqa: E402

ELEMENTWISE = [info.name for info in activ.functions() if info.shape == "elementwise"]


def values(*shape, seed=1, stream=0):
    return activ.random.normal(shape, seed, stream)


def ulps(found, exact):
    """The error in units in the last place of a float32."""
    return np.abs(found.astype(np.float64) - exact) / np.spacing(np.abs(exact).astype(np.float32)).astype(
        np.float64
    )


def test_values_are_right():
    x = np.linspace(-8, 8, 4001, dtype=np.float32)
    wide = x.astype(np.float64)
    erf = np.vectorize(math.erf)
    for spec, exact in (
        ("sigmoid", 1 / (1 + np.exp(-wide))),
        ("tanh", np.tanh(wide)),
        ("softplus", np.log1p(np.exp(wide))),
        ("silu", wide / (1 + np.exp(-wide))),
        ("mish", wide * np.tanh(np.log1p(np.exp(wide)))),
        ("elu(alpha=0.5)", np.where(x > 0, wide, 0.5 * np.expm1(wide))),
        ("leaky_relu(negative_slope=0.25)", np.where(x > 0, wide, wide * 0.25)),
    ):
        assert ulps(activ.forward(spec, x), exact).max() < 2.2, spec
    near = x[np.abs(x) < 4]
    exact = near.astype(np.float64) * (1 + erf(near.astype(np.float64) / math.sqrt(2))) / 2
    assert ulps(activ.forward("gelu", near), exact).max() < 2.2


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_backward_is_the_derivative(name):
    """Against the slope of the function between neighbours, where it has no kink."""
    f = activ.Function(name)
    params = f.parameters(seed=2)
    x = np.linspace(-1.9, 1.9, 501, dtype=np.float32)
    h = np.float32(2.0**-8)
    slope = (f(x + h, params=params).astype(np.float64) - f(x - h, params=params)) / (2.0 * h)
    dx = f.backward(x, np.ones_like(x), params=params)
    # Kinks lie at 0 and a few other points: nearly all of the others agree.
    scale = 1 + np.abs(dx).max()
    close = np.abs(dx - slope) < 0.02 * scale
    assert close.mean() > 0.97, (name, np.abs(dx - slope).max())


@pytest.mark.parametrize(
    "name", [i.name for i in activ.functions() if i.trainable and i.shape == "elementwise"]
)
def test_gradients_of_parameters(name):
    """Against differences of the sum over all elements."""
    f = activ.Function(name)
    x, dy = values(300), values(300, stream=1)
    params = f.parameters(seed=3)
    dparams = np.zeros(f.param_count, np.float32)
    f.backward(x, dy, params=params, dparams=dparams)

    def total(p):
        return float((f(x, params=p).astype(np.float64) * dy).sum())

    for i in range(0, f.param_count, max(1, f.param_count // 5)):
        h = np.float32(2.0**-7)
        up, down = params.copy(), params.copy()
        up[i] += h
        down[i] -= h
        slope = (total(up) - total(down)) / (float(up[i]) - float(down[i]))
        assert dparams[i] == pytest.approx(slope, rel=0.03, abs=0.2), (name, i)
    again = dparams.copy()
    f.backward(x, dy, params=params, dparams=again)
    assert np.allclose(again, 2 * dparams, rtol=1e-5)  # added to


def test_shapes_and_strides():
    f = activ.Function("mish")
    x = values(4, 5, 6)
    whole = f(x)
    assert whole.shape == (4, 5, 6) and whole.dtype == np.float32
    for view in (x.T, x[::2], x[:, ::-1], x[..., 1:4], np.broadcast_to(x[:1], x.shape)):
        assert np.array_equal(f(view), f(np.ascontiguousarray(view)))
    assert np.array_equal(f(x[1, 2, 3]), whole[1, 2, 3]) and f(x[1, 2, 3]).shape == ()
    assert f(np.empty((3, 0), np.float32)).shape == (3, 0)
    assert f.backward(np.empty(0, np.float32), np.empty(0, np.float32)).shape == (0,)
    odd = np.frombuffer(b"\0" + x.tobytes(), np.uint8)[1:].view(np.float32).reshape(x.shape)
    assert not odd.flags.aligned and np.array_equal(f(odd), whole)


def test_out():
    f = activ.Function("gelu")
    x, dy = values(7, 3), values(7, 3, stream=1)
    out = np.full_like(x, 9)
    assert f(x, out=out) is out and np.array_equal(out, f(x))
    assert f.backward(x, dy, out=out) is out and np.array_equal(out, f.backward(x, dy))
    in_place = x.copy()
    f(in_place, out=in_place)
    assert np.array_equal(in_place, f(x))
    in_place = dy.copy()
    f.backward(x, in_place, out=in_place)
    assert np.array_equal(in_place, f.backward(x, dy))
    total = np.ones_like(x)
    f.backward(x, dy, out=total, accumulate=True)
    assert np.array_equal(total, 1 + f.backward(x, dy))


def test_what_is_contiguous_is_not_copied(monkeypatch):
    seen = []
    plain = activ._function.run
    monkeypatch.setattr(activ._function, "run", lambda *a: (seen.append(a[3]._obj), plain(*a)))
    x, params = values(3, 4), np.ones(1, np.float32)
    out = np.empty_like(x)
    f = activ.Function("prelu")
    f(x, params=params, out=out)
    f.backward(x, x, params=params, out=out)
    for args in seen:
        assert args.x == x.ctypes.data and args.params == params.ctypes.data
    assert seen[0].y == seen[1].dx == out.ctypes.data and seen[1].dy == x.ctypes.data


def test_rows():
    f = activ.Function("softmax")
    x, dy = values(3, 4, 5), values(3, 4, 5, stream=1)
    wide = np.exp(x.astype(np.float64))
    for axis in (-1, 0, 1, 2, -3):
        exact = wide / wide.sum(axis, keepdims=True)
        y = f(x, axis=axis)
        assert np.abs(y - exact).max() < 1e-6
        dx = f.backward(x, dy, axis=axis)
        assert np.abs(dx - exact * (dy - (dy * exact).sum(axis, keepdims=True))).max() < 1e-6
        out = np.empty_like(x)
        assert f(x, axis=axis, out=out) is out and np.array_equal(out, y)
        total = np.ones_like(x)
        f.backward(x, dy, axis=axis, out=total, accumulate=True)
        assert np.allclose(total, 1 + dx)
        assert np.allclose(f.backward(None, dy, axis=axis, y=y), dx, atol=1e-6)
    assert np.array_equal(f(x), f(x, axis=-1))
    assert f(np.empty((0, 4), np.float32)).shape == (0, 4)


def test_gated():
    f, silu = activ.Function("swiglu"), activ.Function("silu")
    value, gate = values(3, 4), values(3, 4, stream=1)
    y = f(value, gate)
    assert np.allclose(y, value * silu(gate), rtol=1e-6)
    for axis in (0, 1, -1):
        both = np.concatenate([value, gate], axis)
        assert np.array_equal(f(both, axis=axis), y)
        turned = np.concatenate([gate, value], axis)
        assert np.array_equal(f(turned, axis=axis, gate_first=True), y)
        dy = values(3, 4, stream=2)
        dvalue, dgate = f.backward(value, dy, gate)
        assert np.array_equal(f.backward(both, dy, axis=axis), np.concatenate([dvalue, dgate], axis))
        assert np.array_equal(
            f.backward(turned, dy, axis=axis, gate_first=True), np.concatenate([dgate, dvalue], axis)
        )
    assert np.allclose(dvalue, dy * silu(gate), rtol=1e-6)
    assert np.allclose(dgate, silu.backward(gate, dy * value), rtol=1e-5, atol=1e-7)
    out = np.empty_like(value), np.empty_like(gate)
    assert f.backward(value, dy, gate, out=out)[0] is out[0]
    prelu = activ.Function("gated(prelu(weight=0.5))")
    assert prelu.param_count == 1 and prelu.functions[0].spec == "prelu(weight=0.5)"
    dparams = np.zeros(1, np.float32)
    prelu.backward(value, dy, gate, dparams=dparams)
    assert dparams[0] == pytest.approx(float((dy * value * np.minimum(gate, 0)).sum()), rel=1e-4)


def test_channels():
    f = activ.Function("prelu(num_parameters=3)")
    x, dy = values(2, 3, 5), values(2, 3, 5, stream=1)
    params = np.array([0.1, 0.2, 0.3], np.float32)
    slope = params[None, :, None]
    assert np.array_equal(f(x, params=params), np.where(x > 0, x, slope * x))
    dparams = np.zeros(3, np.float32)
    dx = f.backward(x, dy, params=params, dparams=dparams)
    assert np.array_equal(dx, np.where(x > 0, dy, slope * dy))
    assert np.allclose(dparams, (dy * np.minimum(x, 0)).sum((0, 2)), rtol=1e-5)
    turned = np.ascontiguousarray(np.moveaxis(x, 1, -1))
    assert np.array_equal(f(turned, params=params, axis=-1), np.moveaxis(f(x, params=params), 1, -1))
    assert f.channels == 3 and f.param_count == 3


def test_training_noise():
    f = activ.Function("rrelu(lower=0.1, upper=0.4)")
    assert f.random and not activ.Function("relu").random
    x, dy = values(100, 10), values(100, 10, stream=1)
    y, noise = f.train(x, 7)
    below = x <= 0
    assert np.array_equal(noise[~below], np.ones(int((~below).sum()), np.float32))
    assert 0.1 <= noise[below].min() < 0.15 and 0.35 < noise[below].max() <= 0.4
    assert np.array_equal(y, noise * x)
    assert np.array_equal(f.backward(x, dy, noise=noise), noise * dy)
    assert np.array_equal(f.train(x, 7)[0], y) and not np.array_equal(f.train(x, 8)[0], y)
    # Element i belongs to index + i.
    assert np.array_equal(f.train(x[50:], 7, index=500)[0], y[50:])
    assert np.array_equal(f(x[below]), np.float32(0.25) * x[below])
    y, noise = activ.Function("gelu").train(x, 1)
    assert np.array_equal(y, activ.forward("gelu", x)) and (noise == 1).all()


def test_parameters_and_parts():
    f = activ.Function("staf(tau=4)")
    params = f.parameters(5)
    assert params.shape == (12,) and np.array_equal(params, f.parameters(5))
    assert not np.array_equal(params, f.parameters(6))
    parts = f.parts(params)
    assert list(parts) == ["C", "Omega", "Phi"] == [part.name for part in f.layout]
    parts["Omega"][:] = 1  # a view
    assert np.array_equal(params[4:8], np.ones(4, np.float32))
    assert np.array_equal(f.pack(parts), params)
    x = values(6).astype(np.float32)
    exact = sum(parts["C"][i] * np.sin(np.float64(parts["Omega"][i]) * x + parts["Phi"][i]) for i in range(4))
    assert np.abs(f(x, params=params) - exact).max() < 1e-5
    assert np.array_equal(f(x), f(x, params=f.parameters(0)))
    assert activ.Function("gelu").parameters().shape == (0,)


def test_what_it_is():
    f = activ.Function("  LeakyReLU( negative_slope = 0.20 ) ")
    assert f.spec == "leaky_relu(negative_slope=0.2)" and f.name == "leaky_relu" and f.shape == "elementwise"
    assert repr(f) == "activ.Function('leaky_relu(negative_slope=0.2)')"
    setting = f.settings["negative_slope"]
    assert (
        setting.kind == "real" and setting.value == 0.2 and setting.default == 0.01 and not setting.trainable
    )
    staf = activ.Function("staf(init=unit)").settings
    assert staf["tau"].value == 25 and isinstance(staf["tau"].value, int) and staf["tau"].minimum == 1
    assert staf["init"].value == "unit" and staf["init"].default == "book" and "repo" in staf["init"].words
    assert activ.Function("prelu").settings["weight"].trainable
    moe = activ.Function("moe(relu, tanh)")
    assert [inner.spec for inner in moe.functions] == ["relu", "tanh"]
    inner = moe.functions[1]
    moe.close()  # inner keeps it alive
    assert inner(np.float32([1]))[0] == pytest.approx(math.tanh(1))


FORMULA = "a*x*sigmoid(b*x) + sum(i, 1, 3, c[i]*sin(i*x)); a=1, b=1.702, c[3]=[0.5, -1, 0.25]"


def test_formula():
    f = activ.Function(FORMULA)
    assert f.spec == FORMULA and f.name == "formula" and activ.Function(f.spec).spec == f.spec
    assert [part.name for part in f.layout] == ["a", "b", "c"] and f.param_count == 5
    assert f.parameters().tolist() == [1, np.float32(1.702), 0.5, -1, 0.25]
    x, params = values(500), values(5, stream=2)
    a, b, *c = params.astype(np.float64)
    wide = x.astype(np.float64)
    exact = a * wide / (1 + np.exp(-b * wide)) + sum(c[i] * np.sin((i + 1) * wide) for i in range(3))
    assert np.abs(f(x, params=params) - exact).max() < 1e-5
    gated = activ.Function("gated((a*x; a=0.5))")
    assert gated.functions[0].spec == "a*x; a=0.5" and gated(x, x)[0] == np.float32(0.5) * x[0] * x[0]
    with pytest.raises(activ.Error, match="line 1, column 3: unknown function 'sigmiod'; is sigmoid meant"):
        activ.Function("x*sigmiod(x)")


@pytest.mark.parametrize("spec", ["mish", "staf(tau=4)", "fourier", FORMULA])
def test_derivative(spec):
    f = activ.Function(spec)
    first = f.derivative()
    second = first.derivative()
    assert first.spec == f"derivative({f.spec})" and activ.Function(first.spec).spec == first.spec
    assert first.layout == second.layout == f.layout and np.array_equal(first.parameters(), f.parameters())
    x, params = values(300), f.parameters(3) * np.float32(1.125)
    one = np.ones_like(x)
    # The bits of the catalogue's functions; in a formula, sigmoid and tanh are shared with their slopes.
    near = np.array_equal if spec != FORMULA else lambda a, b: np.allclose(a, b, atol=1e-6)
    assert near(first(x, params=params), f.backward(x, one, params=params))
    assert np.array_equal(second(x, params=params), first.backward(x, one, params=params))
    h = np.float32(2.0**-7)
    up, down = (first(x + step, params=params).astype(np.float64) for step in (h, -h))
    difference = (up - down) / ((x + h).astype(np.float64) - (x - h))
    found = second(x, params=params)
    assert np.abs(found - difference).max() < 0.01 * (1 + np.abs(found).max())


def test_derivative_by_parameters():
    """The gradients of f' against differences of it."""
    f = activ.Function(FORMULA).derivative()
    x, dy, params = values(200), values(200, stream=1), values(5, stream=2)
    dparams = np.zeros(5, np.float32)
    f.backward(x, dy, params=params, dparams=dparams)
    for i in range(5):
        totals = []
        for step in (2.0**-7, -(2.0**-7)):
            moved = params.copy()
            moved[i] += np.float32(step)
            totals.append(float((f(x, params=moved).astype(np.float64) * dy).sum()))
        assert dparams[i] == pytest.approx((totals[0] - totals[1]) * 2.0**6, rel=0.02, abs=0.02), i


def test_derivative_keeps_what_it_needs():
    x = values(100001)
    wanted = activ.Function("gelu").derivative()(x)
    with activ.Context(threads=2) as context, activ.Function("gelu", context=context) as f:
        first = f.derivative()
        with pytest.raises(TypeError, match="context"):
            pickle.dumps(first)
    assert f.closed and context.closed and np.array_equal(first(x), wanted)
    assert np.array_equal(first.derivative()(x[:9]), activ.forward("derivative(derivative(gelu))", x[:9]))
    plain = pickle.loads(pickle.dumps(activ.Function("gelu").derivative()))
    assert np.array_equal(plain(x), wanted)
    first.close()
    with pytest.raises(ValueError, match="closed"):
        first.derivative()
    for spec in ("softmax", "swiglu", "moe(relu, tanh)", "prelu(num_parameters=3)"):
        with pytest.raises(activ.Error, match="has no derivative as a function") as info:
            activ.Function(spec).derivative()
        assert info.value.name == "ACTIV_ERROR_UNSUPPORTED"
    cube = activ.Custom("cube", lambda x: x**3, lambda x, dy: 3 * dy * x * x)
    with pytest.raises(activ.Error, match="own code"):
        activ.Function(cube).derivative()


def test_pickle_and_copy():
    f = activ.Function("elu(alpha=0.5)")
    assert copy.deepcopy(f) is f and copy.copy(f) is f
    assert pickle.loads(pickle.dumps(f)).spec == f.spec
    with activ.Context() as context:
        with pytest.raises(TypeError, match="context"):
            pickle.dumps(activ.Function("gelu", context=context))


def test_closed():
    with activ.Function("gelu") as f:
        assert not f.closed
    assert f.closed and repr(f) == "activ.Function(closed)"
    f.close()
    for use in (
        lambda: f(np.float32([1])),
        lambda: f.spec,
        lambda: f.parameters(),
        lambda: f.settings,
        lambda: f.backward(np.float32([1]), np.float32([1])),
        lambda: f.__enter__(),
        lambda: f.functions,
    ):
        with pytest.raises(ValueError, match="the function is closed"):
            use()


@pytest.mark.parametrize("threads, tier", [(1, "scalar"), (2, None), (0, None), (3, "scalar")])
def test_contexts_give_the_same_bits(threads, tier):
    x, dy = values(300001), values(300001, stream=1)
    with activ.Context(threads=threads, max_tier=tier) as context:
        f = activ.Function("swish", context=context)
        if tier:
            assert context.tier == tier
    plain = activ.Function("swish")
    d, dplain = np.zeros(1, np.float32), np.zeros(1, np.float32)
    assert np.array_equal(f(x), plain(x))  # though the context is closed
    assert np.array_equal(f.backward(x, dy, dparams=d), plain.backward(x, dy, dparams=dplain))
    assert d[0] == dplain[0]


# ---- float16 ----


def halves(*shape, seed=1, stream=0):
    return values(*shape, seed=seed, stream=stream).astype(np.float16)


def wide(x):
    return x.astype(np.float32)


def same(found, exact):
    """The bits of float32, rounded once."""
    assert found.dtype == np.float16 and found.shape == exact.shape
    with np.errstate(over="ignore"):
        rounded = exact.astype(np.float16)
    both = np.isnan(found) & np.isnan(rounded)
    return bool((both | (found.view(np.uint16) == rounded.view(np.uint16))).all())


EVERY = np.arange(2**16, dtype=np.uint16).view(np.float16)


@pytest.mark.parametrize("info", activ.functions(), ids=lambda info: info.name)
def test_float16_has_the_bits_of_float32(info):
    """Of every number, or whole rows; forward, backward, gradients."""
    f = activ.Function(info.name)
    params = f.parameters(seed=2)
    if info.shape == "elementwise":
        x, dy = EVERY, np.tile(halves(64), 1024)
    else:
        x, dy = halves(64, 90), halves(64, 90, stream=1)
    other = () if info.shape != "gated" else (halves(64, 90, stream=2),)
    found = f(x, *other, params=params)
    assert same(found, f(wide(x), *map(wide, other), params=params))
    mine, theirs = np.ones(f.param_count, np.float32), np.ones(f.param_count, np.float32)
    finite = np.isfinite(x)
    x, dy = (x[finite], dy[finite]) if info.shape == "elementwise" else (x, dy)
    dx = f.backward(x, dy, *other, params=params, dparams=mine)
    exact = f.backward(wide(x), wide(dy), *map(wide, other), params=params, dparams=theirs)
    assert all(map(same, dx, exact)) if other else same(dx, exact)
    assert np.array_equal(mine.view(np.uint32), theirs.view(np.uint32))


def test_float16_of_formulas_and_others():
    x, dy = halves(3, 40), halves(3, 40, stream=1)
    for spec in (FORMULA, "moe(relu, tanh)", "derivative(mish)"):
        f = activ.Function(spec)
        assert same(f(x), f(wide(x))) and same(f.backward(x, dy), f.backward(wide(x), wide(dy)))
    own = activ.Custom("cube", lambda x, p: x**3, lambda x, dy, p: dy * 3 * x * x)
    threads = activ.Context(threads=2)
    for f in (activ.Function(own), activ.Function("rrelu"), activ.Function("mish", context=threads)):
        assert same(f(x), f(wide(x))) and same(f.backward(x, dy), f.backward(wide(x), wide(dy)))


def test_float16_shapes_and_strides():
    f = activ.Function("mish")
    x = halves(4, 5, 6)
    whole = f(x)
    for view in (x.T, x[::2], x[:, ::-1], x[..., 1:4], np.broadcast_to(x[:1], x.shape)):
        assert same(f(view), f(wide(view))) and f(view).flags.c_contiguous
        assert same(f.backward(view, view), f.backward(wide(view), wide(view)))
    assert f(x[1, 2, 3]) == whole[1, 2, 3] and f(x[1, 2, 3]).shape == ()
    assert f(np.float16(1)).dtype == np.float16
    assert f(np.empty((3, 0), np.float16)).dtype == np.float16
    assert f.backward(np.empty(0, np.float16), np.empty(0, np.float16)).dtype == np.float16
    odd = np.frombuffer(b"\0" + x.tobytes(), np.uint8)[1:].view(np.float16).reshape(x.shape)
    assert not odd.flags.aligned and np.array_equal(f(odd), whole)
    softmax, swiglu = activ.Function("softmax"), activ.Function("swiglu")
    dy = halves(4, 5, 6, stream=1)
    for axis in (-1, 0, 1):
        assert same(softmax(x, axis=axis), softmax(wide(x), axis=axis))
        assert same(softmax.backward(x, dy, axis=axis), softmax.backward(wide(x), wide(dy), axis=axis))
    for axis, half in ((-1, dy[..., :3]), (0, dy[:2])):
        for gate_first in (False, True):
            how = {"axis": axis, "gate_first": gate_first}
            assert same(swiglu(x, **how), swiglu(wide(x), **how))
            assert same(swiglu.backward(x, half, **how), swiglu.backward(wide(x), wide(half), **how))
    # One number for each channel is no matter of channels.
    assert same(activ.forward("prelu", x), activ.forward("prelu", wide(x)))


def test_float16_out():
    f = activ.Function("gelu")
    x, dy = halves(7, 3), halves(7, 3, stream=1)
    out = np.full_like(x, 9)
    assert f(x, out=out) is out and np.array_equal(out, f(x))
    assert f.backward(x, dy, out=out) is out and np.array_equal(out, f.backward(x, dy))
    in_place = x.copy()
    f(in_place, out=in_place)
    assert np.array_equal(in_place, f(x))
    in_place = dy.copy()
    f.backward(x, in_place, out=in_place)
    assert np.array_equal(in_place, f.backward(x, dy))
    softmax, swiglu = activ.Function("softmax"), activ.Function("swiglu")
    assert np.array_equal(softmax(x, axis=0, out=out), softmax(x, axis=0))
    assert np.array_equal(softmax.backward(x, dy, axis=0, out=out), softmax.backward(x, dy, axis=0))
    pair = (np.empty_like(x), np.empty_like(x))
    found = swiglu.backward(x, dy, dy, out=pair)
    assert found[0] is pair[0] and all(map(np.array_equal, pair, swiglu.backward(x, dy, dy)))


def test_float16_is_not_mixed():
    """The types are named, and nothing is written."""
    f, softmax, swiglu = map(activ.Function, ("gelu", "softmax", "swiglu"))
    rrelu, channels, prelu = map(activ.Function, ("rrelu", "prelu(num_parameters=3)", "prelu"))
    x, h = np.ones((3, 3), np.float32), np.ones((3, 3), np.float16)
    y = np.full((3, 3), 7, np.float32)
    k = np.full((3, 3), 7, np.float16)
    one_type = "of type float(16|32), but x of float(32|16).* one type"
    for words, refused in (
        (one_type, lambda: f.backward(x, h)),
        (one_type, lambda: f.backward(h, x)),
        (one_type, lambda: f(x, out=k)),
        (one_type, lambda: f(h, out=y)),
        (one_type, lambda: softmax(h, axis=0, out=y)),
        (one_type, lambda: softmax.backward(h, h, axis=0, out=y)),
        (one_type, lambda: swiglu(x, h)),
        (one_type, lambda: swiglu.backward(h, h, x, out=(k, k))),
        (one_type, lambda: swiglu.backward(h, h, h, out=(k, y))),
        ("dy is of type float64; float16", lambda: f.backward(h, h.astype(np.float64))),
        ("float64; float32 or float16 is wanted", lambda: f(h.astype(np.float64))),
        ("out is of type float64; float16", lambda: f(h, out=np.empty((3, 3)))),
        (">f2", lambda: f(h.astype(">f2"))),
        ("params is of type float16; float32", lambda: prelu(h, params=np.ones(1, np.float16))),
        ("dparams is of type float16; float32", lambda: prelu.backward(h, h, dparams=np.ones(1, np.float16))),
        ("num_parameters above 1 needs float32", lambda: channels(h, out=k)),
        ("num_parameters above 1 needs float32", lambda: channels.backward(h, h, out=k)),
        ("training needs float32", lambda: rrelu.train(h, 1, out=k)),
        ("training needs float32", lambda: rrelu.backward(h, h, noise=x, out=k)),
        ("accumulate needs float32", lambda: f.backward(h, h, accumulate=True, out=k)),
        ("y is of type float16; float32", lambda: activ.backward("tanh", None, h, y=h, out=k)),
        ("one type|float16", lambda: activ.backward("tanh", None, h, y=x, out=y)),
    ):
        with pytest.raises(TypeError, match=words):
            refused()
    assert (y == 7).all() and (k == 7).all()
    with pytest.raises(activ.Error, match="overlap"):
        f(k[1:], out=k[:-1])


def test_forward_and_backward_by_spec():
    x, dy = values(10), values(10, stream=1)
    f = activ.Function("tanh")
    assert np.array_equal(activ.forward("tanh", x), f(x))
    assert np.array_equal(activ.forward(f, x), f(x)) and np.array_equal(f.forward(x), f(x))
    assert np.array_equal(activ.backward("tanh", x, dy), f.backward(x, dy))
    y = f(x)
    assert np.allclose(f.backward(None, dy, y=y), dy * (1 - y * y), rtol=1e-4, atol=1e-6)
    assert activ.forward("softmax", values(2, 3), axis=0).shape == (2, 3)

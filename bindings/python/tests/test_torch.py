"""activ.torch: modules that train in PyTorch."""
import copy
import io
import math
import pickle

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is missing: apt-get install python3-torch")

import torch.nn.functional as F  # noqa: E402

import activ  # noqa: E402
from activ.torch import Activation, forward  # noqa: E402

EPS = 2.0**-23

# What PyTorch has: by spec, on values in double.
ELEMENTWISE = {
    "identity": lambda x: x * 1,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": F.relu,
    "relu6": F.relu6,
    "log_sigmoid": F.logsigmoid,
    "softsign": F.softsign,
    "leaky_relu(negative_slope=0.25)": lambda x: F.leaky_relu(x, 0.25),
    "hardswish": F.hardswish,
    "hard_tanh(min=-0.5, max=1.5)": lambda x: F.hardtanh(x, -0.5, 1.5),
    "hard_sigmoid": F.hardsigmoid,
    "elu(alpha=0.7)": lambda x: F.elu(x, 0.7),
    "selu": F.selu,
    "celu(alpha=0.7)": lambda x: F.celu(x, 0.7),
    "softplus(beta=2, threshold=15)": lambda x: F.softplus(x, 2, 15),
    "silu": F.silu,
    "mish": F.mish,
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "rrelu(lower=0.125, upper=0.375)": lambda x: F.rrelu(x, 0.125, 0.375, training=False),
    "telu": lambda x: x * torch.tanh(torch.exp(x)),
    "swigelu": lambda x: F.silu(x) / 2 + F.gelu(x) / 2,
}
CATALOGUE = activ.functions()


def close(found, exact, ulp, addends=0.0, scale=64.0):
    """Within ulp units in the last place, of the result or of addends that cancel; and what double itself
    rounds."""
    allowed = ulp * EPS * (exact.abs() + addends) + scale * 2.0**-52 + 2.0**-140
    worst = ((found.double() - exact).abs() - allowed).max().item()
    assert worst <= 0, worst


@pytest.mark.parametrize("spec", sorted(ELEMENTWISE))
def test_elementwise_against_double(spec):
    info = activ.Function(spec).info
    torch.manual_seed(1)
    x = torch.cat([torch.linspace(-6, 6, 2001), torch.randn(3999) * 3]).reshape(3, -1)
    dy = torch.randn_like(x)
    module = Activation(spec).eval()
    single, double = x.clone().requires_grad_(), x.double().requires_grad_()
    y, exact = module(single), ELEMENTWISE[spec](double)
    close(y.detach(), exact.detach(), max(info.forward_ulp, 0.51))
    y.backward(dy)
    exact.backward(dy.double())
    # The derivative's own bound, and the rounding of the product with dy. At a kink, PyTorch may take another
    # side.
    smooth = x.abs() != 3
    x, dy, found, wanted = x[smooth], dy[smooth], single.grad[smooth], double.grad[smooth]
    # f' of x g(x) is g + x g', which have a root: there the unit is that of the addends (docs/numerics.md).
    cancels = spec in ("silu", "mish", "gelu", "gelu_tanh", "swigelu", "telu")
    addends = (dy * exact.detach()[smooth] / x).abs().nan_to_num() if cancels else 0.0
    close(found, wanted, info.derivative_ulp + 1.5, addends)
    assert module(x.clone()).grad_fn is None


@pytest.mark.parametrize("dim", [-1, 0, 1, 2])
@pytest.mark.parametrize("spec, exact", [("softmax", F.softmax), ("log_softmax", F.log_softmax)])
def test_rows_against_double(spec, exact, dim):
    torch.manual_seed(2)
    x, dy = torch.randn(5, 6, 7) * 3, torch.randn(5, 6, 7)
    single, double = x.clone().requires_grad_(), x.double().requires_grad_()
    y, wanted = Activation(spec, dim=dim)(single), exact(double, dim)
    close(y.detach(), wanted.detach(), 4)
    y.backward(dy)
    wanted.backward(dy.double())
    assert (single.grad - double.grad).abs().max() < 8 * EPS * dy.abs().sum(dim).max()


@pytest.mark.parametrize(
    "spec, act",
    [
        ("glu", torch.sigmoid),
        ("reglu", F.relu),
        ("geglu", F.gelu),
        ("swiglu", F.silu),
        ("bilinear", lambda x: x),
        ("gated(mish)", F.mish),
    ],
)
@pytest.mark.parametrize("dim", [-1, 1, 0])
def test_gated_against_double(spec, act, dim):
    torch.manual_seed(3)
    x = torch.randn(4, 6, 8)
    single, double = x.clone().requires_grad_(), x.double().requires_grad_()
    value, gate = double.chunk(2, dim)
    y, wanted = Activation(spec, dim=dim)(single), value * act(gate)
    dy = torch.randn(y.shape)
    close(y.detach(), wanted.detach(), 4)
    y.backward(dy)
    wanted.backward(dy.double())
    slope = (dy * value * act(gate) / gate).detach().abs()
    close(single.grad, double.grad, 8, torch.cat([torch.zeros_like(slope), slope], dim))
    if spec == "glu":
        assert torch.allclose(y, F.glu(x, dim), atol=1e-6)
    turned = Activation(spec, dim=dim, gate_first=True)(torch.cat(x.chunk(2, dim)[::-1], dim))
    assert torch.equal(turned, y.detach())
    a, b = (part.clone().requires_grad_() for part in x.chunk(2, dim))
    two = Activation(spec)(a, b)
    two.backward(dy)
    assert torch.equal(two, y) and torch.equal(torch.cat([a.grad, b.grad], dim), single.grad)


FORMULA = "a*x*sigmoid(b*x) + sum(i, 1, 2, c[i]*sin(i*x)); a=1, b=1.702, c[2]=[0.5, -1]"


def double_of(name):
    """Trainable functions in double, by their formulas."""
    return {
        "prelu": lambda x, p: torch.where(x > 0, x, p["weight"] * x),
        "trainable_elu": lambda x, p: torch.where(x > 0, x, p["alpha"] * torch.expm1(x.clamp(max=0))),
        "swish": lambda x, p: x * torch.sigmoid(p["beta"] * x),
        "adaptive_sigmoid": lambda x, p: torch.sigmoid(p["k"] * (x - p["theta"])),
        "pinn_tanh": lambda x, p: torch.tanh(10 * p["a"] * x),
        FORMULA: lambda x, p: p["a"] * x * torch.sigmoid(p["b"] * x)
        + (p["c"] * torch.sin(torch.tensor([1.0, 2.0]) * x.unsqueeze(-1))).sum(-1),
        "derivative(swish)": lambda x, p: torch.sigmoid(p["beta"] * x)
        * (1 + p["beta"] * x * torch.sigmoid(-p["beta"] * x)),
        "staf(tau=4)": lambda x, p: (p["C"] * torch.sin(p["Omega"] * x.unsqueeze(-1) + p["Phi"])).sum(-1),
        "moe(relu, tanh, prelu)": lambda x, p: (
            torch.softmax(p["w"] * x.unsqueeze(-1) + p["v"], -1)
            * torch.stack([F.relu(x), torch.tanh(x), torch.where(x > 0, x, p["expert2_weight"] * x)], -1)
        ).sum(-1),
    }[name]


@pytest.mark.parametrize(
    "spec",
    [
        "prelu",
        "trainable_elu",
        "swish",
        "adaptive_sigmoid",
        "pinn_tanh",
        FORMULA,
        "derivative(swish)",
        "staf(tau=4)",
        "moe(relu, tanh, prelu)",
    ],
)
def test_trainable_against_double(spec):
    torch.manual_seed(4)
    module = Activation(spec, seed=3)
    x, dy = torch.randn(20, 30), torch.randn(20, 30)
    single, double = x.clone().requires_grad_(), x.double().requires_grad_()
    p = {name: value.detach().double().requires_grad_() for name, value in module.named_parameters()}
    y, wanted = module(single), double_of(spec)(double, p)
    assert (y - wanted).abs().max() < 4 * EPS * (1 + wanted.abs().max())
    y.backward(dy)
    wanted.backward(dy.double())
    assert (single.grad - double.grad).abs().max() < 8 * EPS * (1 + double.grad.abs().max())
    for name, value in module.named_parameters():
        assert value.grad.shape == value.shape
        assert (value.grad - p[name].grad).abs().max() < 8 * EPS * (1 + p[name].grad.abs().max()), name


@pytest.mark.parametrize("info", [i for i in CATALOGUE if i.shape == "elementwise"], ids=lambda i: i.name)
def test_every_function_is_a_module(info):
    torch.manual_seed(5)
    module = Activation(info.name)
    x = torch.randn(4, 10, requires_grad=True)
    y = module(x)
    y.sum().backward()
    assert y.shape == x.shape and torch.isfinite(x.grad).all()
    assert bool(list(module.parameters())) == info.trainable
    assert all(p.grad is not None for p in module.parameters())
    assert info.name in repr(module)


def test_channels():
    torch.manual_seed(6)
    theirs = torch.nn.PReLU(5)
    mine = Activation("prelu(num_parameters=5)")
    assert {n: p.shape for n, p in mine.named_parameters()} == {
        n: p.shape for n, p in theirs.named_parameters()
    }
    with torch.no_grad():
        theirs.weight.uniform_()
    mine.load_state_dict(theirs.state_dict())
    for shape in ((3, 5), (3, 5, 7), (2, 5, 4, 4)):
        x, dy = torch.randn(shape), torch.randn(shape)
        a, b = x.clone().requires_grad_(), x.clone().requires_grad_()
        mine.zero_grad()
        theirs.zero_grad()
        mine(a).backward(dy)
        theirs(b).backward(dy)
        assert torch.equal(mine(x), theirs(x)) and torch.equal(a.grad, b.grad)
        assert torch.allclose(mine.weight.grad, theirs.weight.grad, atol=1e-5)
    last = Activation("prelu(num_parameters=5)", dim=-1)
    last.load_state_dict(theirs.state_dict())
    x = torch.randn(2, 5, 3)
    assert torch.equal(last(x.movedim(1, -1)).movedim(-1, 1), mine(x))
    with pytest.raises(ValueError, match="channels"):
        mine(torch.randn(3, 4))


def test_random_functions_draw_in_training():
    module = Activation("rrelu(lower=0.1, upper=0.4)")
    x = -torch.ones(2000)
    torch.manual_seed(1)
    first, second = module(x), module(x)
    assert not torch.equal(first, second) and -0.4 <= first.min() < -0.39 and -0.11 < first.max() <= -0.1
    torch.manual_seed(1)
    assert torch.equal(module(x), first)
    y = x.clone().requires_grad_()
    out = module(y)
    out.sum().backward()
    assert torch.equal(out, y.grad * x)
    module.eval()
    assert torch.equal(module(x), torch.full_like(x, -0.25))


def test_gradients_numerically():
    """torch.autograd.gradcheck wants double, which there is none of: its method, with steps for float32."""
    torch.manual_seed(7)
    module = Activation("staf(tau=3)", seed=1)
    x = torch.randn(50)
    dy = torch.randn(50)
    module(x.requires_grad_()).backward(dy)
    h = 2.0**-8
    for name, value in module.named_parameters():
        for i in range(value.numel()):
            totals = []
            for step in (h, -h):
                with torch.no_grad():
                    value[i] += step
                    totals.append((module(x).double() * dy).sum().item())
                    value[i] -= step
            assert value.grad[i].item() == pytest.approx(
                (totals[0] - totals[1]) / (2 * h), rel=2e-2, abs=2e-2
            ), name


def test_a_formula_trains():
    """To the function that its parameters are taken from."""
    torch.manual_seed(8)
    module = Activation("a*x*sigmoid(b*x) + c[1]*sin(c[2]*x); a=1, b=1, c[2]=[-0.5, 1]")
    assert {name: p.tolist() for name, p in module.named_parameters()}["c"] == [-0.5, 1]
    wanted = Activation("2*x*sigmoid(1.5*x) - sin(1.25*x)")
    assert not list(wanted.parameters())
    optimizer = torch.optim.Adam(module.parameters(), lr=0.02)
    x = torch.linspace(-4, 4, 512)
    for _ in range(600):
        loss = (module(x) - wanted(x)).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 1e-4 and abs(module.a.item() - 2) < 0.05, loss.item()
    again = Activation(module.function.spec)
    again.load_state_dict(module.state_dict())
    assert torch.equal(again(x), module(x))
    assert torch.equal(copy.deepcopy(module)(x), module(x))


@pytest.mark.parametrize("spec", ["gelu", "prelu", "staf(tau=3)", "softmax", "glu", "a*x*tanh(x); a=0.5"])
@pytest.mark.parametrize("strided", [False, True])
@pytest.mark.parametrize("last", [False, True])
def test_what_is_differentiated_once(spec, strided, last):
    """A second time is refused, and not taken for a constant, also where dy has no gradient."""
    module, head = Activation(spec), torch.nn.Linear(2 if spec == "glu" else 4, 1)
    x = torch.randn(4, 4, requires_grad=True)
    y = module((x * 1).t() if strided else x)
    y = y.pow(2).sum() if last else head(y).sum()
    wanted = [x, *module.parameters()]
    grads = torch.autograd.grad(y, wanted, create_graph=True, retain_graph=True)
    for grad, plain in zip(grads, torch.autograd.grad(y, wanted, retain_graph=True)):
        assert torch.equal(grad, plain) and grad.requires_grad and not plain.requires_grad
        with pytest.raises(RuntimeError, match="first derivatives only"):
            torch.autograd.grad(grad.sum(), x, retain_graph=True)


def test_constants_are_not_mistaken_for_second_derivatives():
    x = torch.randn(3, requires_grad=True)
    (grad,) = torch.autograd.grad(forward("gelu", x).sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="first derivatives only"):
        (x.sum() + grad.sum()).backward()
    a, b = torch.randn(3, requires_grad=True), torch.randn(3, requires_grad=True)
    (grad,) = torch.autograd.grad(forward("glu", a, b).sum(), a, create_graph=True)
    with pytest.raises(RuntimeError, match="first derivatives only"):
        torch.autograd.grad(grad.sum(), b)


def test_jit_is_refused():
    with pytest.raises(RuntimeError, match="gelu: torch.jit"):
        torch.jit.trace(Activation("gelu"), torch.ones(2))


def test_only_what_is_wanted_is_computed():
    module = Activation("prelu")
    x = torch.randn(5)
    module(x).sum().backward()
    assert module.weight.grad is not None
    module.weight.requires_grad_(False)
    y = x.clone().requires_grad_()
    module(y).sum().backward()
    assert y.grad is not None
    with torch.no_grad():
        assert not module(y).requires_grad
    value, gate = torch.randn(4, requires_grad=True), torch.randn(4)
    forward("swiglu", value, gate).sum().backward()
    assert torch.allclose(value.grad, F.silu(gate))
    with pytest.raises(RuntimeError, match="modified by an inplace"):
        y = torch.randn(4, requires_grad=True) * 1
        out = forward("gelu", y)
        y.mul_(2)
        out.sum().backward()


def test_what_is_contiguous_is_not_copied(monkeypatch):
    seen = []
    plain = activ.torch.run

    def watch(watches, call, resource, args):
        seen.append(args._obj)
        return plain(watches, call, resource, args)

    monkeypatch.setattr(activ.torch, "run", watch)
    x, dy = torch.randn(6, 8, requires_grad=True), torch.randn(6, 4)
    module = Activation("gated(prelu)")
    y = module(x)
    y.backward(dy)
    assert [args.x for args in seen] == [x.data_ptr()] * 2 and seen[0].y == y.data_ptr()
    assert seen[0].params == seen[1].params == module.weight.data_ptr()
    assert seen[1].dy == dy.data_ptr() and seen[1].dx == x.grad.data_ptr()


def test_strides():
    x = torch.randn(6, 8)
    for view in (x.t(), x[::2], x[:, 1::3], x.expand(2, 6, 8)):
        assert torch.equal(forward("mish", view), forward("mish", view.contiguous()))
        y = view.clone().requires_grad_()
        forward("mish", y.t() if y.dim() == 2 else y).sum().backward()
        assert torch.isfinite(y.grad).all()
    y = torch.randn(3, requires_grad=True)
    forward("gelu", y).sum().backward()  # an expanded dy, of stride 0
    for shape in ((0,), (0, 4), (3, 0, 2)):
        empty = torch.empty(shape, requires_grad=True)
        out = forward("gelu", empty)
        out.sum().backward()
        assert out.shape == shape == empty.grad.shape
    assert forward("gelu", torch.tensor(1.0)).shape == ()
    assert forward("swiglu", torch.empty(0, 4)).shape == (0, 2)
    assert Activation("staf")(torch.empty(0)).shape == (0,)


def test_a_function_that_others_share_is_not_closed():
    module = Activation("softsign")
    with module.function as f:
        assert f is Activation("softsign").function
    module.function.close()
    assert not f.closed and module(torch.ones(1)).item() == 0.5 and forward("softsign", torch.ones(1)) == 0.5
    own = Activation(activ.Function("softsign"))
    own.function.close()
    with pytest.raises(ValueError, match="closed"):
        own(torch.ones(1))


def test_numbers_without_their_sign():
    """The imaginary part of a conjugate is stored so, and contiguous where it is one number."""
    ends = torch.complex(torch.ones(1), torch.full((1,), 2.0)).conj().imag
    assert ends.is_neg() and ends.is_contiguous()
    assert forward("identity", ends).item() == -2 and forward("relu", ends).item() == 0
    assert forward("reglu", ends, -ends).item() == -4
    assert forward("prelu", torch.full((1,), -3.0), params=ends).item() == 6
    x = torch.full((1,), 5.0, requires_grad=True)
    forward("relu", x).backward(ends)
    assert x.grad.item() == -2


def test_functional():
    x = torch.randn(4, 6)
    f = activ.Function("staf(tau=2)")
    flat = torch.randn(6, requires_grad=True)
    split = [part.detach().clone().requires_grad_() for part in flat.split(2)]
    forward(f, x, params=flat).sum().backward()
    forward(f, x, params=split).sum().backward()
    assert torch.equal(flat.grad, torch.cat([part.grad for part in split]))
    start = torch.from_numpy(f.parameters()) if hasattr(torch, "from_numpy") else None
    assert torch.equal(forward(f, x), forward(f, x, params=start))
    assert torch.equal(forward("softmax", x, dim=0).sum(0).round(decimals=5), torch.ones(6))


H = torch.ones(3, dtype=torch.float16)


@pytest.mark.parametrize(
    "kind, words, call",
    [
        (TypeError, "float64", lambda: forward("gelu", torch.randn(3).double())),
        (TypeError, "float64; torch.float32, float16 or bfloat16", lambda: forward("gelu", H.double())),
        (TypeError, "gate .*float16, x of .*float32", lambda: forward("glu", H.float(), H)),
        (TypeError, "gate .*bfloat16, x of .*float16", lambda: forward("glu", H, H.bfloat16())),
        (TypeError, "parameter .*float64", lambda: forward("prelu", H, params=torch.ones(1).double())),
        (TypeError, "parameter .*bfloat16, x of", lambda: forward("prelu", H, params=H[:1].bfloat16())),
        (TypeError, "parameter .*float16, x of .*float32", lambda: forward("prelu", H.float(), params=H[:1])),
        (TypeError, "int64", lambda: forward("gelu", torch.arange(3))),
        (TypeError, "meta", lambda: forward("gelu", torch.empty(3, device="meta"))),
        (TypeError, "sparse", lambda: forward("gelu", torch.eye(3).to_sparse())),
        (TypeError, "list", lambda: forward("gelu", [1.0])),
        (TypeError, "no gated", lambda: forward("gelu", torch.ones(3), torch.ones(3))),
        (TypeError, "gate .*float64", lambda: forward("glu", torch.ones(3), torch.ones(3).double())),
        (
            TypeError,
            "parameter .*float64",
            lambda: forward("prelu", torch.ones(3), params=torch.ones(1).double()),
        ),
        (TypeError, "dim", lambda: Activation("softmax", dim=1.0)),
        (ValueError, "gate has shape", lambda: forward("glu", torch.ones(3), torch.ones(4))),
        (ValueError, "gate_first", lambda: forward("gelu", torch.ones(4), gate_first=True)),
        (ValueError, "halves", lambda: forward("glu", torch.ones(3))),
        (ValueError, "axis", lambda: Activation("softmax", dim=2)(torch.ones(3, 3))),
        (ValueError, "no use for axis", lambda: Activation("gelu", dim=1)(torch.ones(3, 3))),
        (ValueError, "parameters of", lambda: forward("staf(tau=2)", torch.ones(3), params=torch.ones(5))),
        (activ.Error, "gelo", lambda: Activation("gelo")),
        (activ.Error, "", lambda: Activation("elu(alpha=x)")),
    ],
)
def test_refused(kind, words, call):
    with pytest.raises(kind, match=words):
        call()


# ---- float16 and bfloat16 ----

HALVES = pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])


def same(found, exact, dtype):
    """The bits of float32, rounded once."""
    rounded = exact.to(dtype)
    assert found.dtype == dtype and found.shape == exact.shape
    both = found.isnan() & rounded.isnan()
    found, rounded = (t.contiguous().view(torch.int16) for t in (found, rounded))
    return bool((both | (found == rounded)).all())


def leaf(t):
    return t.detach().clone().requires_grad_()


@HALVES
@pytest.mark.parametrize("info", CATALOGUE, ids=lambda i: i.name)
def test_halves_have_the_bits_of_float32(info, dtype):
    """Of every number, or whole rows; forward, backward, gradients."""
    module = Activation(info.name, seed=1).eval()
    wide = copy.deepcopy(module)
    elementwise = info.shape == "elementwise"
    every = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16).view(dtype)
    x = (every if elementwise else torch.randn(30, 80)).to(dtype)
    assert same(module(x), wide(x.float()), dtype)
    x = x[x.isfinite()] if elementwise else x
    x, exact = leaf(x), leaf(x.float())
    y, z = module(x), wide(exact)
    dy = torch.randn(y.shape).to(dtype)
    y.backward(dy)
    z.backward(dy.float())
    assert same(x.grad, exact.grad, dtype)
    for (_, p), (_, q) in zip(module.named_parameters(), wide.named_parameters()):
        assert p.grad.dtype == torch.float32 and torch.equal(p.grad.nan_to_num(7), q.grad.nan_to_num(7))


@HALVES
def test_halves_of_any_shape(dtype):
    x = torch.randn(4, 6, 8).to(dtype)
    for view in (x.transpose(0, 2), x[::2], x[:, 1::3], x.expand(2, 4, 6, 8), x[0, 0, 0], x[:, :0]):
        a, b = leaf(view), leaf(view.float())
        a.grad = b.grad = None
        forward("mish", a.expand(a.shape)).sum().backward()
        forward("mish", b.expand(b.shape)).backward(torch.ones(b.shape))
        assert same(forward("mish", view), forward("mish", view.float()), dtype) and same(a.grad, b.grad, dtype)
    for dim in (-1, 0, 1):
        for spec, how in (("softmax", {}), ("swiglu", {}), ("swiglu", {"gate_first": True})):
            a, b = leaf(x), leaf(x.float())
            y, z = forward(spec, a, dim=dim, **how), forward(spec, b, dim=dim, **how)
            dy = torch.randn(y.shape).to(dtype)
            y.backward(dy)
            z.backward(dy.float())
            assert same(y, z, dtype) and same(a.grad, b.grad, dtype)
    value, gate = leaf(x), leaf(x * 2)
    forward("geglu", value, gate).sum().backward()
    a, b = leaf(value.float()), leaf(gate.float())
    forward("geglu", a, b).sum().backward()
    assert same(value.grad, a.grad, dtype) and same(gate.grad, b.grad, dtype)
    with pytest.raises(RuntimeError, match="first derivatives only"):
        y = leaf(x)
        (grad,) = torch.autograd.grad(forward("gelu", y).sum(), y, create_graph=True)
        grad.sum().backward()


@HALVES
def test_halves_are_not_copied(dtype, monkeypatch):
    seen = []
    plain = activ.torch.run
    monkeypatch.setattr(activ.torch, "run", lambda *a: (seen.append(a[3]._obj), plain(*a)))
    x, dy = leaf(torch.randn(6, 8).to(dtype)), torch.randn(6, 4).to(dtype)
    module = Activation("gated(prelu)")
    y = module(x)
    y.backward(dy)
    assert [args.x for args in seen] == [x.data_ptr()] * 2 and seen[0].y == y.data_ptr()
    assert [args.gate for args in seen] == [x.data_ptr() + 2 * 4] * 2
    assert seen[0].params == seen[1].params == module.weight.data_ptr()
    assert seen[1].dy == dy.data_ptr() and seen[1].dx == x.grad.data_ptr()


@HALVES
def test_what_needs_float32_is_widened(dtype):
    """Parameters for each channel, and noise."""
    x = torch.randn(5, 3, 7).to(dtype)
    a, b = leaf(x), leaf(x.float())
    module = Activation("prelu(num_parameters=3)")
    wide = copy.deepcopy(module)
    dy = torch.randn(5, 3, 7).to(dtype)
    module(a).backward(dy)
    wide(b).backward(dy.float())
    assert same(module(x), wide(x.float()), dtype) and same(a.grad, b.grad, dtype)
    assert torch.equal(module.weight.grad, wide.weight.grad)
    rrelu = Activation("rrelu")
    a, b = leaf(x), leaf(x.float())
    torch.manual_seed(3)
    y = rrelu(a)
    torch.manual_seed(3)
    z = rrelu(b)
    y.backward(dy)
    z.backward(dy.float())
    assert same(y, z, dtype) and same(a.grad, b.grad, dtype) and not same(y, rrelu(x.float()), dtype)


@HALVES
def test_parameters_in_halves(dtype):
    """module.half(), module.bfloat16(): widened, which is exact; their gradients are rounded."""
    module = Activation("staf(tau=3)", seed=1).to(dtype)
    wide = copy.deepcopy(module).float()
    x, dy = torch.randn(40).to(dtype), torch.randn(40).to(dtype)
    module(x).backward(dy)
    wide(x.float()).backward(dy.float())
    assert same(module(x), wide(x.float()), dtype)
    for p, q in zip(module.parameters(), wide.parameters()):
        assert same(p.grad, q.grad, dtype)
    module.reset_parameters(seed=1)
    assert all(p.dtype == dtype for p in module.parameters())
    kept = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        modules = [Activation("staf(tau=3)", seed=1) for _ in range(20)]
    finally:
        torch.set_default_dtype(kept)
    assert all(torch.equal(m.C, Activation("staf(tau=3)", seed=1).C) for m in modules)


def test_autocast():
    """Between layers that compute in bfloat16; the parameters learn in float32."""
    torch.manual_seed(1)
    net = torch.nn.Sequential(
        torch.nn.Linear(2, 32),
        Activation("staf(tau=3)", seed=2),
        torch.nn.Linear(32, 32),
        Activation("prelu(num_parameters=32)"),
        torch.nn.Linear(32, 16),
        Activation("swiglu"),
        torch.nn.Linear(8, 2),
        Activation("softmax"),
    )
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.01)
    x = torch.rand(256, 2) * 2 - 1
    target = (x.prod(1) > 0).long()
    seen = []
    for i in (1, 3, 5):
        net[i].register_forward_hook(lambda _, given, y: seen.append((given[0].dtype, y.dtype)))
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            scores = net(x)
        loss = F.nll_loss(scores.float().clamp_min(1e-6).log(), target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert set(seen) == {(torch.bfloat16, torch.bfloat16)} and scores.dtype == torch.bfloat16
    assert all(p.dtype == p.grad.dtype == torch.float32 for p in net.parameters())
    assert losses[-1] < 0.6 * losses[0]


def test_a_network_in_bfloat16():
    linear = torch.nn.Linear
    net = torch.nn.Sequential(linear(4, 8), Activation("prelu"), linear(8, 8), Activation("glu")).bfloat16()
    y = net(torch.randn(5, 4).bfloat16())
    y.sum().backward()
    assert y.dtype == net[1].weight.grad.dtype == torch.bfloat16 and y.shape == (5, 4)


def test_module_protocol():
    module = Activation("staf(tau=4)", seed=1)
    assert repr(module) == "Activation(staf(tau=4))"
    assert repr(Activation("softmax", dim=1)) == "Activation(softmax, dim=1)"
    assert list(module.state_dict()) == ["C", "Omega", "Phi"]
    x = torch.randn(5)
    for twin in (copy.deepcopy(module), pickle.loads(pickle.dumps(module)), copy.copy(module)):
        assert torch.equal(twin(x), module(x)) and repr(twin) == repr(module)
    twin = copy.deepcopy(module)
    with torch.no_grad():
        twin.C.zero_()
    assert not torch.equal(twin(x), module(x))
    file = io.BytesIO()
    torch.save(module, file)
    file.seek(0)
    assert torch.equal(torch.load(file, weights_only=False)(x), module(x))
    other = Activation("staf(tau=4)", seed=2)
    assert not torch.equal(other.C, module.C)
    other.load_state_dict(module.state_dict())
    assert torch.equal(other(x), module(x))
    with torch.no_grad():
        other.C.zero_()
    other.reset_parameters(seed=1)
    assert torch.equal(other.C, module.C) and isinstance(other.C, torch.nn.Parameter)
    torch.manual_seed(1)
    a = Activation("staf")
    torch.manual_seed(1)
    assert torch.equal(Activation("staf").Omega, a.Omega)
    # As nn.Sequential shares one object, so do two places here.
    net = torch.nn.Sequential(torch.nn.Linear(5, 5), module, torch.nn.Linear(5, 5), module)
    assert len(list(net.parameters())) == 4 + 3
    with pytest.raises(RuntimeError):
        module.load_state_dict({"C": torch.zeros(4)})
    assert math.isclose(Activation("prelu(weight=0.1)").weight.item(), 0.1, rel_tol=1e-6)


def test_custom_functions_and_exceptions():
    np = pytest.importorskip("numpy", reason="NumPy is missing: apt-get install python3-numpy")
    square = activ.Custom("square", lambda x, p: x * x, lambda x, dy, p: 2 * x * dy)
    x = torch.randn(5, requires_grad=True)
    Activation(square)(x).sum().backward()
    assert torch.equal(x.grad, 2 * x.detach())

    def broken(x, dy, p):
        raise LookupError("in backward")

    with pytest.raises(LookupError, match="in backward"):
        Activation(activ.Custom("broken", lambda x, p: np.tanh(x), broken))(x).sum().backward()


def test_a_network_learns():
    torch.manual_seed(1)
    x = torch.randn(256, 4)
    labels = (x[:, 0] * x[:, 1] > 0).long()
    for spec in ("mish", "staf(tau=5)", "prelu", "rrelu"):
        net = torch.nn.Sequential(torch.nn.Linear(4, 32), Activation(spec), torch.nn.Linear(32, 2))
        optimizer = torch.optim.AdamW(net.parameters(), lr=0.02)
        for _ in range(150):
            loss = F.cross_entropy(net(x), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        assert loss.item() < 0.2, spec


def test_weights_move_both_ways(tmp_path):
    """A graph and an nn.Sequential with the same functions, by one file of weights."""
    np = pytest.importorskip("numpy", reason="NumPy is missing: apt-get install python3-numpy")
    g = activ.Graph()
    g.cross_entropy(g.linear(g.apply(g.linear(g.input(4), 8), "staf(tau=3)"), 3))
    g.compile(16)
    g.init(1)
    net = torch.nn.Sequential(torch.nn.Linear(4, 8), Activation("staf(tau=3)"), torch.nn.Linear(8, 3))
    path = tmp_path / "weights.safetensors"
    g.save_params(path, names={"layers.": ""})
    net.load_state_dict({name: torch.from_numpy(value) for name, value in activ.load_file(path).items()})
    x = activ.random.normal((16, 4), 1)
    assert np.allclose(net(torch.from_numpy(x)).detach(), g.forward(x), atol=1e-5)
    with torch.no_grad():
        for value in net.parameters():
            value.mul_(1.5)
    activ.save_file({name: value.numpy() for name, value in net.state_dict().items()}, path)
    g.load_params(path, names={"layers.": ""})
    assert np.allclose(net(torch.from_numpy(x)).detach(), g.forward(x), atol=1e-4)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("module, spec", [("ReLU", "relu"), ("GELU", "gelu"), ("PReLU", "prelu"), ("Mish", "mish")])
def test_simple_network_moves_both_ways(tmp_path, module, spec, dtype):
    """The chapter's SimpleNetwork of PyTorch's own modules, one activation object for all layers: what it saves gives
    PyTorch's outputs in a graph, and what a graph saves gives the graph's outputs in PyTorch."""
    np = pytest.importorskip("numpy", reason="NumPy is missing: apt-get install python3-numpy")
    torch.manual_seed(1)
    widths = [784, 256, 192, 128, 64, 10]
    act = getattr(torch.nn, module)()
    steps = [torch.nn.Flatten()]
    for before, after in zip(widths, widths[1:]):
        steps += [torch.nn.Linear(before, after)] + ([act] if after != 10 else [])
    net = torch.nn.Sequential(*steps)
    images = torch.rand(32, 1, 28, 28) * 2 - 1

    g = activ.Graph()
    x, shared = g.flatten(g.input((1, 28, 28))), None
    for width in widths[1:-1]:
        x = g.linear(x, width)
        x = g.apply(x, spec) if shared is None else g.apply_shared(x, shared)
        shared = x if shared is None else shared
    g.cross_entropy(g.linear(x, 10))
    g.compile(32)
    # Flatten is number 0 there. A module that is used again is saved again; the graph has the first alone.
    has_weight = len(list(act.parameters())) > 0
    names = {f"layers.{i}.": f"{i + 1}." for i in ([0, 1, 2, 4, 6, 8] if has_weight else [0, 2, 4, 6, 8])}
    copies = ["4.weight", "6.weight", "8.weight"] if has_weight else []
    path = tmp_path / "weights.safetensors"
    state = {name: value.to(getattr(torch, dtype)) for name, value in net.state_dict().items()}
    net.load_state_dict({name: value.float() for name, value in state.items()})
    activ.save_file({n: v if v.element_size() == 2 else v.numpy() for n, v in state.items()}, path)
    kinds = {"float32": "F32", "float64": "F64", "float16": "F16", "bfloat16": "BF16"}
    file = activ.File(path)
    for name, value in state.items():
        read = torch.from_dlpack(file.tensor(name).to(dtype))
        assert file.dtype_of(name) == kinds[dtype] and read.dtype == value.dtype and torch.equal(read, value)
    with pytest.raises(TypeError, match="tensor 'w'.*grad"):
        activ.save_file({"w": torch.ones(2, dtype=torch.bfloat16, requires_grad=True)}, path)
    left = g.load_params(path, names=names, convert=dtype != "float32", partial=has_weight)
    assert left["missing"] == [] and sorted(left["unused"]) == copies
    ours, theirs = g.forward(images.numpy()), net(images).detach().numpy()
    assert np.abs(ours - theirs).max() <= 1e-5

    g.init(seed=3)
    g.save_params(path, names=names)
    back = {name: torch.from_numpy(value) for name, value in activ.load_file(path).items()}
    back.update({name: back["2.weight"] for name in copies})
    net.load_state_dict(back)
    assert np.abs(g.forward(images.numpy()) - net(images).detach().numpy()).max() <= 1e-5


def test_modules_with_a_context():
    x = torch.randn(400, 300)
    with activ.Context(threads=2) as context:
        module = Activation("staf(tau=3)", seed=1, context=context)
    assert torch.equal(module(x), Activation("staf(tau=3)", seed=1)(x))
    assert torch.equal(copy.deepcopy(module)(x), module(x))
    with pytest.raises(TypeError, match="context"):
        pickle.dumps(module)

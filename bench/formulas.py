#!/usr/bin/python3
"""Formulas beside hand-written kernels and PyTorch's eager mode; see formulas.sh.

    formulas.py ACTIV [TIER]
"""
import json
import subprocess
import sys
import time

GELU_TANH = "0.5*x*(1 + tanh(sqrt(2/pi)*(x + 0.044715*x^3)))"
MISH = "let n = exp(min(x, 20)); x*n*(n + 2)/(n*(n + 2) + 2)"
SWIGELU = "0.5*x*sigmoid(x) + 0.25*x*(1 + tanh(sqrt(2/pi)*(x + 0.044715*x^3)))"
SWIGELU_EXACT = "0.5*(silu(x) + gelu(x))"
SNAKE = "x + sin(a*x)^2/a; a=1"
# Each formula, and the kernels whose times together are its yardstick.
ROWS = [
    ("gelu_tanh", GELU_TANH, ["gelu_tanh"]),
    ("mish", MISH, ["mish"]),
    ("swigelu", SWIGELU, ["swigelu"]),
    ("swigelu, of silu and gelu", SWIGELU_EXACT, ["swigelu"]),
    ("snake", SNAKE, ["sin(x)", "cos(x)"]),
]
SIZES = (4096, 65536)
REPEATS = 5


def bench(activ, tier, specs, n):
    """The least of some runs, each of which has all functions in turn: {spec: (forward, backward)}."""
    best = {}
    for _ in range(REPEATS):
        command = [activ, "bench", "--json", "-n", str(n)] + (["--tier", tier] if tier else []) + specs
        out = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        # In the order of the arguments: a formula's own text may be spaced otherwise.
        for spec, row in zip(specs, out["results"]):
            old = best.get(spec, (1e9, 1e9))
            best[spec] = (min(old[0], row["forward"]), min(old[1], row["backward"]))
    return best


def torch_times(n):
    """ns per element, forward and backward together, of swigelu and snake as one writes them."""
    import torch

    torch.set_num_threads(1)
    a = torch.tensor(1.0, requires_grad=True)
    functions = {
        "swigelu": lambda x: 0.5 * (torch.nn.functional.silu(x) + torch.nn.functional.gelu(x)),
        "snake": lambda x: x + torch.sin(a * x) ** 2 / a,
    }
    times = {}
    for name, f in functions.items():
        x, dy, best = torch.randn(n, requires_grad=True), torch.ones(n), 1e9
        for _ in range(200):
            start = time.perf_counter()
            f(x).backward(dy)
            best = min(best, time.perf_counter() - start)
            x.grad = a.grad = None
        times[name] = best * 1e9 / n
    return times


def main():
    activ, tier = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""
    specs = list(dict.fromkeys(spec for _, formula, kernels in ROWS for spec in [formula] + kernels))
    print(f"one thread, tier {tier or 'all'}; ns per element; snake's backward includes the gradient of a\n")
    print(f"{'n':>6}  {'function':26}  {'formula':>15}  {'kernels':>15}  {'ratio':>11}")
    totals = {}
    for n in SIZES:
        times = bench(activ, tier, specs, n)
        for name, formula, kernels in ROWS:
            own = times[formula]
            theirs = [sum(times[k][i] for k in kernels) for i in (0, 1)]
            totals[n, name] = sum(own)
            print(f"{n:6}  {name:26}  {own[0]:7.3f} {own[1]:7.3f}  {theirs[0]:7.3f} {theirs[1]:7.3f}  "
                  f"{own[0] / theirs[0]:5.2f} {own[1] / theirs[1]:5.2f}")
    try:
        import torch
    except ImportError:
        print("\nno PyTorch (Debian: python3-torch)")
        return
    print(f"\nPyTorch {torch.__version__}, forward and backward:")
    for n in SIZES:
        for name, theirs in torch_times(n).items():
            own = totals[n, "swigelu, of silu and gelu" if name == "swigelu" else name]
            print(f"{n:6}  {name:26}  {own:7.3f}  PyTorch {theirs:7.2f}  {theirs / own:5.1f} times")


main()

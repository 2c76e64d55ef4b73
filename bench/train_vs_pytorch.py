#!/usr/bin/python3
"""Training time on FashionMNIST: libactiv's fashion_mnist_train against PyTorch, one thread each.

Runs the two programs in turns, several rounds, each round's order the reverse of the one before, so that a
machine that slows down or speeds up does so for both. Both report the seconds of their training loops
(shuffling and batching included, loading and evaluation not); the table has the medians.

PyTorch is measured at its best: with OpenBLAS in place of the reference BLAS that Debian's package
comes with (whose epochs take more than ten times as long), with those of OpenBLAS's kernels that prove
fastest in a trial before the rounds, and with the fastest plain loop (pytorch_train.py).
"""
import argparse
import glob
import json
import os
import platform
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
DATA = "/usr/share/datasets/fashion-mnist"
# What tells OpenBLAS to take other kernels or block sizes than its own choice: left out of the environment.
OVERRIDES = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
# Its kernels to try beside its own choice, and what the CPU has to have for them: OpenBLAS does not always ask.
CORES = {"Haswell": "avx2", "Zen": "avx2", "SkylakeX": "avx512bw"}


def fail(text):
    print(f"{os.path.basename(sys.argv[0])}: {text}", file=sys.stderr)
    sys.exit(2)


def openblas_folder(kinds=("openblas-serial", "openblas-pthread", "openblas-openmp")):
    """Debian keeps each BLAS in a folder of its own beside the chosen one."""
    for kind in kinds:
        found = glob.glob(f"/usr/lib/*/{kind}/libblas.so.3")
        if found:
            return os.path.dirname(found[0])
    return None


def pytorch_environment(folder=None, **more):
    env = {k: v for k, v in os.environ.items() if k not in OVERRIDES}
    env.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", PYTHONDONTWRITEBYTECODE="1")
    folder = folder or openblas_folder()
    if folder is not None:
        env["LD_LIBRARY_PATH"] = ":".join(p for p in (folder, env.get("LD_LIBRARY_PATH")) if p)
    env.update(more)
    return env


def run(command, env=None):
    """The JSON object on the last line that the command prints: a training's result."""
    result = run_any(command, env)
    try:
        float(result["train_seconds"]), int(result["parameters"])
        return result
    except (KeyError, TypeError, ValueError):
        fail(f"{command[0]}: its last line is not the JSON object expected")


def run_any(command, env=None):
    try:
        done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True)
    except OSError as error:
        fail(f"cannot run {command[0]}: {error.strerror}")
    if done.returncode != 0:
        fail(f"{' '.join(command)}: exit code {done.returncode}")
    try:
        return json.loads(done.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        fail(f"{command[0]}: its last line is no JSON")


def find_program(given):
    if given is not None:
        if not os.access(given, os.X_OK):
            fail(f"'{given}' is no program")
        return os.path.abspath(given)
    found = [p for p in glob.glob(os.path.join(ROOT, "build*", "**", "fashion_mnist_train"), recursive=True)
             if os.path.isfile(p) and os.access(p, os.X_OK)]
    if not found:
        fail("fashion_mnist_train is not built under build*/; say where it is with --program")
    return max(found, key=os.path.getmtime)


def cpu(field):
    """A line of /proc/cpuinfo, without its name."""
    try:
        with open("/proc/cpuinfo") as f:
            return next(line.split(":")[1].strip() for line in f if line.startswith(field))
    except (OSError, StopIteration):
        return ""


def cpu_name():
    return cpu("model name") or platform.machine()


def best_kernels(pytorch, arguments):
    """Tries OpenBLAS's own choice and CORES, two single epochs each, and returns the fastest and the
    seconds of all. They have to come to the same loss: a wrong kernel may be a fast one."""
    trials = {}
    flags = cpu("flags").split()
    cores = [core for core, needed in CORES.items() if needed in flags]
    for turn in range(2):
        for core in ("", *cores):
            env = pytorch_environment(**({"OPENBLAS_CORETYPE": core} if core else {}))
            trials.setdefault(core, []).append(run(pytorch + arguments, env))
    losses = [r["test_loss"] for runs in trials.values() for r in runs]
    if not max(losses) - min(losses) < 1e-3 * min(losses):
        fail(f"kernels of this OpenBLAS calculate wrongly on this machine: test losses {losses}")
    seconds = {core: min(r["train_seconds"] for r in runs) for core, runs in trials.items()}
    best = min(seconds, key=seconds.get)
    return best, {core or "its own choice": round(s, 3) for core, s in seconds.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", metavar="PATH",
                        help="fashion_mnist_train; else the newest below build*/")
    parser.add_argument("--data", default=DATA, metavar="DIR")
    parser.add_argument("--activation", default="relu", metavar="SPEC", help="one that both know")
    parser.add_argument("--epochs", type=int, default=15, help="of one run (15)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each side (3)")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--lr", type=float, default=0.001)
    parser.add_argument("--momentum", type=float, default=0.8)
    parser.add_argument("--seed", type=int, default=1, help="of the first round")
    parser.add_argument("--python", default="/usr/bin/python3", help="the one that has torch")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    parser.add_argument("--core", metavar="NAME",
                        help="no trial: these kernels of OpenBLAS; 'own' for its own choice")
    options = parser.parse_args()
    if options.epochs < 1 or options.rounds < 1:
        fail("--epochs and --rounds have to be at least 1")
    if not os.path.isdir(options.data):
        fail(f"no folder '{options.data}'; Debian: apt-get install dataset-fashion-mnist")

    def arguments(epochs, seed):
        return ["--data", options.data, "--activation", options.activation, "--epochs", str(epochs),
                "--batch", str(options.batch), "--lr", str(options.lr), "--momentum", str(options.momentum),
                "--seed", str(seed), "--threads", "1", "--json"]

    pytorch = [options.python, os.path.join(HERE, "pytorch_train.py")]
    program = [find_program(options.program)]

    core, trial = "" if options.core == "own" else options.core, None
    if core is None:
        print("trying OpenBLAS's kernels", file=sys.stderr, flush=True)
        core, trial = best_kernels(pytorch, arguments(1, options.seed))
    pytorch_env = pytorch_environment(**({"OPENBLAS_CORETYPE": core} if core else {}))

    results = {"libactiv": [], "pytorch": []}
    for i in range(options.rounds):
        for side in (("libactiv", "pytorch") if i % 2 == 0 else ("pytorch", "libactiv")):
            given = arguments(options.epochs, options.seed + i)
            result = run(program + given) if side == "libactiv" else run(pytorch + given, pytorch_env)
            results[side].append(result)
            print(f"round {i + 1} of {options.rounds}: {side} {result['train_seconds']:.2f} s for"
                  f" {options.epochs} epochs", file=sys.stderr, flush=True)

    if results["libactiv"][0]["parameters"] != results["pytorch"][0]["parameters"]:
        fail("the two networks have different numbers of parameters")
    torch_info = results["pytorch"][0]
    summary = {}
    for side, runs in results.items():
        seconds = [r["train_seconds"] for r in runs]
        summary[side] = {
            "median_seconds": statistics.median(seconds),
            "median_seconds_per_epoch": statistics.median(seconds) / options.epochs,
            "all_seconds": seconds,
            "median_test_accuracy": statistics.median(r["test_accuracy"] for r in runs),
            "median_test_loss": statistics.median(r["test_loss"] for r in runs),
        }
    ratio = summary["pytorch"]["median_seconds"] / summary["libactiv"]["median_seconds"]

    print(f"{options.activation}, {options.epochs} epochs, batch {options.batch}, lr {options.lr:g}, momentum"
          f" {options.momentum:g}, one thread, {options.rounds} rounds, {cpu_name()}")
    print(f"PyTorch {torch_info['torch']} with {torch_info['blas']}")
    if "openblas" not in torch_info["blas"] and "mkl" not in torch_info["blas"]:
        print("NOT PyTorch at its best: no OpenBLAS (Debian: apt-get install libopenblas0-serial)")
    if trial:
        print("kernels tried, s for an epoch: " + ", ".join(f"{name} {s:.2f}" for name, s in trial.items()))
    print(f"kernels taken: {core or 'its own choice'}")
    print()
    print("|          | s per run (median, all) | s per epoch | test accuracy | test loss |")
    print("|----------|-------------------------|-------------|---------------|-----------|")
    for side, name in (("libactiv", "libactiv"), ("pytorch", "PyTorch ")):
        s = summary[side]
        runs = f"{s['median_seconds']:.2f} ({', '.join(f'{t:.2f}' for t in s['all_seconds'])})"
        print(f"| {name} | {runs:23} | {s['median_seconds_per_epoch']:11.3f} |"
              f" {s['median_test_accuracy']:11.2f} % | {s['median_test_loss']:9.4f} |")
    print()
    print(f"PyTorch's time / libactiv's: {ratio:.2f}")
    if options.json:
        print(json.dumps({
            "activation": options.activation, "epochs": options.epochs, "rounds": options.rounds,
            "batch": options.batch, "lr": options.lr, "momentum": options.momentum, "cpu": cpu_name(),
            "torch": torch_info["torch"], "blas": torch_info["blas"], "kernels": core or "its own choice",
            "ratio": ratio, **summary}))


if __name__ == "__main__":
    main()

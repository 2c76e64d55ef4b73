#!/usr/bin/python3
"""Everything that docs/performance.md tells: libactiv beside PyTorch, OpenBLAS and oneDNN, in one run.

bench/performance.sh builds what is measured and calls this. Trainings are those of SimpleNetwork on FashionMNIST (see
train_vs_pytorch.py, which has PyTorch at its best). In each round every contender trains once, each round in the
reverse of the order before; figures are medians over the rounds, and so are ratios, which are taken within a round.
"""
import argparse
import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True
import contest
import train_vs_pytorch as race

STAF = "staf(tau=25)"
BY_HAND = "PyTorch by hand, one row"
COMPARED = ("gelu", "mish", "trainable_elu")


class Trainings:
    def __init__(self, options):
        self.options = options
        self.program = os.path.join(options.build, "examples", "fashion_mnist_train")
        self.pytorch = [options.python, os.path.join(race.HERE, "pytorch_train.py")]
        self.core = {}
        self.facts = {}

    def arguments(self, activation, threads, epochs):
        return ["--data", self.options.data, "--activation", activation, "--epochs", str(epochs), "--batch", "128",
                "--lr", "0.001", "--momentum", "0.8", "--seed", "1", "--threads", str(threads), "--json"]

    def ours(self, activation, threads=1, epochs=None, save=None):
        """Seconds per epoch."""
        epochs = epochs or self.options.epochs
        command = [self.program] + self.arguments(activation, threads, epochs)
        result = race.run(command + (["--save", save] if save else []))
        self.check(activation, result["parameters"])
        return result["train_seconds"] / epochs

    def theirs(self, activation, threads=1, env=None, epochs=None, steps=None):
        epochs = 1 if steps else epochs or self.options.epochs
        command = self.pytorch + self.arguments(activation, threads, epochs)
        result = race.run(command + (["--steps", str(steps)] if steps else []), {**self.environment(), **(env or {})})
        self.facts["pytorch"] = result["torch"]
        self.facts["OpenBLAS, threads: " + (env or {}).get("OPENBLAS_NUM_THREADS", "1")] = result["blas"]
        self.check(activation, result["parameters"])
        return result["train_seconds"] / epochs

    def check(self, activation, parameters):
        if parameters != self.facts.setdefault("parameters, " + activation, parameters):
            race.fail(f"{activation}: the networks have different numbers of parameters")

    def environment(self, folder=None):
        return race.pytorch_environment(folder, **self.core)

    def two_threads(self):
        """PyTorch's better way to use two threads: name, --threads, environment."""
        way, self.facts["two threads in PyTorch, s/epoch in a trial"] = contest.best_two_threads(
            self.core, lambda threads, env: self.theirs("relu", threads, env, steps=50), "s/epoch")
        return way

    def choose_core(self):
        self.core, self.facts["kernels of OpenBLAS"] = contest.choose_core(
            self.options.core, self.pytorch, self.arguments("relu", 1, 1))


def train(trainings, options, rows):
    rounds = contest.Rounds()
    rounds.add("relu", lambda: trainings.ours("relu"))
    rounds.add("relu, two threads", lambda: trainings.ours("relu", threads=2))
    for name in COMPARED:
        rounds.add(name, lambda name=name: trainings.ours(name))
    rounds.add("PyTorch", lambda: trainings.theirs("relu"))
    shared, threads, env = trainings.two_threads()
    rounds.add(shared, lambda: trainings.theirs("relu", threads, env))
    rounds.run(options.rounds, "s/epoch")

    rows.append(row("ReLU, one thread, s/epoch", *rounds.against("relu", "PyTorch"), "at least", 1.6))
    best = min(["PyTorch", shared], key=rounds.median)
    rows.append(row("ReLU, two threads, s/epoch", rounds.median("relu, two threads"), rounds.median(best),
                    rounds.ratio(best, "relu, two threads"),
                    min(rounds.fastest("PyTorch", "relu, two threads"), rounds.fastest(shared, "relu, two threads")),
                    "at least", 2.6, f"PyTorch's best: {best}"))
    rows.append(row("two threads against one, s/epoch", *rounds.against("relu, two threads", "relu"), None, None, "both ours"))
    for name in COMPARED:
        rows.append(row(f"{name} against relu, s/epoch", rounds.median(name), rounds.median("relu"),
                        rounds.ratio(name, "relu"), rounds.fastest(name, "relu"), "at most", 1.12,
                        "both ours; its time by relu's"))
    return rounds.figures


def train_staf(trainings, options, rows):
    rounds = contest.Rounds()
    rounds.add(STAF, lambda: trainings.ours(STAF, epochs=1))
    rounds.add("PyTorch, " + STAF, lambda: trainings.theirs(STAF, steps=options.staf_steps))
    rounds.run(options.staf_rounds, "s/epoch")
    rows.append(row(f"{STAF}, one thread, s/epoch", *rounds.against(STAF, "PyTorch, " + STAF), "at least", 6.0,
                    f"PyTorch's from {options.staf_steps} of 469 steps"))
    return rounds.figures


def latency(trainings, options, rows):
    network = os.path.join(options.build, "latency.safetensors")
    trainings.ours("relu", epochs=1, save=network)
    ours = [os.path.join(options.build, "bench", "bench_latency"), network, str(options.calls)]
    theirs = [options.python, os.path.join(race.HERE, "pytorch_latency.py"), network, str(options.calls)]
    results = {}

    def measure(name, command, env=None):
        result = results[name] = race.run_any(command, env)
        return result["microseconds"]

    rounds = contest.Rounds()
    by_hand = rounds.figures[BY_HAND] = []   # PyTorch's program tells both
    rounds.add("one row", lambda: measure("ours", ours))

    def pytorch():
        figure = measure("theirs", theirs, trainings.environment())
        by_hand.append(results["theirs"]["torch.addmv"])
        return figure

    rounds.add("PyTorch, one row", pytorch)
    rounds.run(options.latency_rounds, "us")
    pairs = zip(results["ours"]["outputs"], results["theirs"]["outputs"])
    if not all(abs(a - b) < 1e-3 for a, b in pairs):
        race.fail("the two networks give different outputs for the same row")
    rows.append(row("one row, us", *rounds.against("one row", "PyTorch, one row"), "at least", 2.5, results["theirs"]["how"]))
    rows.append(row("one row, us", *rounds.against("one row", BY_HAND), None, None,
                    "PyTorch by hand: torch.addmv without modules"))
    return rounds.figures


def gemm(trainings, options):
    """bench_gemm's own tables, printed by it."""
    path = os.path.join(options.build, "gemm.json")
    command = [os.path.join(options.build, "bench", "bench_gemm"), "--rounds", str(options.gemm_rounds), "--json", path]
    done = subprocess.run(command, env=trainings.environment(), stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        race.fail(f"{command[0]}: exit code {done.returncode}")
    with open(path) as f:
        return done.stdout, json.load(f)


def row(what, ours, other, ratio, fastest, bound, goal, note=""):
    met = None if bound is None else ratio >= goal if bound == "at least" else ratio <= goal
    return {"what": what, "ours": ours, "other": other, "ratio": ratio, "fastest": fastest, "bound": bound, "goal": goal,
            "met": met, "note": note}


def print_rows(rows):
    print("| What                                |  libactiv |     other | ratio | fastest | goal          | met | how |")
    print("|-------------------------------------|----------:|----------:|------:|--------:|---------------|-----|-----|")
    for r in rows:
        goal = "" if r["bound"] is None else f"{r['bound']} {r['goal']:g}"
        met = {None: "", True: "yes", False: "no"}[r["met"]]
        print(f"| {r['what']:35} | {r['ours']:9.3f} | {r['other']:9.3f} | {r['ratio']:5.2f} | {r['fastest']:7.2f} | {goal:13} | {met:3} |"
              f" {r['note']} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=os.path.join(race.ROOT, "build", "bench"), metavar="DIR")
    parser.add_argument("--data", default=race.DATA, metavar="DIR")
    parser.add_argument("--python", default="/usr/bin/python3", help="the one that has torch")
    parser.add_argument("--quick", action="store_true", help="one minute: single short rounds, no trial of kernels")
    parser.add_argument("--core", metavar="NAME",
                        help="no trial: these kernels of OpenBLAS; 'own' for its own choice")
    parser.add_argument("--rounds", type=int, help="of the trainings (10)")
    parser.add_argument("--epochs", type=int, help="of a training (2)")
    parser.add_argument("--json", metavar="FILE", help="all figures as JSON")
    options = parser.parse_args()
    quick = options.quick
    options.core = options.core or ("own" if quick else None)
    options.rounds = options.rounds or (1 if quick else 10)
    options.epochs = options.epochs or (1 if quick else 2)
    options.staf_rounds, options.staf_steps = (1, 20) if quick else (5, 100)
    options.latency_rounds, options.calls = (1, 2000) if quick else (5, 10000)
    options.gemm_rounds = 11 if quick else 101
    if options.rounds < 1 or options.epochs < 1:
        race.fail("--rounds and --epochs have to be at least 1")
    if not os.path.isdir(options.data):
        race.fail(f"no folder '{options.data}'; Debian: apt-get install dataset-fashion-mnist")

    load = os.getloadavg()[0]
    trainings, rows = Trainings(options), []
    trainings.choose_core()
    figures = train(trainings, options, rows)
    figures.update(train_staf(trainings, options, rows))
    figures.update(latency(trainings, options, rows))
    table, products = gemm(trainings, options)

    print(f"{race.cpu_name()}, {os.cpu_count()} CPUs, load {load:.1f} at the start;"
          f" PyTorch {trainings.facts['pytorch']}; OpenBLAS's kernels: {trainings.facts['kernels of OpenBLAS']}")
    print(f"trainings: {options.rounds} rounds of {options.epochs} epochs{' (--quick: no measurement)' * quick}\n")
    print_rows(rows)
    print()
    print(table, end="")
    if options.json:
        with open(options.json, "w") as f:
            json.dump({"cpu": race.cpu_name(), "load": load, "quick": quick, "rounds": options.rounds,
                       "epochs": options.epochs, "facts": trainings.facts, "rows": rows, "figures": figures,
                       "gemm": products}, f, indent=2)
            f.write("\n")
        print(f"\nWritten: {os.path.relpath(options.json)}")


if __name__ == "__main__":
    main()

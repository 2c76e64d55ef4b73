"""What the races of whole trainings share (performance.py, growth.py): contenders in turn, and PyTorch's threads and BLAS."""
import statistics
import sys

import train_vs_pytorch as race


class Rounds:
    """Contenders by name, each a function that gives a number: lower is better."""

    def __init__(self):
        self.contenders = {}
        self.figures = {}

    def add(self, name, measure):
        self.contenders[name] = measure
        self.figures[name] = []

    def run(self, rounds, unit):
        names = list(self.contenders)
        for i in range(rounds):
            for name in names if i % 2 == 0 else reversed(names):
                figure = self.contenders[name]()
                self.figures[name].append(figure)
                print(f"round {i + 1} of {rounds}: {name}: {figure:.3f} {unit}", file=sys.stderr, flush=True)

    def median(self, name):
        return statistics.median(self.figures[name])

    def ratio(self, name, reference):
        """The first's figure by the second's."""
        return statistics.median(a / b for a, b in zip(self.figures[name], self.figures[reference]))

    def fastest(self, name, reference):
        """The same of the fastest round of each: what a quiet machine might show."""
        return min(self.figures[name]) / min(self.figures[reference])

    def against(self, ours, other):
        """What a row tells first: both figures, and the other's by ours."""
        return self.median(ours), self.median(other), self.ratio(other, ours), self.fastest(other, ours)


def choose_core(given, pytorch, arguments):
    """OpenBLAS's kernels that are the fastest here (see race.best_kernels), or those given, as an environment and as
    text."""
    if given is None:
        print("trying OpenBLAS's kernels", file=sys.stderr, flush=True)
        given, _ = race.best_kernels(pytorch, arguments)
    if given in ("", "own"):
        return {}, "its own choice"
    return {"OPENBLAS_CORETYPE": given}, given


def best_two_threads(core, measure, unit):
    """The better of two ways in which PyTorch may use two threads (name, threads of its own, environment), and what both
    take in a trial; `measure` gets a way's threads and environment. The way in which PyTorch's own threads and OpenBLAS's
    get in each other's way may take ten times as long."""
    folder = race.openblas_folder(("openblas-pthread",))
    if folder is None:
        race.fail("no OpenBLAS with threads; Debian: apt-get install libopenblas0-pthread")
    env = race.pytorch_environment(folder, **core)
    ways = [("PyTorch, two threads in OpenBLAS", 1, {**env, "OPENBLAS_NUM_THREADS": "2"}),
            ("PyTorch, two threads in all", 2, {**env, "OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"})]
    trial = Rounds()
    for name, threads, env in ways:
        trial.add(name, lambda threads=threads, env=env: measure(threads, env))
    trial.run(2, unit + " (trial)")
    return min(ways, key=lambda way: trial.median(way[0])), {name: trial.median(name) for name, _, _ in ways}

#!/usr/bin/python3
"""How time and memory of training grow with the size of a network, beside PyTorch: the table of docs/performance.md.

bench/growth.sh builds what is measured and calls this. In each round each side trains once, in a process of its own; steps'
times are medians over the rounds, and so are the ratios, which are taken within a round. Memory is what a process takes at
its peak beyond what it had before there was a network, the least of the rounds.
"""
import argparse
import json
import os
import sys

sys.dont_write_bytecode = True
import contest
import train_vs_pytorch as race

# Width, depth, batch, threads: one of them at a time differs from the first, which is in the middle.
MIDDLE = (1024, 4, 128, 1)
SIZES = {
    "width": [(width, 4, 128, 1) for width in (128, 512, 1024, 2048, 4096)],
    "depth": [(1024, depth, 128, 1) for depth in (2, 8, 32)],
    "batch": [(1024, 4, batch, 1) for batch in (1, 16, 512, 4096)],
    "threads": [(128, 4, 128, 2), MIDDLE[:3] + (2,), (4096, 4, 128, 2), (1024, 4, 1, 2), (1024, 4, 4096, 2)],
}
OURS = "libactiv"


class Growth:
    def __init__(self, options):
        self.options = options
        self.program = [os.path.join(options.build, "bench", "bench_growth")]
        self.pytorch = [options.python, os.path.join(race.HERE, "pytorch_growth.py")]
        self.core, self.kernels = contest.choose_core(options.core, self.pytorch, self.arguments(MIDDLE, MIDDLE[3]))
        (self.two_threads, own, env), _ = contest.best_two_threads(
            self.core, lambda own, env: race.run(self.pytorch + self.arguments(MIDDLE, own), env)["train_seconds"], "s")
        self.ways = {1: ("PyTorch", 1, race.pytorch_environment(**self.core)), 2: (self.two_threads, own, env)}
        self.facts = {}

    def arguments(self, size, threads):
        return [str(number) for number in size[:3] + (threads, self.options.seconds)]

    def contenders(self, size):
        """What trains a network of this size: name, command, environment."""
        name, own, env = self.ways[size[3]]
        return [(OURS, self.program + self.arguments(size, size[3]), None),
                (name, self.pytorch + self.arguments(size, own), env)]

    def row(self, size):
        memory, parameters = {}, set()

        def train(name, command, env):
            result = race.run(command, env)
            parameters.add(result["parameters"])
            memory[name] = min(memory.get(name, result["peak_bytes"]), result["peak_bytes"])
            self.facts.update((key, result[key]) for key in ("tier", "torch", "blas") if key in result)
            return 1000 * result["train_seconds"]

        rounds = contest.Rounds()
        for name, command, env in self.contenders(size):
            rounds.add(name, lambda name=name, command=command, env=env: train(name, command, env))
        rounds.run(self.options.rounds, "ms; " + " x ".join(str(number) for number in size))
        if len(parameters) != 1:
            race.fail(f"{size}: the networks have different numbers of parameters")
        other = next(name for name in rounds.figures if name != OURS)
        ours, theirs, ratio, fastest = rounds.against(OURS, other)
        return {"size": size, "parameters": parameters.pop(), "ours": ours, "other": theirs, "ratio": ratio,
                "fastest": fastest, "how": other, "memory": memory[OURS], "other_memory": memory[other],
                "figures": rounds.figures}


def print_table(name, rows):
    print(f"\n{name}\n")
    print("| width | depth | batch | threads | parameters |  ms/step |   PyTorch | ratio | fastest |     MB | PyTorch |")
    print("|------:|------:|------:|--------:|-----------:|---------:|----------:|------:|--------:|-------:|--------:|")
    for r in rows:
        width, depth, batch, threads = r["size"]
        print(f"| {width:5} | {depth:5} | {batch:5} | {threads:7} | {r['parameters']:10} | {r['ours']:8.3f} | {r['other']:9.3f} |"
              f" {r['ratio']:5.2f} | {r['fastest']:7.2f} | {r['memory'] / 1e6:6.1f} | {r['other_memory'] / 1e6:7.1f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=os.path.join(race.ROOT, "build", "bench"), metavar="DIR")
    parser.add_argument("--python", default="/usr/bin/python3", help="the one that has torch")
    parser.add_argument("--quick", action="store_true", help="one minute: one short round, without the largest sizes")
    parser.add_argument("--core", metavar="NAME", help="no trial: these kernels of OpenBLAS; 'own' for its own choice")
    parser.add_argument("--rounds", type=int, help="trainings of each size and side (3)")
    parser.add_argument("--seconds", type=float, help="of one training (1)")
    parser.add_argument("--json", metavar="FILE", help="all figures as JSON")
    options = parser.parse_args()
    quick = options.quick
    options.core = options.core or ("own" if quick else None)
    options.rounds = options.rounds or (1 if quick else 3)
    options.seconds = options.seconds if options.seconds is not None else 0.1 if quick else 1.0
    if options.rounds < 1 or not 0 <= options.seconds <= 1000:
        race.fail("--rounds has to be at least 1, --seconds 0 to 1000")

    load, growth, tables = os.getloadavg()[0], Growth(options), {}
    for name, sizes in SIZES.items():
        few = [size for size in sizes if size[0] * size[0] * size[1] * size[2] <= 1 << 30]
        tables[name] = [growth.row(size) for size in (few if quick else sizes)]
    print(f"{race.cpu_name()}, {os.cpu_count()} CPUs, load {load:.1f} at the start; tier {growth.facts['tier']};"
          f" PyTorch {growth.facts['torch']}; OpenBLAS's kernels: {growth.kernels}")
    print(f"two threads: {growth.two_threads}; {options.rounds} rounds of {options.seconds:g} s{' (--quick: no measurement)' * quick}")
    for name, rows in tables.items():
        print_table(name, rows)
    if options.json:
        with open(options.json, "w") as f:
            json.dump({"cpu": race.cpu_name(), "load": load, "quick": quick, "rounds": options.rounds,
                       "seconds": options.seconds, "kernels": growth.kernels, "facts": growth.facts, "tables": tables},
                      f, indent=2)
            f.write("\n")
        print(f"\nWritten: {os.path.relpath(options.json)}")


if __name__ == "__main__":
    main()

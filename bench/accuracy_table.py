#!/usr/bin/env python3
"""Tables of docs/numerics.md from what `activ accuracy --json` and `bench_accuracy` print.

    bench/accuracy_table.py OURS.json [OURS.json ...] [--peers PEERS.json] [--doc docs/numerics.md]

Of several results for one function the last holds. Without --doc the tables are printed; with it they replace what
stands between the two marks there, and nothing else. Called by bench/accuracy.sh.
"""
import argparse
import json
import sys

BEGIN = "<!-- accuracy tables: made by bench/accuracy.sh, not by hand -->"
END = "<!-- end of the accuracy tables -->"
PEERS = ("oneDNN", "PyTorch")     # the others have few of the functions; bench/compare.sh prints their errors
SPECIAL = (("at_minus_infinity", "-inf"), ("at_infinity", "inf"), ("at_nan", "NaN"))


def ulp(row):
    """Rounded up, as the command does."""
    worst = row["max_ulp"]
    if worst >= 1e7:
        return f"{worst:.1e}".replace("e+0", "e").replace("e+", "e")
    if worst >= 1000:
        return f"{worst:.0f}"
    thousandths = int(worst * 1000)
    if thousandths < worst * 1000 - 1e-6:
        thousandths += 1
    return f"{thousandths / 1000:.3f}"


def where(row):
    return f"{row['at']:.9g}" if row["max_ulp"] > 0 else ""


def share(row):
    percent = row["rounded_percent"]
    return "100" if percent == 100 else f"{percent:.2f}" if percent < 99.995 else "99.99"


def table(ours, peers, direction):
    head = ["function", "bound", "max ULP", "at x", "rounded %"]
    for peer in PEERS:
        head += [f"{peer} max ULP", "at x", "rounded %"]
    rows = []
    for (name, kind), row in ours.items():
        if kind != direction:
            continue
        cells = [name, f"{row['bound']:g}", ulp(row) + ("" if row["ok"] else " (!)"), where(row), share(row)]
        for peer in PEERS:
            other = peers.get((peer, name, kind))
            cells += [ulp(other), where(other), share(other)] if other else [""] * 3
        rows.append(cells)
    widths = [max(len(cells[i]) for cells in [head, *rows]) for i in range(len(head))]
    lines = []
    for cells in [head, None, *rows]:
        if cells is None:
            lines.append("|" + "|".join("-" * (w + 1) + ("-" if i == 0 else ":") for i, w in enumerate(widths)) + "|")
        else:
            lines.append("| " + " | ".join(c.ljust(w) if i == 0 else c.rjust(w)
                                           for i, (c, w) in enumerate(zip(cells, widths))) + " |")
    return lines


def not_finite(label, row):
    """What the tables leave out: results at infinities and NaN, and results that are none."""
    parts = []
    if row["not_finite"]:
        parts.append(f"at {row['not_finite']} finite inputs, the smallest of them {row['not_finite_at']:.9g}, where it is "
                     f"{row['not_finite_got']}")
    parts += [f"{row[key]} at {at}" for key, at in SPECIAL if key in row]
    return [f"- {label} {row['function']} {row['direction']}: " + "; ".join(parts)] if parts else []


def processor():
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return "a CPU without a name"


def inputs(rows):
    rows = list(rows)
    sampled = list(dict.fromkeys(row["function"] for row in rows if not row["exhaustive"]))
    if len(sampled) == len({row["function"] for row in rows}):
        return "a sample of the inputs, not yet all"
    return "every finite input" + (f", but of {', '.join(sampled)} a sample" if sampled else "")


def tables(ours, peers):
    tiers = list(dict.fromkeys(tier for row in ours.values() for tier in row["tiers"]))
    versions = list(dict.fromkeys(row["version"] for row in peers.values()))
    lines = [f"libactiv, tiers {', '.join(tiers)}: {inputs(ours.values())}. "
             + (f"{', '.join(versions)}: {inputs(peers.values())}. " if peers else "") + f"On: {processor()}.", ""]
    for direction, title in (("forward", "Forward"), ("derivative", "Derivative")):
        lines += [f"### {title}", "", *table(ours, peers, direction), ""]
    notes = []
    for (name, _), row in ours.items():
        if not row["ok"]:
            lines += [f"(!) {name} exceeds its bound, {row['direction']}.", ""]
        notes += not_finite("libactiv", row)
    for (library, _, _), row in peers.items():
        notes += not_finite(library, row)
    if notes:
        lines += ["### Not finite", "", "Where a result is NaN or infinite and should not be, or the reverse, at any input;"
                  " this is not in the tables above.", "", *notes, ""]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ours", nargs="+")
    parser.add_argument("--peers")
    parser.add_argument("--doc")
    arguments = parser.parse_args()
    ours, peers = {}, {}
    for path in arguments.ours:
        with open(path, encoding="utf-8") as file:
            rows = json.load(file)
        kept = {}
        for row in rows:     # tiers that differ have a row each: the worst stands for all
            key = row["function"], row["direction"]
            if key not in kept or row["max_ulp"] > kept[key]["max_ulp"] or not row["ok"]:
                kept[key] = row
        ours.update(kept)
    if arguments.peers:
        with open(arguments.peers, encoding="utf-8") as file:
            peers = {(row["library"], row["function"], row["direction"]): row for row in json.load(file)
                     if row["library"] in PEERS}
    text = tables(ours, peers)
    if not arguments.doc:
        print(text)
        return 0
    with open(arguments.doc, encoding="utf-8") as file:
        document = file.read()
    if document.count(BEGIN) != 1 or document.count(END) != 1 or document.index(BEGIN) > document.index(END):
        print(f"{arguments.doc}: the marks are missing:\n{BEGIN}\n{END}", file=sys.stderr)
        return 2
    before, rest = document.split(BEGIN)
    after = rest.split(END)[1]
    with open(arguments.doc, "w", encoding="utf-8") as file:
        file.write(f"{before}{BEGIN}\n{text}{END}{after}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

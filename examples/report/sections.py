"""The sections of the page, in the chapter's order. Whatever a sentence says of this run, it computes from it."""
import math

from html_parts import (Section, details, figure, missing, names, paragraph, power, seconds, table, text)
from results import number

PROGRAM = "build/examples/examples/fashion_mnist_"


def _command(results, program, arguments=""):
    return f"{PROGRAM}{program} {arguments}".strip() + f" --out {results.folder}"


def _groups(rows, key):
    """Rows by the value of a column, in the order of the first of each."""
    groups = {}
    for row in rows:
        groups.setdefault(row[key], []).append(row)
    return groups


def _comparison(results, folder=""):
    return results.table(folder + "comparison.csv")


def _shown(row):
    name = f"<code>{text(row['activation'])}</code>"
    return name if row["shown_as"] == row["activation"] else f"{name} (“{text(row['shown_as'])}”)"


def _range(row, whose=""):
    """Mean and range, ours or whose="pytorch_"."""
    mean, low, high = (number(row[whose + key]) for key in ("mean", "low", "high"))
    if math.isnan(mean):
        return "–"
    return f"{mean:.2f}" if high <= low else f"{mean:.2f} ({low:.2f} to {high:.2f})"


def _seeds(rows):
    return sum(key.startswith("seed_") for key in rows[0])


def _within(row):
    close = row["within_1_point"]
    return f'<span class="{close}">{close or "–"}</span>'


# ---- the top ---------------------------------------------------------------------------------------------------------

def head(results):
    """Title and summary."""
    rows = _comparison(results)
    learned = [row for row in rows if number(row["mean"]) > 20]
    facts = []
    if rows:
        best = max(rows, key=lambda row: number(row["mean"]))
        facts.append((f"{number(best['mean']):.1f} %", f"best test accuracy: {text(best['activation'])}"))
    compared = [row for row in rows if row["within_1_point"]]
    if compared:
        close = sum(row["within_1_point"] == "yes" for row in compared)
        facts.append((f"{close} of {len(compared)}", "rows within 1.0 point of PyTorch's range"))
    if learned:
        fastest = min(number(row["seconds_per_epoch"]) for row in learned)
        facts.append((f"{fastest:.2f} s", "for an epoch of 60,000 images, on one core of this machine"))
    dead = [row for row in results.table("dead_neurons.csv")
            if row["who"] == "libactiv" and row["network"] == "untrained" and row["seed"] == "1"]
    if dead:
        last = dead[-1]
        facts.append((f"{number(last['percent']):.0f} %", "of the last hidden layer's neurons are dead in a deep relu "
                      "network before it has learned anything"))
    catalog = results.table("functions.csv")
    if catalog:
        facts.append((str(len(catalog)), "activation functions, each with its derivative, its bounds and its surface"))
    if results.seconds:
        facts.append((seconds(results.seconds), "for all of this page; the chapter says half an hour on a GPU"
                      if not results.quick else "for this first look"))
    boxes = "".join(f'<div class="fact"><b>{value}</b><span>{label}</span></div>' for value, label in facts)
    notice = ""
    if results.running:
        notice = (f'<p class="notice">The run is not at its end: {text(results.running)} is being computed. '
                  "Load this page again later.</p>")
    elif results.quick:
        notice = ('<p class="notice">A first look, made by <code>./examples/run.sh --quick</code>: few epochs, one '
                  "seed. Without <code>--quick</code> every experiment is done as in the chapter.</p>")
    threads = "one thread" if results.threads == 1 else f"{results.threads} threads"
    return f"""<h1>Activation functions on FashionMNIST</h1>
<p class="sub">What a book chapter on activation functions shows, done again by libactiv, in C, on this machine:
{text(results.cpu)}, {threads}, {text(results.tier)}. The same seeds give the same numbers, to the last bit, on any
machine; the <a href="#digests">digests</a> let two people compare their runs at a glance.</p>
{notice}
<div class="facts">{boxes}</div>"""


def summary(results):
    """The headline table."""
    part = Section("summary", "In short")
    rows = _comparison(results)
    if not rows:
        part.blocks.append(missing(results, "The comparison"))
        return part
    comparable = any(row["within_1_point"] for row in rows)
    cells = []
    for row in rows:
        line = [_shown(row)]
        if comparable:
            chapter = number(row["chapter"])
            line += ["–" if math.isnan(chapter) else f"{chapter:.1f}", _range(row, "pytorch_")]
        line.append(_range(row))
        if comparable:
            line.append(_within(row))
        line += [f"{number(row['seconds_per_epoch']):.2f}",
                 "–" if not row["forward_ns"] else f"{number(row['forward_ns']):.2f}",
                 "–" if not row["backward_ns"] else f"{number(row['backward_ns']):.2f}"]
        cells.append(line)
    titles = ["activation"]
    if comparable:
        titles += ["chapter", "PyTorch, three seeds"]
    titles.append("libactiv")
    if comparable:
        titles.append("within 1.0")
    titles += ["s/epoch", "f, ns", "f′, ns"]
    first = rows[0]
    momentum = f", momentum {first['momentum']}" if first["momentum"] else ""
    part.lead = (f"Test accuracy in percent after {first['epochs']} epochs of {text(first['optimizer'])}, learning rate "
                 f"{first['lr']}{momentum}.")
    part.blocks.append(table(titles, cells, wide=True))
    if comparable:
        far = [row["activation"] for row in rows if row["within_1_point"] == "no"]
        part.blocks.append(paragraph(
            "“Within 1.0”: our mean lies within 1.0 point of the range that PyTorch 1.13 spans on a CPU (three seeds, "
            "staf one). " + (f"{names(far)} do not." if far else "All do.")))
    part.blocks.append(paragraph(
        "Seconds are one core's, of training alone; f and f′ are nanoseconds per element of the function by itself, "
        "forward and back (with the gradients of its parameters), on one thread, in cache. The chapter gives half an "
        "hour on a GPU for all of its trainings, and no times of single functions."))
    return part


# ---- 1 ---------------------------------------------------------------------------------------------------------------

def surfaces(results):
    """The gallery."""
    part = Section("surfaces", "1. The functions and their surfaces", command=_command(results, "surfaces"))
    catalog = results.table("functions.csv")
    if not catalog:
        part.blocks.append(missing(results, "The gallery"))
        return part
    flat = [row["spec"] for row in catalog if number(row["least_slope"]) == 0 == number(row["largest_slope"])]
    steep = [row["spec"] for row in catalog if number(row["largest_slope"]) > 1.05 and row["shape"] == "elementwise"]
    negative = [row["spec"] for row in catalog
                if number(row["least_slope"]) < -0.001 and row["shape"] == "elementwise"]
    chapter = [row for row in catalog if row["spec"] in CHAPTER]
    part.lead = ("The chapter's functions, each as a curve with its derivative f′, as the surface z = f(x) + f(y) over "
                 "[−5, 5]², and as a map of how steep that is, √(f′(x)² + f′(y)²). Where the map is dark, no gradient "
                 'flows back. The library\'s others are in the <a href="#gallery">gallery</a>.')
    part.blocks.append(paragraph(
        f"Of all {len(catalog)} functions, flat everywhere, so that nothing can be learned through them: "
        f"{names(flat) if flat else 'none'}. Not monotonic on this interval: {names(negative)}. Somewhere steeper than "
        f"the identity by more than 5 %: {names(steep)}. The others only ever shrink a gradient, and a product of many "
        "shrunk gradients vanishes."))
    part.blocks.append(f'<div class="gallery broad">{"".join(_card(results, row, True) for row in chapter)}</div>')
    return part


CHAPTER = ("sigmoid", "tanh", "relu", "gelu", "mish", "leaky_relu", "silu", "hardswish", "prelu", "rrelu",
           "trainable_elu", "staf")


def _card(results, row, broad):
    name = row["spec"]
    curve = figure(results, f"surfaces/{row['figure']}.svg", text(f"{name} and its derivative"), "plain")
    surface = figure(results, f"surfaces/{row['figure']}.png", text(f"{name}: surface and gradient"), "plain")
    trained = " Trained." if row["trained"] == "1" else ""
    drawings = f'<div class="pair">{curve}{surface}</div>' if broad else curve + details("surface", surface)
    return (f'<div class="card"><h3><code>{text(row["signature"])}</code></h3><p class="formula">{text(row["formula"])}.'
            f'{trained}<br>{text(row["source"])}. Error at most {row["forward_ulp"]} ULP, of f′ {row["slope_ulp"]}.</p>'
            f"{drawings}</div>")


def gallery(results):
    """All functions that are not shown before."""
    part = Section("gallery", "Gallery: the other functions", command=_command(results, "surfaces"))
    rows = [row for row in results.table("functions.csv") if row["spec"] not in CHAPTER]
    if not rows:
        part.blocks.append(missing(results, "The gallery"))
        return part
    part.lead = (f"{len(rows)} more, with their derivatives; behind “surface” the same pair of pictures as in section 1. "
                 "A gated function is shown as act(y), and its surface is x act(y); a row-wise one as the first element "
                 "of (x, 0), and of (x, y).")
    part.blocks.append(f'<div class="gallery">{"".join(_card(results, row, False) for row in rows)}</div>')
    return part


# ---- 2 ---------------------------------------------------------------------------------------------------------------

def gradients(results):
    """Fresh networks."""
    part = Section("gradients", "2. Gradients at the start", command=_command(results, "gradients"))
    groups = _groups(results.table("gradients-summary.csv"), "activation")
    if not groups:
        part.blocks.append(missing(results, "The gradients"))
        return part
    ratios = {name: number(rows[0]["mean_magnitude"]) / number(rows[-1]["mean_magnitude"])
              for name, rows in groups.items() if number(rows[-1]["mean_magnitude"]) > 0}
    worst = min(ratios, key=ratios.get)
    part.lead = ("One batch forward and back through networks that have learned nothing yet: how large is the gradient "
                 "of each layer's weights?")
    part.blocks.append(figure(results, "gradients.svg", "Mean magnitude of the gradient of each layer's weights, from "
                              "the input (left) to the output (right), one line for each activation.", "strip"))
    rows = groups[worst]
    content = (f"What to see: with <code>{text(worst)}</code> the gradient shrinks most on its way back, from "
               f"{power(number(rows[-1]['mean_magnitude']))} at the output to "
               f"{power(number(rows[0]['mean_magnitude']))} at the input, by a factor of "
               f"{1 / ratios[worst]:,.0f}.")
    if "relu" in ratios:
        content += f" With <code>relu</code> it is a factor of {1 / ratios['relu']:.1f}."
    part.blocks.append(paragraph(content))
    if "relu" in groups and "sigmoid" in groups:
        relu, sigmoid = groups["relu"], groups["sigmoid"]

        def largest(row):
            return max(-number(row["least"]), number(row["largest"]))

        part.blocks.append(paragraph(
            "The chapter reads magnitudes of about 10⁻² at the output and 10⁻³ at the input off its histograms for "
            "ReLU, and 10⁻⁵ at the input for Sigmoid. Here the widest values are "
            f"{power(largest(relu[-1]))} and {power(largest(relu[0]))} for <code>relu</code>, and "
            f"{power(largest(sigmoid[0]))} for <code>sigmoid</code>."))
    part.blocks.append("<h3>The histograms</h3>")
    for name in groups:
        part.blocks.append(details(
            f"<code>{text(name)}</code>",
            figure(results, f"gradients/{_safe(name)}.svg", f"{text(name)}: gradients of the weights, layer by layer; "
                   "counts on a logarithmic axis.", "strip")))
    return part


def _safe(spec, size=64):
    """As path_safe_name in common/files.c."""
    plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
    lossy = len(spec) >= size or spec[:1] == "-" or any(letter not in plain + "()=,. []" for letter in spec)
    name = "".join(letter if letter in plain else "_" for letter in spec)
    name = ("_" if name[:1] == "-" else name[:1]) + name[1:]
    if not lossy:
        return name
    digest = 0xcbf29ce484222325
    for byte in spec.encode():
        digest = (digest ^ byte) * 0x100000001b3 % 2**64
    return f"{name[:size - 10]}-{(digest ^ digest >> 32) % 2**32:08x}"


# ---- 3 ---------------------------------------------------------------------------------------------------------------

def train(results):
    """One network."""
    rows = results.table("train.csv")
    part = Section("train", "3. One network",
                   command=_command(results, "train", f"--epochs {rows[-1]['epoch']}" if rows else ""))
    if not rows:
        part.blocks.append(missing(results, "The training of one network"))
        return part
    last = rows[-1]
    gap = number(last["train_accuracy"]) - number(last["test_accuracy"])
    took = sum(number(row["seconds"]) for row in rows)
    part.lead = (f"SimpleNetwork, 784 → 256 → 192 → 128 → 64 → 10, with <code>{text(last['activation'])}</code>, "
                 "learning rate 0.01, momentum 0.9.")
    part.blocks.append(figure(results, "train.svg", "Accuracy and loss after each epoch, on the training and the test "
                              "set.", "strip"))
    part.blocks.append(paragraph(
        f"After {last['epoch']} epochs {number(last['test_accuracy']):.2f} % of the test images are classified right, and "
        f"{number(last['train_accuracy']):.2f} % of the training images: {gap:.1f} points are "
        f"{'learned by heart' if gap > 0 else 'missing there'}. The epochs took {took:.1f} seconds."))
    return part


# ---- 4 ---------------------------------------------------------------------------------------------------------------

def compare(results):
    """Discussion of the headline table."""
    part = Section("compare", "4. The comparison", command=_command(results, "compare", "--quick" if results.quick else ""))
    rows = _comparison(results)
    if not rows:
        part.blocks.append(missing(results, "The comparison"))
        return part
    seeds = _seeds(rows)
    part.lead = (f"The same network with {len({row['activation'] for row in rows})} activations, "
                 f"{seeds} seed{'s' if seeds > 1 else ''} each. The table is at the top of this page.")
    part.blocks.append(figure(results, "comparison.svg", "Test accuracy: mean and range over the seeds.", "strip"))
    part.blocks.append(figure(results, "comparison-epochs.svg", "Test accuracy and loss after each epoch, means over the "
                              "seeds.", "strip"))
    ranked = sorted(rows, key=lambda row: -number(row["mean"]))
    unique = list({row["activation"]: row for row in ranked}.values())
    best = unique[0]
    near = [row["activation"] for row in unique[1:] if number(row["high"]) >= number(best["low"])]
    content = f"Best on the mean is <code>{text(best['activation'])}</code> with {number(best['mean']):.2f} %"
    content += f"; the ranges of {names(near)} overlap with its own." if near and seeds > 1 else "."
    part.blocks.append(paragraph(content))
    none = next((row for row in unique if row["activation"] == "none"), None)
    if none:
        below = [row["activation"] for row in unique if number(row["mean"]) < number(none["mean"])]
        if below:
            part.blocks.append(paragraph(
                f"No activation at all gets {number(none['mean']):.2f} %, which is more than {names(below)}: at this "
                "learning rate what counts is how fast a network starts, and a linear one starts fast. It can never "
                "get much further, the others can (see the exercises)."))
        else:
            part.blocks.append(paragraph(f"No activation at all gets {number(none['mean']):.2f} %, less than any other."))
    stuck = [row["activation"] for row in unique if number(row["mean"]) < 15]
    if stuck:
        part.blocks.append(paragraph(
            f"{names(stuck)} did not leave the plateau of ten classes: {_stuck_reason(results, stuck[0])} "
            'What cures it is in the <a href="#sigmoid">exercises</a>.'))
    other = _comparison(results, "momentum-0.9/")
    if other:
        cells = [[_shown(row), _range(row, "pytorch_"), _range(row), _within(row)] for row in other]
        seeds = _seeds(other)
        part.blocks.append("<h3>With momentum 0.9</h3>")
        before = {row["activation"]: number(row["mean"]) for row in rows}
        both = {row["activation"]: number(row["mean"]) for row in other if row["activation"] in before}
        faster = sum(mean > before[name] for name, mean in both.items())
        part.blocks.append(paragraph(
            f"The chapter's text says 0.9, its table was made with 0.8. With 0.9, {faster} of {len(both)} functions get "
            f"further in the same epochs ({'one seed' if seeds == 1 else f'{seeds} seeds'}):"))
        part.blocks.append(table(["activation", "PyTorch", "libactiv", "within 1.0"], cells))
    return part


def _stuck_reason(results, name):
    groups = _groups(results.table("gradients-summary.csv"), "activation")
    if name not in groups or "tanh" not in groups:
        return "its gradients are too small."
    first = number(groups[name][0]["mean_magnitude"])
    other = number(groups["tanh"][0]["mean_magnitude"])
    return (f"at the start the gradient of the first layer's weights has a mean magnitude of {power(first)}, "
            f"{other / first:,.0f} times less than with <code>tanh</code>.")


# ---- 5 ---------------------------------------------------------------------------------------------------------------

def outputs(results):
    """Trained networks' outputs."""
    part = Section("outputs", "5. Outputs after training", command=_command(results, "outputs"))
    groups = _groups(results.table("outputs-summary.csv"), "activation")
    if not groups:
        part.blocks.append(missing(results, "The outputs"))
        return part
    part.lead = ("One batch of test images through each trained network: what comes out of each layer? Zeros are "
                 "sparse; values crowded at the ends of the range are saturated.")

    def zeros(rows):
        hidden = rows[:-1]
        return sum(number(row["zeros"]) for row in hidden) / max(1, sum(number(row["values"]) for row in hidden))

    sparse = {name: zeros(rows) for name, rows in groups.items()}
    some = [name for name in sparse if sparse[name] > 0.01]
    if some:
        most = max(sparse, key=sparse.get)
        part.blocks.append(paragraph(
            f"Exact zeros come from {names(some)}: most from <code>{text(most)}</code>, {100 * sparse[most]:.0f} % of all "
            "hidden outputs."))
    for name in groups:
        shown = figure(results, f"outputs/{_safe(name)}.svg", f"{text(name)}: outputs of the hidden layers and of the "
                       "last one; counts on a logarithmic axis.", "strip")
        part.blocks.append(details(f"<code>{text(name)}</code>", shown) if name != "relu" else shown)
    return part


# ---- 6 ---------------------------------------------------------------------------------------------------------------

def dead_neurons(results):
    """Counts beside the chapter's and PyTorch's."""
    part = Section("dead", "6. Dead neurons", command=_command(results, "dead_neurons"))
    rows = results.table("dead_neurons.csv")
    if not rows:
        part.blocks.append(missing(results, "Dead neurons"))
        return part
    part.lead = ("A neuron is dead if its output is 0 for every one of the 60,000 training images: no gradient reaches "
                 "its weights again.")
    part.blocks.append(figure(results, "dead_neurons.svg", "Dead and nearly dead neurons, layer by layer from the input "
                              "on, for the first seed of each network; “untrained” is 784 → 2048 → 1024 → 1024 → 512 → "
                              "512 → 256 → 128 → 10 with relu.", "strip"))
    cells = []
    for network in ("untrained", "relu", "silu"):
        for who in ("chapter", "PyTorch", "libactiv"):
            of_them = [row for row in rows if row["network"] == network and row["who"] == who]
            runs = []
            for row in of_them:
                if row["layer"] == "1":
                    runs.append([])
                runs[-1].append(row["dead"])
            if runs:
                cells.append([f"<code>{network}</code>", who, "<br>".join(", ".join(run) for run in runs)])
    titles = ["network", "who", "dead neurons of each layer, a line for each seed"]
    part.blocks.append(table(titles, cells, left=3))
    ours = [row for row in rows if row["who"] == "libactiv"]
    totals = {}
    for row in ours:
        totals[row["network"]] = totals.get(row["network"], 0) + int(row["dead"])
    alive = [name for name, count in totals.items() if count == 0]
    dying = [name for name, count in totals.items() if count > 0 and name != "untrained"]
    content = f"Without a single dead neuron: {names(alive)}." if alive else ""
    if dying:
        content += f" With some: {names(dying)}."
    part.blocks.append(paragraph(content))
    if "untrained" in totals:
        layers = [row for row in ours if row["network"] == "untrained" and row["seed"] == ours[0]["seed"]]
        shares = [number(row["percent"]) for row in layers]
        grows = all(b >= a for a, b in zip(shares, shares[1:]))
        part.blocks.append(paragraph(
            f"In the untrained network the share of dead neurons {'grows from layer to layer' if grows else 'varies'}: "
            + ", ".join(f"{share:.1f} %" for share in shares) + ". The deeper a layer, the more alike its inputs are "
            "for all images, and the more of its neurons are on the wrong side of zero for all of them."))
    return part


# ---- 7 ---------------------------------------------------------------------------------------------------------------

def _exercise_table(rows):
    titles = ["network", "test accuracy, %", "dead", "nearly", "first gradient", "last gradient"]
    cells = []
    for row in rows:
        diverged = row["diverged"] == "1"
        line = [text(row["network"]), "diverged" if diverged else _range(row)]
        line += ["–", "–"] if diverged else [f"{row['dead']} of {row['neurons']}", row["nearly_dead"]]
        line += [power(number(row["first_gradient"])), power(number(row["last_gradient"]))]
        cells.append(line)
    return table(titles, cells)


def _claim(rows):
    """STAF > TeLU > PReLU > ReLU: by the means, and whether the ranges keep apart."""
    order = ["staf", "trainable_elu", "prelu", "relu"]
    found = {row["network"]: row for row in rows}
    if any(name not in found for name in order):
        return ""
    sentences = []
    for better, worse in zip(order, order[1:]):
        a, b = found[better], found[worse]
        difference = number(a["mean"]) - number(b["mean"])
        apart = number(a["low"]) > number(b["high"])
        verdict = ("holds, and no seed contradicts it" if difference > 0 and apart else
                   "holds for the means, but the ranges overlap" if difference > 0 else "is not supported by this run")
        sentences.append(f"<code>{better}</code> above <code>{worse}</code>: {difference:+.2f} points, {verdict}")
    return paragraph("The chapter's order, STAF &gt; TeLU &gt; PReLU &gt; ReLU, link by link. " + ". ".join(sentences) + ".")


def _own(part, results, rows):
    """Functions of one's own, given as formulas."""
    formulas = [row for row in rows if row["activation"] != row["network"] or not row["activation"].isidentifier()]
    part.blocks.append('<h3 id="own">A function of one\'s own: a formula</h3>')
    content = ("A function that nobody has written yet is a line of text: the library derives it, for x and for each "
               "parameter, and trains it like any other.")
    if formulas:
        content += " Here: " + "; ".join(f"<code>{text(row['activation'])}</code>" for row in formulas) + "."
    part.blocks.append(paragraph(content))
    part.blocks.append(_exercise_table(rows))
    by_name = {row["network"]: row for row in rows}
    known = [by_name[name] for name in ("relu", "gelu") if name in by_name]
    for row in formulas:
        if row["diverged"] == "1" or not known:
            continue
        sentences = []
        for other in known:
            difference = number(row["mean"]) - number(other["mean"])
            apart = number(row["low"]) > number(other["high"]) or number(row["high"]) < number(other["low"])
            sentences.append(f"{abs(difference):.2f} points {'above' if difference > 0 else 'below'} "
                             f"<code>{other['network']}</code>"
                             + ("" if apart else " (the ranges of the seeds overlap)"))
        part.blocks.append(paragraph(f"<code>{text(row['activation'])}</code> is {', and '.join(sentences)}."))
    learned = results.table("exercises-learned.csv")
    if learned:
        found = {}
        for row in learned:
            key = (row["activation"], row["parameter"])
            found.setdefault(key, [row["start"]]).append(f"{number(row['end']):.3f}")
        cells = [[f"<code>{text(activation)}</code>", f"<code>{text(name)}</code>", f"{number(values[0]):g}",
                  ", ".join(values[1:])] for (activation, name), values in found.items()]
        part.blocks.append(table(["function", "parameter", "start", "after training, a number for each seed"], cells,
                                 left=2))
        part.blocks.append(figure(results, "exercises-learned.svg", "What training makes of it: dashed as it starts, and a "
                                  "line for each seed at the end."))
    part.blocks.append(figure(results, "exercises-own.svg", "Test accuracy."))


def exercises(results):
    """All exercises."""
    part = Section("exercises", "7. Exercises", command=_command(results, "exercises", "--quick" if results.quick else ""))
    groups = _groups(results.table("exercises.csv"), "exercise")
    if not groups:
        part.blocks.append(missing(results, "The exercises"))
        return part
    part.lead = "Claims about activation functions are cheap to test: each line here is a network that was trained."
    if "non-linearity" in groups:
        rows = groups["non-linearity"]
        by_name = {row["network"]: row for row in rows}
        part.blocks.append("<h3>Is a non-linearity needed?</h3>")
        part.blocks.append(_exercise_table(rows))
        if "none" in by_name and "relu" in by_name:
            none, relu = by_name["none"], by_name["relu"]
            difference = number(relu["mean"]) - number(none["mean"])
            trained = next(iter(results.table("train.csv")[-1:]), None)
            content = (f"After {none['epochs']} epochs at this rate <code>relu</code> is {abs(difference):.2f} points "
                       f"{'above' if difference > 0 else 'below'} no activation at all.")
            if difference <= 0 and trained and trained["activation"] == "relu":
                content += (f" That is the slow start, not the function: with a learning rate of 0.01 it reaches "
                            f"{number(trained['test_accuracy']):.2f} % (experiment 3). Five linear layers are one "
                            "linear layer, however long they are trained.")
            part.blocks.append(paragraph(content))
    if "trained" in groups:
        part.blocks.append("<h3>Activations that are trained</h3>")
        part.blocks.append(_exercise_table(groups["trained"]))
        part.blocks.append(_claim(groups["trained"]))
        part.blocks.append(figure(results, "exercises-trained.svg", "Test accuracy, mean and range over the seeds."))
        part.blocks.append(figure(results, "exercises-gradients.svg", "The gradients of the first layer's weights after "
                                  "each epoch: median, the middle half, and from 5 to 95 percent of their magnitudes.",
                                  "strip"))
    if "remedies" in groups:
        rows = groups["remedies"]
        part.blocks.append("<h3>Remedies for dead neurons</h3>")
        part.blocks.append(paragraph(
            f"A rate of {rows[0]['lr']} with momentum {rows[0]['momentum']} is too much for this network with "
            f"<code>relu</code>: {rows[0]['dead']} of {rows[0]['neurons']} neurons are dead after {rows[0]['epochs']} "
            "epochs. What the usual remedies do:"))
        part.blocks.append(_exercise_table(rows))
        whole = [row for row in rows[1:] if row["diverged"] != "1"]
        lost = [row["network"] for row in rows[1:] if row["diverged"] == "1"]
        fewer = [row["network"] for row in whole if number(row["dead"]) < number(rows[0]["dead"]) / 2]
        not_fewer = [row["network"] for row in whole if number(row["dead"]) >= number(rows[0]["dead"]) / 2]
        better = [row["network"] for row in whole if number(row["mean"]) > number(rows[0]["mean"]) + 0.5]
        content = f"Less than half as many dead neurons: {'; '.join(text(name) for name in fewer)}. " if fewer else ""
        content += f"Not so: {'; '.join(text(name) for name in not_fewer)}. " if not_fewer else ""
        content += (f"Not trained at all by such steps, as the weights grew beyond all bounds: "
                    f"{'; '.join(text(name) for name in lost)}. ") if lost else ""
        content += (f"More accurate by over half a point: {'; '.join(text(name) for name in better)}."
                    if better else "None is more accurate by more than half a point.")
        part.blocks.append(paragraph(content))
        part.blocks.append(figure(results, "exercises-dead.svg", "Dead neurons, percent of all hidden ones."))
        part.blocks.append(figure(results, "exercises-remedies.svg", "Test accuracy."))
    if "approximators" in groups:
        rows = groups["approximators"]
        part.blocks.append("<h3>Functions that can become any other, and the chapter's own, <code>swigelu</code></h3>")
        part.blocks.append(_exercise_table(rows))
        comparison = {row["activation"]: row for row in _comparison(results)}
        if "relu" in comparison and comparison["relu"]["epochs"] == rows[0]["epochs"] and not results.quick:
            relu = number(comparison["relu"]["mean"])
            above = [row["network"] for row in rows if number(row["mean"]) > relu]
            part.blocks.append(paragraph(
                f"<code>relu</code> gets {relu:.2f} % with the same settings. "
                + (f"Above it: {names(above)}." if above else "None of them gets more.")))
        part.blocks.append(figure(results, "exercises-approximators.svg", "Test accuracy."))
    if "own" in groups:
        _own(part, results, groups["own"])
    if "sigmoid" in groups:
        rows = groups["sigmoid"]
        part.blocks.append('<h3 id="sigmoid">Why Sigmoid does not move, and what cures it</h3>')
        part.blocks.append(_exercise_table(rows))
        first, last = number(rows[0]["first_gradient"]), number(rows[0]["last_gradient"])
        cured = [row["network"] for row in rows[1:] if number(row["mean"]) > 60]
        partly = [row["network"] for row in rows[1:] if 15 < number(row["mean"]) <= 60]
        failed = [row["network"] for row in rows[1:] if number(row["mean"]) <= 15]
        content = (f"Its slope is at most 1/4, so each layer takes a factor of four or more: the first layer's gradient "
                   f"is {last / first:,.0f} times smaller than the last one's ({power(first)} against {power(last)}), "
                   f"and {number(rows[0]['lr']):g} of it per step moves nothing. ")
        content += f"Cured: {'; '.join(text(name) for name in cured)}. " if cured else ""
        content += f"Partly: {'; '.join(text(name) for name in partly)}. " if partly else ""
        content += f"Not cured in these epochs: {'; '.join(text(name) for name in failed)}." if failed else ""
        part.blocks.append(paragraph(content))
        part.blocks.append(figure(results, "exercises-sigmoid.svg", "Test accuracy."))
    return part


# ---- the end ---------------------------------------------------------------------------------------------------------

def digests(results):
    """A number for each trained network."""
    part = Section("digests", "Digests: the same bits?")
    part.lead = ("FNV-1a of the bytes of each trained network. On any CPU, with any number of threads, the same seed and "
                 "the same settings give the same digest; if two of yours differ, tell us.")
    cells = []
    for row in {row["activation"]: row for row in _comparison(results)}.values():
        found = [f"<code>{row[key]}</code>" for key in row if key.startswith("digest_")]
        cells.append([f"<code>{text(row['activation'])}</code>", " ".join(found)])
    for row in results.table("exercises.csv"):
        if row["exercise"] in ("remedies", "approximators", "own", "sigmoid"):
            cells.append([text(row["network"]), f"<code>{row['digest']}</code>"])
    if not cells:
        part.blocks.append(missing(results, "The list of digests"))
        return part
    part.blocks.append(table(["network", "digest, one for each seed"], cells, left=2))
    return part


def again(results):
    """How to go on."""
    part = Section("again", "How to go on")
    part.lead = "All numbers are in CSV files beside this page, all figures as SVG or PNG, all networks as safetensors."
    programs = [
        ("surfaces", "any function, with any settings: <code>--functions \"elu(alpha=0.5)\"</code>"),
        ("gradients", "other depths and initial values: <code>--hidden 64,64,64,64,64,64 --init kaiming_normal</code>"),
        ("train", "one network, with more to set: optimisers, checkpoints, resuming"),
        ("compare", "other rows: <code>--activations relu,gelu,\"swish(beta=2)\" --momentum 0.9</code>"),
        ("outputs", "networks that train has saved: <code>--networks a.safetensors,b.safetensors</code>"),
        ("dead_neurons", "the same; and untrained networks of any depth"),
        ("exercises", "a function of your own: <code>--only own --activation \"a*x*sigmoid(b*x); a=1, b=2\"</code>"),
    ]
    items = "".join(f"<li><code>fashion_mnist_{name}</code>: {what}</li>" for name, what in programs)
    part.blocks.append(f"<ul>{items}</ul>")
    part.blocks.append(paragraph("Each says with <code>--help</code> what it can do."))
    return part


ALL = [summary, surfaces, gradients, train, compare, outputs, dead_neurons, exercises, gallery, digests, again]

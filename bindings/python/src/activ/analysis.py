"""Looking inside a network: histograms, running statistics, quantiles, dead neurons, surfaces.

Accumulators are fed batch by batch. What they answer depends on the values alone, to the last bit: neither on
their order nor on how they were cut into calls or merged. One thread at a time may use one.
"""
from __future__ import annotations

import ctypes
from typing import Any, Iterator, List, NamedTuple, Optional, Sequence, Tuple, TypeVar, Union

from . import _checks as checks
from . import _declarations as c
from ._context import Context, Custom
from ._errors import check
from ._function import Function, function
from ._graph import Graph, Node
from ._library import lib
from ._numpy import np
from ._objects import Handle, Resource, Usage, create, run, view

A = TypeVar("A", bound="Accumulator")


class Accumulator(Handle):
    """What Histogram, Stats, Quantiles and Neurons have in common."""

    _add: Any
    _merge: Any
    _reset: Any

    def _setup(self, resource: Resource) -> None:
        self._resource = resource
        self._usage = Usage(self._kind)

    def _open_to_change(self) -> Resource:
        return self._open()

    def _change(self, function: Any, *arguments: Any) -> None:
        resource = self._open_to_change()
        with self._usage.alone():
            check(function(resource, *arguments), what=f"a {self._kind}")

    def add(self, x: Any) -> None:
        """Counts the values of an array of float32, of any shape."""
        array = checks.as_input(x, "x")
        self._change(self._add, array.size, checks.address(array))

    def merge(self: A, other: A) -> None:
        """Adds what was added to another, which stays as it is. activ.Error: made with other arguments, or
        itself."""
        if type(other) is not type(self):
            raise TypeError(f"a {type(self).__name__} merges its like, not a {type(other).__name__}")
        theirs = other._open()
        if other is self:
            raise ValueError(f"the {self._kind} cannot be merged with itself")
        resource = self._open_to_change()
        with other._usage.shared(), self._usage.alone():
            check(
                self._merge(resource, theirs),
                what=f"merging a {self._kind} that was made with other arguments",
            )

    def reset(self) -> None:
        """As new."""
        self._change(self._reset)


class Histogram(Accumulator):
    """How many values lie in each of `bins` bins of equal width from low to high, as numpy.histogram has
    them.

    activ.Error: no bins, or low < high is not so."""

    _kind = "histogram"
    _add, _merge, _reset = lib.activ_histogram_add, lib.activ_histogram_merge, lib.activ_histogram_reset

    def __init__(self, bins: int, low: float, high: float) -> None:
        self._setup(
            create(
                (),
                lib.activ_histogram_destroy,
                lib.activ_histogram_create,
                None,
                checks.count(bins, "bins"),
                checks.real(low, "low"),
                checks.real(high, "high"),
            )
        )

    @classmethod
    def auto(cls, x: Any, max_bins: int = 200) -> "Histogram":
        """An empty one, with edges for the values of x by the rule of Freedman and Diaconis."""
        array = checks.as_input(x, "x")
        histogram = cls.__new__(cls)
        histogram._setup(
            create(
                (),
                lib.activ_histogram_destroy,
                lib.activ_histogram_create_auto,
                None,
                array.size,
                checks.address(array),
                checks.count(max_bins, "max_bins"),
            )
        )
        return histogram

    def _get(self) -> Tuple[Resource, c.HistogramInfo]:
        resource, raw = self._open(), c.HistogramInfo()
        check(lib.activ_histogram_get(resource, ctypes.byref(raw)))
        return resource, raw

    @property
    def edges(self) -> "np.ndarray":
        """(bins + 1,) float64: a read-only view."""
        resource, raw = self._get()
        return view(raw.edges, (raw.bins + 1,), "<f8", resource, read_only=True)

    @property
    def counts(self) -> "np.ndarray":
        """(bins,) uint64: a read-only view, which follows what is added later."""
        resource, raw = self._get()
        return view(raw.counts, (raw.bins,), "<u8", resource, read_only=True)

    @property
    def total(self) -> int:
        """Of all values: those in bins, under, over and NaN."""
        return self._get()[1].total

    @property
    def under(self) -> int:
        """Values below the first edge."""
        return self._get()[1].under

    @property
    def over(self) -> int:
        """Values above the last edge."""
        return self._get()[1].over

    @property
    def nans(self) -> int:
        """How many values are NaN."""
        return self._get()[1].nans


def histogram_bins(n: int, low: float, high: float, q1: float, q3: float, max_bins: int = 200) -> int:
    """The rule by itself: how many bins for n values between low and high with these quartiles."""
    return lib.activ_histogram_bins(
        checks.count(n, "n"),
        checks.real(low, "low"),
        checks.real(high, "high"),
        checks.real(q1, "q1"),
        checks.real(q3, "q3"),
        checks.count(max_bins, "max_bins"),
    )


class Summary(NamedTuple):
    """What Stats knows. From `mean` on of the finite values alone; NaN where there is none."""

    count: int  # type: ignore[assignment]
    finite: int
    zeros: int
    nans: int
    positive_infinities: int
    negative_infinities: int
    mean: float
    mean_magnitude: float
    variance: float
    sample_variance: float
    deviation: float
    norm: float
    rms: float
    least: float
    largest: float


class Stats(Accumulator):
    """Count, mean, variance, norm, least and largest value, with exact sums."""

    _kind = "stats"
    _add, _merge, _reset = lib.activ_stats_add, lib.activ_stats_merge, lib.activ_stats_reset

    def __init__(self) -> None:
        self._setup(create((), lib.activ_stats_destroy, lib.activ_stats_create, None, message=False))

    @property
    def summary(self) -> Summary:
        """All of it."""
        resource, raw = self._open(), c.StatsInfo()
        check(lib.activ_stats_get(resource, ctypes.byref(raw)))
        return Summary(*(getattr(raw, field) for field in Summary._fields))

    @property
    def mean(self) -> float:
        """Of the finite values; NaN if there are none."""
        return self.summary.mean

    @property
    def deviation(self) -> float:
        """The standard deviation: the root of the mean of (x - mean)^2."""
        return self.summary.deviation


class Quantiles(Accumulator):
    """Median and other quantiles in one pass, within a relative 2^-(precision + 1). precision: 1 to 15."""

    _kind = "quantiles"
    _add, _merge, _reset = lib.activ_quantiles_add, lib.activ_quantiles_merge, lib.activ_quantiles_reset

    def __init__(self, precision: int = c.QUANTILES_PRECISION) -> None:
        self._setup(
            create(
                (),
                lib.activ_quantiles_destroy,
                lib.activ_quantiles_create,
                None,
                checks.integer(precision, "precision"),
                message=False,
                what=f"a precision of {precision} (1 to 15 is allowed)",
            )
        )

    @property
    def count(self) -> int:
        """How many values, NaN left out."""
        return lib.activ_quantiles_count(self._open())

    @property
    def nans(self) -> int:
        """How many values are NaN."""
        return lib.activ_quantiles_nans(self._open())

    def __call__(self, probabilities: Union[float, Sequence[float]]) -> "np.ndarray":
        """The quantiles of these probabilities (0.5: the median), of the same shape; NaN without values."""
        resource = self._open()
        p = np.ascontiguousarray(probabilities, np.float64)
        values = np.empty(p.shape, np.float32)
        status = lib.activ_quantiles_get(resource, p.size, checks.address(p), checks.address(values))
        check(status, what=f"probabilities {probabilities} (0 to 1 is allowed)")
        return values.reshape(np.shape(probabilities))


class Neurons(Accumulator):
    """What the `width` neurons of a layer did for all inputs so far. An output is active if its magnitude is
    above the threshold."""

    _kind = "neurons"
    _merge, _reset = lib.activ_neurons_merge, lib.activ_neurons_reset

    def __init__(self, width: int, threshold: float = 0.0) -> None:
        options = c.NeuronsOptions(threshold=checks.real(threshold, "threshold"))
        self._setup(
            create(
                (),
                lib.activ_neurons_destroy,
                lib.activ_neurons_create,
                None,
                checks.count(width, "width"),
                ctypes.byref(options),
                message=False,
                what=f"{width} neurons with threshold {threshold}",
            )
        )

    @classmethod
    def _borrowed(cls, pointer: int, owner: Resource) -> "Neurons":
        neurons = cls.__new__(cls)
        neurons._setup(Resource(pointer, lambda _: None, parents=(owner,)))
        neurons._owned = False
        return neurons

    _owned = True

    def _open_to_change(self) -> Resource:
        if not self._owned:
            raise TypeError("these neurons belong to a GraphNeurons: add to that, merge that, reset that")
        return self._open()

    def _get(self) -> Tuple[Resource, c.NeuronsInfo]:
        resource, raw = self._open(), c.NeuronsInfo()
        check(lib.activ_neurons_get(resource, ctypes.byref(raw)))
        return resource, raw

    def add(self, values: Any) -> None:
        """The outputs for some inputs: (rows, width) float32, or (rows, ...) with as many values per row."""
        array = checks.as_input(values, "values")
        width = self.width
        if array.ndim == 0 or checks.product(array.shape[1:]) != width:
            raise ValueError(f"values has shape {array.shape}; (rows, {width}) is wanted")
        self._change(lib.activ_neurons_add, array.shape[0], checks.address(array), width)

    @property
    def width(self) -> int:
        """How many neurons there are."""
        return self._get()[1].width

    @property
    def inputs(self) -> int:
        """Rows so far."""
        return self._get()[1].inputs

    @property
    def active(self) -> "np.ndarray":
        """(width,) uint64: for how many inputs each was active. A read-only view, which follows."""
        resource, raw = self._get()
        return view(raw.active, (raw.width,), "<u8", resource, read_only=True)

    @property
    def peaks(self) -> "np.ndarray":
        """(width,) float32: the largest magnitude of each. A read-only view, which follows."""
        resource, raw = self._get()
        return view(raw.peaks, (raw.width,), "<f4", resource, read_only=True)

    def _list(self, function: Any, *arguments: Any) -> "np.ndarray":
        resource, raw = self._get()
        indices = np.empty(raw.width, np.uintp)
        count = c.size()
        status = function(resource, *arguments, raw.width, checks.address(indices), ctypes.byref(count))
        what = (
            f"a limit or share of {arguments[0]}"
            if arguments and status != c.ERROR_STATE
            else "no inputs yet"
        )
        check(status, what=what)
        return indices[: count.value].astype(np.int64)

    def dead(self) -> "np.ndarray":
        """Which are dead: 0 for every input. activ.Error: there were no inputs."""
        return self._list(lib.activ_neurons_dead)

    def quiet(self, limit: float) -> "np.ndarray":
        """Which never exceed a magnitude."""
        return self._list(lib.activ_neurons_quiet, checks.real(limit, "limit"))

    def rarely_active(self, share: float) -> "np.ndarray":
        """Which are active on less than a share of the inputs."""
        return self._list(lib.activ_neurons_rarely_active, checks.real(share, "share"))


class GraphNeurons(Handle):
    """Neurons of all layers of a graph that have a function:

    all = activ.GraphNeurons(g)
    for batch in batches:
        g.forward(batch)
        all.add()
    for node, neurons in all:
        print(node.name, len(neurons.dead()), "of", neurons.width)
    """

    _kind = "neurons of a graph"

    def __init__(self, graph: Graph, threshold: float = 0.0) -> None:
        if not isinstance(graph, Graph):
            raise TypeError(f"graph is {graph!r}; an activ.Graph is wanted")
        owner = graph._open()
        options = c.NeuronsOptions(threshold=checks.real(threshold, "threshold"))
        self._graph = graph
        with graph._usage.shared():
            self._resource = create(
                (),
                lib.activ_graph_neurons_destroy,
                lib.activ_graph_neurons_create,
                owner,
                ctypes.byref(options),
                message=False,
                what="a graph that is not compiled, or for predictions only",
                parents=(owner,),
            )
        self._usage = Usage(self._kind)

    def _change(self, what: str, function: Any, *arguments: Any) -> None:
        resource = self._open()
        self._graph._open()
        with self._usage.alone(), self._graph._usage.shared():
            check(function(resource, *arguments), what=what)

    def add(self) -> None:
        """Adds the outputs of the graph's last forward or evaluate call. activ.Error: there are none."""
        self._change("the graph has no values, which forward and evaluate leave", lib.activ_graph_neurons_add)

    def merge(self, other: "GraphNeurons") -> None:
        """Adds those of another graph with such layers of the same widths."""
        if not isinstance(other, GraphNeurons):
            raise TypeError(f"a {type(other).__name__} is no activ.GraphNeurons")
        theirs = other._open()
        if other is self:
            raise ValueError("they cannot be merged with themselves")
        with other._usage.shared():
            self._change("merging neurons of another network", lib.activ_graph_neurons_merge, theirs)

    def reset(self) -> None:
        """As new."""
        self._change("neurons", lib.activ_graph_neurons_reset)

    def __len__(self) -> int:
        return lib.activ_graph_neurons_count(self._open())

    def __getitem__(self, i: int) -> Tuple[Node, Neurons]:
        """The i-th layer's node and neurons, which keep this object alive."""
        resource = self._open()
        n = lib.activ_graph_neurons_count(resource)
        at = checks.integer(i, "index")
        if not -n <= at < n:
            raise IndexError(i)
        pointer = lib.activ_graph_neurons_at(resource, at % n)
        return (
            Node(self._graph, lib.activ_graph_neurons_node(resource, at % n)),
            Neurons._borrowed(pointer, resource),
        )

    def __iter__(self) -> Iterator[Tuple[Node, Neurons]]:
        return iter([self[i] for i in range(len(self))])


class Surface(NamedTuple):
    """z = f(x) + f(y) over a square."""

    points: "np.ndarray"  # (n,): along each side
    f: "np.ndarray"  # (n,): f there
    slopes: "np.ndarray"  # (n,): f' there
    z: "np.ndarray"  # (n, n): z[j, i] = f[i] + f[j]
    gradient: "np.ndarray"  # (n, n): the magnitude of z's gradient


def surface(
    spec: Union[str, Custom, Function],
    n: int = 100,
    low: float = -5.0,
    high: float = 5.0,
    *,
    params: Any = None,
    context: Optional[Context] = None,
) -> Surface:
    """The gradient-flow surface of an elementwise function, n points along each side.

    activ.Error: not elementwise, n below 2, or low < high is not so."""
    f = function(spec, context)
    resource = f._open()
    n = checks.count(n, "n", 0, 2**20)
    held, address = f._params(params)
    arrays: List[Any] = [np.empty(shape, np.float32) for shape in ((n,), (n,), (n,), (n, n), (n, n))]
    run(
        f._watches,
        lib.activ_surface,
        resource,
        address,
        n,
        checks.real(low, "low"),
        checks.real(high, "high"),
        *(checks.address(array) for array in arrays),
    )
    del held
    return Surface(*arrays)


__all__ = [
    "GraphNeurons",
    "Histogram",
    "Neurons",
    "Quantiles",
    "Stats",
    "Summary",
    "Surface",
    "histogram_bins",
    "surface",
]

"""Random numbers as a function of (seed, stream, index): the same on every machine, in any order.

Streams with the top bit set are the library's own.
"""
from __future__ import annotations

from typing import Any

from . import _checks as checks
from ._errors import check
from ._library import lib
from ._numpy import np


def bits(seed: int, stream: int = 0, index: int = 0) -> int:
    """32 random bits."""
    return lib.activ_random_bits(
        checks.count(seed, "seed"), checks.count(stream, "stream"), checks.count(index, "index")
    )


def uniform(
    shape: Any, seed: int, stream: int = 0, index: int = 0, low: float = 0.0, high: float = 1.0
) -> "np.ndarray":
    """float32 of this shape, uniform in [low, high); element i, counted row-major, belongs to index + i."""
    values = np.empty(checks.shape(shape), np.float32)
    check(
        lib.activ_random_uniform(
            checks.count(seed, "seed"),
            checks.count(stream, "stream"),
            checks.count(index, "index"),
            values.size,
            checks.real(low, "low"),
            checks.real(high, "high"),
            checks.address(values),
        ),
        what=f"uniform numbers from {low} to {high}",
    )
    return values


def normal(
    shape: Any, seed: int, stream: int = 0, index: int = 0, mean: float = 0.0, deviation: float = 1.0
) -> "np.ndarray":
    """float32 of this shape, normal."""
    values = np.empty(checks.shape(shape), np.float32)
    check(
        lib.activ_random_normal(
            checks.count(seed, "seed"),
            checks.count(stream, "stream"),
            checks.count(index, "index"),
            values.size,
            checks.real(mean, "mean"),
            checks.real(deviation, "deviation"),
            checks.address(values),
        ),
        what=f"normal numbers around {mean} with deviation {deviation}, from index {index} on",
    )
    return values


def permutation(n: int, seed: int, stream: int = 0) -> "np.ndarray":
    """A random order of 0 .. n - 1, as uint32: which samples come when."""
    n = checks.count(n, "n", 0, 2**32 - 1)
    order = np.empty(n, np.uint32)
    check(
        lib.activ_random_permutation(
            checks.count(seed, "seed"), checks.count(stream, "stream"), n, checks.address(order)
        )
    )
    return order


__all__ = ["bits", "normal", "permutation", "uniform"]

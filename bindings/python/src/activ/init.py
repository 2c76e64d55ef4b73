"""Initial values of weights: the schemes of torch.nn.init."""
from __future__ import annotations

from typing import Any, Optional, Sequence

from . import _checks as checks
from . import _declarations as c
from ._library import lib
from ._numpy import np
from ._objects import run

SCHEMES = {
    "default": c.INIT_DEFAULT,
    "kaiming_uniform": c.INIT_KAIMING_UNIFORM,
    "kaiming_normal": c.INIT_KAIMING_NORMAL,
    "xavier_uniform": c.INIT_XAVIER_UNIFORM,
    "xavier_normal": c.INIT_XAVIER_NORMAL,
    "orthogonal": c.INIT_ORTHOGONAL,
}


def scheme_number(scheme: Any) -> int:
    """The library's number of a scheme. ValueError: no such scheme."""
    if not isinstance(scheme, str):
        raise TypeError(f"scheme is {scheme!r}; a str is wanted")
    if scheme not in SCHEMES:
        raise ValueError(f"no scheme {scheme!r}: {', '.join(SCHEMES)}")
    return SCHEMES[scheme]


def gain(scheme: str) -> float:
    """The gain that a scheme is usually used with."""
    return lib.activ_init_gain(scheme_number(scheme))


def tensor(
    scheme: str, shape: Sequence[int], seed: int = 0, stream: int = 0, gain: Optional[float] = None
) -> "np.ndarray":
    """A weight of this shape, out x in x ..., by a scheme: a function of all arguments.

    activ.Error: fewer than two dimensions, a dimension of 0, a gain that is negative or not finite."""
    number = scheme_number(scheme)
    sizes = checks.shape(shape)
    factor = lib.activ_init_gain(number) if gain is None else checks.real(gain, "gain")
    values = np.empty(sizes, np.float32)
    run(
        (),
        lib.activ_init_tensor,
        None,
        number,
        factor,
        len(sizes),
        checks.sizes(sizes),
        checks.count(seed, "seed"),
        checks.count(stream, "stream"),
        checks.address(values),
    )
    return values


__all__ = ["SCHEMES", "gain", "tensor"]

"""Arguments from Python, checked before C sees them: ctypes would wrap -1 around in silence."""
from __future__ import annotations

import operator
import os
from typing import Any, Optional, Sequence, Tuple

from . import _declarations as c
from ._numpy import np

FLOAT32_HINT = "convert it with .astype(numpy.float32)"


def count(value: Any, name: str, least: int = 0, most: int = 2**64 - 1) -> int:
    """A whole number. TypeError: not one (1.0 and NaN are not either); ValueError: out of bounds."""
    # NumPy's and PyTorch's truth values have an index, too.
    if isinstance(value, bool) or str(getattr(value, "dtype", "")) in ("bool", "torch.bool"):
        raise TypeError(f"{name} is {value!r}; a whole number is wanted")
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(
            f"{name} is {value!r}, of type {type(value).__name__}; a whole number is wanted"
        ) from None
    if not least <= number <= most:
        raise ValueError(f"{name} is {number}; {least} to {most} is allowed")
    return number


def integer(value: Any, name: str) -> int:
    return count(value, name, -(2**31), 2**31 - 1)


def real(value: Any, name: str) -> float:
    """A number. TypeError: not one (a text is none); ValueError: a whole one beyond all floats."""
    number = hasattr(value, "__float__") or hasattr(value, "__index__")
    if isinstance(value, (str, bytes, bytearray)) or not number:
        raise TypeError(f"{name} is {value!r}, of type {type(value).__name__}; a number is wanted")
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} is of type {type(value).__name__}; a number is wanted") from None
    except OverflowError:
        raise ValueError(f"{name} is too large for a float") from None


def text(value: Any, name: str) -> bytes:
    if not isinstance(value, str):
        raise TypeError(f"{name} is {value!r}, of type {type(value).__name__}; a str is wanted")
    if "\0" in value:
        raise ValueError(f"{name} contains a zero byte")
    return value.encode()


def path(value: Any) -> bytes:
    raw = os.fsencode(value)  # TypeError: no path
    if b"\0" in raw:
        raise ValueError("the path contains a zero byte")
    return raw


def shape(value: Any, name: str = "shape") -> Tuple[int, ...]:
    if hasattr(value, "__index__"):
        return (count(value, name),)
    try:
        sizes = tuple(value)
    except TypeError:
        raise TypeError(f"{name} is {value!r}; whole numbers are wanted") from None
    return tuple(count(size, f"{name}[{i}]") for i, size in enumerate(sizes))


def sizes(values: Sequence[int]) -> Any:
    """An array for C."""
    return (c.size * len(values))(*values)


def axis(value: Any, ndim: int, name: str = "axis") -> int:
    number = integer(value, name)
    if not -ndim <= number < ndim:
        raise ValueError(f"{name} is {number}, but the array has {ndim} dimension{'' if ndim == 1 else 's'}")
    return number % ndim


def product(values: Sequence[int]) -> int:
    result = 1
    for value in values:
        result *= value
    return result


# ---- arrays ----------------------------------------------------------------------------------------


def address(array: "np.ndarray") -> int:
    return array.__array_interface__["data"][0]


def _as_array(value: Any, name: str) -> "np.ndarray":
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array, and a mask would be lost; fill it first")
    try:
        return np.asarray(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} is no array: {error}") from None


def as_input(value: Any, name: str, dtype: Any = None) -> "np.ndarray":
    """float32 (or dtype), row-major: the array itself if it is so, else a copy. TypeError: another type."""
    array = _as_array(value, name)
    wanted = np.float32 if dtype is None else dtype
    if array.dtype != wanted:
        hint = ""
        if dtype is None and array.dtype.kind in "fiu":
            if not hasattr(value, "astype"):  # a list, a number, a tensor
                raise TypeError(
                    f"{name} is a {type(value).__name__}; an array of {np.dtype(wanted)} is wanted: "
                    f"numpy.asarray({name}, numpy.float32)"
                )
            hint = f"; {FLOAT32_HINT}"
        raise TypeError(f"{name} is of type {array.dtype}; {np.dtype(wanted)} is wanted{hint}")
    if array.flags.c_contiguous and array.flags.aligned and array.dtype.isnative:
        return array
    return np.array(array, dtype=wanted, order="C", copy=True)


# As dtype.char has them, which is found in a moment: float32 and float16, of whatever byte order.
_OPERANDS = ("f", "e")


def as_operand(value: Any, name: str, x: Optional["np.ndarray"] = None) -> "np.ndarray":
    """One of a function's arrays, as as_input gives it: float32 or float16; of x's type, if x is given."""
    array = _as_array(value, name)
    char = array.dtype.char
    if x is not None:
        _refuse_mixture(array, name, x.dtype)
        char = x.dtype.char
    elif char not in _OPERANDS and array.dtype.kind in "fiu" and hasattr(value, "astype"):
        raise TypeError(f"{name} is of type {array.dtype}; float32 or float16 is wanted; {FLOAT32_HINT}")
    return as_input(value, name, np.float16 if char == "e" else None)


def _refuse_mixture(array: "np.ndarray", name: str, dtype: Any) -> None:
    if array.dtype.char != dtype.char and array.dtype.char in _OPERANDS:
        raise TypeError(
            f"{name} is of type {array.dtype}, but x of {dtype}: all arrays of a call have to be of one type"
        )


def needs_float32(x: "np.ndarray", what: str) -> None:
    """TypeError: x is float16."""
    if x.dtype.char != "f":
        raise TypeError(f"x is of type {x.dtype}, but {what} needs float32; {FLOAT32_HINT}")


def dtype_of(x: "np.ndarray") -> int:
    """For C: 0, which older libraries know, for float32."""
    return c.FLOAT16 if x.dtype.char == "e" else 0


def as_output(value: Any, name: str, wanted: Optional[Tuple[int, ...]], dtype: Any = None) -> "np.ndarray":
    """An array that C may write: float32 (or dtype), row-major, of this shape. Never copied.

    TypeError: no array, another type; ValueError: another shape, read-only, not contiguous."""
    dtype = np.float32 if dtype is None else dtype
    if not isinstance(value, np.ndarray) or isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} is of type {type(value).__name__}; a numpy.ndarray is wanted")
    if value.dtype != dtype or not value.dtype.isnative:
        raise TypeError(f"{name} is of type {value.dtype}; {np.dtype(dtype)} is wanted")
    if wanted is not None and value.shape != wanted:
        raise ValueError(f"{name} has shape {value.shape}; {wanted} is wanted")
    if not value.flags.writeable:
        raise ValueError(f"{name} is read-only")
    if not (value.flags.c_contiguous and value.flags.aligned):
        raise ValueError(f"{name} is not contiguous (row-major, without gaps or negative strides)")
    return value


def output(value: Any, name: str, wanted: Tuple[int, ...], dtype: Any = None) -> "np.ndarray":
    """The caller's array, checked, or a new one. dtype: x's, else float32."""
    if value is None:
        return np.empty(wanted, np.float32 if dtype is None else dtype)
    if dtype is not None and isinstance(value, np.ndarray):
        _refuse_mixture(value, name, dtype)
    return as_output(value, name, wanted, dtype)

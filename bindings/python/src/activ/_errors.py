"""Failures of the library as exceptions."""
from __future__ import annotations

from . import _declarations as c
from ._library import lib

_NAMES = {
    value: f"ACTIV_{name}"
    for name, value in vars(c).items()
    if name.startswith("ERROR_") and isinstance(value, int)
}


class Error(Exception):
    """A call of the library failed; the text is the library's.

    status: the number (activ_status). name: its name in C, "ACTIV_ERROR_RANGE".
    """

    def __init__(self, status: int, message: str = "") -> None:
        phrase = lib.activ_status_string(status).decode()
        super().__init__(message or phrase)
        self.status = status
        self.name = _NAMES.get(status, f"activ_status {status}")

    def __reduce__(self):
        return type(self), (self.status, str(self))


class BadValueError(Error, ValueError):
    """An Error about a value: a name, a spec, a number, a shape. Also a ValueError."""


class FileError(Error, OSError):
    """An Error because a file cannot be read or written. Also an OSError, without an errno."""


class OutOfMemoryError(Error, MemoryError):
    """An Error because there is no memory. Also a MemoryError."""


_KINDS = {
    c.ERROR_INVALID: BadValueError,
    c.ERROR_UNKNOWN_NAME: BadValueError,
    c.ERROR_SYNTAX: BadValueError,
    c.ERROR_RANGE: BadValueError,
    c.ERROR_SHAPE: BadValueError,
    c.ERROR_IO: FileError,
    c.ERROR_OUT_OF_MEMORY: OutOfMemoryError,
}


def error(status: int, message: bytes = b"", what: str = "") -> Error:
    """The exception for a status that is not 0. what: the thing at fault, where the library has no words."""
    text = message.decode(errors="replace")
    if not text and what:
        text = f"{what}: {lib.activ_status_string(status).decode()}"
    return _KINDS.get(status, Error)(status, text)


def check(status: int, message: bytes = b"", what: str = "") -> None:
    if status != c.OK:
        raise error(status, message, what)

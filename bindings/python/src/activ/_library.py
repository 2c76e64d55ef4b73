"""Finds libactiv, loads it and checks its version.

It is looked for in ACTIV_LIBRARY, a file's path, which alone counts if it is set; then in this package, where
a wheel may have put it; then by the system's loader.
"""
from __future__ import annotations

import ctypes
import ctypes.util
import glob
import os
import sys
from typing import List, Optional, Tuple

from . import _declarations as c

# The ABI that this package knows: the major version, and while that is 0, the minor one as well.
ABI = c.VERSION[:2] if c.VERSION[0] == 0 else c.VERSION[:1]
_ABI_TEXT = ".".join(map(str, ABI))


def _abi_of(number: int) -> Tuple[int, ...]:
    major, minor = number // 10000, number // 100 % 100
    return (major, minor) if major == 0 else (major,)


def _system_names() -> List[str]:
    if sys.platform == "darwin":
        names = [f"libactiv.{_ABI_TEXT}.dylib"]
    elif sys.platform == "win32":
        names = ["activ.dll"]
    else:
        names = [f"libactiv.so.{_ABI_TEXT}"]
    found = ctypes.util.find_library("activ")
    if found and found not in names:
        names.append(found)
    return names


def _places() -> List[Tuple[str, str]]:
    """What to load, in this order, and how to speak of it."""
    given = os.environ.get("ACTIV_LIBRARY")
    if given:
        return [(given, f"ACTIV_LIBRARY: {given}")]
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib")
    found = sorted(glob.glob(os.path.join(folder, "*activ*")))
    places = [(path, f"in the package: {path}") for path in found]
    return places + [(name, f"by the system: {name}") for name in _system_names()]


def _problem(library: ctypes.CDLL) -> Optional[str]:
    """Why this library will not do; None if it will."""
    try:
        function = library.activ_version_number
    except AttributeError:
        return "is no libactiv (it has no activ_version_number)"
    function.restype = ctypes.c_uint32
    function.argtypes = []
    number = function()
    if _abi_of(number) != ABI:
        version = f"{number // 10000}.{number // 100 % 100}.{number % 100}"
        return f"is libactiv {version}; this package needs {_ABI_TEXT}.x"
    try:
        c.bind(library)
    except AttributeError as error:
        return f"is an incomplete libactiv ({error})"
    return None


def load() -> Tuple[ctypes.CDLL, str]:
    """The library and the name it was loaded by. ImportError tells where it was looked for."""
    tried = []
    for name, words in _places():
        try:
            library = ctypes.CDLL(name)
        except OSError as error:
            tried.append(f"{words}: {error}")
            continue
        problem = _problem(library)
        if problem is None:
            return library, name
        tried.append(f"{words}: {problem}")
    if not os.environ.get("ACTIV_LIBRARY"):
        tried.insert(0, "ACTIV_LIBRARY: not set")
        if not any(line.startswith("in the package") for line in tried):
            tried.insert(1, "in the package: this one was built without a library")
    raise ImportError(
        f"libactiv {_ABI_TEXT}, the C library, was not found. Looked for it here:\n  "
        + "\n  ".join(tried)
        + "\nInstall it (cmake --install build, then ldconfig), or set ACTIV_LIBRARY to the path of its file "
        f"(libactiv.so.{_ABI_TEXT}); set while this package is built, it goes into the package.",
        name="activ",
    )


lib, path = load()

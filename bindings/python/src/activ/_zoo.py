"""The zoo: published functions that the catalogue lacks, as formulas. They are in a file of text,
share/activ/functions.txt, which is installed with the activ command; the library does not need it."""
from __future__ import annotations

import ctypes
import difflib
import os
import re
import sys
from functools import lru_cache
from typing import Dict, List, NamedTuple

from . import _declarations as c
from ._errors import BadValueError, FileError
from ._library import lib, path

VARIABLE = "ACTIV_ZOO"  # in the environment: the file to read, and no other
_FILE = os.path.join("share", "activ", "functions.txt")
_LEVELS = 3  # from lib/x86_64-linux-gnu/ up to what has share/


class ZooEntry(NamedTuple):
    """A published function: Function("@" + name) is Function(formula)."""

    name: str
    formula: str
    source: str  # who published it, where
    checked: str  # "checked", or "unchecked: " and why


class _DlInfo(ctypes.Structure):
    _fields_ = [
        ("fname", ctypes.c_char_p),
        ("fbase", ctypes.c_void_p),
        ("sname", ctypes.c_char_p),
        ("saddr", ctypes.c_void_p),
    ]


def _library_file() -> str:
    """Where the library was loaded from, which may have been by its name alone."""
    info = _DlInfo()
    try:
        function = ctypes.cast(lib.activ_version_number, ctypes.c_void_p)
        if ctypes.CDLL(None).dladdr(function, ctypes.byref(info)) and info.fname:
            return os.path.realpath(os.fsdecode(info.fname))
    except (AttributeError, OSError, TypeError):  # no dladdr here
        pass
    return os.path.realpath(path)


def _places() -> List[str]:
    """The files that may be it, in this order."""
    named = os.environ.get(VARIABLE)
    if named:
        return [named]
    places = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib", "functions.txt")]
    folder = os.path.dirname(_library_file())
    for _ in range(_LEVELS):
        folder = os.path.dirname(folder)
        places.append(os.path.join(folder, _FILE))
    prefixes = [sys.prefix] + ([] if sys.platform == "win32" else ["/usr/local", "/usr"])
    places += [os.path.join(prefix, _FILE) for prefix in prefixes]
    return list(dict.fromkeys(places))


def _find() -> str:
    places = _places()
    for place in places:
        if os.path.isfile(place):
            return place
    raise FileError(
        c.ERROR_IO,
        "the zoo of functions was not found. Looked for it here:\n  "
        + "\n  ".join(places)
        + f"\nIt comes with the activ command; {VARIABLE} names another file.",
    )


@lru_cache(maxsize=4)
def _read(file: str, modified: int) -> Dict[str, ZooEntry]:
    """modified: when, so that a file that has changed is read again."""
    try:
        # As the command reads it: lines end at line feeds, and sources may be in any encoding.
        with open(file, encoding="utf-8", errors="surrogateescape", newline="\n") as lines:
            text = lines.read().split("\n")
    except OSError as error:
        raise FileError(c.ERROR_IO, f"the zoo of functions, '{file}', cannot be read: {error}") from None
    entries: Dict[str, ZooEntry] = {}
    for number, line in enumerate(text, 1):
        if not line.strip() or line.strip().startswith("#"):
            continue
        parts = [part.strip() for part in line.split("|", 3)] + ["", "", ""]
        entry = ZooEntry(*parts[:4])
        problem = ""
        if not re.fullmatch("[A-Za-z0-9_]{1,64}", entry.name):
            problem = "no name of 1 to 64 letters, digits and '_'"
        elif not entry.formula:
            problem = "no formula: name | formula | source | checked"
        elif entry.name in entries:
            problem = f"a second {entry.name}"
        if problem:
            raise FileError(c.ERROR_IO, f"'{file}', line {number}: {problem}")
        entries[entry.name] = entry
    return entries


def zoo() -> Dict[str, ZooEntry]:
    """Published functions that the catalogue lacks, by name, from the file functions.txt: that of the
    environment's ACTIV_ZOO, or the one that is installed with the library. Function("@NAME") makes one.

    activ.FileError: the file is not there, or is none.
    """
    file = _find()
    try:
        modified = os.stat(file).st_mtime_ns
    except OSError:
        modified = 0
    return dict(_read(file, modified))


def expand(spec: str) -> str:
    """A spec with each @NAME replaced by the formula, in brackets where it is a part of it."""
    if "@" not in spec:
        return spec
    entries = zoo()

    def formula(match: "re.Match[str]") -> str:
        name = match.group(1)
        if name in entries:
            found = entries[name].formula
            return found if match.group() == spec else f"({found})"
        if not name:
            text = "'@' without a name: as in @logish, a function of the zoo"
        else:
            near = difflib.get_close_matches(name, entries, 1)
            text = f"unknown function '@{name}'" + (f"; is @{near[0]} meant?" if near else "")
        raise BadValueError(c.ERROR_UNKNOWN_NAME, text + "; activ.zoo() has all names")

    return re.sub("@([A-Za-z0-9_]*)", formula, spec)

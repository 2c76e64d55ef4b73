"""DLPack capsules. Python knows managed tensors by capsules that are named after what they hold.

A producer's capsule is "dltensor" or "dltensor_versioned"; whoever takes the tensor over renames it to
"used_...", and only a capsule that was never renamed frees its tensor.
"""
from __future__ import annotations

import atexit
import ctypes
import threading
from typing import Any, Dict, Tuple

from . import _declarations as c

CPU = 1
READ_ONLY, IS_COPIED = 1, 2


class DLTensor(ctypes.Structure):
    _fields_ = [
        ("data", c.pointer),
        ("device_type", c.i32),
        ("device_id", c.i32),
        ("ndim", c.i32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", c.u64),
    ]


Deleter = ctypes.CFUNCTYPE(None, c.pointer)


class Managed(ctypes.Structure):
    """DLManagedTensor, of DLPack before 1.0."""

    _fields_ = [("tensor", DLTensor), ("context", c.pointer), ("deleter", Deleter)]


class ManagedVersioned(ctypes.Structure):
    """DLManagedTensorVersioned, of DLPack 1."""

    _fields_ = [
        ("major", c.u32),
        ("minor", c.u32),
        ("context", c.pointer),
        ("deleter", Deleter),
        ("flags", c.u64),
        ("tensor", DLTensor),
    ]


LEGACY, VERSIONED = b"dltensor", b"dltensor_versioned"
_STRUCTS = {LEGACY: Managed, VERSIONED: ManagedVersioned}
# A capsule refers to its name for as long as it lives.
_USED = {
    LEGACY: ctypes.create_string_buffer(b"used_dltensor"),
    VERSIONED: ctypes.create_string_buffer(b"used_dltensor_versioned"),
}
_NAMES = {LEGACY: ctypes.create_string_buffer(LEGACY), VERSIONED: ctypes.create_string_buffer(VERSIONED)}


def _api(name: str, restype: Any, *argtypes: Any) -> Any:
    # A prototype of our own: ctypes.pythonapi is shared with everybody, who may give it other types.
    return ctypes.PYFUNCTYPE(restype, *argtypes)((name, ctypes.pythonapi))


_new = _api("PyCapsule_New", ctypes.py_object, c.pointer, c.pointer, c.pointer)
_is_valid = _api("PyCapsule_IsValid", ctypes.c_int, ctypes.py_object, ctypes.c_char_p)
_get = _api("PyCapsule_GetPointer", c.pointer, ctypes.py_object, ctypes.c_char_p)
_set_name = _api("PyCapsule_SetName", ctypes.c_int, ctypes.py_object, c.pointer)
# In a destructor the capsule has no references left: it is an address, and must not become an object.
_is_valid_dying = _api("PyCapsule_IsValid", ctypes.c_int, c.pointer, ctypes.c_char_p)
_get_dying = _api("PyCapsule_GetPointer", c.pointer, c.pointer, ctypes.c_char_p)


def delete(managed: int, name: bytes) -> None:
    """Calls a managed tensor's deleter, if it has one."""
    struct = _STRUCTS[name].from_address(managed)
    if struct.deleter:
        struct.deleter(managed)


# A consumer that fails may drop a capsule while its exception is set. No call of Python's succeeds then, and
# an exception that is still set at a callback's end is one too many: so callbacks take it away first, by a
# call whose arguments are made already, and raise it at their end. As nothing above them can receive it,
# sys.unraisablehook does, and the consumer's caller gets a SystemError; but the memory is freed.
_fetch = ctypes.pythonapi["PyErr_Fetch"]
_fetch.restype = None
_pending = tuple(ctypes.c_void_p() for _ in range(3))
_PENDING = tuple(map(ctypes.byref, _pending))


def _raise_pending(
    pending: Tuple[Any, ...] = _pending, cast: Any = ctypes.cast, kind: Any = ctypes.py_object
) -> None:
    if pending[1]:
        value = cast(pending[1], kind).value
        raise value if isinstance(value, BaseException) else RuntimeError(value)


def _destroy(
    capsule: int,
    is_valid: Any = _is_valid_dying,
    get: Any = _get_dying,
    delete: Any = delete,
    names: Tuple[bytes, ...] = (LEGACY, VERSIONED),
    fetch: Any = _fetch,
    pending: Tuple[Any, ...] = _PENDING,
    raise_pending: Any = _raise_pending,
) -> None:
    # Defaults, as the names of the module may be gone when the interpreter ends.
    fetch(*pending)
    for name in names:
        if is_valid(capsule, name):
            delete(get(capsule, name), name)
    raise_pending()


_destructor = ctypes.PYFUNCTYPE(None, c.pointer)(_destroy)


def capsule(managed: int, name: bytes) -> Any:
    """A capsule that owns the managed tensor."""
    try:
        return _new(managed, ctypes.addressof(_NAMES[name]), ctypes.cast(_destructor, c.pointer))
    except BaseException:
        delete(managed, name)
        raise


# ---- tensors whose memory is not theirs ----

# The library's deleter knows nothing of the array that a view looks at. Exports of views get this module's
# deleter, which also lets go of that array. By address: what to keep, the library's deleter, the kind.
_exports: Dict[int, Tuple[Any, Any, bytes]] = {}


def _delete_view(
    managed: int,
    exports: Dict[int, Tuple[Any, Any, bytes]] = _exports,
    fetch: Any = _fetch,
    pending: Tuple[Any, ...] = _PENDING,
    raise_pending: Any = _raise_pending,
) -> None:
    fetch(*pending)
    owner, deleter, _ = exports.pop(managed)
    deleter(managed)
    del owner
    raise_pending()


_view_deleter = Deleter(_delete_view)


def keep_until_deleted(managed: int, name: bytes, owner: Any) -> None:
    struct = _STRUCTS[name].from_address(managed)
    # A copy: the field itself would be read again, after it is overwritten.
    _exports[managed] = (owner, Deleter(ctypes.cast(struct.deleter, c.pointer).value or 0), name)
    struct.deleter = _view_deleter


def _at_exit() -> None:
    """What is deleted after the interpreter's end must not call into it: the library's deleters come back."""
    for managed, (_, deleter, name) in list(_exports.items()):
        _STRUCTS[name].from_address(managed).deleter = deleter


atexit.register(_at_exit)


def mark_copied(managed: int) -> None:
    ManagedVersioned.from_address(managed).flags |= IS_COPIED


def request(obj: Any) -> Any:
    """The capsule of an object with __dlpack__: versioned, if it can. BufferError: not on the CPU."""
    if not hasattr(obj, "__dlpack__") or not hasattr(obj, "__dlpack_device__"):
        raise TypeError(f"a {type(obj).__name__} has no __dlpack__ and __dlpack_device__")
    device = obj.__dlpack_device__()
    if int(device[0]) != CPU:
        raise BufferError(f"the array is on device {tuple(map(int, device))}; (1, 0), the CPU, is wanted")
    # Of PyTorch's two lazy views it refuses the conjugate itself, but exports the other's numbers unnegated.
    is_negated = getattr(obj, "is_neg", None)
    if callable(is_negated) and is_negated():
        raise BufferError("the tensor's numbers are stored without their sign; resolve_neg() writes them out")
    try:
        return obj.__dlpack__(max_version=(1, 0))
    except TypeError:  # a producer of before 1.0
        return obj.__dlpack__()


def name_of(capsule: Any) -> bytes:
    """Which kind it is. TypeError: no capsule of a tensor; ValueError: one that was taken over already."""
    for name in (VERSIONED, LEGACY):
        if _is_valid(capsule, name):
            return name
        if _is_valid(capsule, _USED[name].value):
            raise ValueError("the capsule's tensor was taken over already")
    raise TypeError(f"a {type(capsule).__name__} is no capsule named dltensor or dltensor_versioned")


def content(capsule: Any, name: bytes) -> int:
    return _get(capsule, name)


def mark_used(capsule: Any, name: bytes) -> None:
    _set_name(capsule, ctypes.addressof(_USED[name]))


# Two threads that take one capsule over: the second has to find it used.
_taking = threading.Lock()


def take(capsule: Any) -> Tuple[int, bytes]:
    """The managed tensor, which is the caller's from now on, and its kind. Raises as name_of."""
    with _taking:
        name = name_of(capsule)
        managed = content(capsule, name)
        mark_used(capsule, name)
        return managed, name


def give_back(capsule: Any, name: bytes) -> None:
    """It is the capsule's again."""
    _set_name(capsule, ctypes.addressof(_NAMES[name]))

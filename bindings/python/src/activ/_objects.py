"""What all Python objects that stand for a C object share: ownership, closing, use by threads, callbacks.

Ownership. A Resource owns one C object. Whatever needs the object refers to the Resource: the Python object,
views of its memory, resources made from it. The C object is destroyed when the last of them is gone, children
before parents. `close` gives up the Python object's own reference, after which its methods raise ValueError;
views stay valid. Objects in a cycle are finalised in any order: one whose C object is destroyed already, but
which another's __del__ still reaches, is closed, too.
"""
from __future__ import annotations

import ctypes
import threading
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple, Type, TypeVar
from contextlib import contextmanager

from . import _declarations as c
from ._errors import check
from ._numpy import np

Self = TypeVar("Self", bound="Handle")


class Resource:
    """One C object. `keep`: Python objects that have to live as long; `parents`: resources likewise."""

    __slots__ = ("pointer", "_as_parameter_", "_destroy", "_parents", "_keep", "_tokens", "__weakref__")

    def __init__(
        self,
        pointer: int,
        destroy: Callable[[Any], Any],
        parents: Sequence["Resource"] = (),
        keep: Sequence[Any] = (),
    ) -> None:
        # One token for this object, one for each child. The collector may finalise them in any order and from
        # any thread; append and pop are atomic, and whoever pops the first token destroys.
        self._tokens: List[bool] = [True]
        for parent in parents:
            parent._tokens.append(False)
        self.pointer: Optional[int] = pointer
        # ctypes takes the resource itself as an argument, and so holds it: another thread may close it.
        self._as_parameter_: Optional[int] = pointer
        self._destroy = destroy
        self._parents = tuple(parents)
        self._keep = list(keep)

    def keep(self, value: Any) -> None:
        """One more object that has to live as long."""
        self._keep.append(value)

    def _release(self) -> None:
        # No recursion: a view of a view of a view ... may be deeper than Python's stack.
        releasing = [self]
        while releasing:
            resource = releasing.pop()
            if resource._tokens.pop():
                pointer, resource.pointer, resource._as_parameter_ = resource.pointer, None, None
                resource._destroy(pointer)
                releasing += reversed(resource._parents)

    def __del__(self) -> None:
        if hasattr(self, "_keep"):
            self._release()


class Usage:
    """Who is using an object that one thread at a time may change, or several may read.

    A second user gets an error at once: waiting could be for ever, in a callback of the same call."""

    __slots__ = ("_what", "_lock", "_users")

    def __init__(self, what: str) -> None:
        self._what = what
        self._lock = threading.Lock()
        self._users = 0  # -1: one that changes it

    def _busy(self) -> RuntimeError:
        return RuntimeError(
            f"the {self._what} is in use: by another thread, or by the call that this one comes from"
        )

    def enter(self, shared: bool = False) -> None:
        with self._lock:
            if self._users < 0 or (self._users > 0 and not shared):
                raise self._busy()
            self._users = self._users + 1 if shared else -1

    def leave(self) -> None:
        with self._lock:
            self._users = self._users - 1 if self._users > 0 else 0

    @contextmanager
    def alone(self) -> Iterator[None]:
        self.enter()
        try:
            yield
        finally:
            self.leave()

    @contextmanager
    def shared(self) -> Iterator[None]:
        self.enter(shared=True)
        try:
            yield
        finally:
            self.leave()


class Watch:
    """Exceptions that one Python callback raised, for the thread whose call it was.

    C cannot pass them on: the callback leaves them here, and `call` raises the first after the call."""

    __slots__ = ("_calling", "_raised", "_lock")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calling: Dict[int, int] = {}
        self._raised: Dict[Optional[int], List[BaseException]] = {}

    def enter(self) -> None:
        me = threading.get_ident()
        with self._lock:
            self._calling[me] = self._calling.get(me, 0) + 1

    def leave(self) -> List[BaseException]:
        me = threading.get_ident()
        with self._lock:
            self._calling[me] -= 1
            if not self._calling[me]:
                del self._calling[me]
            return self._raised.pop(me, []) + self._raised.pop(None, [])

    def remember(self, exception: BaseException) -> None:
        """In a thread of a pool, it is not known whose call it is: the next to leave gets it."""
        me: Optional[int] = threading.get_ident()
        with self._lock:
            if me not in self._calling:
                me = None
            self._raised.setdefault(me, []).append(exception)


Watches = Tuple[Watch, ...]


def call(watches: Watches, function: Callable[..., Any], *arguments: Any) -> Any:
    """function(*arguments), and raises what a callback raised meanwhile."""
    if not watches:
        return function(*arguments)
    for watch in watches:
        watch.enter()
    raised: List[BaseException] = []
    try:
        result = function(*arguments)
    finally:
        for watch in watches:
            raised += watch.leave()
    if raised:
        raise raised[0]
    return result


def run(watches: Watches, function: Callable[..., int], *arguments: Any) -> None:
    """A call whose last parameter is an activ_message."""
    message = c.Message()
    check(call(watches, function, *arguments, ctypes.byref(message)), message.text)


def create(
    watches: Watches,
    destroy: Callable[[int], Any],
    function: Callable[..., int],
    *arguments: Any,
    message: bool = True,
    what: str = "",
    parents: Sequence[Resource] = (),
    keep: Sequence[Any] = (),
) -> Resource:
    """A call that makes an object; its last parameters are the out-pointer and, if so, an activ_message."""
    out = ctypes.c_void_p()
    why = c.Message()
    last = (ctypes.byref(out), ctypes.byref(why)) if message else (ctypes.byref(out),)
    try:
        status = call(watches, function, *arguments, *last)
    except BaseException:
        if out.value is not None:
            destroy(out.value)
        raise
    check(status, why.text, what)
    assert out.value is not None
    return Resource(out.value, destroy, parents, keep)


class Handle:
    """A Python object that owns a C object, until `close`."""

    _resource: Optional[Resource] = None
    _kind = "object"

    @property
    def closed(self) -> bool:
        """True after close()."""
        return self._resource is None or self._resource.pointer is None

    def _open(self) -> Resource:
        """The resource, to be held while C works with it. ValueError: closed."""
        resource = self._resource
        if resource is None or resource.pointer is None:
            raise ValueError(f"the {self._kind} is closed")
        return resource

    def close(self) -> None:
        """Gives it up. Other methods then raise ValueError. Memory that views still refer to lives as long as
        they.

        Closing twice is allowed."""
        self._resource = None

    def __enter__(self: Self) -> Self:
        self._open()
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], value: Any, traceback: Any) -> None:
        self.close()

    def __reduce__(self) -> Any:
        raise TypeError(f"a {type(self).__name__} cannot be pickled or copied")


class _Memory:
    """Memory of a C object, as NumPy wants to be told of it; keeps the object alive."""

    __slots__ = ("__array_interface__", "owner")

    def __init__(
        self,
        address: int,
        shape: Tuple[int, ...],
        typestr: str,
        owner: Any,
        read_only: bool,
        strides: Optional[Tuple[int, ...]] = None,
    ) -> None:
        self.__array_interface__ = {
            "data": (address, read_only),
            "shape": shape,
            "typestr": typestr,
            "strides": strides,
            "version": 3,
        }
        self.owner = owner


def view(
    address: Optional[int],
    shape: Tuple[int, ...],
    typestr: str,
    owner: Any,
    read_only: bool = False,
    strides: Optional[Tuple[int, ...]] = None,
) -> "np.ndarray":
    """An array on memory of a C object, which lives as long as the array. strides: in bytes."""
    if not address:
        array = np.empty(shape, typestr)
        array.flags.writeable = not read_only
        return array
    return np.asarray(_Memory(address, shape, typestr, owner, read_only, strides))


def copied(address: int, count: int, dtype: Any) -> "np.ndarray":
    """A copy of memory that is there for the time of a callback only."""
    array = np.empty(count, dtype)
    ctypes.memmove(array.__array_interface__["data"][0], address, array.nbytes)
    return array

"""What objects are made with: threads, a ceiling for the tier, a log, functions of one's own."""
from __future__ import annotations

import ctypes
from typing import Any, Callable, List, Optional, Sequence, Tuple, Union

from . import _checks as checks
from . import _declarations as c
from ._library import lib
from ._numpy import np
from ._objects import Handle, Resource, Watch, Watches, copied, create

Initial = Union[None, Sequence[float], "np.ndarray", Callable[[int], Any]]


def _float32(value: Any, what: str, shape: Tuple[int, ...]) -> "np.ndarray":
    array = checks.as_input(value, what)
    if array.shape != shape:
        raise ValueError(f"{what} returned shape {array.shape}; {shape} is wanted")
    return array


def _fill_nan(address: Optional[int], count: int, kind: Any) -> None:
    if address:
        (kind * count).from_address(address)[:] = [float("nan")] * count


class Custom:
    """An elementwise function of one's own, from two callables.

    name: 1 to 40 letters, digits and '_', none of the catalogue's names.
    forward(x, params) -> y: x of shape (n,), float32; params of shape (k,); y of shape (n,), float32.
    backward(x, dy, params) -> dx, or (dx, sums) if there are parameters: dx of shape (n,), float32; sums of
    shape (k,), any float type: the sums over all elements of dy times the derivative by each parameter.
    initial: the k initial values of the parameters (k at most 48), or a function of a seed that returns them
    together with `count`; None: there are no parameters.

    Each value must depend on its own element and the parameters alone: n may be any part of an array. With a
    pool (Context(threads=...)) the callables run in its threads, one at a time. An exception that one raises
    is raised by the call that it was part of (where several threads call at once, and a pool's thread raised,
    by one of their calls); what that call should have written is then NaN, at least in part.

    TypeError: not callable, another type; ValueError: too many parameters, an array of another shape.
    """

    def __init__(
        self,
        name: str,
        forward: Callable[..., Any],
        backward: Callable[..., Any],
        initial: Initial = None,
        count: Optional[int] = None,
    ) -> None:
        for what, value in (("forward", forward), ("backward", backward)):
            if not callable(value):
                raise TypeError(f"{what} is {value!r}, which is not callable")
        self.name = checks.text(name, "name").decode()
        self._forward, self._backward = forward, backward
        if callable(initial):
            if count is None:
                raise TypeError("with a function as initial, count says how many parameters there are")
            self.count = checks.count(count, "count", 0, 48)
            self._initial: Callable[[int], Any] = initial
        else:
            values = np.array([] if initial is None else initial, np.float32)
            if values.ndim != 1 or (count is not None and count != len(values)):
                raise ValueError(
                    f"initial has shape {values.shape}; one dimension is wanted"
                    + (f", of {count} values" if count is not None else "")
                )
            self.count = checks.count(len(values), "the number of parameters", 0, 48)
            self._initial = lambda seed: values
        self._watch = Watch()
        # The pointers that C gets call back into this object; it lives as long as whatever was made with it.
        self._callbacks = c.FnCallbacks(
            forward=c.ForwardCallback(self._call_forward),
            backward=c.BackwardCallback(self._call_backward),
            param_count=self.count,
        )
        if self.count:
            self._callbacks.param_init = c.ParamInitCallback(self._call_init)
        self._struct = c.CustomFn(name=self.name.encode(), callbacks=ctypes.pointer(self._callbacks))

    def __repr__(self) -> str:
        return f"activ.Custom({self.name!r}, {self.count} parameters)"

    def _validate(self) -> None:
        """activ.Error: the name is malformed, or one of the catalogue's."""
        create(
            (),
            lib.activ_fn_destroy,
            lib.activ_fn_create_custom_ex,
            None,
            self.name.encode(),
            ctypes.byref(self._callbacks),
            None,
        )

    def _params(self, address: Optional[int]) -> "np.ndarray":
        return copied(address, self.count, np.float32) if address else np.empty(0, np.float32)

    def _call_forward(self, user: Any, params: Any, n: int, x: int, y: int) -> None:
        try:
            result = self._forward(copied(x, n, np.float32), self._params(params))
            result = _float32(result, f"{self.name}'s forward", (n,))
            ctypes.memmove(y, checks.address(result), result.nbytes)
        except BaseException as exception:  # KeyboardInterrupt too: nothing may pass through C
            _fill_nan(y, n, ctypes.c_float)
            self._watch.remember(exception)

    def _call_backward(self, user: Any, params: Any, n: int, x: int, dy: int, dx: Any, sums: Any) -> None:
        try:
            result = self._backward(copied(x, n, np.float32), copied(dy, n, np.float32), self._params(params))
            if self.count:
                if not isinstance(result, tuple) or len(result) != 2:
                    raise TypeError(f"{self.name}'s backward has to return (dx, sums)")
                result, totals = result
                totals = np.array(totals, np.float64)
                if totals.shape != (self.count,):
                    raise ValueError(
                        f"{self.name}'s backward returned sums of shape {totals.shape}; "
                        f"{(self.count,)} is wanted"
                    )
            elif isinstance(result, tuple):
                raise TypeError(f"{self.name}'s backward has to return dx alone: there are no parameters")
            result = _float32(result, f"{self.name}'s backward", (n,))
            if dx:
                ctypes.memmove(dx, checks.address(result), result.nbytes)
            if sums and self.count:
                ctypes.memmove(sums, checks.address(totals), totals.nbytes)
        except BaseException as exception:
            _fill_nan(dx, n, ctypes.c_float)
            _fill_nan(sums, self.count, ctypes.c_double)
            self._watch.remember(exception)

    def _call_init(self, user: Any, seed: int, params: int) -> None:
        try:
            values = np.array(self._initial(seed), np.float32)
            if values.shape != (self.count,):
                raise ValueError(f"{self.name}'s initial has shape {values.shape}; {(self.count,)} is wanted")
            ctypes.memmove(params, checks.address(values), values.nbytes)
        except BaseException as exception:
            _fill_nan(params, self.count, ctypes.c_float)
            self._watch.remember(exception)


class Context(Handle):
    """Settings for the objects made with it.

    threads: how many work on large arrays and in training; 1: the calling thread alone, 0: one for each CPU.
    The results are the same bits.
    max_tier: the highest instruction set to use: "scalar", "neon", "avx2", "avx512".
    log: a callable that gets (status, line) for each failure of an object made with the context.
    functions: Custom functions that specs and files may name.

    activ.Error: an unknown tier, more than 256 threads, a name that is taken.
    """

    _kind = "context"

    def __init__(
        self,
        *,
        threads: int = 1,
        max_tier: Optional[str] = None,
        log: Optional[Callable[[int, str], Any]] = None,
        functions: Sequence[Custom] = (),
    ) -> None:
        if log is not None and not callable(log):
            raise TypeError(f"log is {log!r}, which is not callable")
        customs = tuple(functions)
        for custom in customs:
            if not isinstance(custom, Custom):
                raise TypeError(f"functions has {custom!r}; activ.Custom is wanted")
        names = [custom.name for custom in customs]
        if len(set(names)) != len(names):
            raise ValueError(f"functions has two of the same name: {', '.join(names)}")
        for custom in customs:
            custom._validate()
        threads = checks.count(threads, "threads")
        options = c.ContextOptions()
        parents: List[Resource] = []
        if threads != 1:
            pool = create((), lib.activ_pool_destroy, lib.activ_pool_create_ex, None, threads)
            parents.append(pool)
            options.executor = lib.activ_pool_executor(pool.pointer)
        if max_tier is not None:
            options.max_tier = checks.text(max_tier, "max_tier")
        watches = [custom._watch for custom in customs]
        keep: List[Any] = list(customs)
        if log is not None:
            watch, tell = Watch(), log

            def on_failure(user: Any, status: int, line: bytes) -> None:
                try:
                    tell(status, line.decode(errors="replace"))
                except BaseException as exception:
                    watch.remember(exception)

            options.log = c.LogCallback(on_failure)
            watches.append(watch)
            keep.append(options.log)
        if customs:
            array = (ctypes.POINTER(c.CustomFn) * len(customs))(*(ctypes.pointer(f._struct) for f in customs))
            options.functions = ctypes.cast(array, type(options.functions))
            options.function_count = len(customs)
            keep.append(array)
        self._watches: Watches = tuple(watches)
        self._resource = create(
            self._watches,
            lib.activ_context_destroy,
            lib.activ_context_create_ex,
            ctypes.byref(options),
            parents=parents,
            keep=keep,
        )

    @property
    def tier(self) -> str:
        """The instruction set that objects of this context use."""
        return lib.activ_context_tier(self._open()).decode()

    def __repr__(self) -> str:
        return "activ.Context(closed)" if self.closed else f"activ.Context(tier={self.tier!r})"


def parts_of(context: Optional[Context]) -> Tuple[Optional[Resource], Tuple[Resource, ...], Watches]:
    """What making an object from a context takes: itself, the resources to keep, its callbacks."""
    if context is None:
        return None, (), ()
    if not isinstance(context, Context):
        raise TypeError(f"context is {context!r}; an activ.Context is wanted")
    resource = context._open()
    return resource, (resource,), context._watches


def tier() -> str:
    """The instruction set that runs where no context sets a limit: "scalar", "neon", "avx2", "avx512"."""
    return lib.activ_tier().decode()


def tiers() -> Tuple[str, ...]:
    """All that this library holds and this machine can run, from the slowest to the fastest."""
    found: List[str] = []
    while True:
        name = lib.activ_tier_at(len(found))
        if name is None:
            return tuple(found)
        found.append(name.decode())


def max_tier() -> Optional[str]:
    """The ceiling that the environment variable ACTIV_MAX_TIER sets, None without one."""
    name = lib.activ_max_tier()
    return None if name is None else name.decode()

"""Activation functions on NumPy arrays."""
from __future__ import annotations

import ctypes
from functools import lru_cache
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple, Union

from . import _checks as checks
from . import _declarations as c
from ._context import Context, Custom, parts_of
from ._errors import check
from ._library import lib
from ._numpy import np
from ._objects import Handle, Resource, Watches, call, create, run
from ._zoo import expand

SHAPES = {c.SHAPE_ELEMENTWISE: "elementwise", c.SHAPE_ROWWISE: "rowwise", c.SHAPE_GATED: "gated"}
KINDS = {
    c.SETTING_REAL: "real",
    c.SETTING_COUNT: "count",
    c.SETTING_WORD: "word",
    c.SETTING_FUNCTIONS: "functions",
}


class Info(NamedTuple):
    """A function's entry in the catalogue."""

    name: str
    aliases: Tuple[str, ...]
    signature: str  # with settings and defaults: "elu(alpha=1)"
    formula: str
    source: str  # who defined it, where
    trainable: bool
    random: bool  # draws in training
    shape: str  # "elementwise", "rowwise", "gated"
    forward_ulp: float  # bounds of the errors, in units in the last place
    derivative_ulp: float


class Setting(NamedTuple):
    """One of a function's settings."""

    name: str
    kind: str  # "real", "count", "word", "functions"
    trainable: bool  # the value is where a parameter starts
    value: Union[float, int, str, None]
    default: Union[float, int, str, None]
    minimum: float
    maximum: float
    words: Tuple[str, ...]  # all that are possible


class Part(NamedTuple):
    """A named part of a function's parameters: params[offset:offset + count]."""

    name: str
    offset: int
    count: int  # type: ignore[assignment]


def _text(value: Optional[bytes]) -> str:
    return "" if value is None else value.decode()


def _info(raw: c.FnInfo) -> Info:
    aliases = tuple(name for name in _text(raw.aliases).split(", ") if name)
    return Info(
        _text(raw.name),
        aliases,
        _text(raw.signature),
        _text(raw.formula),
        _text(raw.source),
        bool(raw.trainable),
        bool(raw.random),
        SHAPES.get(raw.shape, f"shape {raw.shape}"),
        raw.forward_ulp,
        raw.derivative_ulp,
    )


def functions() -> List[Info]:
    """The catalogue: all functions of the library but one's own."""
    found: List[Info] = []
    raw = c.FnInfo()
    while lib.activ_fn_catalog(len(found), ctypes.byref(raw)) == c.OK:
        found.append(_info(raw))
    return found


def _setting(raw: c.SettingInfo) -> Setting:
    words: List[str] = []
    if raw.words:
        while raw.words[len(words)] is not None:
            words.append(raw.words[len(words)].decode())
    value: Union[float, int, str, None] = raw.value
    default: Union[float, int, str, None] = raw.initial
    if raw.kind == c.SETTING_COUNT:
        value, default = int(raw.value), int(raw.initial)
    elif raw.kind == c.SETTING_WORD:
        value = _text(raw.word)
        default = words[int(raw.initial)] if words else None
    elif raw.kind == c.SETTING_FUNCTIONS:
        value = default = None  # see Function.functions
    return Setting(
        _text(raw.name),
        KINDS.get(raw.kind, f"kind {raw.kind}"),
        bool(raw.trainable),
        value,
        default,
        raw.minimum,
        raw.maximum,
        tuple(words),
    )


class Matrix(NamedTuple):
    """How the library is to see an array: rows of columns; half: the distance from value to gate, in
    elements."""

    rows: int
    columns: int
    stride: int
    channels: int
    half: int


class Function(Handle):
    """An activation function with its settings. Immutable: any number of threads may share one.

    spec: "gelu", "leaky_relu(negative_slope=0.2)", "staf(tau=25)", "gated(elu)"; a formula,
    "a*x*sigmoid(b*x); a=1, b=1.702"; "@logish", a formula of activ.zoo(), which may be a part of others,
    "gated(@logish)"; or an activ.Custom.
    context: what to make it with (threads, a tier); None: the default.

    Calling it computes the function of an array of float32 or float16:

        f(x)                    elementwise: any shape
        f(x, axis=-1)           rowwise (softmax): over that axis, the last unless said
        f(x, axis=-1)           gated (swiglu): of the two halves along that axis, first the value
        f(value, gate)          gated: of two arrays of the same shape
        f(x, axis=1)            with num_parameters=C in the spec: x.shape[axis] is C, the axis 1 unless said

    params is an array of param_count values (`parameters`); None stands for the initial values with seed 0.

    All arrays of a call are of one type, but for params and dparams, which are float32. Of float16 each value
    is read, computed with in float32, and rounded once: f(x) has the bits of
    f(x.astype(float32)).astype(float16). What needs float32 says so (TypeError): num_parameters above 1,
    training, accumulate, and the derivative from y.

    activ.Error: no such function, a malformed spec, a setting that is not allowed.
    """

    _kind = "function"
    # Kept for all who name its spec: nobody closes it for the others.
    _shared = False

    def __init__(self, spec: Union[str, Custom], *, context: Optional[Context] = None) -> None:
        pointer, parents, watches = parts_of(context)
        if isinstance(spec, Custom):
            # The struct's name and callbacks are copied, but not the code that they point to.
            self._resource = create(
                watches,
                lib.activ_fn_destroy,
                lib.activ_fn_create_custom_ex,
                pointer,
                spec.name.encode(),
                ctypes.byref(spec._callbacks),
                None,
                parents=parents,
                keep=(spec,),
            )
            watches = watches + (spec._watch,)
        else:
            self._resource = create(
                watches,
                lib.activ_fn_destroy,
                lib.activ_fn_create_ex,
                pointer,
                checks.text(expand(spec) if isinstance(spec, str) else spec, "spec"),
                parents=parents,
            )
        self._plain = context is None and not isinstance(spec, Custom)
        self._setup(watches)

    def _setup(self, watches: Watches) -> None:
        resource = self._open()
        self._watches = watches
        raw = c.FnInfo()
        check(lib.activ_fn_info_of(resource, ctypes.byref(raw)))
        self._shape = raw.shape
        self._channels = lib.activ_fn_channels(resource)
        self._param_count = lib.activ_fn_param_count(resource)
        self._random = bool(lib.activ_fn_is_random(resource))
        part, parts = c.FnTensorInfo(), []
        for i in range(lib.activ_fn_param_tensor_count(resource)):
            check(lib.activ_fn_param_tensor_info(resource, i, ctypes.byref(part)))
            parts.append(Part(_text(part.name), part.offset, part.count))
        self._layout = tuple(parts)

    @classmethod
    def _borrowed(cls, pointer: int, owner: Resource, watches: Watches) -> "Function":
        """A function that belongs to another object, which it keeps alive."""
        function = cls.__new__(cls)
        function._resource = Resource(pointer, lambda _: None, parents=(owner,))
        function._plain = False
        function._setup(watches)
        return function

    def close(self) -> None:
        """Gives it up, as all objects; but one that activ.forward and activ.torch made of a spec stays open:
        others share it."""
        if not self._shared:
            super().close()

    # ---- what it is ----

    def __repr__(self) -> str:
        return "activ.Function(closed)" if self.closed else f"activ.Function({self.spec!r})"

    def __copy__(self) -> "Function":
        return self  # immutable

    def __deepcopy__(self, memo: Any) -> "Function":
        return self

    def __reduce__(self) -> Any:
        if not self._plain:
            raise TypeError("a function made with a context, or of Python callables, cannot be pickled")
        return Function, (self.spec,)

    @property
    def spec(self) -> str:
        """The canonical text: Function(f.spec) is the same function."""
        return lib.activ_fn_spec(self._open()).decode()

    @property
    def name(self) -> str:
        """The name in the catalogue, without settings."""
        return self.info.name

    @property
    def info(self) -> Info:
        """Formula, source, bounds."""
        raw = c.FnInfo()
        check(lib.activ_fn_info_of(self._open(), ctypes.byref(raw)))
        return _info(raw)

    @property
    def shape(self) -> str:
        """One of "elementwise", "rowwise" or "gated"."""
        return SHAPES.get(self._shape, f"shape {self._shape}")

    @property
    def random(self) -> bool:
        """True if it draws random numbers in training (rrelu)."""
        self._open()
        return self._random

    @property
    def channels(self) -> int:
        """How many channels have parameters of their own: num_parameters."""
        return self._channels

    @property
    def param_count(self) -> int:
        """How many trainable values it has."""
        return self._param_count

    @property
    def settings(self) -> Dict[str, Setting]:
        """The settings by name, in the order of the signature."""
        resource, raw = self._open(), c.SettingInfo()
        found: Dict[str, Setting] = {}
        for i in range(lib.activ_fn_setting_count(resource)):
            check(lib.activ_fn_setting_info(resource, i, ctypes.byref(raw)))
            setting = _setting(raw)
            found[setting.name] = setting
        return found

    @property
    def functions(self) -> Tuple["Function", ...]:
        """Those that it is made of: act of a gated function, experts of a mixture."""
        resource = self._open()
        inner = (lib.activ_fn_function(resource, i) for i in range(lib.activ_fn_function_count(resource)))
        return tuple(Function._borrowed(pointer, resource, self._watches) for pointer in inner)

    def derivative(self) -> "Function":
        """f' as a function of its own, whose derivative is f''. It has the parameters of f, the same array.

        Of formulas and of the catalogue's elementwise functions, without parameters per channel and not made of
        others; activ.Error elsewhere. Made with the context of f, which it keeps."""
        resource = self._open()
        made = type(self).__new__(type(self))
        made._resource = create(
            self._watches,
            lib.activ_fn_destroy,
            lib.activ_fn_derivative_ex,
            resource,
            parents=resource._parents,
            keep=resource._keep,
        )
        made._plain = self._plain
        made._setup(self._watches)
        return made

    # ---- parameters ----

    @property
    def layout(self) -> Tuple[Part, ...]:
        """The named parts of the parameters, in their order."""
        self._open()
        return self._layout

    def parameters(self, seed: int = 0) -> "np.ndarray":
        """Initial values, of shape (param_count,): the spec's, or drawn with `seed` where the start is
        random."""
        resource = self._open()
        values = np.zeros(self._param_count, np.float32)
        seed = checks.count(seed, "seed")
        if self._param_count:
            check(call(self._watches, lib.activ_fn_param_init, resource, seed, checks.address(values)))
        return values

    def parts(self, params: "np.ndarray") -> Dict[str, "np.ndarray"]:
        """The named parts of an array of parameters, or of their gradients, as views of it."""
        array = checks._as_array(params, "params")
        if array.shape != (self._param_count,):
            raise ValueError(f"params has shape {array.shape}; {(self._param_count,)} is wanted")
        return {part.name: array[part.offset : part.offset + part.count] for part in self.layout}

    def pack(self, parts: Mapping[str, Any]) -> "np.ndarray":
        """The reverse of `parts`: one array of all parameters. ValueError: a name or a length that does not
        fit."""
        layout = self.layout
        unknown = set(parts) - {part.name for part in layout}
        absent = {part.name for part in layout} - set(parts)
        if unknown or absent:
            raise ValueError(
                "no parameters named " + ", ".join(sorted(unknown))
                if unknown
                else "missing: " + ", ".join(sorted(absent))
            )
        values = np.empty(self._param_count, np.float32)
        for part in layout:
            given = checks.as_input(parts[part.name], part.name)
            if given.size != part.count:
                raise ValueError(f"{part.name} has {given.size} values; {part.count} are wanted")
            values[part.offset : part.offset + part.count] = given.reshape(-1)
        return values

    # ---- shapes ----

    def _matrix(self, shape: Tuple[int, ...], axis: Optional[int], halves: bool) -> Matrix:
        """How an array of this shape is cut up. ValueError: it cannot be.

        The rows of a rowwise function are along the last axis; others have to be moved there before."""
        n = checks.product(shape)
        if self._shape == c.SHAPE_GATED:
            if not halves:
                if axis is not None:
                    raise ValueError("axis says where the halves of one array are; there are two arrays")
                return Matrix(1 if n else 0, n, n, 0, 0)
            if not shape:
                raise ValueError(f"{self.spec}: an array without dimensions has no halves")
            at = checks.axis(-1 if axis is None else axis, len(shape))
            if shape[at] % 2:
                raise ValueError(f"{self.spec}: axis {at} has length {shape[at]}, which has no halves")
            rows = checks.product(shape[:at])
            columns = checks.product(shape[at:]) // 2
            return Matrix(rows if columns else 0, columns, 2 * columns, 0, columns)
        if self._shape == c.SHAPE_ROWWISE:
            if not shape:
                raise ValueError(f"{self.spec}: an array without dimensions has no rows")
            at = checks.axis(-1 if axis is None else axis, len(shape))
            columns = shape[at]
            return Matrix(checks.product(shape) // columns if columns else 0, columns, columns, 0, 0)
        if self._channels > 1:
            wanted = 1 if axis is None else axis
            if axis is None and len(shape) < 2:
                raise ValueError(f"{self.spec}: shape {shape} has no axis 1, which would be the channels")
            at = checks.axis(wanted, len(shape))
            if shape[at] != self._channels:
                raise ValueError(
                    f"{self.spec}: axis {at} has length {shape[at]}, not {self._channels}, the channels"
                )
            columns = checks.product(shape[at + 1 :])
            rows = checks.product(shape[: at + 1])
            return Matrix(rows if columns else 0, columns, columns, self._channels, 0)
        if axis is not None:
            raise ValueError(f"{self.spec} works element by element: it has no use for axis")
        return Matrix(1 if n else 0, n, n, 0, 0)

    def _result_shape(self, shape: Tuple[int, ...], axis: Optional[int], halves: bool) -> Tuple[int, ...]:
        if self._shape != c.SHAPE_GATED or not halves:
            return shape
        at = checks.axis(-1 if axis is None else axis, len(shape))
        return shape[:at] + (shape[at] // 2,) + shape[at + 1 :]

    def _needs_move(self, shape: Tuple[int, ...], axis: Optional[int]) -> bool:
        if self._shape != c.SHAPE_ROWWISE or axis is None or not shape:
            return False
        return checks.axis(axis, len(shape)) != len(shape) - 1

    def _params(self, params: Any) -> Tuple[Any, Optional[int]]:
        """The array to hold, and its address."""
        if params is None:
            return None, None
        array = checks.as_input(params, "params")
        if array.shape != (self._param_count,):
            raise ValueError(f"params has shape {array.shape}; {(self._param_count,)} is wanted")
        return array, checks.address(array)

    def _gate(self, x: "np.ndarray", gate: Any, gate_first: bool) -> Optional["np.ndarray"]:
        if gate_first and (gate is not None or self._shape != c.SHAPE_GATED):
            raise ValueError("gate_first is about the two halves of one array, of a gated function")
        if gate is None:
            return None
        if self._shape != c.SHAPE_GATED:
            raise TypeError(f"{self.spec} is no gated function: it takes one array")
        array = checks.as_operand(gate, "gate", x)
        if array.shape != x.shape:
            raise ValueError(f"gate has shape {array.shape}, value {x.shape}")
        return array

    # ---- forward ----

    def __call__(
        self,
        x: Any,
        gate: Any = None,
        *,
        params: Any = None,
        axis: Optional[int] = None,
        gate_first: bool = False,
        out: Optional["np.ndarray"] = None,
    ) -> "np.ndarray":
        """The function of x: float32 or float16, of any shape and strides (what is not row-major is copied).

        gate_first: of one array's halves, the gate comes first. out: where the result goes: of x's type,
        row-major, writable, of the result's shape; x itself will do (in-place), another overlap will not.
        Returns out, or a new array.

        TypeError: another type, or two of them. ValueError: a shape or an axis that does not fit, out that is
        read-only or not contiguous. activ.Error: arrays that overlap."""
        return self._forward(x, gate, params, axis, gate_first, out, None, 0, 0, 0)[0]

    forward = __call__

    def train(
        self,
        x: Any,
        seed: int,
        stream: int = 0,
        index: int = 0,
        *,
        params: Any = None,
        out: Optional["np.ndarray"] = None,
    ) -> Tuple["np.ndarray", "np.ndarray"]:
        """(y, noise) in training mode, where random functions draw: element i from (seed, stream, index + i).

        noise, of x's shape, is what `backward` wants. It is all 1 if the function is not random. Elementwise
        functions alone; activ.Error otherwise, or with num_parameters above 1. TypeError: another type than
        float32."""
        if self._shape != c.SHAPE_ELEMENTWISE:
            raise ValueError(f"{self.spec} is not elementwise: it has no training mode here")
        checks.needs_float32(checks.as_operand(x, "x"), "training")
        noise = np.ones(checks.as_input(x, "x").shape, np.float32)
        return self._forward(
            x,
            None,
            params,
            None,
            False,
            out,
            noise,
            checks.count(seed, "seed"),
            checks.count(stream, "stream"),
            checks.count(index, "index"),
        )

    def _forward(
        self,
        x: Any,
        gate: Any,
        params: Any,
        axis: Optional[int],
        gate_first: bool,
        out: Any,
        noise: Any,
        seed: int,
        stream: int,
        index: int,
    ) -> Tuple["np.ndarray", Any]:
        resource = self._open()
        x = checks.as_operand(x, "x")
        gate = self._gate(x, gate, gate_first)
        if self._channels > 1:
            checks.needs_float32(x, "num_parameters above 1")
        if axis is not None and self._needs_move(x.shape, axis):
            y = checks.output(out, "out", x.shape, x.dtype)
            moved = np.moveaxis(x, axis, -1)
            result = self._forward(moved, None, params, -1, False, None, None, 0, 0, 0)[0]
            y[...] = np.moveaxis(result, -1, axis)
            return y, None
        matrix = self._matrix(x.shape, axis, gate is None)
        y = checks.output(out, "out", self._result_shape(x.shape, axis, gate is None), x.dtype)
        held, address = self._params(params)
        args = c.ForwardArgs(
            params=address,
            rows=matrix.rows,
            columns=matrix.columns,
            channels=matrix.channels,
            x=checks.address(x),
            x_stride=matrix.stride,
            y=checks.address(y),
            y_stride=matrix.columns,
            seed=seed,
            stream=stream,
            index=index,
            dtype=checks.dtype_of(x),
        )
        if gate is not None:
            args.gate, args.gate_stride = checks.address(gate), matrix.stride
        elif matrix.half:
            args.gate, args.gate_stride = args.x + x.itemsize * matrix.half, matrix.stride
            if gate_first:
                args.x, args.gate = args.gate, args.x
        if noise is not None:
            args.noise = checks.address(noise)
        if matrix.rows or matrix.columns:
            run(self._watches, lib.activ_forward_ex, resource, ctypes.byref(args))
        del held
        return y, noise

    # ---- backward ----

    def backward(
        self,
        x: Any,
        dy: Any,
        gate: Any = None,
        *,
        params: Any = None,
        axis: Optional[int] = None,
        gate_first: bool = False,
        noise: Any = None,
        y: Any = None,
        accumulate: bool = False,
        out: Any = None,
        dparams: Optional["np.ndarray"] = None,
    ) -> Any:
        """dx = the gradient of a loss by x, from dy, its gradient by the result. With two arrays: (dvalue,
        dgate).

        x, gate, params, axis, gate_first: what the forward call got. noise: what `train` returned.
        out: where dx goes, of x's type (of two arrays: a pair of them); dy or x will do. With accumulate it
        is added to.
        dparams: of shape (param_count,); the gradient by the parameters is added to it.
        x = None with y = f(x): the derivative from the result alone, where the library can (activ.Error
        elsewhere).

        TypeError, ValueError, activ.Error: as calling the function."""
        resource = self._open()
        from_y = x is None
        if from_y and y is None:
            raise TypeError("x is None: then y, the function's result, is wanted")
        if from_y and gate is not None:
            raise TypeError("x is None: from y alone, there is no gate")
        x = checks.as_input(y, "y") if from_y else checks.as_operand(x, "x")
        dy = checks.as_operand(dy, "dy", x)
        gate = self._gate(x, gate, gate_first)
        wanted = self._result_shape(x.shape, axis, gate is None)
        if accumulate and out is None:
            raise TypeError("accumulate adds to out, which is None")
        if self._channels > 1:
            checks.needs_float32(x, "num_parameters above 1")
        if noise is not None:
            checks.needs_float32(x, "training")
        if accumulate:
            checks.needs_float32(x, "accumulate")
        if self._needs_move(x.shape, axis):
            return self._backward_moved(x, dy, params, axis, from_y, accumulate, out, dparams)
        matrix = self._matrix(x.shape, axis, gate is None)
        if dy.shape != wanted:
            raise ValueError(f"dy has shape {dy.shape}; {wanted} is wanted")
        if gate is None:
            result = [checks.output(out, "out", x.shape, x.dtype)]
        else:
            pair = (None, None) if out is None else out
            if not isinstance(pair, (tuple, list)) or len(pair) != 2:
                raise TypeError("out has to be a pair of arrays: (dvalue, dgate)")
            result = [checks.output(pair[i], f"out[{i}]", x.shape, x.dtype) for i in range(2)]
        held, address = self._params(params)
        args = c.BackwardArgs(
            params=address,
            rows=matrix.rows,
            columns=matrix.columns,
            channels=matrix.channels,
            dy=checks.address(dy),
            dy_stride=matrix.columns,
            dx=checks.address(result[0]),
            dx_stride=matrix.stride,
            accumulate=int(bool(accumulate)),
            dtype=checks.dtype_of(x),
        )
        if from_y:
            args.y, args.y_stride = checks.address(x), matrix.stride
        else:
            args.x, args.x_stride = checks.address(x), matrix.stride
        if gate is not None:
            args.gate, args.gate_stride = checks.address(gate), matrix.stride
            args.dgate, args.dgate_stride = checks.address(result[1]), matrix.stride
        elif matrix.half and not from_y:
            args.gate, args.gate_stride = args.x + x.itemsize * matrix.half, matrix.stride
            args.dgate, args.dgate_stride = args.dx + x.itemsize * matrix.half, matrix.stride
            if gate_first:
                args.x, args.gate = args.gate, args.x
                args.dx, args.dgate = args.dgate, args.dx
        if noise is not None:
            noise = checks.as_input(noise, "noise")
            if noise.shape != x.shape:
                raise ValueError(f"noise has shape {noise.shape}; {x.shape} is wanted")
            args.noise = checks.address(noise)
        if dparams is not None:
            checks.as_output(dparams, "dparams", (self._param_count,))
            args.dparams = checks.address(dparams)
        if matrix.rows or matrix.columns:
            run(self._watches, lib.activ_backward_ex, resource, ctypes.byref(args))
        del held
        return result[0] if gate is None else tuple(result)

    def _backward_moved(
        self,
        x: "np.ndarray",
        dy: "np.ndarray",
        params: Any,
        axis: Any,
        from_y: bool,
        accumulate: bool,
        out: Any,
        dparams: Any,
    ) -> "np.ndarray":
        if dy.shape != x.shape:
            raise ValueError(f"dy has shape {dy.shape}; {x.shape} is wanted")
        dx = checks.output(out, "out", x.shape, x.dtype)
        moved = np.moveaxis(x, axis, -1)
        result = self.backward(
            None if from_y else moved,
            np.moveaxis(dy, axis, -1),
            params=params,
            y=moved if from_y else None,
            dparams=dparams,
        )
        result = np.moveaxis(result, -1, axis)
        if accumulate:
            dx += result
        else:
            dx[...] = result
        return dx


@lru_cache(maxsize=256)
def _by_spec(spec: str) -> Function:
    shared = Function(spec)
    shared._shared = True
    return shared


def function(spec: Union[str, Custom, Function], context: Optional[Context] = None) -> Function:
    """The function itself, or the one of a spec, of which the default context's are kept."""
    if isinstance(spec, Function):
        return spec
    if context is None and isinstance(spec, str):
        return _by_spec(expand(spec))  # the zoo's file may change
    return Function(spec, context=context)


def forward(spec: Union[str, Custom, Function], x: Any, gate: Any = None, **options: Any) -> "np.ndarray":
    """activ.forward("gelu", x): Function(spec)(x, ...), with a function that is made once for each spec."""
    return function(spec)(x, gate, **options)


def backward(spec: Union[str, Custom, Function], x: Any, dy: Any, gate: Any = None, **options: Any) -> Any:
    """activ.backward("gelu", x, dy): Function(spec).backward(x, dy, ...)."""
    return function(spec).backward(x, dy, gate, **options)

"""Arrays of the library, and DLPack both ways."""
from __future__ import annotations

import ctypes
from typing import Any, Optional, Sequence, Tuple, Union

from . import _checks as checks
from . import _declarations as c
from . import _dlpack
from ._context import Context, parts_of
from ._errors import Error, check
from ._library import lib
from ._numpy import np
from ._objects import Handle, Resource, Watches, call, create, run, view

DTYPES = {
    "float32": c.FLOAT32,
    "float64": c.FLOAT64,
    "float16": c.FLOAT16,
    "bfloat16": c.BFLOAT16,
    "int32": c.INT32,
    "int64": c.INT64,
    "uint8": c.UINT8,
}
_NAMES = {number: name for name, number in DTYPES.items()}
# As NumPy has them, which has no bfloat16.
_TYPESTR = {
    c.FLOAT32: "<f4",
    c.FLOAT64: "<f8",
    c.FLOAT16: "<f2",
    c.INT32: "<i4",
    c.INT64: "<i8",
    c.UINT8: "|u1",
}
_FLOATS = ("float16", "bfloat16", "float32", "float64")


def dtype_number(dtype: Any) -> int:
    """The library's number of a type: a name, or PyTorch's, or what NumPy takes for one. TypeError: it has
    none."""
    if isinstance(dtype, str):
        name = dtype
    elif type(dtype).__module__ == "torch":
        name = str(dtype)[len("torch.") :]
    else:
        name = getattr(dtype, "name", None) or np.dtype(dtype).name
    if name not in DTYPES:
        raise TypeError(f"dtype is {name!r}; {', '.join(DTYPES)} are stored")
    return DTYPES[name]


class Tensor(Handle):
    """An array with a shape: of memory of its own, all zero, or (view, from_dlpack) of another's, without a
    copy.

    shape: whole numbers, at most 8; dtype: "float32", "float64", "float16", "bfloat16", "int32", "int64",
    "uint8", or NumPy's or PyTorch's of that name. numpy.asarray(t), t.numpy() and torch.from_dlpack(t) share
    its memory, which lives as long as any of them; bfloat16 NumPy does not have: t.to("float32").numpy().

    TypeError: no such type; ValueError: a negative size; activ.Error: too many dimensions, too large."""

    _kind = "tensor"
    # The library keeps the memory as long as an export needs it: its own, or what DLPack gave to it.
    _owns = True

    def __init__(
        self,
        shape: Union[int, Sequence[int]] = (),
        dtype: Any = "float32",
        *,
        context: Optional[Context] = None,
    ) -> None:
        sizes = checks.shape(shape)
        number = dtype_number(dtype)
        pointer, parents, watches = parts_of(context)
        self._watches: Watches = watches
        self._resource = create(
            watches,
            lib.activ_tensor_destroy,
            lib.activ_tensor_create,
            pointer,
            number,
            len(sizes),
            checks.sizes(sizes),
            parents=parents,
        )

    @classmethod
    def _of(cls, resource: Resource, watches: Watches, owns: bool) -> "Tensor":
        tensor = cls.__new__(cls)
        tensor._resource, tensor._watches, tensor._owns = resource, watches, owns
        return tensor

    @classmethod
    def view(cls, array: "np.ndarray", *, context: Optional[Context] = None) -> "Tensor":
        """A tensor on the memory of a NumPy array, which it keeps alive; read-only if the array is.

        TypeError: no array, or another type; ValueError: negative strides, or strides that are no multiples
        of an element."""
        if not isinstance(array, np.ndarray):
            raise TypeError(f"a {type(array).__name__} is no numpy.ndarray")
        number = dtype_number(array.dtype)
        if not array.dtype.isnative:
            raise TypeError(f"the bytes of {array.dtype.str} are in another order than this machine's")
        strides = []
        for stride in array.strides:
            if stride < 0 or stride % array.itemsize:
                raise ValueError(
                    f"strides of {array.strides} bytes: non-negative multiples of "
                    f"{array.itemsize} are wanted"
                )
            strides.append(stride // array.itemsize)
        # As DLPack the array belongs to the library, which lets go of it without a call of Python's. NumPy
        # exports its own types alone: not the bfloat16 that another package gave it.
        is_own = number in _TYPESTR and hasattr(array, "__dlpack__")
        if array.flags.writeable and is_own and c.has(lib, "activ_tensor_from_dlpack"):
            return _take(array.__dlpack__(), context)
        pointer, parents, watches = parts_of(context)
        make = lib.activ_tensor_view if array.flags.writeable else lib.activ_tensor_view_const
        return cls._of(
            create(
                watches,
                lib.activ_tensor_destroy,
                make,
                pointer,
                number,
                array.ndim,
                checks.sizes(array.shape),
                checks.sizes(strides),
                checks.address(array),
                parents=parents,
                keep=(array,),
            ),
            watches,
            owns=False,
        )

    # ---- what it is ----

    @property
    def dtype(self) -> str:
        """One of "float32", "float64", "float16", "bfloat16", "int32", "int64", "uint8"."""
        return _NAMES[lib.activ_tensor_dtype(self._open())]

    @property
    def ndim(self) -> int:
        """How many dimensions it has."""
        return lib.activ_tensor_ndim(self._open())

    def _numbers(self, function: Any) -> Tuple[int, ...]:
        resource = self._open()
        ndim = lib.activ_tensor_ndim(resource)
        return tuple(function(resource)[:ndim]) if ndim else ()

    @property
    def shape(self) -> Tuple[int, ...]:
        """The sizes of its dimensions."""
        return self._numbers(lib.activ_tensor_shape)

    @property
    def strides(self) -> Tuple[int, ...]:
        """In elements, as PyTorch's; NumPy's are in bytes."""
        return self._numbers(lib.activ_tensor_strides)

    @property
    def size(self) -> int:
        """How many elements it has."""
        return lib.activ_tensor_count(self._open())

    @property
    def contiguous(self) -> bool:
        """True if it is row-major, without gaps."""
        return bool(lib.activ_tensor_is_contiguous(self._open()))

    @property
    def read_only(self) -> bool:
        """True if the memory must not be written."""
        return bool(lib.activ_tensor_is_read_only(self._open()))

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("a tensor without dimensions has no length")
        return self.shape[0]

    def __repr__(self) -> str:
        if self.closed:
            return "activ.Tensor(closed)"
        return f"activ.Tensor({self.shape}, {self.dtype!r}{', read-only' if self.read_only else ''})"

    # ---- views and copies ----

    def _view(self, function: Any, *arguments: Any) -> "Tensor":
        resource = self._open()
        made = create(
            self._watches, lib.activ_tensor_destroy, function, resource, *arguments, parents=(resource,)
        )
        return self._of(made, self._watches, self._owns)

    def reshape(self, *shape: Any) -> "Tensor":
        """A view of another shape with as many elements. activ.Error: not as many, or not contiguous."""
        sizes = checks.shape(shape[0] if len(shape) == 1 else shape)
        return self._view(lib.activ_tensor_reshape, len(sizes), checks.sizes(sizes))

    def narrow(self, dim: int, start: int, length: int) -> "Tensor":
        """A view of `length` entries from `start` on along a dimension (torch.Tensor.narrow)."""
        return self._view(
            lib.activ_tensor_narrow,
            checks.axis(dim, self.ndim, "dim"),
            checks.count(start, "start"),
            checks.count(length, "length"),
        )

    def transpose(self, dim0: int, dim1: int) -> "Tensor":
        """A view with two dimensions exchanged."""
        ndim = self.ndim
        return self._view(
            lib.activ_tensor_transpose, checks.axis(dim0, ndim, "dim0"), checks.axis(dim1, ndim, "dim1")
        )

    def copy_from(self, other: "Tensor") -> None:
        """Copies all elements of a tensor of the same shape and type. activ.Error: another, or self is
        read-only."""
        if not isinstance(other, Tensor):
            raise TypeError(f"a {type(other).__name__} is no activ.Tensor")
        source, own = other._open(), self._open()
        run(self._watches, lib.activ_tensor_copy, source, own)

    def to(self, dtype: Any) -> "Tensor":
        """A new tensor with the elements in another type, each rounded once: float16, bfloat16, float32 and
        float64 to any of these. TypeError: another type, also of the tensor itself."""
        number, kind = dtype_number(dtype), self.dtype
        for name in (kind, _NAMES[number]):
            if name not in _FLOATS:
                raise TypeError(f"{name} is not converted; {', '.join(_FLOATS)} are")
        source: Tensor = self
        address = lib.activ_tensor_const_data(self._open()) or 0
        if not self.contiguous or address % lib.activ_dtype_size(DTYPES[kind]):
            source = Tensor(self.shape, kind)
            source.copy_from(self)
        made = Tensor(self.shape, _NAMES[number])
        own, other = source._open(), made._open()
        data, room = lib.activ_tensor_const_data(own), lib.activ_tensor_data(other)
        check(lib.activ_convert(made.size, lib.activ_tensor_dtype(own), data, number, room))
        return made

    def numpy(self) -> "np.ndarray":
        """An array on the same memory, which it keeps alive; read-only if the tensor is. TypeError: bfloat16,
        which NumPy does not have."""
        return np.asarray(self)

    def __array__(self, dtype: Any = None, copy: Optional[bool] = None) -> "np.ndarray":
        resource = self._open()
        number = lib.activ_tensor_dtype(resource)
        if number not in _TYPESTR:
            hint = 'convert it: t.to("float32").numpy()'
            raise TypeError(f"a tensor of {_NAMES[number]}, which NumPy does not have; {hint}")
        item = lib.activ_dtype_size(number)
        array = view(
            lib.activ_tensor_const_data(resource),
            self.shape,
            _TYPESTR[number],
            resource,
            self.read_only,
            tuple(stride * item for stride in self.strides),
        )
        if dtype is not None and array.dtype != dtype:
            if copy is False:
                raise ValueError(f"a tensor of {array.dtype} is no {np.dtype(dtype)} without a copy")
            return array.astype(dtype)
        return array.copy() if copy else array

    # ---- DLPack ----

    def __dlpack_device__(self) -> Tuple[int, int]:
        """(1, 0): the CPU."""
        self._open()
        return _dlpack.CPU, 0

    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: Optional[Tuple[int, int]] = None,
        dl_device: Optional[Tuple[int, int]] = None,
        copy: Optional[bool] = None,
    ) -> Any:
        """A capsule on this tensor's memory: versioned if max_version is (1, 0) or more, else of before 1.0.

        BufferError: read-only, which only the versioned kind can express; another device than the CPU.
        ValueError: a stream, which the CPU has none of."""
        if stream is not None:
            raise ValueError(f"stream is {stream!r}; the CPU has none")
        if dl_device is not None and tuple(map(int, dl_device)) != (_dlpack.CPU, 0):
            raise BufferError(f"dl_device is {dl_device!r}; the tensor is on (1, 0), the CPU")
        versioned = max_version is not None and tuple(max_version)[0] >= 1
        if copy:
            twin = Tensor(self.shape, self.dtype)
            twin.copy_from(self)
            return twin._export(versioned, copied=True)
        return self._export(versioned, copied=False)

    def _export(self, versioned: bool, copied: bool) -> Any:
        resource = self._open()
        name = _dlpack.VERSIONED if versioned else _dlpack.LEGACY
        export = lib.activ_tensor_to_dlpack_versioned if versioned else lib.activ_tensor_to_dlpack
        out = ctypes.c_void_p()
        try:
            run(self._watches, export, resource, ctypes.byref(out))
        except Error as error:
            if error.status == c.ERROR_STATE:
                raise BufferError(str(error)) from None
            raise
        assert out.value is not None
        if copied and versioned:
            _dlpack.mark_copied(out.value)
        if not self._owns:
            _dlpack.keep_until_deleted(out.value, name, resource)
        return _dlpack.capsule(out.value, name)


def from_dlpack(obj: Any, *, context: Optional[Context] = None) -> Tensor:
    """A Tensor on the memory of an array of another library (NumPy, PyTorch ...), without a copy.

    obj: an object with __dlpack__ and __dlpack_device__, or a capsule. The memory lives until both sides have
    let go.

    TypeError: neither; ValueError: a capsule that was used already; BufferError: not on the CPU;
    activ.Error: a type or a layout that the library does not have."""
    is_capsule = type(obj).__name__ == "PyCapsule"
    return _take(obj if is_capsule else _dlpack.request(obj), context)


def _take(capsule: Any, context: Optional[Context]) -> Tensor:
    pointer, parents, watches = parts_of(context)
    out, why = ctypes.c_void_p(), c.Message()
    managed, name = _dlpack.take(capsule)
    versioned = name == _dlpack.VERSIONED
    function = lib.activ_tensor_from_dlpack_versioned if versioned else lib.activ_tensor_from_dlpack
    try:
        # Also where a log raises: whose the memory is depends on what C did, and on nothing else.
        status = call(watches, function, pointer, managed, ctypes.byref(out), ctypes.byref(why))
    except BaseException:
        if out.value is not None:
            lib.activ_tensor_destroy(out)
        raise
    finally:
        if out.value is None:
            _dlpack.give_back(capsule, name)
    check(status, why.text)
    assert out.value is not None
    return Tensor._of(Resource(out.value, lib.activ_tensor_destroy, parents), watches, owns=True)

"""Tensors in safetensors files, as safetensors.numpy has them."""
from __future__ import annotations

import ctypes
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple, Union

from . import _checks as checks
from . import _declarations as c
from ._errors import Error, check
from ._library import lib
from ._numpy import np
from ._objects import Handle, create, run, view
from ._tensor import Tensor, from_dlpack

# What a file may hold, in NumPy's words.
_TYPES = {
    "BOOL": "|b1",
    "U8": "|u1",
    "I8": "|i1",
    "U16": "<u2",
    "I16": "<i2",
    "F16": "<f2",
    "U32": "<u4",
    "I32": "<i4",
    "F32": "<f4",
    "U64": "<u8",
    "I64": "<i8",
    "F64": "<f8",
    "C64": "<c8",
}


class File(Handle):
    """An open safetensors file, read and checked as a whole.

    path: a file's, or its contents as bytes. activ.Error: malformed, or cannot be read."""

    _kind = "file"

    def __init__(self, path: Any) -> None:
        if isinstance(path, (bytes, bytearray, memoryview)):
            raw = bytes(path)
            self._resource = create(
                (),
                lib.activ_safetensors_close,
                lib.activ_safetensors_open_memory,
                None,
                ctypes.cast(ctypes.c_char_p(raw), c.pointer),
                len(raw),
            )
        else:
            self._resource = create(
                (), lib.activ_safetensors_close, lib.activ_safetensors_open, None, checks.path(path)
            )

    def __len__(self) -> int:
        return lib.activ_safetensors_count(self._open())

    def keys(self) -> List[str]:
        """The tensors' names, in the order of their data."""
        resource, entry = self._open(), c.SafetensorsEntry()
        names = []
        for i in range(len(self)):
            check(lib.activ_safetensors_at(resource, i, ctypes.byref(entry)))
            names.append(entry.name.decode())
        return names

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self.keys()

    def _entry(self, name: str) -> Tuple[Any, c.SafetensorsEntry]:
        resource, entry = self._open(), c.SafetensorsEntry()
        raw = checks.text(name, "name")
        try:
            check(lib.activ_safetensors_find(resource, raw, ctypes.byref(entry)))
        except Error as error:
            if error.status == c.ERROR_UNKNOWN_NAME:
                raise KeyError(name) from None
            raise
        return resource, entry

    def __getitem__(self, name: str) -> "np.ndarray":
        """A tensor as a read-only view of the file's memory, which it keeps alive. KeyError: none of that
        name; TypeError: a type that NumPy does not have (BF16; `tensor` has that one)."""
        resource, entry = self._entry(name)
        kind = entry.dtype_name.decode()
        if kind not in _TYPES:
            hint = f"; file.tensor({name!r}) has it" if entry.dtype else ""
            raise TypeError(f"tensor {name!r} is of type {kind}, which NumPy does not have{hint}")
        shape = tuple(entry.shape[: entry.ndim]) if entry.ndim else ()
        return view(entry.data if entry.bytes else None, shape, _TYPES[kind], resource, read_only=True)

    def tensor(self, name: str) -> Tensor:
        """A tensor as a read-only activ.Tensor on the file's memory, which it keeps alive: for BF16, which
        NumPy does not have. `to` copies: torch.from_dlpack(file.tensor(name).to("bfloat16")). KeyError: none
        of that name; TypeError: a type that tensors do not have."""
        resource, entry = self._entry(name)
        if not entry.dtype:
            kind = entry.dtype_name.decode()
            raise TypeError(f"tensor {name!r} is of type {kind}, which tensors do not have")
        made = create(
            (),
            lib.activ_tensor_destroy,
            lib.activ_tensor_view_const,
            None,
            entry.dtype,
            entry.ndim,
            entry.shape,
            None,
            entry.data,
            parents=(resource,),
        )
        return Tensor._of(made, (), owns=False)

    def dtype_of(self, name: str) -> str:
        """A tensor's type as the file has it: "F32", "BF16"."""
        return self._entry(name)[1].dtype_name.decode()

    @property
    def metadata(self) -> Dict[str, str]:
        """The texts in the file."""
        resource = self._open()
        found: Dict[str, str] = {}
        while True:
            key = lib.activ_safetensors_metadata_key(resource, len(found))
            if key is None:
                return found
            found[key.decode()] = lib.activ_safetensors_metadata(resource, key).decode()

    def __repr__(self) -> str:
        return "activ.File(closed)" if self.closed else f"activ.File({len(self)} tensors)"


def load_file(path: Any) -> Dict[str, "np.ndarray"]:
    """All tensors of a safetensors file, as arrays that may be written. TypeError: a type that NumPy does not
    have (BF16); File.tensor has that one."""
    with File(path) as file:
        return {name: np.array(file[name]) for name in file.keys()}


def _is_bfloat16(value: Any) -> bool:
    """A tensor of PyTorch's that it does not make an array of NumPy's."""
    return str(getattr(value, "dtype", None)) == "torch.bfloat16"


def save_file(
    tensors: Mapping[str, Union["np.ndarray", Tensor, Any]],
    path: Any,
    metadata: Optional[Mapping[str, str]] = None,
) -> None:
    """Writes tensors under their names, in a file that other readers of safetensors know.

    tensors: arrays, activ.Tensor, or PyTorch's on the CPU (and whatever else has DLPack). float32, float64,
    float16, bfloat16, int32, int64 and uint8 are stored; what is not contiguous is copied. The old file stays
    where the new one cannot be written. TypeError: another type; activ.Error: a name that is not allowed, a
    path that cannot be written."""
    if not isinstance(tensors, Mapping):
        raise TypeError(f"tensors is a {type(tensors).__name__}; a mapping of names to arrays is wanted")
    names: List[bytes] = []
    held: List[Tensor] = []
    for name, value in tensors.items():
        names.append(checks.text(name, "a tensor's name"))
        if _is_bfloat16(value):
            try:
                value = from_dlpack(value)
            except (BufferError, RuntimeError) as error:  # it has a gradient, or is on another device
                raise TypeError(f"tensor {name!r}: {error}") from None
        if isinstance(value, Tensor):
            if not value.contiguous:
                copy = Tensor(value.shape, value.dtype)
                copy.copy_from(value)
                value = copy
            held.append(value)
            continue
        array = checks._as_array(value, name)
        try:
            held.append(Tensor.view(array if array.flags.c_contiguous else np.array(array, order="C")))
        except TypeError as error:
            raise TypeError(f"tensor {name!r}: {error}") from None
    open_tensors = [tensor._open() for tensor in held]
    texts = [
        (checks.text(key, "a key"), checks.text(value, f"metadata[{key!r}]"))
        for key, value in (metadata or {}).items()
    ]
    run(
        (),
        lib.activ_safetensors_save,
        None,
        checks.path(path),
        len(names),
        (c.text * len(names))(*names),
        (c.pointer * len(open_tensors))(*(resource.pointer for resource in open_tensors)),
        len(texts),
        (c.SafetensorsText * len(texts))(*(c.SafetensorsText(*pair) for pair in texts)),
    )

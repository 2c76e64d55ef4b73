"""Tensors, and DLPack both ways: with NumPy and PyTorch where they are there, and with a consumer of our
own."""
import ctypes
import gc
import threading
import weakref

import pytest

import activ
from activ import _declarations, _dlpack
from activ._library import lib
from conftest import python

if not _declarations.has(lib, "activ_tensor_to_dlpack"):
    pytest.skip("this libactiv has no DLPack: a newer one is needed", allow_module_level=True)

try:
    import numpy as np
except ImportError:
    np = None
try:
    import torch
except ImportError:
    torch = None

needs_numpy = pytest.mark.skipif(np is None, reason="NumPy is missing: apt-get install python3-numpy")
needs_torch = pytest.mark.skipif(torch is None, reason="PyTorch is missing: apt-get install python3-torch")

PyCapsule_GetName = ctypes.PYFUNCTYPE(ctypes.c_char_p, ctypes.py_object)(
    ("PyCapsule_GetName", ctypes.pythonapi)
)


class Consumer:
    """What a library does that takes a capsule over: renames it, reads, calls the deleter when it is done."""

    def __init__(self, capsule):
        self.name = PyCapsule_GetName(capsule)
        self.managed = _dlpack.content(capsule, self.name)
        self.struct = _dlpack._STRUCTS[self.name].from_address(self.managed)
        _dlpack.mark_used(capsule, self.name)
        self.tensor = self.struct.tensor

    def shape(self):
        return tuple(self.tensor.shape[: self.tensor.ndim])

    def strides(self):
        return tuple(self.tensor.strides[: self.tensor.ndim])

    def floats(self, count):
        return list((ctypes.c_float * count).from_address(self.tensor.data + self.tensor.byte_offset))

    def done(self):
        self.struct.deleter(self.managed)


class Producer:
    """An array with __dlpack__, of one kind, with whatever is wrong that the test wants."""

    def __init__(
        self,
        versioned,
        shape=(2, 3),
        strides=None,
        major=1,
        flags=0,
        code=2,
        bits=32,
        lanes=1,
        device=1,
        offset=0,
        null=False,
    ):
        self.data = (ctypes.c_float * 64)(*range(64))
        self.shape = (ctypes.c_int64 * max(1, len(shape)))(*shape)
        self.strides = None if strides is None else (ctypes.c_int64 * len(strides))(*strides)
        self.deleted = 0
        self.versioned = versioned
        self.struct = (_dlpack.ManagedVersioned if versioned else _dlpack.Managed)()
        tensor = self.struct.tensor
        tensor.data = None if null else ctypes.addressof(self.data)
        tensor.device_type, tensor.ndim, tensor.code, tensor.bits, tensor.lanes = (
            device,
            len(shape),
            code,
            bits,
            lanes,
        )
        tensor.shape = ctypes.cast(self.shape, ctypes.POINTER(ctypes.c_int64))
        if self.strides is not None:
            tensor.strides = ctypes.cast(self.strides, ctypes.POINTER(ctypes.c_int64))
        tensor.byte_offset = offset
        self.deleter = _dlpack.Deleter(self._delete)
        self.struct.deleter = self.deleter
        if versioned:
            self.struct.major, self.struct.flags = major, flags
        self.asked = []

    def _delete(self, managed):
        assert managed == ctypes.addressof(self.struct)
        self.deleted += 1

    def __dlpack_device__(self):
        return 1, 0

    def __dlpack__(self, **options):
        self.asked.append(options)
        if not self.versioned and options:
            raise TypeError("an old producer takes no arguments")
        return _dlpack.capsule(
            ctypes.addressof(self.struct), _dlpack.VERSIONED if self.versioned else _dlpack.LEGACY
        )


def filled(*shape):
    t = activ.Tensor(shape)
    (ctypes.c_float * t.size).from_address(lib.activ_tensor_data(t._open().pointer))[:] = range(t.size)
    return t


def test_tensor():
    t = filled(2, 3, 4)
    assert t.shape == (2, 3, 4) and t.strides == (12, 4, 1) and t.size == 24 and t.ndim == 3 and len(t) == 2
    assert t.dtype == "float32" and t.contiguous and not t.read_only
    turned = t.transpose(0, 2)
    assert turned.shape == (4, 3, 2) and turned.strides == (1, 4, 12) and not turned.contiguous
    part = t.narrow(1, 1, 2)
    assert part.shape == (2, 2, 4) and t.reshape(6, 4).shape == t.reshape((6, 4)).shape == (6, 4)
    copy = activ.Tensor((4, 3, 2))
    copy.copy_from(turned)
    assert copy.contiguous and Consumer(copy.__dlpack__()).floats(4) == [0.0, 12.0, 4.0, 16.0]
    assert activ.Tensor(()).shape == () and activ.Tensor(5, "uint8").shape == (5,)
    with pytest.raises(TypeError, match="no length"):
        len(activ.Tensor(()))


@pytest.mark.parametrize(
    "version, name",
    [
        (None, b"dltensor"),
        ((0, 8), b"dltensor"),
        ((1, 0), b"dltensor_versioned"),
        ((2, 1), b"dltensor_versioned"),
    ],
)
def test_export(version, name):
    t = filled(2, 3)
    consumer = Consumer(t.__dlpack__(max_version=version))
    assert consumer.name == name and consumer.shape() == (2, 3) and consumer.strides() == (3, 1)
    tensor = consumer.tensor
    assert (tensor.device_type, tensor.device_id) == (1, 0) == t.__dlpack_device__()
    assert (tensor.code, tensor.bits, tensor.lanes) == (2, 32, 1)
    assert tensor.data + tensor.byte_offset == lib.activ_tensor_const_data(t._open().pointer)
    if version and version[0] >= 1:
        assert (consumer.struct.major, consumer.struct.flags) == (1, 0)
    t.close()
    del t
    gc.collect()
    assert consumer.floats(6) == [0, 1, 2, 3, 4, 5]  # the memory is the consumer's as well
    consumer.done()


def test_export_of_views():
    t = filled(4, 6)
    view = t.narrow(1, 2, 3).transpose(0, 1)
    consumer = Consumer(view.__dlpack__())
    del t, view
    gc.collect()
    assert consumer.shape() == (3, 4) and consumer.strides() == (1, 6) and consumer.floats(3) == [2, 3, 4]
    consumer.done()


def test_export_with_a_copy():
    t = filled(2, 2)
    consumer = Consumer(t.__dlpack__(max_version=(1, 0), copy=True))
    assert consumer.struct.flags == _dlpack.IS_COPIED
    assert consumer.tensor.data != lib.activ_tensor_const_data(t._open().pointer)
    assert consumer.floats(4) == [0, 1, 2, 3]
    consumer.done()


def test_export_refuses():
    t = filled(2)
    for kind, options in ((ValueError, {"stream": 1}), (BufferError, {"dl_device": (2, 0)})):
        with pytest.raises(kind):
            t.__dlpack__(**options)
    Consumer(t.__dlpack__(stream=None, dl_device=(1, 0), copy=False)).done()


def test_a_capsule_that_nobody_takes_frees_its_tensor():
    for versioned in (False, True):
        producer = Producer(versioned)
        capsule = producer.__dlpack__(**({"max_version": (1, 0)} if versioned else {}))
        del capsule
        assert producer.deleted == 1
        producer = Producer(versioned)
        capsule = producer.__dlpack__(**({"max_version": (1, 0)} if versioned else {}))
        Consumer(capsule)
        del capsule
        assert producer.deleted == 0  # renamed: the consumer's


@pytest.mark.parametrize("versioned", [False, True])
def test_import(versioned):
    producer = Producer(versioned, shape=(2, 3), strides=(4, 1), offset=8)
    t = activ.from_dlpack(producer)
    assert producer.asked == ([{"max_version": (1, 0)}] if versioned else [{"max_version": (1, 0)}, {}])
    assert t.shape == (2, 3) and t.strides == (4, 1) and t.dtype == "float32" and not t.read_only
    assert lib.activ_tensor_data(t._open().pointer) == ctypes.addressof(producer.data) + 8
    view = t.narrow(0, 1, 1)
    export = Consumer(view.__dlpack__())
    t.close()
    del t
    view.close()
    gc.collect()
    assert producer.deleted == 0 and export.floats(3) == [6, 7, 8]
    export.done()
    assert producer.deleted == 1


def test_import_of_a_capsule():
    producer = Producer(True)
    capsule = producer.__dlpack__(max_version=(1, 0))
    t = activ.from_dlpack(capsule)
    assert PyCapsule_GetName(capsule) == b"used_dltensor_versioned"
    with pytest.raises(ValueError, match="already"):
        activ.from_dlpack(capsule)
    del capsule
    assert producer.deleted == 0
    t.close()
    assert producer.deleted == 1


@pytest.mark.parametrize("versioned", [False, True])
def test_one_capsule_taken_over_by_two_threads(versioned, monkeypatch):
    """The second comes while C works for the first."""
    producer = Producer(versioned)
    held = [producer.__dlpack__()]
    name = "activ_tensor_from_dlpack" + ("_versioned" if versioned else "")
    real, seen = getattr(lib, name), []

    def second():
        try:
            seen.append(activ.from_dlpack(held[0]))
        except ValueError as error:
            seen.append(str(error))

    def slow(*arguments):
        monkeypatch.undo()
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
        return real(*arguments)

    monkeypatch.setattr(lib, name, slow)
    t = activ.from_dlpack(held[0])
    held.clear()
    assert len(seen) == 1 and "already" in str(seen[0])
    del t
    gc.collect()
    assert producer.deleted == 1


def test_a_capsule_that_is_refused_stays_whole():
    class Complaint(Exception):
        pass

    def log(status, line):
        raise Complaint(line)

    producer = Producer(True, bits=8)
    capsule = producer.__dlpack__(max_version=(1, 0))
    for options, kind in (({}, activ.Error), ({"context": activ.Context(log=log)}, Complaint)):
        with pytest.raises(kind):
            activ.from_dlpack(capsule, **options)
        assert PyCapsule_GetName(capsule) == b"dltensor_versioned" and producer.deleted == 0
    del capsule
    gc.collect()
    assert producer.deleted == 1


def test_import_of_read_only_memory():
    t = activ.from_dlpack(Producer(True, flags=_dlpack.READ_ONLY))
    assert t.read_only
    with pytest.raises(BufferError):
        t.__dlpack__()
    consumer = Consumer(t.__dlpack__(max_version=(1, 0)))
    assert consumer.struct.flags == _dlpack.READ_ONLY
    consumer.done()
    with pytest.raises(activ.Error):
        t.copy_from(activ.Tensor((2, 3)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": 5, "bits": 64},
        {"bits": 8},
        {"code": 4},
        {"lanes": 4},
        {"device": 2},
        {"shape": (-1, 3)},
        {"strides": (-3, 1)},
        {"shape": (1,) * 9},
        {"null": True},
    ],
)
@pytest.mark.parametrize("versioned", [False, True])
def test_import_refuses(versioned, wrong):
    producer = Producer(versioned, **wrong)
    with pytest.raises(activ.Error):
        activ.from_dlpack(producer)
    gc.collect()
    assert producer.deleted == 1  # by the capsule, which was not taken over


def test_import_refuses_another_major_version():
    producer = Producer(True, major=2)
    with pytest.raises(activ.Error):
        activ.from_dlpack(producer)
    gc.collect()
    assert producer.deleted == 1


def test_import_refuses_other_things():
    class Elsewhere(Producer):
        def __dlpack_device__(self):
            return 2, 0

    with pytest.raises(BufferError, match="CPU"):
        activ.from_dlpack(Elsewhere(False))
    with pytest.raises(TypeError, match="__dlpack__"):
        activ.from_dlpack([1.0])
    import datetime

    with pytest.raises(TypeError, match="capsule"):
        activ.from_dlpack(datetime.datetime_CAPI)


@needs_numpy
def test_numpy_both_ways():
    t = filled(3, 4)
    a = np.from_dlpack(t)
    assert a.shape == (3, 4) and a.dtype == np.float32 and a[2, 3] == 11
    a = t.numpy()
    a[0, 0] = 100
    assert np.from_dlpack(t.transpose(0, 1))[0, 0] == 100 and np.asarray(t)[0, 0] == 100
    t.close()
    del t
    gc.collect()
    assert a[0, 0] == 100 and a[2, 3] == 11
    for dtype in ("float32", "float64", "float16", "int32", "int64", "uint8"):
        b = np.arange(12, dtype=dtype).reshape(3, 4)[:, ::2]
        u = activ.from_dlpack(b)
        assert u.dtype == dtype and u.strides == (4, 2) and np.array_equal(u.numpy(), b)
        assert u.numpy().ctypes.data == b.ctypes.data
        alive = weakref.ref(b)
        del b
        gc.collect()
        assert np.array_equal(u.numpy()[0], [0, 2])
        del u
        assert alive() is None


@needs_numpy
def test_views_of_numpy_arrays():
    b = np.arange(6, dtype=np.float32).reshape(2, 3)
    t = activ.Tensor.view(b)
    t.numpy()[0, 0] = 9
    assert b[0, 0] == 9
    consumer = Consumer(t.__dlpack__())
    alive = weakref.ref(b)
    del b, t
    gc.collect()
    assert consumer.floats(2) == [9, 1]  # the export keeps the array
    consumer.done()
    gc.collect()
    assert alive() is None


@needs_numpy
def test_views_of_read_only_arrays():
    b = np.arange(6, dtype=np.float32)
    b.flags.writeable = False
    t = activ.Tensor.view(b)
    assert t.read_only and not t.numpy().flags.writeable
    with pytest.raises(BufferError):
        np.from_dlpack(t)
    part = t.narrow(0, 2, 2)
    consumer = Consumer(part.__dlpack__(max_version=(1, 0)))
    alive = weakref.ref(b)
    del b, t, part
    gc.collect()
    assert consumer.struct.flags == _dlpack.READ_ONLY and consumer.floats(2) == [2, 3]
    consumer.done()
    gc.collect()
    assert alive() is None and not _dlpack._exports
    with pytest.raises((TypeError, BufferError)):  # NumPy 1 does not export what is read-only
        activ.from_dlpack(np.broadcast_to(np.float32(1), (2, 3)))


@needs_numpy
def test_conversions():
    t = activ.Tensor((2,), "int32")
    assert np.asarray(t, np.float64).dtype == np.float64
    assert t.__array__(copy=True).ctypes.data != t.numpy().ctypes.data
    with pytest.raises(ValueError):
        t.__array__(np.float64, copy=False)


@needs_torch
def test_torch_both_ways():
    t = filled(3, 4)
    p = torch.from_dlpack(t)
    assert p.shape == (3, 4) and p[2, 3] == 11
    p[0, 0] = 50
    assert Consumer(t.__dlpack__()).floats(1) == [50]
    t.close()
    del t
    gc.collect()
    assert p[0, 0] == 50
    q = torch.arange(12.0).reshape(3, 4).t()
    u = activ.from_dlpack(q)
    assert u.shape == (4, 3) and u.strides == (1, 4)
    assert lib.activ_tensor_data(u._open().pointer) == q.data_ptr()
    del q
    gc.collect()
    assert torch.from_dlpack(u)[1, 2] == 9
    for dtype in (torch.float64, torch.float16, torch.bfloat16, torch.int32, torch.int64, torch.uint8):
        p = torch.ones(2, dtype=dtype)
        u = activ.from_dlpack(p)
        assert u.dtype == str(dtype).split(".")[1] and activ.Tensor(2, dtype).dtype == u.dtype
        back = torch.from_dlpack(u)
        assert back.dtype == dtype and back.data_ptr() == p.data_ptr() and torch.equal(back, p)
    with pytest.raises(activ.Error, match="type int16, .*bfloat16"):
        activ.from_dlpack(torch.ones(2, dtype=torch.int16))


def bits_of(t):
    """Of a contiguous tensor of two bytes per element."""
    address = lib.activ_tensor_const_data(t._open().pointer)
    return list((ctypes.c_uint16 * t.size).from_address(address))


def test_float_types():
    """float16 and bfloat16, without NumPy."""
    t = filled(3, 4)
    for dtype, one, eleven in (("float16", 0x3C00, 0x4980), ("bfloat16", 0x3F80, 0x4130)):
        h = t.to(dtype)
        assert h.dtype == dtype and h.shape == (3, 4) and not h.read_only and repr(h).endswith(f"'{dtype}')")
        assert bits_of(h)[1] == one and bits_of(h)[11] == eleven
        turned = h.transpose(0, 1).to("float32")
        assert turned.shape == (4, 3) and Consumer(turned.__dlpack__()).floats(4) == [0, 4, 8, 1]
        assert bits_of(h.narrow(0, 1, 1).to(dtype)) == bits_of(h)[4:8]
        assert Consumer(h.to("float64").to("float32").__dlpack__()).floats(12) == list(range(12))
        assert activ.Tensor((0, 3), dtype).to("float32").shape == (0, 3)
        consumer = Consumer(h.__dlpack__())
        assert (consumer.tensor.code, consumer.tensor.bits) == (2 if dtype == "float16" else 4, 16)
        consumer.done()
    whole = activ.Tensor(2, "int64")
    for wrong in (lambda: t.to("int32"), lambda: whole.to("float16"), lambda: t.to("half")):
        with pytest.raises(TypeError, match="float16|half"):
            wrong()
    with pytest.raises(activ.Error):
        t.copy_from(t.to("float16"))


@needs_numpy
def test_bfloat16_is_not_numpys():
    t = activ.Tensor(2, "bfloat16")
    with pytest.raises(TypeError):
        np.asarray(t, np.float32)
    with pytest.raises(TypeError, match=r'bfloat16.*t\.to\("float32"\)'):
        t.numpy()
    assert t.to(np.float32).numpy().tolist() == [0, 0]
    assert t.to(np.dtype("float16")).numpy().dtype == np.float16


@needs_torch
def test_rounding_is_torchs():
    """float32 and float64 to 16 bits, and all numbers of 16 bits back."""
    every = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16)
    for dtype in (torch.float16, torch.bfloat16):
        name = str(dtype)[len("torch.") :]
        h = every.view(dtype)
        wide = torch.from_dlpack(activ.from_dlpack(h).to("float32"))
        assert torch.equal(wide.isnan(), h.isnan())
        assert torch.equal(wide.nan_to_num(2), h.float().nan_to_num(2))
        # Boundaries between neighbours, and what is next to them.
        ordered = h[h.isfinite()].float().sort().values
        middle = (ordered[1:].double() + ordered[:-1].double()) / 2
        x = torch.cat([middle.float(), middle.float().nextafter(torch.tensor(9e9)), torch.randn(5000) * 1e3])
        x = torch.cat([x, torch.tensor([65519.996, 65520, -65520, 3.4e38, -3.4e38, float("inf")])])
        found = torch.from_dlpack(activ.from_dlpack(x).to(name))
        assert found.dtype == dtype and torch.equal(found.view(torch.int16), x.to(dtype).view(torch.int16))
        # Once: a hair above the boundary is above it.
        is_above = middle > 0
        hair = activ.from_dlpack(middle[is_above] * (1 + 2**-52)).to(name)
        assert torch.equal(torch.from_dlpack(hair).float(), ordered[1:][is_above])


@needs_torch
def test_what_torch_does_not_say():
    """The imaginary part of a conjugate: PyTorch exports the numbers without their sign."""
    x = torch.complex(torch.ones(1), torch.full((1,), 2.0)).conj().imag
    assert x.is_neg() and x.item() == -2
    with pytest.raises(BufferError, match="resolve_neg"):
        activ.from_dlpack(x)
    t = activ.from_dlpack(x.resolve_neg())
    assert Consumer(t.__dlpack__()).floats(1) == [-2]


VIEWS = """
import gc
import activ
t = activ.Tensor(8)
for i in range(5000):
    t = t.reshape(2, 4)
if {cycle}:
    class Cycle:
        pass
    cycle = Cycle()
    cycle.itself, cycle.tensor = cycle, t
    del cycle
del t
gc.collect()
"""


@pytest.mark.parametrize("cycle", [False, True])
def test_views_of_views(cycle):
    """More of them than Python's stack is deep, which the collector frees from the first to the last."""
    assert python("-c", VIEWS.format(cycle=cycle)) == ""


def test_the_interpreter_ends_with_exports_alive():
    """Whatever order things go in, nothing may crash."""
    code = """
import gc, activ
t = activ.Tensor((1000,))
capsule = t.__dlpack__()
taken = activ.from_dlpack(activ.Tensor((5,)).__dlpack__(max_version=(1, 0)))
try:
    import numpy as np
    b = np.arange(1000, dtype=np.float32)
    a = np.from_dlpack(activ.Tensor.view(b))
    r = np.arange(10.0); r.flags.writeable = False
    c = activ.Tensor.view(r).__dlpack__(max_version=(1, 0))
    used = activ.from_dlpack(activ.Tensor.view(r).__dlpack__(max_version=(1, 0)))
    import torch
    p = torch.from_dlpack(activ.Tensor.view(b))
    q = activ.from_dlpack(torch.ones(3))
except ImportError:
    pass
import builtins, sys
sys.modules['keeper'] = builtins.keeper = (t, capsule, taken, dict(globals()))
"""
    assert python("-c", code).strip() == ""


@needs_numpy
def test_a_consumer_that_fails(monkeypatch):
    """NumPy drops the capsule while its exception is set: the tensor is freed all the same, and nothing is
    lost."""
    import sys

    lost = []
    monkeypatch.setattr(sys, "unraisablehook", lambda what: lost.append(str(what.exc_value)))
    producer = Producer(False, code=4, bits=16)
    with pytest.raises(Exception) as caught:
        np.from_dlpack(producer)
    assert producer.deleted == 1
    assert "dtype" in str(caught.value) or any("dtype" in text for text in lost)

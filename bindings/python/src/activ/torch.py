"""The functions in PyTorch: activ.torch.Activation("staf(tau=25)") is a torch.nn.Module.

CPU only; float32, float16 or bfloat16: another device or type is a TypeError. What is contiguous is not
copied. There are first derivatives alone, and no torch.jit: both are a RuntimeError.

Of the 16-bit types, as under torch.autocast, each value is read, computed with in float32, and rounded once,
gradients by x too; parameters and their gradients stay float32.
"""
from __future__ import annotations

import ctypes
from typing import Any, Optional, Sequence, Tuple, Union

try:
    import torch as _torch
except ImportError as _error:
    raise ImportError(
        "activ.torch needs PyTorch: apt-get install python3-torch, or pip install torch", name="torch"
    ) from _error

from . import _checks as checks
from . import _declarations as c
from ._context import Context, Custom
from ._errors import check
from ._function import Function, Matrix, function
from ._library import lib
from ._objects import call, run

# 0, which older libraries know, for float32.
_DTYPES = {_torch.float32: 0, _torch.float16: c.FLOAT16, _torch.bfloat16: c.BFLOAT16}


def _checked(x: Any, name: str) -> "_torch.Tensor":
    if not isinstance(x, _torch.Tensor):
        raise TypeError(f"{name} is a {type(x).__name__}; a torch.Tensor is wanted")
    if x.device.type != "cpu" or x.layout != _torch.strided:
        raise TypeError(f"{name} is on {x.device}, {x.layout}; a strided tensor on the CPU is wanted")
    if x.dtype not in _DTYPES:
        raise TypeError(
            f"{name} is of type {x.dtype}; torch.float32, float16 or bfloat16 is wanted: "
            "convert it with .float()"
        )
    return x


def _plain(x: "_torch.Tensor") -> "_torch.Tensor":
    """Row-major, with the numbers in memory: the imaginary part of a conjugate is stored without its sign."""
    return x.resolve_neg().contiguous()


def _compute(f: Function, args: Any, call: Any) -> None:
    run(f._watches, call, f._open(), ctypes.byref(args))


class _FirstDerivative(_torch.autograd.Function):
    """Gradients as they are, whose own derivatives are refused.

    torch.autograd.function.once_differentiable refuses only if dy has a gradient. Without one, as where the
    module is the last one, it would call the gradients constants, and a penalty on them would do nothing."""

    @staticmethod
    def forward(ctx: Any, gradients: Tuple[Any, ...], *_: Any) -> Any:  # type: ignore[override]
        return tuple(None if gradient is None else gradient.clone() for gradient in gradients)

    @staticmethod
    def backward(ctx: Any, *_: Any) -> Any:
        raise RuntimeError(
            "activ.torch has first derivatives only: what create_graph=True gave cannot be derived once more"
        )


class _Apply(_torch.autograd.Function):
    """x, or value and gate, and the parts of the parameters in their order."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any,
        f: Function,
        matrix: Matrix,
        shape: Tuple[int, ...],
        gate_first: bool,
        seed: Optional[int],
        x: "_torch.Tensor",
        gate: Optional["_torch.Tensor"],
        *parts: "_torch.Tensor",
    ) -> "_torch.Tensor":
        flat = _flat(parts)
        y = _torch.empty(shape, dtype=x.dtype)
        noise = None
        args = c.ForwardArgs(
            params=None if flat is None else flat.data_ptr(),
            rows=matrix.rows,
            columns=matrix.columns,
            channels=matrix.channels,
            x=x.data_ptr(),
            x_stride=matrix.stride,
            y=y.data_ptr(),
            y_stride=matrix.columns,
            dtype=_DTYPES[x.dtype],
        )
        if gate is not None:
            args.gate, args.gate_stride = gate.data_ptr(), matrix.stride
        elif matrix.half and matrix.rows:
            args.gate, args.gate_stride = args.x + x.element_size() * matrix.half, matrix.stride
            if gate_first:
                args.x, args.gate = args.gate, args.x
        if seed is not None:
            noise = _torch.empty_like(x)
            args.noise, args.seed = noise.data_ptr(), seed
        if matrix.rows:
            _compute(f, args, lib.activ_forward_ex)
        ctx.f, ctx.matrix, ctx.gate_first, ctx.sizes = f, matrix, gate_first, [part.shape for part in parts]
        ctx.parts = parts
        ctx.save_for_backward(x, gate, noise, flat)
        return y

    @staticmethod
    def backward(ctx: Any, dy: "_torch.Tensor") -> Any:
        with _torch.no_grad():
            gradients = _Apply._gradients(ctx, dy)
        if _torch.is_grad_enabled():  # create_graph=True
            x, gate, _, _ = ctx.saved_tensors
            gradients = _FirstDerivative.apply(gradients, dy, x, gate, *ctx.parts)
        return (None, None, None, None, None, *gradients)

    @staticmethod
    def _gradients(ctx: Any, dy: "_torch.Tensor") -> Tuple[Optional["_torch.Tensor"], ...]:
        """By x, gate and the parts; None: not wanted."""
        x, gate, noise, flat = ctx.saved_tensors
        f, matrix = ctx.f, ctx.matrix
        dy = _plain(dy)
        wants_x, wants_gate = ctx.needs_input_grad[5:7]
        wants_parts = any(ctx.needs_input_grad[7:])
        dx = _torch.empty_like(x) if wants_x else None
        dgate = _torch.empty_like(gate) if wants_gate else None
        dflat = _torch.zeros_like(flat) if wants_parts else None
        args = c.BackwardArgs(
            params=None if flat is None else flat.data_ptr(),
            rows=matrix.rows,
            columns=matrix.columns,
            channels=matrix.channels,
            x=x.data_ptr(),
            x_stride=matrix.stride,
            dy=dy.data_ptr(),
            dy_stride=matrix.columns,
            dx=_address(dx),
            dx_stride=matrix.stride,
            noise=_address(noise),
            dparams=_address(dflat),
            dtype=_DTYPES[x.dtype],
        )
        if gate is not None:
            args.gate, args.gate_stride = gate.data_ptr(), matrix.stride
            args.dgate, args.dgate_stride = _address(dgate), matrix.stride
        elif matrix.half and matrix.rows:
            args.gate, args.gate_stride = args.x + x.element_size() * matrix.half, matrix.stride
            if dx is not None:
                args.dgate, args.dgate_stride = args.dx + x.element_size() * matrix.half, matrix.stride
            if ctx.gate_first:
                args.x, args.gate = args.gate, args.x
                args.dx, args.dgate = args.dgate, args.dx
        if matrix.rows:
            _compute(f, args, lib.activ_backward_ex)
        parts = []
        offset = 0
        for i, size in enumerate(ctx.sizes):
            wanted = ctx.needs_input_grad[7 + i]
            part = dflat[offset : offset + size.numel()] if dflat is not None and wanted else None
            parts.append(None if part is None else part.view(size))
            offset += size.numel()
        return (dx, dgate, *parts)


def _address(tensor: Optional["_torch.Tensor"]) -> Optional[int]:
    return None if tensor is None else tensor.data_ptr()


def _flat(parts: Sequence["_torch.Tensor"]) -> Optional["_torch.Tensor"]:
    """All parameters as the library has them: one array. A single part is not copied."""
    if not parts:
        return None
    if len(parts) == 1:
        return _plain(parts[0].detach()).view(-1)
    return _torch.cat([part.detach().reshape(-1) for part in parts])


def _parts(f: Function, params: Any, dtype: Any) -> Tuple["_torch.Tensor", ...]:
    """float32; those of x's type are widened, which is exact, and their gradients rounded."""
    layout = f.layout
    if params is None:
        return ()
    if isinstance(params, _torch.Tensor):
        params = (params,)
    params = tuple(_checked(part, "a parameter") for part in params)
    for part in params:
        if part.dtype not in (_torch.float32, dtype):
            raise TypeError(
                f"a parameter is of type {part.dtype}, x of {dtype}: torch.float32 or x's type is wanted"
            )
    params = tuple(part.float() for part in params)
    if len(params) == 1 and len(layout) != 1 and params[0].numel() == f.param_count:
        return params
    if [part.numel() for part in params] != [part.count for part in layout]:
        raise ValueError(
            f"{f.spec}: parameters of {[part.numel() for part in params]} values; "
            f"{[part.count for part in layout]} are wanted "
            f"({', '.join(part.name for part in layout)})"
        )
    return params


def forward(
    spec: Union[str, Custom, Function],
    x: "_torch.Tensor",
    gate: Optional["_torch.Tensor"] = None,
    *,
    params: Any = None,
    dim: Optional[int] = None,
    gate_first: bool = False,
    training: bool = False,
) -> "_torch.Tensor":
    """The function of x, differentiable, in the style of torch.nn.functional.

    x: float32, float16 or bfloat16 on the CPU, any shape; gate and the result are of its type. dim: of
    softmax and its like, and of the two halves of a gated function's one input: the last unless said; with
    num_parameters=C in the spec, the channels' dimension: 1 unless said. gate: a gated function's second
    input (x is then the value). gate_first: of the halves, the gate is the first. params: a tensor of all
    parameters, or a sequence of tensors, one for each part of Function.layout, of float32 or x's type; None:
    the initial values, which are not trained. training: random functions (rrelu) draw, with a seed from
    PyTorch's generator (torch.manual_seed); elsewhere they take their mean.

    TypeError: another type or device, or two types; ValueError: shapes that do not fit."""
    f = function(spec)
    _checked(x, "x")
    if _torch.jit.is_tracing():
        raise RuntimeError(f"{f.spec}: torch.jit cannot record what libactiv computes")
    if gate_first and (gate is not None or f.shape != "gated"):
        raise ValueError("gate_first is about the two halves of one tensor, of a gated function")
    if gate is not None:
        if f.shape != "gated":
            raise TypeError(f"{f.spec} is no gated function: it takes one tensor")
        if _checked(gate, "gate").dtype != x.dtype:
            raise TypeError(f"gate is of type {gate.dtype}, x of {x.dtype}: one type for both is wanted")
        if gate.shape != x.shape:
            raise ValueError(f"gate has shape {tuple(gate.shape)}, value {tuple(x.shape)}")
    parts = _parts(f, params, x.dtype)
    dtype = x.dtype
    seed = None
    if training and f.random and f.shape == "elementwise":
        seed = int(_torch.randint(-(2**63), 2**63 - 1, (), dtype=_torch.int64).item()) % 2**64
    if f.channels > 1 or seed is not None:
        x = x.float()  # what the library has for float32 alone; rounded once, below
    shape = tuple(x.shape)
    moved = f._needs_move(shape, dim)
    last = -1 if dim is None else dim
    if moved:
        x = x.movedim(last, -1)
        shape, dim = tuple(x.shape), -1
    matrix = f._matrix(shape, dim, gate is None)
    # Here, not in _Apply: so what it saves belongs to the graph of operations.
    x = _plain(x)
    gate = None if gate is None else _plain(gate)
    y = _Apply.apply(f, matrix, f._result_shape(shape, dim, gate is None), gate_first, seed, x, gate, *parts)
    y = y.to(dtype)
    return y.movedim(-1, last) if moved else y


class Activation(_torch.nn.Module):
    """An activation function as a module.

        Activation("gelu")                          any elementwise function
        Activation("a*x*sigmoid(b*x); a=1, b=1")    a formula, with parameters a and b
        Activation("prelu(num_parameters=64)")      a parameter for each channel: dimension 1 of the input
        Activation("softmax", dim=1)                over a dimension, the last unless said
        Activation("swiglu")                        of the halves of the last dimension: the value, then the
        gate;
                                                    or called with two inputs: module(value, gate)

    Its parameters are nn.Parameters with the library's names ("weight"; "C", "Omega", "Phi"), and start as
    the spec says, or, where the start is random, drawn with `seed` (None: with one from PyTorch's generator).
    In training mode random functions draw; after eval() they take their mean. state_dict, deepcopy and pickle
    work as for others.

    activ.Error: no such function or setting; calls raise as `forward`.
    """

    def __init__(
        self,
        spec: Union[str, Custom, Function],
        *,
        dim: Optional[int] = None,
        gate_first: bool = False,
        seed: Optional[int] = None,
        context: Optional[Context] = None,
    ) -> None:
        super().__init__()
        self.function = function(spec, context)
        self.dim = None if dim is None else checks.integer(dim, "dim")
        self.gate_first = bool(gate_first)
        self._names = tuple(part.name for part in self.function.layout)
        self.reset_parameters(seed, _first=True)

    def reset_parameters(self, seed: Optional[int] = None, _first: bool = False) -> None:
        """The initial values, as when it was made."""
        if not self._names:
            return
        if seed is None:
            seed = int(_torch.randint(0, 2**63 - 1, (), dtype=_torch.int64).item())
        values = _torch.empty(self.function.param_count, dtype=_torch.float32)
        # Not Function.parameters: there may be no NumPy.
        resource = self.function._open()
        check(
            call(
                self.function._watches,
                lib.activ_fn_param_init,
                resource,
                checks.count(seed, "seed"),
                values.data_ptr(),
            )
        )
        for part in self.function.layout:
            start = values[part.offset : part.offset + part.count].clone()
            if _first:
                self.register_parameter(part.name, _torch.nn.Parameter(start))
            else:
                with _torch.no_grad():
                    getattr(self, part.name).copy_(start)

    def forward(self, x: "_torch.Tensor", gate: Optional["_torch.Tensor"] = None) -> "_torch.Tensor":
        params = [self._parameters[name] for name in self._names]
        return forward(
            self.function,
            x,
            gate,
            params=params or None,
            dim=self.dim,
            gate_first=self.gate_first,
            training=self.training,
        )

    def extra_repr(self) -> str:
        text = self.function.spec
        if self.dim is not None:
            text += f", dim={self.dim}"
        if self.gate_first:
            text += ", gate_first=True"
        return text


__all__ = ["Activation", "forward"]

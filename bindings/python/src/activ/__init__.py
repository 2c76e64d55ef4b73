"""libactiv for Python: activation functions, forward and backward, and what it takes to train with them.

    import activ

    y = activ.forward("gelu", x)                # NumPy arrays of float32
    dx = activ.backward("gelu", x, dy)
    f = activ.Function("staf(tau=25)")          # with trainable parameters: f.parameters(seed)
    g = activ.Graph()                           # networks, optimisers, checkpoints
    activ.torch.Activation("staf(tau=25)")      # a torch.nn.Module

Everything is computed by libactiv, a C library, in the calling thread unless a Context says otherwise, and
with the same bits on every machine. Calls release the GIL.
"""
from __future__ import annotations

from typing import Any

from . import analysis, init, lr, random
from ._context import Context, Custom, max_tier, tier, tiers
from ._errors import BadValueError, Error, FileError, OutOfMemoryError
from ._files import File, load_file, save_file
from ._function import Function, Info, Part, Setting, backward, forward, functions
from ._graph import Graph, LayerView, Node, NodeInfo, load
from ._library import lib as _lib
from ._library import path as library_path
from ._optim import SGD, AdamW, Optimizer, RMSprop
from ._tensor import Tensor, from_dlpack
from ._zoo import ZooEntry, zoo
from .analysis import GraphNeurons, Histogram, Neurons, Quantiles, Stats, surface

__version__ = "0.2.0"


def library_version() -> str:
    """The version of the C library that runs."""
    return _lib.activ_version_string().decode()


def __getattr__(name: str) -> Any:
    # PyTorch takes a second to import: only for those who ask.
    if name == "torch":
        import importlib

        return importlib.import_module(".torch", __name__)
    raise AttributeError(f"module 'activ' has no attribute {name!r}")


__all__ = [
    "SGD",
    "AdamW",
    "BadValueError",
    "Context",
    "Custom",
    "Error",
    "File",
    "FileError",
    "Function",
    "Graph",
    "GraphNeurons",
    "Histogram",
    "Info",
    "LayerView",
    "Neurons",
    "Node",
    "NodeInfo",
    "Optimizer",
    "OutOfMemoryError",
    "Part",
    "Quantiles",
    "RMSprop",
    "Setting",
    "Stats",
    "Tensor",
    "ZooEntry",
    "analysis",
    "backward",
    "forward",
    "from_dlpack",
    "functions",
    "init",
    "library_path",
    "library_version",
    "load",
    "load_file",
    "lr",
    "max_tier",
    "random",
    "save_file",
    "surface",
    "tier",
    "tiers",
    "zoo",
]

"""Optimisers, which update a graph's parameters from its gradients. Names and defaults are torch.optim's."""
from __future__ import annotations

import ctypes
from typing import Any, Optional, Tuple, Union

from . import _checks as checks
from . import _declarations as c
from ._errors import check, error
from ._graph import Graph
from ._library import lib
from ._objects import Handle, Resource


class Optimizer(Handle):
    """What SGD, AdamW, RMSprop and Graph.load_training make. Used together with its graph, by one thread at a
    time."""

    _kind = "optimizer"

    def _make(self, graph: Graph, function: Any, options: Any) -> None:
        if not isinstance(graph, Graph):
            raise TypeError(f"graph is {graph!r}; an activ.Graph is wanted")
        resource = graph._open()
        with graph._usage.alone():
            out = ctypes.c_void_p()
            status = function(resource, ctypes.byref(options), ctypes.byref(out))
            if status != c.OK:
                raise error(status, lib.activ_graph_error(resource))
            assert out.value is not None
            self._resource = Resource(out.value, lib.activ_optimizer_destroy, parents=(resource,))
        self._graph = graph

    @classmethod
    def _of(cls, graph: Graph, resource: Resource) -> "Optimizer":
        optimizer = cls.__new__(cls)
        optimizer._graph, optimizer._resource = graph, resource
        return optimizer

    @property
    def graph(self) -> Graph:
        """The graph whose parameters it updates."""
        return self._graph

    def _call(self, function: Any, *arguments: Any) -> None:
        resource = self._open()
        graph = self._graph._open()
        with self._graph._usage.alone():
            status = function(resource, *arguments)
            if status != c.OK:
                raise error(status, lib.activ_graph_error(graph))

    def step(self) -> None:
        """One step with the gradients that the graph holds."""
        self._call(lib.activ_optimizer_step)

    @property
    def steps(self) -> int:
        """How many it has taken, those before a training checkpoint included."""
        return lib.activ_optimizer_steps(self._open())

    @property
    def lr(self) -> float:
        """The learning rate, from the next step on; to be set, too."""
        return lib.activ_optimizer_lr(self._open())

    @lr.setter
    def lr(self, value: float) -> None:
        self._call(lib.activ_optimizer_set_lr, checks.real(value, "lr"))

    def _tensor(self, tensor: Union[int, str]) -> int:
        if not isinstance(tensor, str):
            return checks.count(tensor, "tensor")
        graph, raw = self._graph._open(), c.GraphTensorInfo()
        for i in range(lib.activ_graph_param_tensor_count(graph)):
            check(lib.activ_graph_param_tensor_info(graph, i, ctypes.byref(raw)))
            if raw.name.decode() == tensor:
                return i
        raise KeyError(tensor)

    def set_tensor(
        self,
        tensor: Union[int, str],
        *,
        lr_scale: Optional[float] = None,
        weight_decay: Optional[float] = None,
    ) -> None:
        """Settings of one tensor ("layers.0.weight", or its number): lr_scale times the learning rate (0
        freezes it); weight_decay instead of the optimiser's. None: as it is. KeyError: no tensor of that
        name."""
        index = self._tensor(tensor)
        scale, decay = self.get_tensor(index)
        options = c.OptimizerTensorOptions(
            lr_scale=scale if lr_scale is None else checks.real(lr_scale, "lr_scale"),
            weight_decay=decay if weight_decay is None else checks.real(weight_decay, "weight_decay"),
        )
        self._call(lib.activ_optimizer_set_tensor_options, index, ctypes.byref(options))

    def get_tensor(self, tensor: Union[int, str]) -> Tuple[float, float]:
        """(lr_scale, weight_decay) of one tensor."""
        resource, index = self._open(), self._tensor(tensor)
        options = c.OptimizerTensorOptions()
        status = lib.activ_optimizer_get_tensor_options(resource, index, ctypes.byref(options))
        check(status, what=f"tensor {index}")
        return options.lr_scale, options.weight_decay

    def decay_weights_only(self) -> None:
        """No weight decay for biases and the parameters of activations and normalisations."""
        self._call(lib.activ_optimizer_decay_weights_only)

    def __repr__(self) -> str:
        name = f"activ.{type(self).__name__}"
        return f"{name}(closed)" if self.closed else f"{name}(lr={self.lr:g}, steps={self.steps})"


class SGD(Optimizer):
    """torch.optim.SGD. activ.Error: a setting out of bounds, a graph that is not compiled for training."""

    def __init__(
        self,
        graph: Graph,
        lr: float = 0.001,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        maximize: bool = False,
    ) -> None:
        self._make(
            graph,
            lib.activ_sgd_create,
            c.SgdOptions(
                lr=checks.real(lr, "lr"),
                momentum=checks.real(momentum, "momentum"),
                dampening=checks.real(dampening, "dampening"),
                weight_decay=checks.real(weight_decay, "weight_decay"),
                nesterov=int(bool(nesterov)),
                maximize=int(bool(maximize)),
            ),
        )


class AdamW(Optimizer):
    """torch.optim.AdamW."""

    def __init__(
        self,
        graph: Graph,
        lr: float = 0.001,
        betas: Tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        amsgrad: bool = False,
        maximize: bool = False,
    ) -> None:
        try:
            beta1, beta2 = betas
        except (TypeError, ValueError):
            raise TypeError(f"betas is {betas!r}; two numbers are wanted") from None
        self._make(
            graph,
            lib.activ_adamw_create,
            c.AdamwOptions(
                lr=checks.real(lr, "lr"),
                beta1=checks.real(beta1, "betas[0]"),
                beta2=checks.real(beta2, "betas[1]"),
                eps=checks.real(eps, "eps"),
                weight_decay=checks.real(weight_decay, "weight_decay"),
                amsgrad=int(bool(amsgrad)),
                maximize=int(bool(maximize)),
            ),
        )


class RMSprop(Optimizer):
    """torch.optim.RMSprop."""

    def __init__(
        self,
        graph: Graph,
        lr: float = 0.01,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        maximize: bool = False,
    ) -> None:
        self._make(
            graph,
            lib.activ_rmsprop_create,
            c.RmspropOptions(
                lr=checks.real(lr, "lr"),
                alpha=checks.real(alpha, "alpha"),
                eps=checks.real(eps, "eps"),
                weight_decay=checks.real(weight_decay, "weight_decay"),
                momentum=checks.real(momentum, "momentum"),
                centered=int(bool(centered)),
                maximize=int(bool(maximize)),
            ),
        )

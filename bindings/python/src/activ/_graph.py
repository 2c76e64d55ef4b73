"""Networks: built layer by layer, compiled once, trained by backpropagation."""
from __future__ import annotations

import ctypes
from contextlib import contextmanager, nullcontext
from typing import Any, ContextManager, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple
from typing import Union

from . import _checks as checks
from . import _declarations as c
from . import init as init_module
from ._context import Context, Custom, parts_of
from ._errors import check, error
from ._function import Function
from ._library import lib
from ._numpy import np
from ._objects import Handle, Resource, Usage, Watches, call, create, run, view

FunctionLike = Union[str, Custom, Function]


class Node:
    """What a builder call of a graph returns."""

    __slots__ = ("graph", "index")

    def __init__(self, graph: "Graph", index: int) -> None:
        self.graph = graph
        self.index = index

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Node) and other.graph is self.graph and other.index == self.index

    def __hash__(self) -> int:
        return hash((id(self.graph), self.index))

    @property
    def info(self) -> "NodeInfo":
        """What it is."""
        return self.graph.node_info(self)

    @property
    def name(self) -> str:
        """Its name: "layers.0"; the graph's, or as set_name gave it."""
        return self.info.name

    @property
    def shape(self) -> Tuple[int, ...]:
        """Of one sample."""
        return self.info.shape

    def __repr__(self) -> str:
        if self.graph.closed:
            return f"activ.Node({self.index})"
        return f"activ.Node({self.name!r}, {self.shape})"


class NodeInfo(NamedTuple):
    """What a node is."""

    name: str  # "layers.0"
    kind: str  # "input", "linear", "activation" ...
    description: str  # the line that a file has of it; "" before compile
    shape: Tuple[int, ...]  # of one sample
    inputs: Tuple[Node, ...]
    first_param: int  # its part of Graph.params: [first_param, first_param + param_count)
    param_count: int
    first_buffer: int
    buffer_count: int
    multiply_adds: int  # of one sample, forward


class LayerView(NamedTuple):
    """All that a graph holds of one node. The arrays are read-only views, which keep the graph's memory
    alive; values and gradients change with its next call that computes. None: not there."""

    name: str
    kind: str
    spec: Optional[str]  # of an activation or gated layer
    shape: Tuple[int, ...]  # of one sample
    width: int  # values per sample
    values: Optional["np.ndarray"]  # (batch, *shape): outputs in the last call
    value_grads: Optional["np.ndarray"]  # (batch, *shape): the loss's gradient by each
    params: Optional["np.ndarray"]  # (param_count,)
    param_grads: Optional["np.ndarray"]
    tensors: Dict[str, "np.ndarray"]  # the parameters by name, shaped
    tensor_grads: Dict[str, "np.ndarray"]  # their gradients


class Graph(Handle):
    """A network. Build it, compile it, give it initial values, train it:

        g = activ.Graph()
        x = g.input(784)
        x = g.apply(g.linear(x, 64), "mish")
        g.cross_entropy(g.linear(x, 10))
        g.compile(128)
        g.init(seed=1)
        sgd = activ.SGD(g, lr=0.1, momentum=0.9)
        loss = g.step(sgd, images, labels)  # (128, 784) float32, (128,) integers

    A layer with the name "layers.0" has its parameters under "layers.0.weight" and "layers.0.bias", as
    torch.nn.Sequential would. One thread at a time may use a graph, but for `predict`; a second one gets a
    RuntimeError. context: threads, functions of one's own; the results do not depend on the threads.
    """

    _kind = "graph"

    def __init__(self, *, context: Optional[Context] = None) -> None:
        pointer, parents, watches = parts_of(context)
        resource = create(
            watches, lib.activ_graph_destroy, lib.activ_graph_create, pointer, message=False, parents=parents
        )
        self._setup(resource, context, watches)

    def _setup(self, resource: Resource, context: Optional[Context], watches: Watches) -> None:
        self._resource = resource
        self._context = context
        self._watches = watches
        self._usage = Usage("graph")
        # Building moves the nodes in memory; once it is compiled they stay, and are looked at without a lock.
        self._building = Usage("graph")
        self._built = False
        self._trained_on: Tuple[Any, ...] = ()

    # ---- failures ----

    def _check(self, resource: Resource, status: int) -> None:
        if status != c.OK:
            raise error(status, lib.activ_graph_error(resource))

    def _call(self, function: Any, *arguments: Any) -> None:
        """A call that changes the graph, and tells of failures by activ_graph_error."""
        resource = self._open()
        with self._usage.alone():
            self._check(resource, call(self._watches, function, resource, *arguments))

    def _run(self, function: Any, *arguments: Any) -> None:
        """The same with an activ_message."""
        resource = self._open()
        with self._usage.alone():
            run(self._watches, function, resource, *arguments)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """While nodes are added or named, and in compile: nobody looks at them."""
        with self._usage.alone(), self._building.alone():
            yield

    def _looking(self) -> ContextManager[None]:
        """While nodes are looked at: nobody changes them."""
        return nullcontext() if self._built else self._building.shared()

    # ---- building ----

    def _build(self, function: Any, *arguments: Any) -> Node:
        resource = self._open()
        with self._changing():
            index = call(self._watches, function, resource, *arguments)
            if index < 0:
                # The graph remembers its first error; compile returns the status.
                status = lib.activ_graph_compile(resource, 0)
                raise error(status, lib.activ_graph_error(resource))
        return Node(self, index)

    def _index(self, node: Any, name: str = "node") -> int:
        if not isinstance(node, Node):
            raise TypeError(f"{name} is {node!r}; an activ.Node is wanted")
        if node.graph is not self:
            raise ValueError(f"{name} is a node of another graph")
        return checks.integer(node.index, f"{name}'s index")

    def _function(self, function: FunctionLike) -> Tuple[Function, Resource]:
        if not isinstance(function, Function):
            function = Function(function, context=self._context)
        resource = function._open()
        if not function._plain:
            # The graph copies the function, but not its callbacks and threads, which have to live as long.
            own = self._open()
            with self._usage.alone():
                own.keep(resource)
                self._watches += tuple(watch for watch in function._watches if watch not in self._watches)
        return function, resource

    def input(self, *shape: Any) -> Node:
        """The input, of `shape` per sample: input(784), input(3, 32, 32). A graph has one."""
        sizes = checks.shape(shape[0] if len(shape) == 1 else shape)
        return self._build(lib.activ_graph_input_shape, len(sizes), checks.sizes(sizes))

    def flatten(self, x: Node) -> Node:
        """Each sample as one row."""
        return self._build(lib.activ_graph_flatten, self._index(x, "x"))

    def linear(self, x: Node, out_features: int, bias: bool = True) -> Node:
        """y = x W^T + b (torch.nn.Linear)."""
        build = lib.activ_graph_linear if bias else lib.activ_graph_linear_without_bias
        return self._build(build, self._index(x, "x"), checks.count(out_features, "out_features"))

    def apply(self, x: Node, function: FunctionLike) -> Node:
        """y = f(x): element by element, or over the last dimension (softmax). function: a spec, Function or
        Custom."""
        _, resource = self._function(function)
        return self._build(lib.activ_graph_apply, self._index(x, "x"), resource)

    def apply_shared(self, x: Node, earlier: Node) -> Node:
        """y = f(x) with the function and the parameters of an earlier activation layer."""
        return self._build(lib.activ_graph_apply_shared, self._index(x, "x"), self._index(earlier, "earlier"))

    def gated(self, value: Node, gate: Node, function: FunctionLike) -> Node:
        """y = value * act(gate), for a gated function (swiglu)."""
        _, resource = self._function(function)
        return self._build(
            lib.activ_graph_gated, self._index(value, "value"), self._index(gate, "gate"), resource
        )

    def gated_split(self, x: Node, function: FunctionLike, gate_first: bool = False) -> Node:
        """The same with the two halves of x's last dimension: the value, then the gate (torch.nn.GLU)."""
        _, resource = self._function(function)
        return self._build(
            lib.activ_graph_gated_split,
            self._index(x, "x"),
            resource,
            c.GATE_FIRST if gate_first else c.GATE_SECOND,
        )

    def add(self, a: Node, b: Node) -> Node:
        """y = a + b, of the same shape."""
        return self._build(lib.activ_graph_add, self._index(a, "a"), self._index(b, "b"))

    def multiply(self, a: Node, b: Node) -> Node:
        """y = a * b, element by element, of the same shape."""
        return self._build(lib.activ_graph_multiply, self._index(a, "a"), self._index(b, "b"))

    def concat(self, inputs: Sequence[Node], axis: int = -1) -> Node:
        """One behind the other along an axis of a sample: 0 is the first after the batch."""
        indices = [self._index(node, f"inputs[{i}]") for i, node in enumerate(inputs)]
        return self._build(
            lib.activ_graph_concat_many,
            len(indices),
            (c.i32 * len(indices))(*indices),
            checks.integer(axis, "axis"),
        )

    def dropout(self, x: Node, p: float = 0.5) -> Node:
        """torch.nn.Dropout: while training, zeros with probability p."""
        return self._build(lib.activ_graph_dropout, self._index(x, "x"), checks.real(p, "p"))

    def batch_norm(self, x: Node, eps: float = 1e-5, momentum: float = 0.1) -> Node:
        """torch.nn.BatchNorm1d (2d, 3d): the first dimension of a sample are the channels."""
        options = c.NormOptions(eps=checks.real(eps, "eps"), momentum=checks.real(momentum, "momentum"))
        return self._build(lib.activ_graph_batch_norm, self._index(x, "x"), ctypes.byref(options))

    def layer_norm(self, x: Node, axis: int = -1, eps: float = 1e-5) -> Node:
        """torch.nn.LayerNorm over a sample's dimensions from `axis` on."""
        options = c.NormOptions(eps=checks.real(eps, "eps"))
        return self._build(
            lib.activ_graph_layer_norm,
            self._index(x, "x"),
            checks.integer(axis, "axis"),
            ctypes.byref(options),
        )

    def cross_entropy(
        self, logits: Node, *, weight: Any = None, label_smoothing: float = 0.0, ignore_index: int = -100
    ) -> Node:
        """The loss: torch.nn.CrossEntropyLoss. weight: of each class, float32."""
        options = c.CrossEntropyOptions(
            label_smoothing=checks.real(label_smoothing, "label_smoothing"),
            ignore_index=checks.integer(ignore_index, "ignore_index"),
        )
        index = self._index(logits, "logits")
        array = None
        if weight is not None:
            array = checks.as_input(weight, "weight")
            if array.shape != logits.shape:
                raise ValueError(
                    f"weight has shape {array.shape}; {logits.shape} is wanted, one for each class"
                )
            options.weight = checks.address(array)
        node = self._build(lib.activ_graph_cross_entropy_ex, index, ctypes.byref(options))
        del array
        return node

    def mse(self, prediction: Node) -> Node:
        """The loss: torch.nn.MSELoss."""
        return self._build(lib.activ_graph_mse, self._index(prediction, "prediction"))

    def set_name(self, node: Node, name: str) -> None:
        """Renames a node, before compile: 1 to 63 letters, digits, '_', '-' and '.'."""
        resource, index, raw = self._open(), self._index(node), checks.text(name, "name")
        with self._changing():
            self._check(resource, call(self._watches, lib.activ_graph_set_name, resource, index, raw))

    def compile(self, max_batch: int, *, keep_values: bool = False) -> None:
        """Plans the memory for batches of up to max_batch samples and allocates it. 0: for `predict` alone.

        keep_values: values and gradients of every node can be read after a training step (`layer`)."""
        options = c.CompileOptions(
            max_batch=checks.count(max_batch, "max_batch"), keep_values=int(bool(keep_values))
        )
        resource = self._open()
        with self._changing():
            run(self._watches, lib.activ_graph_compile_ex, resource, ctypes.byref(options))
            self._built = True

    # ---- initial values ----

    def init(self, seed: int = 0) -> None:
        """Initial values as PyTorch's, a function of the seed alone."""
        self._call(lib.activ_graph_init, checks.count(seed, "seed"))

    def init_weights(self, scheme: str, seed: int = 0, gain: Optional[float] = None) -> None:
        """The same, but linear layers' weights by a scheme of activ.init: "kaiming_normal" ... gain: None,
        the usual."""
        number = init_module.scheme_number(scheme)
        factor = lib.activ_init_gain(number) if gain is None else checks.real(gain, "gain")
        self._call(lib.activ_graph_init_weights, number, factor, checks.count(seed, "seed"))

    @property
    def seed(self) -> int:
        """Of the last init, or of a training checkpoint."""
        return lib.activ_graph_seed(self._open())

    # ---- shapes of samples ----

    def _sizes(self, resource: Resource, index: int) -> Tuple[int, ...]:
        raw = c.NodeInfo()
        with self._looking():
            check(lib.activ_graph_node_info(resource, index, ctypes.byref(raw)))
            return tuple(raw.shape[: raw.ndim])

    def _samples(self, resource: Resource, x: Any, name: str, index: int) -> Tuple["np.ndarray", int]:
        """Samples for a node: (batch, *its shape), or (batch, all of it as one row)."""
        array = checks.as_input(x, name)
        sizes = self._sizes(resource, index)
        flat = checks.product(sizes)
        if array.ndim == 0 or (array.shape[1:] != sizes and array.shape[1:] != (flat,)):
            raise ValueError(
                f"{name} has shape {array.shape}; (batch, {', '.join(map(str, sizes))}) is wanted"
            )
        return array, array.shape[0]

    def _result(self, resource: Resource, batch: int, out: Any) -> "np.ndarray":
        sizes = self._sizes(resource, lib.activ_graph_output_node(resource))
        return checks.output(out, "out", (batch,) + sizes)

    def _ready(self) -> Resource:
        """For calls whose arguments have the network's shapes; that it is compiled, C checks."""
        resource = self._open()
        ends = lib.activ_graph_input_node(resource), lib.activ_graph_output_node(resource)
        if min(ends) < 0:
            why = lib.activ_graph_error(resource)
            raise error(c.ERROR_STATE, why or b"the graph has no layers yet")
        return resource

    # ---- running ----

    def forward(self, x: Any, out: Optional["np.ndarray"] = None) -> "np.ndarray":
        """Evaluation mode: (batch, ...) of the node before the loss. batch: 1 to max_batch."""
        resource = self._ready()
        array, batch = self._samples(resource, x, "x", lib.activ_graph_input_node(resource))
        y = self._result(resource, batch, out)
        self._call(lib.activ_graph_forward, batch, checks.address(array), checks.address(y))
        return y

    def workspace(self, batch: int = 1) -> "np.ndarray":
        """Memory for `predict` with `batch` samples at a time."""
        resource = self._open()
        batch = checks.count(batch, "batch", 1)
        needed = lib.activ_graph_workspace_bytes(resource, batch)
        if not needed:
            if lib.activ_graph_workspace_bytes(resource, 1):
                raise error(c.ERROR_RANGE, f"a workspace for {batch} samples: its size overflows".encode())
            raise error(c.ERROR_STATE, b"the graph is not compiled")
        return np.empty(needed, np.uint8)

    def predict(
        self, x: Any, out: Optional["np.ndarray"] = None, workspace: Optional["np.ndarray"] = None
    ) -> "np.ndarray":
        """The same for any number of samples, and from any number of threads at the same time.

        workspace: what `workspace` returned, one for each thread; None: a new one."""
        resource = self._ready()
        array, batch = self._samples(resource, x, "x", lib.activ_graph_input_node(resource))
        y = self._result(resource, batch, out)
        if workspace is None:
            workspace = self.workspace(min(max(batch, 1), 256))
        else:
            checks.as_output(workspace, "workspace", None, np.uint8)
        with self._usage.shared():
            run(
                self._watches,
                lib.activ_graph_predict_ex,
                resource,
                checks.address(workspace),
                workspace.nbytes,
                batch,
                checks.address(array),
                checks.address(y),
            )
        return y

    def _labels(self, labels: Any, batch: int) -> "np.ndarray":
        array = checks._as_array(labels, "labels")
        if array.dtype.kind not in "iu":
            raise TypeError(f"labels is of type {array.dtype}; integers are wanted")
        if array.shape != (batch,):
            raise ValueError(f"labels has shape {array.shape}; {(batch,)} is wanted, one for each sample")
        if array.dtype != np.int32 and array.size:
            low, high = int(array.min()), int(array.max())
            if low < -(2**31) or high >= 2**31:
                raise ValueError(f"labels from {low} to {high}: they do not fit into int32")
        return np.ascontiguousarray(array, np.int32)

    def _loss_kind(self, resource: Resource) -> Optional[str]:
        index = lib.activ_graph_loss_node(resource)
        if index < 0:
            return None
        raw = c.NodeInfo()
        with self._looking():
            check(lib.activ_graph_node_info(resource, index, ctypes.byref(raw)))
            return raw.kind.decode()

    def _targets(self, resource: Resource, targets: Any, batch: int) -> Tuple["np.ndarray", bool]:
        """The array, and whether the graph ends in cross-entropy."""
        if self._loss_kind(resource) == "mse":
            output = lib.activ_graph_output_node(resource)
            array, rows = self._samples(resource, targets, "targets", output)
            if rows != batch:
                raise ValueError(f"targets has {rows} rows, x has {batch}")
            return array, False
        return self._labels(targets, batch), True

    def train(self, x: Any, targets: Any) -> float:
        """A training step but for the update: the loss of the batch; the gradients are overwritten.

        x: (batch, ...) float32. targets: for cross_entropy (batch,) integers, a class each (or ignore_index);
        for mse float32 of the predictions' shape."""
        return self._learn(lib.activ_graph_train, lib.activ_graph_train_values, (), x, targets)

    def step(self, optimizer: Any, x: Any, targets: Any) -> float:
        """`train` and the step of one of the graph's optimisers (SGD, AdamW, RMSprop) in one call: the same
        results.

        What `grads` holds afterwards is left open: for clipping, or a look at them, there are the two calls."""
        if not isinstance(optimizer, Handle) or optimizer._kind != "optimizer":
            raise TypeError(f"optimizer is {optimizer!r}; an activ.SGD, AdamW or RMSprop is wanted")
        own = (optimizer._open(),)
        return self._learn(lib.activ_graph_step, lib.activ_graph_step_values, own, x, targets)

    def _learn(self, classes: Any, values: Any, first: Tuple[Any, ...], x: Any, targets: Any) -> float:
        """The loss that one of the two functions gives; first: its arguments before the batch."""
        resource = self._ready()
        array, batch = self._samples(resource, x, "x", lib.activ_graph_input_node(resource))
        wanted, labels = self._targets(resource, targets, batch)
        loss = c.f32()
        self._call(
            classes if labels else values,
            *first,
            batch,
            checks.address(array),
            checks.address(wanted),
            ctypes.byref(loss),
        )
        return loss.value

    def evaluate(self, x: Any, targets: Any) -> Tuple[float, Optional[int]]:
        """(loss, how many samples are classified right) in evaluation mode; of mse (loss, None).

        batch: 1 to max_batch, other than `predict`'s."""
        resource = self._ready()
        array, batch = self._samples(resource, x, "x", lib.activ_graph_input_node(resource))
        wanted, labels = self._targets(resource, targets, batch)
        loss, correct = c.f32(), c.size()
        if labels:
            self._call(
                lib.activ_graph_evaluate,
                batch,
                checks.address(array),
                checks.address(wanted),
                ctypes.byref(loss),
                ctypes.byref(correct),
            )
            return loss.value, correct.value
        self._call(
            lib.activ_graph_evaluate_values,
            batch,
            checks.address(array),
            checks.address(wanted),
            ctypes.byref(loss),
        )
        return loss.value, None

    def forward_train(self, x: Any, out: Optional["np.ndarray"] = None) -> "np.ndarray":
        """The first half of a training step with a loss of one's own: the output in training mode."""
        resource = self._ready()
        array, batch = self._samples(resource, x, "x", lib.activ_graph_input_node(resource))
        y = self._result(resource, batch, out)
        done: List[int] = []

        def function(*arguments: Any) -> int:
            done.append(lib.activ_graph_forward_train(*arguments))
            return done[0]

        with self._usage.alone():
            before = self._trained_on
            self._trained_on = before + (array,)
            try:
                addresses = checks.address(array), checks.address(y)
                self._check(resource, call(self._watches, function, resource, batch, *addresses))
            finally:
                # backward reads x again, also if a callback raised; the x before, if C refused this call.
                if done:
                    self._trained_on = (array,) if done[0] == c.OK else before
        return y

    def backward(self, dy: Any, *, dx: Union[bool, "np.ndarray"] = False) -> Optional["np.ndarray"]:
        """The second half: from dy, the loss's gradient by the output, the gradients of all parameters. dx:
        True, or an array, for the gradient by the input, which is then returned."""
        resource = self._ready()
        array, batch = self._samples(resource, dy, "dy", lib.activ_graph_output_node(resource))
        result = None
        if dx is not False:
            sizes = self._sizes(resource, lib.activ_graph_input_node(resource))
            result = checks.output(None if dx is True else dx, "dx", (batch,) + sizes)
        self._call(
            lib.activ_graph_backward,
            batch,
            checks.address(array),
            None if result is None else checks.address(result),
        )
        return result

    # ---- gradients ----

    def clip_grad_norm(self, max_norm: float) -> float:
        """torch.nn.utils.clip_grad_norm_; the norm before. infinity only measures. activ.Error: it is not
        finite."""
        norm = c.f32()
        self._call(lib.activ_graph_clip_grad_norm, checks.real(max_norm, "max_norm"), ctypes.byref(norm))
        return norm.value

    def clip_grad_value(self, clip_value: float) -> None:
        """torch.nn.utils.clip_grad_value_."""
        self._call(lib.activ_graph_clip_grad_value, checks.real(clip_value, "clip_value"))

    # ---- parameters and buffers ----

    def _flat(self, function: Any, count: Any, what: str, why: str = "") -> "np.ndarray":
        resource = self._open()
        address, size = function(resource), count(resource)
        if not address and size:
            raise error(c.ERROR_STATE, f"there are no {what}: the graph is not compiled{why}".encode())
        return view(address, (size,), "<f4", resource)

    @property
    def params(self) -> "np.ndarray":
        """All parameters in one array (param_count,): a view of the graph's memory, to be read and
        written."""
        return self._flat(lib.activ_graph_params, lib.activ_graph_param_count, "parameters")

    @property
    def grads(self) -> "np.ndarray":
        """Their gradients, in the same order: a view."""
        return self._flat(
            lib.activ_graph_grads, lib.activ_graph_param_count, "gradients", ", or for predictions only"
        )

    @property
    def buffers(self) -> "np.ndarray":
        """Values that no optimiser updates (running means): a view."""
        return self._flat(lib.activ_graph_buffers, lib.activ_graph_buffer_count, "buffers")

    @property
    def param_count(self) -> int:
        """How many parameters all layers have together."""
        return lib.activ_graph_param_count(self._open())

    def _named(self, flat: "np.ndarray", count: Any, info: Any) -> Dict[str, "np.ndarray"]:
        resource, raw = self._open(), c.GraphTensorInfo()
        found: Dict[str, Any] = {}
        with self._looking():
            for i in range(count(resource)):
                check(info(resource, i, ctypes.byref(raw)))
                part = flat[raw.offset : raw.offset + raw.count]
                found[raw.name.decode()] = part.reshape(tuple(raw.shape[: raw.ndim]))
        return found

    def parameters(self) -> Dict[str, "np.ndarray"]:
        """The parameters by name, shaped: {"layers.0.weight": (64, 784) ...}: views."""
        return self._named(self.params, lib.activ_graph_param_tensor_count, lib.activ_graph_param_tensor_info)

    def gradients(self) -> Dict[str, "np.ndarray"]:
        """Their gradients by name: views."""
        return self._named(self.grads, lib.activ_graph_param_tensor_count, lib.activ_graph_param_tensor_info)

    def named_buffers(self) -> Dict[str, "np.ndarray"]:
        """The buffers by name: views."""
        return self._named(
            self.buffers, lib.activ_graph_buffer_tensor_count, lib.activ_graph_buffer_tensor_info
        )

    # ---- looking inside ----

    @property
    def nodes(self) -> Tuple[Node, ...]:
        """All of them, in the order of creation."""
        return tuple(Node(self, i) for i in range(lib.activ_graph_node_count(self._open())))

    def _node(self, index: int) -> Optional[Node]:
        return Node(self, index) if index >= 0 else None

    @property
    def input_node(self) -> Optional[Node]:
        """The node that is the input; None before there is one."""
        return self._node(lib.activ_graph_input_node(self._open()))

    @property
    def output_node(self) -> Optional[Node]:
        """The node that `forward` and `predict` give."""
        return self._node(lib.activ_graph_output_node(self._open()))

    @property
    def loss_node(self) -> Optional[Node]:
        """The node that is the loss; None if there is none."""
        return self._node(lib.activ_graph_loss_node(self._open()))

    def node(self, name: str) -> Node:
        """The node of this name. KeyError: there is none."""
        resource, raw = self._open(), checks.text(name, "name")
        with self._looking():
            found = self._node(lib.activ_graph_find_node(resource, raw))
        if found is None:
            raise KeyError(name)
        return found

    def node_info(self, node: Node) -> NodeInfo:
        """What a node is."""
        resource, raw, index = self._open(), c.NodeInfo(), self._index(node)
        with self._looking():
            check(lib.activ_graph_node_info(resource, index, ctypes.byref(raw)))
            return NodeInfo(
                raw.name.decode(),
                raw.kind.decode(),
                (raw.description or b"").decode(),
                tuple(raw.shape[: raw.ndim]),
                tuple(Node(self, raw.inputs[i]) for i in range(raw.input_count)),
                raw.first_param,
                raw.param_count,
                raw.first_buffer,
                raw.buffer_count,
                raw.multiply_adds,
            )

    def node_function(self, node: Node) -> Optional[Function]:
        """The function of an activation or gated layer, which keeps the graph alive; None for others."""
        resource, index = self._open(), self._index(node)
        with self._looking():
            pointer = lib.activ_graph_node_fn(resource, index)
        return None if pointer is None else Function._borrowed(pointer, resource, self._watches)

    def layer(self, node: Union[Node, str]) -> LayerView:
        """All that the graph holds of a node, or of the node of that name, without a copy. activ.Error: not
        compiled."""
        if isinstance(node, str):
            node = self.node(node)
        resource, raw = self._open(), c.LayerView()
        with self._looking():
            check(lib.activ_graph_layer_view(resource, self._index(node), ctypes.byref(raw)))
        shape = tuple(raw.shape[: raw.ndim])

        def look(address: Optional[int], sizes: Tuple[int, ...]) -> Optional["np.ndarray"]:
            return view(address, sizes, "<f4", resource, read_only=True) if address else None

        params = look(raw.params, (raw.param_count,))
        grads = look(raw.param_grads, (raw.param_count,))
        tensors: Dict[str, Any] = {}
        tensor_grads: Dict[str, Any] = {}
        info = c.GraphTensorInfo()
        for i in range(raw.first_tensor, raw.first_tensor + raw.tensor_count):
            check(lib.activ_graph_param_tensor_info(resource, i, ctypes.byref(info)))
            first, sizes = info.offset - raw.first_param, tuple(info.shape[: info.ndim])
            for flat, by_name in ((params, tensors), (grads, tensor_grads)):
                if flat is not None:
                    by_name[info.name.decode()] = flat[first : first + info.count].reshape(sizes)
        spec = lib.activ_fn_spec(raw.fn) if raw.fn else None
        return LayerView(
            raw.name.decode(),
            raw.kind.decode(),
            None if spec is None else spec.decode(),
            shape,
            raw.width,
            look(raw.values, (raw.batch,) + shape),
            look(raw.value_grads, (raw.batch,) + shape),
            params,
            grads,
            tensors,
            tensor_grads,
        )

    @property
    def max_batch(self) -> int:
        """The largest batch that it is compiled for; 0 before, and if it is for predictions only."""
        return lib.activ_graph_max_batch(self._open())

    def memory_bytes(self, max_batch: int = 0, *, keep_values: bool = False) -> int:
        """How much memory it will hold when compiled so; once compiled, what it does hold."""
        resource = self._open()
        options = c.CompileOptions(
            max_batch=checks.count(max_batch, "max_batch"), keep_values=int(bool(keep_values))
        )
        with self._usage.alone():
            found = lib.activ_graph_memory_bytes_ex(resource, ctypes.byref(options))
            if found == 0:
                raise error(c.ERROR_STATE, lib.activ_graph_error(resource))
        return found

    def __reduce__(self) -> Any:
        raise TypeError(
            "a Graph cannot be pickled or copied: Graph.save writes it, activ.load makes another one"
        )

    def __repr__(self) -> str:
        if self.closed:
            return "activ.Graph(closed)"
        return f"activ.Graph({len(self.nodes)} nodes, {self.param_count} parameters)"

    # ---- files ----

    def save(self, path: Any) -> None:
        """Writes parameters, buffers and the description of the network (safetensors); `activ.load` reads
        it."""
        self._run(lib.activ_checkpoint_save, checks.path(path))

    def load_params(
        self,
        path: Any,
        *,
        names: Optional[Mapping[str, str]] = None,
        partial: bool = False,
        convert: bool = False,
    ) -> Dict[str, List[str]]:
        """Loads parameters and buffers by name from a safetensors file, PyTorch's too.

        names: {graph's name: file's name} for tensors called otherwise there; a name that is "" or ends in
        '.' stands for all that begin so. partial: what is missing keeps its values, and what is too much is
        left. convert: float16 and bfloat16 become float32, exactly, and float64 is rounded to it.
        Returns {"missing": the graph's tensors that were not in the file, "unused": the file's that were not
        used}. On failure (activ.Error) the graph is unchanged."""
        found: Dict[str, List[str]] = {"missing": [], "unused": []}
        pairs = _names(names)
        if not pairs and not partial and not convert:
            self._run(lib.activ_checkpoint_load_params, checks.path(path))
            return found

        def left(user: Any, what: int, name: bytes) -> None:
            found["missing" if what == c.LEFT_MISSING else "unused"].append(name.decode(errors="replace"))

        options = c.LoadOptions(
            name_count=len(pairs),
            names=pairs,
            partial=int(bool(partial)),
            convert=int(bool(convert)),
            left=c.LeftCallback(left),
        )
        self._run(lib.activ_checkpoint_load_params_ex, checks.path(path), ctypes.byref(options))
        return found

    def save_params(self, path: Any, *, names: Optional[Mapping[str, str]] = None) -> None:
        """Writes parameters and buffers alone, under other names if so (as load_params): for PyTorch."""
        pairs = _names(names)
        self._run(lib.activ_checkpoint_save_params, checks.path(path), len(pairs), pairs)

    def save_training(self, path: Any, optimizer: Any) -> None:
        """Writes all that the next step depends on: network, optimiser, counters of random layers."""
        from ._optim import Optimizer

        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"optimizer is {optimizer!r}; an activ.Optimizer is wanted")
        held = optimizer._open()
        self._run(lib.activ_checkpoint_save_training, held, checks.path(path))

    def load_training(self, path: Any) -> Any:
        """Loads such a file into this compiled graph, and returns the optimiser, made anew."""
        from ._optim import Optimizer

        resource = self._open()
        with self._usage.alone():
            made = create(
                self._watches,
                lib.activ_optimizer_destroy,
                lib.activ_checkpoint_load_training,
                resource,
                checks.path(path),
                parents=(resource,),
            )
        return Optimizer._of(self, made)


def _names(names: Optional[Mapping[str, str]]) -> Any:
    if names is not None and not isinstance(names, Mapping):
        raise TypeError(f"names is a {type(names).__name__}; a mapping of names to names is wanted")
    pairs = [
        c.TensorName(checks.text(graph, "a name"), checks.text(file, "a name"))
        for graph, file in (names or {}).items()
    ]
    return (c.TensorName * len(pairs))(*pairs)


def load(path: Any, max_batch: int = 0, *, context: Optional[Context] = None) -> Graph:
    """Builds the network that a file of `Graph.save` describes, and loads its parameters.

    max_batch: the largest batch; 0: for `predict` alone. activ.Error: the file is malformed, or cannot be
    read."""
    pointer, parents, watches = parts_of(context)
    resource = create(
        watches,
        lib.activ_graph_destroy,
        lib.activ_checkpoint_load,
        pointer,
        checks.path(path),
        checks.count(max_batch, "max_batch"),
        parents=parents,
    )
    graph = Graph.__new__(Graph)
    graph._setup(resource, context, watches)
    graph._built = True
    return graph
